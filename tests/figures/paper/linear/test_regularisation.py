"""Figure 4: the claims of its caption, and smoke data that are drawn."""

import numpy as np
import pytest

from convergen.figures.making.data_files import load_record, shipped
from convergen.figures.paper.linear import regularisation

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data():
    return load_record(shipped("regularisation"), "regularisation")


@pytest.fixture(scope="module")
def smoke(smoke_of):
    return smoke_of(regularisation.NAME)


def test_shipped_points_lie_on_the_lines(data):
    compared = 0
    for kind in ("ridge", "time"):
        x, at = np.log(data[kind].values), np.log(data[f"{kind}_point"].values)
        for name in regularisation._OVERLAPS + regularisation._ERRORS:
            if f"{name}_{kind}_line" not in data:
                assert kind == "time"
                assert "memorisation" in name
                continue
            line = np.interp(at, x, data[f"{name}_{kind}_line"].values)
            mean, stderr = data[f"{name}_{kind}"].values, data[f"{name}_{kind}_stderr"].values
            # Finite size d = 200, and straight lines between the nodes.
            assert np.all(np.abs(mean - line) <= 4.0 * stderr + 0.01 * np.maximum(line, 1.0))
            compared += at.size
    assert compared >= 100


def test_claims_of_the_caption(data):
    best = {
        kind: int(np.argmin(data[f"test_error_{kind}_line"].values)) for kind in ("ridge", "time")
    }
    ridge, time = data["test_error_ridge_line"].values, data["test_error_time_line"].values
    assert ridge[best["ridge"]] < ridge[0] - 0.05
    assert ridge[-1] > 2.0 * ridge[best["ridge"]]
    q = data["convergence_ridge_line"].values
    assert np.all(np.diff(q) > 0.0)
    assert data["memorisation_ridge_line"].values[best["ridge"]] < (
        data["memorisation_ridge_line"].values[0] - 0.05
    )
    assert time[best["time"]] < time[-1] - 0.05
    stop = np.argmin(np.abs(np.log(data["time_point"] / data["time"][best["time"]])).values)
    m, stderr = data["memorisation_time"].values, data["memorisation_time_stderr"].values
    assert m[stop] - m[-1] > 4.0 * np.hypot(stderr[stop], stderr[-1])
    assert m[0] < m[-1] - 0.1


def test_smoke_draws_lines_only_where_there_is_a_theory(smoke):
    overlaps, errors, stopped = regularisation.draw(smoke).axes[:3]
    assert len(overlaps.containers) == len(stopped.containers) == 4
    # Four curves and the vertical line; two of the curves are missing below.
    lines = [
        [line for line in axes.lines if len(line.get_xdata()) > 3] for axes in (overlaps, stopped)
    ]
    assert len(lines[0]) == 4
    assert len(lines[1]) == 2
    assert "ridge" in errors.get_xlabel()
    assert "time" in stopped.get_xlabel()
