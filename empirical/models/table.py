"""The table of solvable models: what each is, what it suits and how it is fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.empirical.common.folder_table import FolderTable
from convergen.empirical.common.named_options import resolved
from convergen.theory.common.checks import InputError
from convergen.theory.networks.symmetry.orbits import NO_ORBIT, Orbit
from convergen.theory.quantities.table import Line
from convergen.theory.sources.options import NUMBER, Option

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convergen.theory.denoisers.protocol import Denoiser

Shape = tuple[int, ...]


def _silent(share: float) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Trained:
    """The networks that a solvable model is held against, or would have been.

    Attributes
    ----------
    network : str
        Name of their row; a solvable model has none.
    images : int
        Budget of each in images seen.
    schedule : str
        What the learning rate does.
    """

    network: str = ""
    images: int = 64_000
    schedule: str = "cosine"


@dataclass(frozen=True)
class TrainingSets:
    """What solvable models are fitted to.

    Attributes
    ----------
    points : sequence of ndarray, each of shape (n, *shape)
        Training set of each member, centred.
    sigmas : ndarray, shape (L,)
        Noise levels at which the models will be called.
    device : torch.device or str
        Where torch works, for models that need it.
    seed : int
        Of what is random in a fit.
    truth : object
        The law of the data where it is known, a denoiser of `convergen.theory`; else None.
    report : callable
        Called with the share of the work that is done, for models that take long.
    trained : Trained
        The networks that have been trained on the same points, for theories that know them.
    orbit : Orbit
        Symmetry of the network whose theory is fitted.
    """

    points: Sequence[NDArray[Any]]
    sigmas: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    device: Any = "cpu"
    seed: int = 0
    truth: object = None
    report: Callable[[float], object] = _silent
    trained: Trained = field(default_factory=Trained)
    orbit: Orbit = NO_ORBIT


def _suits_all(shape: Shape, truth: object, options: Mapping[str, Any]) -> str:
    """Every data set suits."""
    return ""


def needs_images(shape: Shape, truth: object, options: Mapping[str, Any]) -> str:
    """Why a model of images does not suit: points of no pixels lie beside nothing.

    Parameters
    ----------
    shape : tuple of int
        Shape of one point.
    truth : object
        Law of the data where it is known.
    options : mapping
        Of the model.

    Returns
    -------
    str
        Empty where points are images.
    """
    return "" if len(shape) == 3 else f"needs images, but a point has shape {shape}."


@dataclass(frozen=True)
class SolvableModel:
    """One row.

    Attributes
    ----------
    name : str
        What users write; the name of its file.
    description : str
        One line.
    words : str
        What legends call it, fitted to the data of trained networks.
    line : str or tuple
        Its line in figures, as Matplotlib takes it.
    order : int
        Place in tables and legends.
    fit : callable
        ``fit(sets, **options)`` takes `TrainingSets` and returns one denoiser for each; default the
        `theory` at the option `MEMORISED`.
    options : tuple of Option
        Keyword arguments of `fit`.
    refusal : callable
        ``refusal(shape, truth, options)`` says in one sentence why it does not suit data of this
        shape and law; empty where it does.
    compared : bool
        Whether trained networks are held against it.
    networks : tuple of str
        Names of the networks that it is a theory of; none where it is one of the data alone.
    theory : type or None
        Of a theory that knows the network: ``theory.fit(points, rng, orbit)`` gives what
        ``.trained(N)`` makes a denoiser of, N being the points that the budget suffices to
        memorise, of whose share of all n it depends by the exponent ``theory.power``. It is
        calibrated on one trained pair, see `convergen.empirical.forecast`.
    images_each : float or None
        Learning-rate-weighted images for each N of a `theory` that is not calibrated.
    own_error : tuple of float
        Root mean square by which the theory missed shipped networks in convergence, memorisation,
        share of copies and variance, where its constant was right.
    others_error : tuple of float
        The same for networks that it was not `made_for`.
    made_for : tuple of str
        Names of the networks that `own_error` is of; none where it is of all.
    trust : str
        How far forecasts by it may be trusted, in words.
    """

    name: str
    description: str
    words: str
    line: Line
    order: int
    fit: Callable[..., Sequence[Denoiser]] = None  # type: ignore[assignment]
    options: tuple[Option, ...] = ()
    refusal: Callable[[Shape, object, Mapping[str, Any]], str] = _suits_all
    compared: bool = True
    networks: tuple[str, ...] = ()
    theory: Any = None
    images_each: float | None = None
    own_error: tuple[float, float, float, float] = (0.04, 0.06, 0.06, 0.06)
    others_error: tuple[float, float, float, float] = (0.04, 0.06, 0.06, 0.06)
    made_for: tuple[str, ...] = ()
    trust: str = ""

    def __post_init__(self) -> None:
        if self.fit is None:
            object.__setattr__(self, "fit", partial(fit_theory, self.theory))

    def on(self, network: str) -> SolvableModel:
        """The row with the error that it has on a network.

        Parameters
        ----------
        network : str
            Its name.

        Returns
        -------
        SolvableModel
        """
        known = not self.made_for or network in self.made_for
        return self if known else replace(self, own_error=self.others_error)

    def resolve(
        self, shape: Shape, given: Mapping[str, Any], truth: object = None
    ) -> dict[str, Any]:
        """Check options and data, and fill in defaults.

        Parameters
        ----------
        shape : tuple of int
            Shape of one point.
        given : mapping
            Options by name.
        truth : object
            Law of the data where it is known.

        Returns
        -------
        dict
            Keyword arguments of `fit`.

        Raises
        ------
        InputError
            If an option is unknown or out of range, or the data do not suit.
        """
        found = resolved(f"model {self.name!r}", self.options, given)
        reason = self.refusal(shape, truth, found)
        if reason:
            raise InputError(f"model {self.name!r} {reason}")
        return found


SOLVABLE: FolderTable[SolvableModel] = FolderTable(
    "convergen.empirical.models.solvable", "solvable model"
)


def compared_with(shape: Shape, truth: object, network: str = "") -> list[SolvableModel]:
    """Solvable models that trained networks are held against.

    Parameters
    ----------
    shape : tuple of int
        Shape of one point of the data.
    truth : object
        Law of the data where it is known, else None.
    network : str
        Name of the network.

    Returns
    -------
    list of SolvableModel
        Those that suit the data with their default options, and the network, in their order.
    """
    rows = sorted(SOLVABLE.rows(), key=lambda row: row.order)
    defaults = {row.name: resolved(row.name, row.options, {}) for row in rows}
    return [
        row
        for row in rows
        if row.compared
        and (not row.networks or network in row.networks)
        and not row.refusal(shape, truth, defaults[row.name])
    ]


def network_theories() -> list[SolvableModel]:
    """Theories that know the network and are calibrated on one pair of it, in their order.

    Returns
    -------
    list of SolvableModel
    """
    return [row for row in _theories() if row.images_each is None]


def forecasting_theory(network: str) -> SolvableModel:
    """The theory by which a network is forecast.

    Parameters
    ----------
    network : str
        Its name.

    Returns
    -------
    SolvableModel
        The first that is a theory of this network, or of any, with the error that it has on it.
    """
    found = next(row for row in _theories() if not row.networks or network in row.networks)
    return found.on(network)


def _theories() -> list[SolvableModel]:
    rows = sorted(SOLVABLE.rows(), key=lambda row: row.order)
    return [row for row in rows if row.theory is not None]


MEMORISED = Option(
    "memorised", NUMBER, "training points that the budget suffices to memorise, N = s/c", 0.0,
    least=0.0, most=1e12,
)  # fmt: skip


def fit_theory(theory: Any, sets: TrainingSets, memorised: float) -> list[Denoiser]:
    """Fit a theory that knows the network to each training set.

    Parameters
    ----------
    theory : type
        As in `SolvableModel`.
    sets : TrainingSets
        Points; their `seed` draws the noise of what is left out.
    memorised : float
        N.

    Returns
    -------
    list of Denoiser
    """
    return [
        theory.fit(points, np.random.default_rng(sets.seed), sets.orbit).trained(memorised)
        for points in sets.points
    ]
