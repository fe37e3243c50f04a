"""What linear generative models learn from n samples: overlaps, distances, errors, thresholds.

It may import random_matrices, denoisers, spectra and the shared rooms below.
"""

from __future__ import annotations

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(__name__, submodules=["closed_forms"])
