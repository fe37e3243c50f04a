import numpy as np
import pytest

from convergen import theory
from convergen.theory.finite_size.predict_subsets import forecast_subsets, predict_subsets
from convergen.theory.forecast.predict import Request

SPECTRUM = theory.Spectrum.power_law(30, 1.0)
N = np.array([10.0, 40.0])
NAMES = ["convergence", "distances"]


def test_what_is_held_against_the_truth_is_that_of_more_fresh_points():
    """Of N = 100 points, n = 10 and 40 are worth n N/(N − n) = 11.1 and 66.7 of the law."""
    found = predict_subsets(SPECTRUM, N, 100, quantities=NAMES)
    plain = theory.predict(SPECTRUM, N, quantities=NAMES)
    worth = theory.predict(SPECTRUM, [1000 / 90, 4000 / 60], quantities=NAMES)
    np.testing.assert_array_equal(found["samples"], N)
    np.testing.assert_allclose(found["convergence"], plain["convergence"], rtol=1e-12)
    for key in ("convergence_to_truth", "bures_wasserstein", "kullback_leibler"):
        np.testing.assert_allclose(found[key].values, worth[key].values, rtol=1e-12)
        assert found[key].attrs["finite_population"] == "predicted at n N/(N - n)"
        assert found[key].attrs["long_name"] == plain[key].attrs["long_name"]
    assert "finite_population" not in found["convergence"].attrs


@pytest.mark.parametrize("names", [None, ["convergence"]])
def test_a_law_has_no_finite_population(names):
    request = Request.of(SPECTRUM, N)
    found = predict_subsets(SPECTRUM, N, None, quantities=names)
    assert not any("finite_population" in each.attrs for each in found.data_vars.values())
    plain = theory.predict(SPECTRUM, N, quantities=["convergence"])
    np.testing.assert_allclose(found["convergence_to_truth"], plain["convergence_to_truth"])
    assert forecast_subsets(request, None, names, np.ones(3)).variables.keys() == set(found)


def test_amplitudes_put_the_gaussian_law_beside_that_of_the_data():
    tau = np.array([0.25, 0.25, 2.5])
    found = forecast_subsets(Request.of(SPECTRUM, N), 100, ["convergence"], tau)
    plain = theory.predict(SPECTRUM, N, quantities=["convergence"])
    np.testing.assert_allclose(found["convergence_gaussian"], plain["convergence"], rtol=1e-12)
    assert np.all(found["convergence"] < plain["convergence"].values)
