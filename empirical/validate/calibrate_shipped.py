"""Calibrate every shipped result, for the table of constants that comes with the package.

``python -m convergen.empirical.validate.calibrate_shipped [NAME…]`` writes it anew.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from convergen.empirical.forecast.calibrate import calibrate
from convergen.empirical.forecast.constants import PATH
from convergen.empirical.models.by_name import needs_training
from convergen.empirical.validate.shipped_results import shipped_names, shipped_result, shipped_run
from convergen.theory.common.checks import InputError
from convergen.theory.networks.training_time.generaliser_memoriser import GeneraliserMemoriser


def constants(name: str) -> list[dict[str, Any]]:
    """Those of one shipped result, seed by seed.

    Parameters
    ----------
    name : str
        Of the result.

    Returns
    -------
    list of dict
        Rows of the table; pairs that cannot be calibrated are left out.
    """
    run, result = shipped_run(name), shipped_result(name)
    experiment, rows = run.experiment, []
    if not needs_training(experiment.model) or "images" not in result.dims:
        return []
    for seed in experiment.seeds:
        try:
            found = calibrate(run, result, GeneraliserMemoriser, seed=seed)
        except InputError as error:
            print(f"{name}, seed {seed}: {error}")
            continue
        training = experiment.training
        rows.append({
            "network": experiment.model["name"], "size": experiment.model.get("size", "small"),
            "data": name.rpartition("-")[0], "seed": seed, "samples": found.samples,
            "images": training.images, "learning_rate": training.learning_rate,
            "batch": training.batch, "constant": round(found.constant, 1),
            "low": round(found.low, 1), "high": round(found.high, 1),
            "misfit": round(found.misfit, 4),
        })  # fmt: skip
    return rows


def renew(names: list[str]) -> int:
    """Replace the rows of some results in the table.

    Parameters
    ----------
    names : list of str
        Of shipped results.

    Returns
    -------
    int
        How many pairs the table then holds.
    """
    old = json.loads(PATH.read_text()) if PATH.exists() else []
    kept = [row for row in old if f"{row['data']}-{row['network']}" not in names]
    rows = kept + [row for name in names for row in constants(name)]
    rows.sort(key=lambda row: (row["network"], row["data"], row["seed"]))
    lines = ",\n".join(json.dumps(row) for row in rows)
    PATH.write_text(f"[\n{lines}\n]\n")
    return len(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the table anew.

    Parameters
    ----------
    arguments : sequence of str, optional
        Names of results, default all; default those of the process.
    """
    import argparse

    parser = argparse.ArgumentParser(description="Calibrate shipped results.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="result, default all")
    names = parser.parse_args(arguments).names
    print(f"{PATH.name}: {renew(names or shipped_names())} pairs")


if __name__ == "__main__":
    main()
