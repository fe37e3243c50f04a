"""Predict memorisation, convergence and latent recovery from a spectrum and a sample size.

Names are loaded on first use, so that ``import convergen.theory`` costs nothing.
"""

from __future__ import annotations

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "linear": ["closed_forms"],
        "collapse.collapse_noise": [
            "collapse_noise",
            "collapse_width",
            "own_weight",
            "samples_to_generalise",
        ],
        "collapse.commitment": ["commitment_noise"],
        "common.checks": ["InputError"],
        "denoisers.gaussian": ["GaussianDenoiser"],
        "denoisers.noise_schedules": ["karras_schedule"],
        "denoisers.protocol": ["Denoiser"],
        "denoisers.samplers": ["sample"],
        "denoisers.wiener": ["LinearDenoiser"],
        "empirical_score.score": ["EmpiricalScore"],
        "finite_size.simulate": ["simulate"],
        "forecast.planning.plan": ["plan", "plan_curves"],
        "forecast.predict": ["predict"],
        "forecast.predict_collapse": ["predict_collapse"],
        "linear.denoising_errors": ["denoiser_variance", "denoising_errors"],
        "linear.distances": ["bures_wasserstein", "kullback_leibler"],
        "linear.latent_recovery": ["latent_recovery", "recovery_thresholds"],
        "linear.leading_distances": ["max_sliced_wasserstein", "operator_norm"],
        "linear.memorised.memorisation": ["memorisation", "memorisation_law"],
        "linear.order_parameters": [
            "convergence",
            "convergence_to_truth",
            "expected_sqrt",
            "order_parameters",
            "shrinkage_to_ridge",
        ],
        "linear.thresholds": ["samples_for"],
        "mixtures.mixture": ["GaussianMixture"],
        "pilot.population": ["estimate_population"],
        "random_matrices.analytic_functions": [
            "expected_function",
            "sampling_convergence",
            "sampling_map",
        ],
        "random_matrices.eigenvector_blocks": ["block_edges", "block_overlap"],
        "random_matrices.eigenvector_windows": ["subspace_overlap"],
        "random_matrices.equivalents": ["log_determinant", "resolvent", "two_point"],
        "random_matrices.renormalised_noise": ["df1", "df2", "noise_of", "renormalised_noise"],
        "random_matrices.sample_spectrum": ["sample_spectrum"],
        "sources.table": ["load_source"],
        "spectra.spectrum": ["Spectrum"],
    },
)
