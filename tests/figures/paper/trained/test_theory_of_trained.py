"""Theories that know the network of a run, as figures 10 and 12 show them."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from convergen.empirical.validate.shipped_results import shipped_result, shipped_run
from convergen.empirical.validate.theories import linear_laws, network_theories, solvable_models
from convergen.figures.paper.trained import theory_of_trained as module
from convergen.figures.paper.trained.theory_of_trained import OWN, OWN_THEORIES, QUANTITIES, own
from tests.figures.drawn import is_see_through


@pytest.mark.slow
@pytest.mark.parametrize("network", OWN_THEORIES)
def test_the_theory_of_a_network_is_found_and_computed(network):
    """Of the MLP it needs no pair; of others one at n = 16, where it predicts nothing."""
    result = shipped_result(f"digits-{network}")
    found = own(shipped_run(f"digits-{network}"), result, "draft")
    endings = ("_own",) if network == "mlp" else ("_own", "_own_low", "_own_high")
    assert set(found) == {f"{quantity}{end}" for quantity in QUANTITIES for end in endings}
    gap = found["convergence_own"] - result["convergence"].mean("seed")
    assert np.isnan(gap.sel(samples=16)) == (network == "unet")
    assert float(np.sqrt((gap**2).mean())) < 0.06


@dataclass(frozen=True)
class Measure:
    draws: int = 500


@dataclass(frozen=True)
class Declared:
    """What of an experiment is looked at here."""

    samples: tuple = (4, 16, 64, 400)
    seeds: tuple = (3, 5)
    measure: Measure = Measure()
    model: dict = field(default_factory=lambda: {"name": "unet"})


@dataclass(frozen=True)
class Fake:
    experiment: Declared = Declared()
    data: str = "data"


def made(seeds=(3, 5), shift=0.0):
    """A result whose quantities are made up: rows by seed, columns by n."""
    values = np.array([[0.2, 0.6], [0.4, 0.8]])[: len(seeds)] + shift
    found = xr.Dataset(coords={"seed": list(seeds), "samples": [4, 16]})
    for name in QUANTITIES:
        dims = ("seed", "samples")
        found[name] = (*dims, "factor")[: 2 + (name == "latent_recovery")], (
            values if name != "latent_recovery" else values[..., None]
        ), {"units": "1", "long_name": name}  # fmt: skip
    return found


def test_means_and_standard_errors_are_over_seeds():
    found = module.summary(made(), "_x")
    assert set(found) == {f"{name}_x{end}" for name in QUANTITIES for end in ("", "_stderr")}
    np.testing.assert_allclose(found["convergence_x"], [0.3, 0.7])
    np.testing.assert_allclose(found["convergence_x_stderr"], [0.1, 0.1])
    assert found["memorisation_x"].attrs["long_name"] == "memorisation"


@pytest.mark.parametrize(("quality", "count"), [("smoke", 4), ("draft", 17)])
def test_the_law_is_computed_between_the_smallest_and_the_largest_n(monkeypatch, quality, count):
    def linear_law(experiment, data):
        assert data == "data"
        n = np.array(experiment.samples)
        found = xr.Dataset(coords={"samples": n})
        for name in module._LAW:
            dims = ("samples", "factor") if name == "latent_recovery" else ("samples",)
            found[name] = dims, n / 1000.0 if len(dims) == 1 else n[:, None] * np.ones(2)
        return found

    monkeypatch.setattr(linear_laws, "linear_law", linear_law)
    found = module.law(Fake(), quality)
    grid = np.unique(np.geomspace(4, 400, count).round())
    np.testing.assert_array_equal(found["line_samples"], grid)
    np.testing.assert_allclose(found["convergence_law"], grid / 1000.0)
    assert found["factor"].values.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("quality", "samples", "seeds", "draws"),
    [("smoke", (4, 16), (3,), 16), ("draft", (4, 16, 64, 400), (3, 5), 500)],
)
def test_solvable_models_are_fitted_to_the_splits_of_the_run(
    monkeypatch, quality, samples, seeds, draws
):
    asked = []

    def reference(run, name, part):
        asked.append((name, part.samples, part.seeds, part.measure.draws))
        return made(shift=0.01 * len(asked))

    monkeypatch.setattr(solvable_models, "reference", reference)
    monkeypatch.setattr(solvable_models, "reference_names", lambda run: ["a", "b"])
    found = module.fitted(Fake(), quality)
    assert asked == [(name, samples, seeds, draws) for name in "ab"]
    assert found["theory"].values.tolist() == ["a", "b"]
    np.testing.assert_allclose(found["convergence_fitted"], [[0.31, 0.71], [0.32, 0.72]])


def test_at_smoke_and_for_other_networks_there_is_no_theory_of_the_network():
    assert len(own(Fake(), None, "smoke")) == 0
    assert len(own(Fake(Declared(model={"name": "conv"})), None, "paper")) == 0


def test_the_band_is_what_the_interval_of_the_constant_allows(monkeypatch):
    def band(run, result, name, part):
        assert (name, part.seeds) == (OWN_THEORIES["unet"], (3,))
        return [made((3,), shift) for shift in (0.0, 0.1, -0.05)]

    monkeypatch.setattr(network_theories, "band_of", band)
    found = own(Fake(), None, "draft")
    assert set(found) == {f"{name}{end}" for name in OWN for end in ("", "_low", "_high")}
    np.testing.assert_allclose(found["convergence_own"], [0.2, 0.6])
    np.testing.assert_allclose(found["convergence_own_low"], [0.15, 0.55])
    np.testing.assert_allclose(found["convergence_own_high"], [0.3, 0.7])


def test_a_theory_without_a_constant_has_no_band(monkeypatch):
    monkeypatch.setattr(solvable_models, "reference", lambda run, name, part: made(part.seeds))
    found = own(Fake(Declared(model={"name": "mlp"})), None, "draft")
    assert set(found) == set(OWN)
    np.testing.assert_allclose(found["convergence_own"], [0.2, 0.6])


def test_points_stand_on_their_band_even_beside_what_is_not_predicted():
    found = xr.Dataset(coords={"samples": [4, 16, 64]})
    for end, values in (("", [0.2, np.nan, 0.8]), ("_low", [0.1, np.nan, 0.7]),
                        ("_high", [0.4, np.nan, 0.9])):  # fmt: skip
        found[f"convergence_own{end}"] = "samples", values
    axes = Figure().subplots()
    module.draw_own(axes, found, "convergence", color="red", marker=".")
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_ydata(), found["convergence_own"])
    assert line.get_marker() == "."
    area, bars = axes.collections
    assert is_see_through(area)
    assert bars.get_alpha() == area.get_alpha()
    assert area.get_zorder() == bars.get_zorder() < line.get_zorder()
    assert 1.0 < bars.get_linewidth()[0] < 3.0
    ends = [each[:, 1].tolist() for each in bars.get_segments() if len(each)]
    assert [each for each in ends if np.isfinite(each).all()] == [[0.1, 0.4], [0.7, 0.9]]
    alone = Figure().subplots()
    module.draw_own(alone, found[["convergence_own"]], "convergence", color="red")
    assert len(alone.collections) == 0
    entry = module.band_entry()
    assert entry.get_label() == "band: 90 % interval of $c$"
    assert (entry.get_alpha(), entry.get_linewidth()) == (area.get_alpha(), 0)
