"""What one more data set will need, from those that were measured."""

import numpy as np
import pytest
from scipy import stats

from convergen.empirical.forecast import constants
from convergen.empirical.forecast.constants import measured_constants, shipped_calibration
from convergen.theory.common.checks import InputError
from convergen.theory.networks.symmetry.orbits import NO_ORBIT


def measured(network, data, constant):
    return {
        "network": network, "data": data, "constant": constant, "samples": 16, "size": "small",
    }  # fmt: skip


@pytest.fixture
def rows(monkeypatch):
    given = [
        measured("net", "b", 100.0), measured("net", "a", 200.0), measured("net", "a", 800.0),
        measured("other", "a", 5.0), measured("other", "a", 6.0), measured("net", "c", 1600.0),
    ]  # fmt: skip
    monkeypatch.setattr(constants, "measured_constants", lambda: given)
    return given


def test_the_mean_is_over_data_sets_each_by_the_mean_of_its_pairs(rows):
    """Logarithms 100, √(200·800) = 400, 1600: the middle is 400, the spread log 4."""
    found = shipped_calibration("net", NO_ORBIT)
    assert found.constant == pytest.approx(400.0)
    spread = np.log(4.0)
    assert found.high / found.constant == pytest.approx(found.constant / found.low)
    # Predicted interval of one more normal number after three: Student's, 2 degrees of freedom.
    low, high = stats.t.interval(0.9, 2, scale=spread * np.sqrt(1.0 + 1.0 / 3.0))
    assert np.log(found.high / 400.0) == pytest.approx(high)
    assert np.log(found.low / 400.0) == pytest.approx(low)
    assert (found.samples, found.snapshots) == (16, 0)
    assert np.isnan(found.misfit)
    assert found.orbit is NO_ORBIT
    assert found.source == "networks net of size small on a, b, c"


def test_one_data_set_says_nothing_of_another(rows):
    with pytest.raises(InputError, match=r"nothing was measured on networks 'other'.*net, other"):
        shipped_calibration("other", NO_ORBIT)
    rows.append(measured("other", "b", 7.0))
    found = shipped_calibration("other", NO_ORBIT)  # two do, with one degree of freedom
    assert found.low < 5.0
    assert found.high > 7.0


def test_an_interval_of_the_shipped_ones_covers_them():
    every = measured_constants()
    unet = [row["constant"] for row in every if row["network"] == "unet"]
    found = shipped_calibration("unet", NO_ORBIT)
    assert found.low < min(unet) < found.constant < max(unet) < found.high
    for row in every:
        assert row["low"] < row["constant"] < row["high"]
