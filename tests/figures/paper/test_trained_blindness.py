"""Figure 14: points are those of the shipped results, and networks show what the caption says."""

import numpy as np
import pytest

from convergen.empirical.validate.shipped_results import shipped_result
from convergen.figures.making.data_files import load_record, shipped
from convergen.figures.paper import trained_blindness


@pytest.fixture(scope="module")
def data():
    return load_record(shipped(trained_blindness.NAME), trained_blindness.NAME)


def panels(data):
    for name in data["panel"].values:
        model, kind = str(name).split()
        yield model, kind, data.sel(panel=name).dropna("samples", how="all", subset=["convergence"])


def test_points_are_those_of_the_shipped_results(data):
    for model, kind, part in panels(data):
        result = shipped_result(f"{kind}-{model}").sel(factor=list(trained_blindness.FACTORS))
        # The identity has the error σ² in each of the 64 coordinates; no network stayed there.
        idle = (result["test_error"].sel(sigma=3.0) > 0.9 * 9.0 * 64.0).any("side")
        np.testing.assert_array_equal(part["stuck"], idle.sum("seed"))
        assert not idle.any()
        for name in ("convergence", "latent_recovery", *trained_blindness.DISTANCES):
            kept = result[name].where(~idle)
            expected = kept.mean([x for x in ("seed", "side") if x in kept.dims])
            found = part[name].transpose(*expected.dims)
            np.testing.assert_allclose(found.values, expected.values, rtol=1e-12)


def test_every_network_of_the_figure_has_its_panels(data):
    shown = [
        f"{model} {kind}" for model, kinds in trained_blindness.SHOWN.items() for kind in kinds
    ]
    assert data["panel"].values.tolist() == shown
    figure = trained_blindness.draw(data)
    assert sum(axes.has_data() for axes in figure.axes) == 2 * len(shown)


def test_linear_models_of_the_same_sets_follow_their_law_where_it_holds(data):
    for model, kind, part in panels(data):
        if kind == "patches":  # whose points are far from Gaussian
            continue
        nodes = (
            part["line_samples"].isel(factor=0).dropna("node")
            if "factor" in part["line_samples"].dims
            else part["line_samples"].dropna("node")
        )
        law = part["convergence_law"].dropna("node")
        q = np.interp(np.log(part["samples"]), np.log(nodes), law)
        late = part["samples"].values >= 64
        assert np.abs(q - part["convergence_linear"].values)[late].max() < 0.03, (model, kind)


@pytest.mark.slow
def test_smoke_data_are_drawn(smoke_of):
    smoke = smoke_of(trained_blindness.NAME)
    assert smoke["convergence_linear"].notnull().sum("samples").values.tolist() == [2] * 6
    trained_blindness.draw(smoke)
