"""Figure 13: what its caption says, of the shipped data."""

import numpy as np
import pytest

from convergen import theory
from convergen.figures.making.data_files import load_record, shipped
from convergen.figures.paper.real_data import pilot


@pytest.fixture(scope="module")
def data():
    return load_record(shipped(pilot.NAME), pilot.NAME)


def test_the_truth_of_the_power_law_is_exact(data):
    one = data.isel(data=1)
    spectrum = theory.Spectrum.power_law(3072, 1.0)
    np.testing.assert_allclose(one["truth"], theory.convergence(spectrum, one["n"]), rtol=1e-9)
    needed = float(theory.samples_for(spectrum, convergence=pilot.LEVEL))
    assert float(one["needed_truth"]) == pytest.approx(needed, rel=1e-9)


def test_estimates_follow_the_truth_and_sample_spectra_promise_too_much(data):
    truth = data["needed_truth"]
    estimate, plug_in = (np.log(data[f"needed_{name}"] / truth) for name in ("estimate", "plug_in"))
    for name in data["data"].values:
        for points in pilot.SIZES:
            one = estimate.sel(data=name, points=points)
            assert abs(float(one.median())) < np.log(1.5 if points == 50 else 1.3), (name, points)
    for column in (1, 2):
        assert bool((plug_in.isel(data=column) < np.log(0.5)).all())
    # Errors of the digits are small, but of one sign.
    assert bool((plug_in.isel(data=0).sel(points=50) < 0.0).all())
    inside = (data["needed_low"] <= truth) & (truth <= data["needed_high"])
    assert float(inside.mean()) > 0.75


def test_curves_lie_in_their_bands(data):
    assert bool((data["q_low"] <= data["q_estimate"]).all())
    assert bool((data["q_estimate"] <= data["q_high"]).all())
    width = (data["q_high"] - data["q_low"]).max("place")
    assert bool((width.sel(points=500) < width.sel(points=50)).all())


@pytest.mark.slow
def test_smoke_data_are_computed_and_drawn(smoke_of):
    found = smoke_of(pilot.NAME)
    assert dict(found.sizes) == {"data": 3, "points": 3, "place": 9, "pilot": 2}
    figure = pilot.draw(found)
    assert len(figure.axes) == 6
    (truth,) = [line for line in figure.axes[1].lines if line.get_color() == "black"]
    np.testing.assert_array_equal(truth.get_ydata(), found["truth"].isel(data=1))
