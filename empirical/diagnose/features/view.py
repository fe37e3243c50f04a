"""Sets as they are compared: as they are, or through an encoder, in all forms of the orbit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.theory.common.checks import FloatArray
from convergen.theory.sources.points import Points


class FormsOrbit(Orbit):
    """An orbit whose forms were encoded already: points have shape (forms, k), plain form first.

    A mirrored training image is encoded as such; mirroring its features would mean nothing.
    """

    def still(self, rows: NDArray[Any]) -> FloatArray:
        """Features of the plain form, shape (N, k)."""
        return np.asarray(rows, np.float64).reshape(len(rows), -1, self.shape[1])[:, 0]

    def forms(self, rows: NDArray[Any], dtype: DTypeLike = np.float64) -> list[NDArray[Any]]:
        """Features of each form, each of shape (n, k)."""
        every = np.asarray(rows, dtype).reshape(-1, *self.shape)
        return [np.ascontiguousarray(every[:, form]) for form in range(self.shape[0])]


@dataclass(frozen=True, eq=False)
class Given:
    """What there is to encode, in one layout and one unit.

    Attributes
    ----------
    samples : list of Points
        Generated points.
    training, reference : Points
        Real points; the reference may be None.
    orbit : Orbit
        Changes that are ignored.
    chosen : bool
        Whether the user named these changes.
    """

    samples: list[Points]
    training: Points
    reference: Points | None
    orbit: Orbit
    chosen: bool = False

    @property
    def sets(self) -> list[Points]:
        """All sets: samples, training set, and reference if there is one."""
        return [*self.samples, self.training, *([] if self.reference is None else [self.reference])]


@dataclass(frozen=True, eq=False)
class View:
    """Sets as they are compared.

    Attributes
    ----------
    samples : list of Points
        Generated points.
    training, reference : Points
        Real points; the reference may be None.
    orbit : Orbit
        What is still ignored between them.
    name : str
        What users call this view.
    words : str
        What is compared, as messages say it: ``"pixels"``.
    theory : bool
        Whether the theory speaks of these numbers: of points and linear maps of them alone.
    record : dict
        What made the features: model, file, digest.
    notes : list of str
        What limits them, as sentences.
    """

    samples: list[Points]
    training: Points
    reference: Points | None
    orbit: Orbit
    name: str
    words: str
    theory: bool
    record: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def keeping(self, unseen: NDArray[np.int64]) -> View:
        """The same with some of the reference alone."""
        if self.reference is None or len(unseen) == len(self.reference):
            return self
        rows = np.asarray(self.reference.rows)[unseen]
        return replace(self, reference=Points(self.reference.name, rows, self.reference.shape))

    def plain(self, points: Points) -> Points:
        """A set of this view without its other forms, as points of shape (k,)."""
        if not isinstance(self.orbit, FormsOrbit):
            return points
        rows = np.asarray(points.rows).reshape(len(points), -1, self.orbit.shape[1])[:, 0]
        return Points(points.name, rows, rows.shape[1:])
