"""What was read, beside the numbers themselves: the record that comparisons of sets rest on.

Every set of points that was read carries one, `Points.record`; points that were drawn have None.
Points themselves are in one convention everywhere: rows (N, d) for vectors, (N, channels, height,
width) for images, whatever the file said. The record tells how the file said it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from convergen.theory.data.regular_files import printable

_SHOWN = 3


@dataclass(frozen=True)
class Skipped:
    """What lay there and was not read.

    Attributes
    ----------
    why : str
        Reason, as the end of a sentence: ``"have other endings"``.
    names : tuple of str
        Names of all of them, in natural order.
    """

    why: str
    names: tuple[str, ...]

    def sentence(self) -> str:
        """Say how many, which, and why.

        Returns
        -------
        str
        """
        verb = "was" if len(self.names) == 1 else "were"
        return f"{named(self.names, 'file')} {self.why} and {verb} not read"


@dataclass(frozen=True)
class Record:
    """How points were stored, and what was done to them.

    Attributes
    ----------
    source : str
        What messages call the file or folder.
    format : str
        Name of its format in the table of formats: ``npy``, ``folder``, ``zip``, …
    count : int
        Points that were read.
    layout : str
        How the numbers of a point were stored: ``vectors``, ``grey images``, ``channels first``,
        ``channels last``, ``flattened, channels first``, ``flattened, channels last``; or
        ``encoded images`` (png, jpeg, …), whose layout is never in doubt.
    dtype : str
        Of the stored numbers; ``uint8`` or ``uint16`` for encoded images, which become values in
        [0, 1].
    image : tuple of int or None
        Shape (channels, height, width) as which neighbouring pixels of *flat* rows agree, and None
        where rows are no flattened images or hold their shape already. The points themselves stay
        vectors: only a shape that is given makes images of flat rows.
    image_layout : str
        The layout of those, ``flattened, channels first`` or ``flattened, channels last``; empty
        where `image` is None.
    sizes : tuple of (int, int)
        (width, height) of encoded images in their files, the commonest first, before any crop.
    names : tuple of str or None
        Name of the file or member of each point, in natural order (2 before 10); None in arrays.
    labels : tuple of str or None
        Class of each point: the name of its class folder, or what a data set says.
    skipped : tuple of Skipped
        What was left out.
    notes : tuple of str
        What else was done, as sentences: crops, transparency, turned pictures.
    kept : str
        Where points lie that are too large for memory, as a sentence; empty for all others.
    """

    source: str
    format: str
    count: int
    layout: str
    dtype: str
    image: tuple[int, int, int] | None = None
    image_layout: str = ""
    sizes: tuple[tuple[int, int], ...] = ()
    names: tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None
    skipped: tuple[Skipped, ...] = field(default=())
    notes: tuple[str, ...] = ()
    kept: str = ""

    def remarks(self) -> list[str]:
        """What a reader of the result should know: what was left out, and what was done.

        Returns
        -------
        list of str
            Sentences; empty if everything was read as it is.
        """
        found = [f"{self.source}: {each.sentence()}." for each in self.skipped]
        notes = [*self.notes, *([self.kept] if self.kept else [])]
        return [*found, *(f"{self.source}: {note}." for note in notes)]


def named(names: Sequence[str], what: str) -> str:
    """Count some files and name the first of them.

    Parameters
    ----------
    names : sequence of str
        At least one.
    what : str
        What one of them is.

    Returns
    -------
    str
        ``"2 files (a.txt, b.txt)"``.
    """
    shown = ", ".join(map(printable, names[:_SHOWN]))
    more = ", …" if len(names) > _SHOWN else ""
    return f"{len(names)} {what}{'s' * (len(names) != 1)} ({shown}{more})"
