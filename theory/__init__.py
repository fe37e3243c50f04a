"""Predict memorisation, convergence and latent recovery from a spectrum and a sample size.

Names are loaded on first use, so that ``import theory`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "Denoiser": "denoiser",
    "EmpiricalScore": "empirical_score",
    "GaussianDenoiser": "gaussian_denoisers",
    "GaussianMixture": "gaussian_mixture",
    "InputError": "checks",
    "LinearDenoiser": "linear_denoiser",
    "Spectrum": "spectrum",
    "best_bandwidth": "smoothing",
    "block_edges": "overlap_blocks",
    "block_overlap": "overlap_blocks",
    "bures_wasserstein": "distances",
    "collapse_noise": "collapse",
    "collapse_width": "collapse",
    "commitment_noise": "commitment",
    "convergence": "linear_model",
    "convergence_to_truth": "linear_model",
    "denoiser_variance": "denoising",
    "denoising_errors": "denoising",
    "df1": "equivalents",
    "df2": "equivalents",
    "expected_function": "analytic_function",
    "expected_sqrt": "linear_model",
    "karras_schedule": "samplers",
    "kullback_leibler": "distances",
    "latent_recovery": "recovery",
    "log_determinant": "equivalents",
    "max_sliced_wasserstein": "leading_distances",
    "memorisation": "memorisation_laws",
    "memorisation_law": "memorisation_laws",
    "noise_of": "equivalents",
    "operator_norm": "leading_distances",
    "order_parameters": "linear_model",
    "own_weight": "collapse",
    "predict": "prediction",
    "recovery_thresholds": "recovery",
    "renormalised_noise": "equivalents",
    "resolvent": "equivalents",
    "sample": "samplers",
    "sample_spectrum": "sample_covariance",
    "samples_for": "thresholds",
    "samples_to_generalise": "collapse",
    "sampling_convergence": "analytic_function",
    "sampling_map": "analytic_function",
    "shrinkage_to_ridge": "linear_model",
    "simulate": "simulation",
    "subspace_overlap": "rank_windows",
    "two_point": "equivalents",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'theory' has no attribute {name!r}")
    return getattr(importlib.import_module(f"theory.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
