"""An experiment that takes a second."""

from convergen.empirical.experiment.declared.declaration import Experiment

MEASURE = {"draws": 8, "steps": 3, "pictures": 2, "error_points": 8, "projections": 4}


def config(**changes):
    return {
        "name": "tiny", "samples": [4, 8], "seeds": [0, 3],
        "data": {"kind": "field", "size": 4, "count": 64},
        "model": {"name": "mlp", "size": "tiny"},
        "training": {"images": 320, "batch": 16}, "measure": MEASURE,
        "run": {"grouping": "pair", "device": "cpu"},
    } | changes  # fmt: skip


def experiment(**changes):
    return Experiment.from_config(config(**changes))
