"""Pictures of results on axes of yours: ``cg.plot.prediction(curves, axes=axes)``.

The command line draws the same pictures with these functions. `figure` draws those of the paper.
"""

from __future__ import annotations

from convergen.figures.making.whole_figures import figure
from convergen.figures.plots.checkpoints import checkpoints
from convergen.figures.plots.collapse import collapse
from convergen.figures.plots.curves import prediction
from convergen.figures.plots.diagnosis import distances, needed
from convergen.figures.plots.forecast import forecast
from convergen.figures.plots.plan import plan
from convergen.figures.plots.validation import validation

__all__ = [
    "checkpoints",
    "collapse",
    "distances",
    "figure",
    "forecast",
    "needed",
    "plan",
    "prediction",
    "validation",
]
