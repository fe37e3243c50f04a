"""A run held against the theories: what the command line and Python ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convergen.empirical.validate.validate import validate

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.run import Run


def validate_run(run: Run, result: xr.Dataset | None = None) -> xr.Dataset:
    """Hold what a run measured against every theory that applies.

    Parameters
    ----------
    run : Run
        What was trained, with its data and splits.
    result : xarray.Dataset, optional
        What was measured; default the result in the folder of the run.

    Returns
    -------
    xarray.Dataset
        Along ``samples`` and ``theory``; for each order parameter X ``X``, ``X_stderr``,
        ``X_predicted`` and ``X_z``, see `convergen.empirical.validate.validate.validate`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from convergen.empirical import Run, validate_run
    >>> found = validate_run(Run.open(Path("runs/digits")))  # as convergen train left it
    >>> law = found["convergence_predicted"].sel(theory="linear law")
    >>> bool((law.diff("samples") > 0.0).all())
    True
    """
    return validate(run, run.result() if result is None else result)
