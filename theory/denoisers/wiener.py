"""The linear model as a denoiser: the Wiener filter of a training set."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import as_count, as_nonnegative
from convergen.theory.denoisers.gaussian import GaussianDenoiser
from convergen.theory.spectra.principal_components import principal_components
from convergen.theory.spectra.spectrum import Spectrum


class LinearDenoiser(GaussianDenoiser):
    """The best linear denoiser of a training set: the Wiener filter of N(m̂, Σ̂ + ρ).

    Build it with `fit`. With D̂ = (Σ̂ + ρ)(Σ̂ + ρ + σ²)⁻¹ it generates m̂ + (Σ̂ + ρ)^{1/2} z, the
    model whose order parameters this package predicts (arXiv:2605.21402, arXiv:2602.02908).

    Attributes
    ----------
    samples : int
        Number of training samples n.
    ridge : float
        ρ, in squared data units.

    Examples
    --------
    >>> import numpy as np
    >>> from convergen import theory
    >>> points = np.random.default_rng(0).standard_normal((50, 3)) * [3.0, 2.0, 1.0]
    >>> denoise = theory.LinearDenoiser.fit(points)
    >>> denoise
    LinearDenoiser(50 training points of shape (3,))
    >>> denoise(np.array([[3.0, 2.0, 1.0]]), 1.0).round(1)
    array([[2.7, 1.5, 0.6]])
    """

    def __init__(
        self,
        spectrum: Spectrum,
        *,
        samples: int,
        ridge: float = 0.0,
        mean: ArrayLike | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__(spectrum, mean=mean, shape=shape)
        self.samples = as_count(samples, "samples")
        self.ridge = as_nonnegative(ridge, "ridge")

    def __repr__(self) -> str:
        ridge = f", ridge {self.ridge:g}" if self.ridge else ""
        return f"LinearDenoiser({self.samples} training points of shape {self.shape}{ridge})"

    @classmethod
    def fit(
        cls,
        data: ArrayLike | np.memmap[Any, Any],
        ridge: float = 0.0,
        center: bool = True,
    ) -> Self:
        """Fit to training samples.

        Parameters
        ----------
        data : array_like or memmap, shape (n, *shape)
            At least two samples, one a row, in any units; read in blocks, never copied as a
            whole. For n < dim the n × n Gram matrix is diagonalised.
        ridge : float
            ρ ≥ 0, added to every eigenvalue of Σ̂, those of its null space included.
        center : bool
            Fit the mean too, with Σ̂ = X̃ᵀX̃/n about it; otherwise the mean is 0 and
            Σ̂ = XᵀX/n.

        Returns
        -------
        LinearDenoiser

        Raises
        ------
        InputError
            If the ridge is negative, or the data are too few, constant or not finite.
        """
        rho = as_nonnegative(ridge, "ridge")
        parts = principal_components(data, center=center)
        spectrum = Spectrum.from_eigenvalues(
            parts.eigenvalues + rho,
            eigenvectors=parts.eigenvectors,
            mean=parts.mean,
            source=f"linear model of {parts.samples} samples, ridge {rho:g}",
        )
        shape = np.asarray(data).shape[1:]
        return cls(spectrum, samples=parts.samples, ridge=rho, shape=shape)
