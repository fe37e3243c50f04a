"""Figure 14: points are those of the shipped results, lines those of the theory."""

from dataclasses import replace

import numpy as np
import pytest

from convergen import theory
from convergen.empirical.validate.shipped_results import shipped_result, shipped_run
from convergen.empirical.validate.theories.linear_laws import orbit_convergence
from convergen.figures.making.data_files import load_record, shipped
from convergen.figures.paper.trained import trained_blindness


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
        # Networks that stayed the identity would have to be left out; those have the error σ² in
        # each of the 64 coordinates.
        assert not (result["test_error"].sel(sigma=3.0) > 0.9 * 9.0 * 64.0).any(), kind
        for name in ("convergence", "latent_recovery", *trained_blindness.DISTANCES):
            dims = [x for x in ("seed", "side") if x in result[name].dims]
            expected = result[name].mean(dims)
            found = part[name].transpose(*expected.dims)
            np.testing.assert_allclose(found.values, expected.values, rtol=1e-12)


def test_each_panel_holds_the_same_distances(data):
    for model, kind, part in panels(data):
        for name in trained_blindness.DISTANCES:
            assert part[name].notnull().all(), (model, kind, name)
    assert not [name for name in data if "sliced" in str(name)]


def test_every_network_of_the_figure_has_its_panels(data):
    shown = [
        f"{model} {kind}" for model, kinds in trained_blindness.SHOWN.items() for kind in kinds
    ]
    assert data["panel"].values.tolist() == shown
    figure = trained_blindness.draw(data)
    assert sum(axes.has_data() for axes in figure.axes) == 2 * len(shown)


def test_distances_of_linear_models_follow_their_law_on_gaussian_fields(data):
    for model, kind, part in panels(data):
        if not kind.startswith("power"):
            continue
        spectrum = shipped_run(f"{kind}-{model}").data.spectrum()
        law = theory.bures_wasserstein(spectrum, part["samples"].values)
        # Six training sets each, of which 16 points vary most.
        np.testing.assert_allclose(part["bures_wasserstein_linear"], law, rtol=0.15)


def test_the_floor_is_that_of_as_many_draws_and_blind_networks_alone_have_it(data):
    rng = np.random.default_rng(5)
    for model, kind, part in panels(data):
        floor = part["covariance_error_truth"]
        assert bool(floor.isnull()) == (model != "conv"), kind
        if model == "conv" and kind.startswith("power"):
            spectrum = shipped_run(f"{kind}-{model}").data.spectrum()
            values = np.repeat(spectrum.eigenvalues, spectrum.multiplicities.astype(int))
            draws = rng.standard_normal((200, 256, len(values))) * np.sqrt(values)
            found = np.einsum("rni,rnj->rij", draws, draws) / 256 - np.diag(values)
            squares = np.square(found).sum(axis=(1, 2)) / np.square(values).sum()
            assert float(floor) ** 2 == pytest.approx(squares.mean(), rel=0.1)


@pytest.mark.slow
def test_smoke_data_are_drawn(smoke_of):
    smoke = smoke_of(trained_blindness.NAME)
    assert smoke["line_samples"].notnull().sum("node").max() == 4
    trained_blindness.draw(smoke)


def test_circular_conv_nets_know_the_power_laws_as_well_as_their_draws_show(data):
    """What the caption says of a, b, e and f."""
    for kind in ("power1", "power2"):
        conv = data.sel(panel=f"conv {kind}").dropna("samples", how="all", subset=["convergence"])
        late = conv.sel(samples=[64, 256, 768])
        assert late["convergence"].min() >= 0.98
        assert np.all(late["convergence"] > np.interp(
            np.log([64, 256, 768]), np.log(conv["line_samples"]),
            conv["convergence_law"].isel(factor=0, missing_dims="ignore"),
        ) - 0.01)  # fmt: skip
        assert np.abs(late["bures_wasserstein"].isel(factor=0, missing_dims="ignore")).max() < 0.003
        floor = float(conv["covariance_error_truth"])
        apart = late["covariance_error"].isel(factor=0, missing_dims="ignore") / floor
        assert np.abs(apart - 1.0).max() < 0.13
        orbits = np.interp(
            np.log([64, 256, 768]), np.log(conv["line_samples"]),
            conv["convergence_orbits"].isel(factor=0, missing_dims="ignore"),
        )  # fmt: skip
        assert np.abs(late["convergence"] - orbits).max() < 0.015
        for factor in trained_blindness.FACTORS:
            law = conv["latent_recovery_law"].sel(factor=factor)
            at_256 = np.interp(np.log(256), np.log(conv["line_samples"]), law)
            found = late["latent_recovery"].sel(factor=factor)
            assert np.abs(found - at_256).max() < 0.08


def test_unets_know_the_power_laws_from_256_samples_on(data):
    """What the caption says of i, j, m and n."""
    for kind in ("power1", "power2"):
        unet = data.sel(panel=f"unet {kind}", samples=768)
        assert unet["convergence"].min() > 0.98
        assert unet["latent_recovery"].min() > 0.93
        late = data.sel(panel=f"unet {kind}", samples=[256, 768])
        for name, factor in (("bures_wasserstein", 2.3), ("covariance_error", 1.3)):
            ratio = late[name] / late[f"{name}_linear"]
            assert np.abs(np.log(ratio)).max() < np.log(factor)


def test_the_law_of_orbits_is_shown_where_a_symmetry_is_known_and_is_that_of_validate(data):
    for model, kind, part in panels(data):
        run = shipped_run(f"{kind}-{model}")
        found = part["convergence_orbits"].values
        if run.experiment.model.get("padding") != "circular":
            assert np.isnan(found).all(), (model, kind)
            continue
        ends = part.isel(node=[0, -1])
        grid = tuple(int(n) for n in ends["line_samples"].values)
        expected = orbit_convergence(replace(run.experiment, samples=grid), run.data)
        # The few points of the first are simulated.
        np.testing.assert_allclose(found[[0, -1]], expected, rtol=3e-3)
        assert np.all(found > part["convergence_law"].isel(factor=0, missing_dims="ignore").values)
