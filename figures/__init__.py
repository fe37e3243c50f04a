"""Pictures of predictions and measurements; data come in labelled, nothing is computed here."""

from __future__ import annotations

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(__name__, submodules=["plot"])
