"""How much data until a generative model stops memorising, converges and has learnt its factors.

The three packages are loaded on first use, so that ``import convergen`` costs nothing. What most
people need has its name here, too: ``import convergen as cg; cg.predict(cg.Spectrum…, [100])``.
"""

from __future__ import annotations

import lazy_loader as _lazy

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submodules=["theory", "empirical", "figures"],
    submod_attrs={
        "theory": [
            "GaussianMixture",
            "InputError",
            "Spectrum",
            "estimate_population",
            "load_source",
            "plan",
            "predict",
            "samples_for",
            "simulate",
        ],
        "empirical": ["run_experiment", "train_pair"],
        "figures": ["plot"],
    },
)
