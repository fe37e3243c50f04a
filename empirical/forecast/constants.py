"""Images that the shipped networks needed to memorise one point: measured, on several data sets."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from convergen.empirical.forecast.calibrate import Calibration
from convergen.theory.common.checks import InputError
from convergen.theory.messages.suggestions import suggestion
from convergen.theory.networks.symmetry.orbits import Orbit

PATH = Path(str(resources.files("convergen.empirical") / "forecast" / "constants.json"))


def measured_constants() -> list[dict[str, Any]]:
    """Every pair that was calibrated.

    Returns
    -------
    list of dict
        ``network``, ``size``, ``data``, ``seed``, ``samples``, ``images``, ``learning_rate``,
        ``batch``, ``constant``, ``low``, ``high``, ``misfit``.
    """
    found: list[dict[str, Any]] = json.loads(PATH.read_text())
    return found


def shipped_calibration(network: str, orbit: Orbit) -> Calibration:
    """What to expect of a network none of which was trained on the data.

    Parameters
    ----------
    network : str
        Name of a network.
    orbit : Orbit
        Its symmetry.

    Returns
    -------
    Calibration
        Geometric mean over data sets and the 90 % interval of one more data set.

    Raises
    ------
    InputError
        If none of that name was measured on at least two data sets.
    """
    from scipy.stats import t

    rows = [row for row in measured_constants() if row["network"] == network]
    sets = sorted({row["data"] for row in rows})
    if len(sets) < 2:
        known = sorted({row["network"] for row in measured_constants()})
        raise InputError(
            f"nothing was measured on networks {network!r}{suggestion(network, known)}: choose "
            f"from {', '.join(known)}, or train a pair and give its run to convergen forecast."
        )
    logs = [
        float(np.mean([np.log(row["constant"]) for row in rows if row["data"] == name]))
        for name in sets
    ]
    mean, spread = float(np.mean(logs)), float(np.std(logs, ddof=1))
    reach = float(t.isf(0.05, len(sets) - 1)) * spread * float(np.sqrt(1.0 + 1.0 / len(sets)))
    return Calibration(
        constant=float(np.exp(mean)),
        low=float(np.exp(mean - reach)),
        high=float(np.exp(mean + reach)),
        samples=rows[0]["samples"],
        snapshots=0,
        misfit=float("nan"),
        orbit=orbit,
        source=f"networks {network} of size {rows[0]['size']} on {', '.join(sets)}",
    )
