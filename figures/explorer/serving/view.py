"""What one page holds: its widgets, figures and words, and how each shows what it is given."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from bokeh.models import CustomJSTickFormatter, Div, Slider

from convergen.figures.explorer.answers import words
from convergen.figures.explorer.drawing import plots
from convergen.figures.explorer.drawing.gallery import gallery
from convergen.figures.explorer.drawing.sheets import TEXT, WIDGETS
from convergen.figures.explorer.drawing.spectrum import SpectrumFigure, corners
from convergen.figures.explorer.serving.controls import Controls

if TYPE_CHECKING:
    from convergen.figures.explorer.answers.pictures import Studio
    from convergen.theory.forecast.subject import Subject
    from convergen.theory.quantities.labelled import Labelled
    from convergen.theory.spectra.spectrum import Spectrum

# Largest matrix that pictures decompose within a frame.
_QUICK = 256


class View:
    """All that is seen of a page; it knows nothing of what moves."""

    def __init__(self) -> None:
        self.controls = Controls()
        self.overlaps, self.recovery = plots.overlap_curves(), plots.recovery_curves()
        self.distances, self.spectrum = plots.distance_curves(), SpectrumFigure()
        self.samples = Slider(
            title="training samples n", name="samples", start=0, end=1, step=1, value=0,
            sizing_mode="stretch_width", stylesheets=[WIDGETS],
            format=CustomJSTickFormatter(
                args={"grid": [1, 2]}, code="return (grid[tick] ?? 0).toLocaleString('en')"
            ),
        )  # fmt: skip
        html = {"sizing_mode": "stretch_width", "stylesheets": [WIDGETS, TEXT]}
        self.message = Div(name="message", **html)
        self.about, self.answer = Div(name="about", **html), Div(name="answer", **html)
        self.numbers, self.pictures = Div(name="numbers", **html), Div(name="pictures", **html)

    @property
    def roots(self) -> tuple[Any, ...]:
        """What the document takes, from top to bottom."""
        return (
            self.message, self.controls.all, self.samples, self.about, self.answer, self.numbers,
            self.overlaps.all, self.recovery.all, self.distances.all, self.spectrum.figure,
            self.pictures,
        )  # fmt: skip

    def show_grid(self, grid: list[int], n: int) -> None:
        """Let the slider run over other numbers of samples.

        Parameters
        ----------
        grid : list of int
            Ascending.
        n : int
            One of them, where it stands.
        """
        self.samples.format.args = {"grid": grid}
        self.samples.update(end=len(grid) - 1, value=grid.index(n))

    def show_curves(self, result: Labelled, *, exact: bool) -> None:
        """Fill the figures over n.

        Parameters
        ----------
        result : Labelled
            Settled or moving curves.
        exact : bool
            Whether they are settled.
        """
        plots.fill_all(self.overlaps, self.recovery, self.distances, result, exact=exact)

    def show_spectrum(self, spectrum: Spectrum, spikes: tuple[float, ...], *, points: bool) -> None:
        """Draw a spectrum.

        Parameters
        ----------
        spectrum : Spectrum
            Spikes included.
        spikes : tuple of float
            Eigenvalues that can be dragged.
        points : bool
            Whether to place them anew: not while one is being dragged.
        """
        rank, value = corners(spectrum.eigenvalues, spectrum.multiplicities)
        kept = rank > len(spikes)
        self.spectrum.show(rank[kept], value[kept], sorted(spikes, reverse=True), points=points)

    def show_about(self, subject: Subject, result: Labelled, *, exact: bool) -> None:
        """Say what the data are.

        Parameters
        ----------
        subject : Subject
            The data.
        result : Labelled
            Settled or moving curves.
        exact : bool
            Whether they are settled, with remarks on them.
        """
        self.about.text = words.subject_words(subject)
        if exact:
            self.about.text += words.remarks_words(subject, result)

    def show_numbers(self, result: Labelled, n: int, *, exact: bool) -> None:
        """Read all curves at one n.

        Parameters
        ----------
        result : Labelled
            Settled or moving curves.
        n : int
            Training samples.
        exact : bool
            Whether they are settled.
        """
        for figure in (self.overlaps, self.recovery, self.distances):
            figure.cursor.location = n
        self.answer.text = words.answer_words(result, n)
        self.numbers.text = words.number_table(result, n, exact=exact)

    def show_pictures(
        self, studio: Studio | None, result: Labelled | None, n: int, ridge: float, *, quick: bool
    ) -> None:
        """Draw the pictures of two models of n samples each.

        Parameters
        ----------
        studio : Studio or None
            Makes them; none of a law.
        result : Labelled or None
            Curves, to say how alike the models are.
        n : int
            Training samples.
        ridge : float
            λ, in units of variance.
        quick : bool
            Whether to leave pictures as they are where new ones take longer than a frame.
        """
        if studio is None or result is None:
            self.pictures.visible = False
            return
        if quick and studio.work(n) > _QUICK:
            return
        self.pictures.visible = True
        self.pictures.text = gallery(studio, studio.pair(n, ridge), result, n)

    def refuse(self, text: str) -> None:
        """Say what was wrong.

        Parameters
        ----------
        text : str
            Empty if nothing was.
        """
        self.message.text = f'<p class="refusal">{escape(text)}</p>' if text else ""

    def busy(self, text: str) -> None:
        """Say what takes long.

        Parameters
        ----------
        text : str
            As HTML.
        """
        self.message.text = f'<p class="busy">{text}</p>'
