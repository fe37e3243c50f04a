"""What is asked of a plan: the samples at hand, the budget, the wishes, the sizes to compare."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_noise,
    as_number,
    as_positive,
    as_sample_size,
)
from convergen.theory.forecast.pilot import pilot_of
from convergen.theory.forecast.planning.wishes import Wish, parse_wishes
from convergen.theory.pilot.population import Population
from convergen.theory.spectra.spectrum import Spectrum

# Factors that are followed unless told otherwise.
MOST_FACTORS = 10
# Multiples of the samples at hand, continued by factors of ten.
_MULTIPLES = np.array([1.0, 2.0, 4.0])


@dataclass(frozen=True)
class PlanRequest:
    """Checked arguments of `plan`.

    Attributes
    ----------
    law : Spectrum or Population
        What is known of the data.
    have : float
        Samples at hand.
    affordable : float or None
        Further samples that the budget pays for; None without a budget.
    cost : float
        Of one further sample.
    wishes : tuple of Wish
        What is to be reached.
    sigma : float
        Noise level of the test error, data units.
    factors : int
        Leading factors whose recovery is followed; for a pilot only those that it shows.
    samples : ndarray, shape (m,)
        Sample sizes that are compared, the first one `have`.
    """

    law: Spectrum | Population
    have: float
    affordable: float | None
    cost: float
    wishes: tuple[Wish, ...]
    sigma: float
    factors: int
    samples: FloatArray

    @classmethod
    def of(
        cls,
        given: Spectrum | Population | ArrayLike,
        *,
        have: float | None = None,
        budget: float | None = None,
        cost_per_sample: float = 1.0,
        wishes: Iterable[str] = (),
        sigma: float | None = None,
        factors: int = MOST_FACTORS,
    ) -> PlanRequest:
        """Check the arguments of `plan`."""
        pilot = pilot_of(given)
        law = cast("Spectrum", given) if pilot is None else pilot
        spectrum = cast("Spectrum", given) if pilot is None else pilot.spectrum
        if have is None and pilot is None:
            raise InputError(
                "a plan for a law that is known starts from a number of samples: give have, the "
                "samples that are there already."
            )
        if have is not None and not have >= 1:
            raise InputError(f"have is the number of samples at hand, at least 1, not {have:g}.")
        start = as_sample_size(have if have is not None else pilot.points)  # type: ignore[union-attr]
        cost = as_number(as_positive(cost_per_sample, "cost per sample"), "cost per sample")
        affordable = None
        if budget is not None:
            affordable = float(np.floor(as_number(as_positive(budget, "budget"), "budget") / cost))
            if affordable < 1.0:
                raise InputError(
                    f"a budget of {budget:g} does not pay for one sample at {cost:g}: raise it."
                )
        root = float(np.sqrt(spectrum.trace / spectrum.dim))
        noise = as_number(as_noise(root if sigma is None else sigma), "sigma")
        followed = _told_apart(spectrum, as_count(factors, "factors"))
        if pilot is not None:
            followed = min(followed, pilot.factors.eigenvalues.size)
        return cls(
            law, start, affordable, cost, tuple(parse_wishes(wishes)), noise,
            followed, _sizes(start, affordable),
        )  # fmt: skip

    @property
    def spectrum(self) -> Spectrum:
        """Of the law."""
        return self.law.spectrum if isinstance(self.law, Population) else self.law

    @property
    def priced(self) -> bool:
        """Whether further samples have a price or a limit."""
        return self.affordable is not None or self.cost != 1.0

    @property
    def pilot(self) -> Population | None:
        """The pilot, where the law is an estimate."""
        return self.law if isinstance(self.law, Population) else None


def _told_apart(spectrum: Spectrum, wanted: int) -> int:
    """Leading factors in eigenspaces of less than half of all dimensions: others come by chance."""
    groups = spectrum.groups(min(wanted, spectrum.dim))
    wide = spectrum.multiplicities[groups] >= 0.5 * spectrum.dim
    return int(np.argmax(wide)) if wide.any() else groups.size


def _sizes(have: float, affordable: float | None) -> FloatArray:
    """Sample sizes that are compared."""
    end = 10.0 * have if affordable is None else have + affordable
    decades = 10.0 ** np.arange(np.ceil(np.log10(end / have)) + 1.0)
    sizes = np.round(have * (decades[:, None] * _MULTIPLES).ravel())
    sizes[0] = have
    return np.unique(np.append(sizes[sizes <= end], end))
