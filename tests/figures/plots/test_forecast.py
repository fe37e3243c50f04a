"""The figure of a forecast shows its numbers, their intervals and the n of the calibration."""

import numpy as np
import pytest
import xarray as xr

from convergen.figures.plots.forecast import draw, forecast


def made(calibrated_at):
    found = xr.Dataset(coords={"samples": [4, 16, 64]})
    for k, name in enumerate(("convergence", "memorisation")):
        values = np.array([0.2, 0.5, 0.8]) + 0.05 * k
        for end, shift in (("", 0.0), ("_low", -0.1), ("_high", 0.12)):
            found[f"{name}{end}"] = "samples", values + shift
    return found.assign_attrs(calibrated_at=calibrated_at)


@pytest.mark.parametrize("calibrated_at", [16, 0])
def test_lines_bands_and_the_calibrated_n(calibrated_at):
    found = made(calibrated_at)
    for axes, name in zip(forecast(found), ("convergence", "memorisation"), strict=True):
        curve = next(line for line in axes.lines if len(line.get_xdata()) == 3)
        np.testing.assert_array_equal(curve.get_xdata(), found["samples"])
        np.testing.assert_array_equal(curve.get_ydata(), found[name])
        corners = axes.collections[0].get_paths()[0].vertices
        assert corners[:, 1].min() == pytest.approx(float(found[f"{name}_low"].min()))
        assert corners[:, 1].max() == pytest.approx(float(found[f"{name}_high"].max()))
        marks = [line for line in axes.lines if set(line.get_xdata()) == {16}]
        assert len(marks) == (calibrated_at == 16)
        assert axes.get_xscale() == "log"


def test_it_is_drawn_off_screen():
    assert len(draw(made(16)).axes) == 2
