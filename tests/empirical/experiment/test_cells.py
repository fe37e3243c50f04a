import numpy as np
import xarray as xr

from convergen.empirical.experiment.cells import cells, joined, with_seed, work_of
from tests.empirical.experiment.tiny import experiment


def test_cells_follow_the_grouping():
    by_pair = cells(experiment())
    assert [cell.name for cell in by_pair] == ["seed0-n4", "seed0-n8", "seed3-n4", "seed3-n8"]
    by_seed = cells(experiment().decided(grouping="seed"))
    assert [(cell.name, cell.samples) for cell in by_seed] == [
        ("seed0", (4, 8)), ("seed3", (4, 8)),
    ]  # fmt: skip


def test_results_are_put_where_they_belong_and_what_is_missing_is_nan():
    def part(seed, n, value):
        return xr.Dataset(
            {"q": (("seed", "samples"), [[value]]), "error": (("seed", "sigma"), [[float(seed)]])},
            {"seed": [seed], "samples": [n], "sigma": [1.0]},
        )

    found = joined(experiment(), [part(3, 8, 2.0), part(0, 8, 1.0), part(0, 4, 0.5)])
    assert found["seed"].values.tolist() == [0, 3]
    np.testing.assert_array_equal(
        found["q"].transpose("seed", "samples"), [[0.5, 1.0], [np.nan, 2.0]]
    )
    assert found["error"].sel(seed=[0, 3]).values.ravel().tolist() == [0.0, 3.0]


def test_the_work_of_a_cell():
    assert work_of(experiment()) == (320, "images")
    assert work_of(experiment(model={"name": "linear"})) == (1, "cells")


def test_a_result_has_a_seed():
    found = with_seed(xr.Dataset({"q": ("samples", [0.5])}, {"samples": [4]}), 3)
    assert found["q"].dims == ("seed", "samples")
    assert found["seed"].values.tolist() == [3]
    assert "long_name" in found["seed"].attrs
