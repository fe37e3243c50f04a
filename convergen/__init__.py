"""How much data until a generative model stops memorising, converges and has learnt its factors.

The three packages are loaded on first use, so that ``import convergen`` costs nothing.
"""

from __future__ import annotations

import lazy_loader as _lazy

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = _lazy.attach(__name__, ["theory", "empirical", "figures"])
