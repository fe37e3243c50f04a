"""Networks that learnt nothing, or whose samples grow without bound, are named."""

import numpy as np
import xarray as xr

from convergen.empirical.data.kinds import load_data
from convergen.empirical.experiment.report import summary_json, summary_text
from convergen.empirical.experiment.trained.train_pair import train_pair
from convergen.empirical.measure.settings import MeasureSettings

_FEW = MeasureSettings(draws=64, factors=2, error_points=32, pictures=1)


def _words(result):
    return " ".join(summary_text(result).split())


def test_networks_that_stayed_the_identity_are_named():
    """Steps of 1e-12 leave a network where it starts, which is the identity."""
    data = load_data("field", size=4, alpha=2.0)
    # With 32 points the noise itself is off by a tenth where the seed is 0.
    options = {"width": 2, "poolings": 1}
    found = train_pair(
        "conv", data, [4, 16], seed=0, options=options, measure=_FEW, device="cpu",
        images=64, learning_rate=1e-12,
    )  # fmt: skip
    assert found["stayed_identity"].values.tolist() == [[[1.0, 1.0]] * 2]
    assert found["ran_away"].values.tolist() == [[[1.0, 1.0]] * 2]
    said = _words(found)
    assert "Warning: 4 of 4 networks stayed the identity" in said
    assert "n = 4 seed 0 side a, n = 4 seed 0 side b, n = 16 seed 0 side a" in said
    assert "4 of 4 networks have no samples" in said
    assert summary_json(found)["quantities"]["ran_away"]["mean"] == [1.0, 1.0]
    # Within the noise of one step of 10 (p + σ²), for p = 1 and σ between 0.05 and 0.7 · 2.
    assert (found["variance_ratio"] > 9.0).all()
    assert (found["variance_ratio"] < 34.0).all()


def test_networks_that_learnt_are_not():
    data = load_data("field", size=4, alpha=2.0)
    found = train_pair(
        "mlp", data, [16], options={"size": "tiny"}, measure=_FEW, device="cpu", images=3200
    )
    assert not found["stayed_identity"].any()
    assert not found["ran_away"].any()
    said = summary_text(found)
    assert "Warning" not in said
    assert f"{float(found['convergence'].mean()):.3f}" in said


def made(seeds=2):
    """Of two n, two sides and two factors."""
    seed = np.arange(seeds)
    near = np.array([0.25, 0.75])[:, None] + np.array([-0.125, 0.125])[:seeds]
    both = np.stack([near, near], axis=1)
    factors = np.stack([near, np.full_like(near, np.nan)], axis=1)
    return xr.Dataset(
        {
            "convergence": (("samples", "seed"), near),
            "memorisation": (("samples", "side", "seed"), both),
            "latent_recovery": (("samples", "factor", "seed"), factors),
            "covariance_error": (("samples", "side", "seed"), both),
            "draw_power": (("samples", "draw", "seed"), np.ones((2, 3, seeds))),
        },
        {"samples": [16, 64], "side": ["a", "b"], "factor": [1, 2], "seed": seed},
    )


def test_the_table_has_a_row_for_each_n_and_a_column_for_each_symbol():
    head, first, second, blank, spread, *legend = summary_text(made()).splitlines()
    assert head.split() == ["n", "q", "m", "Q1", "Q2"]
    assert first.split() == ["16", *["0.250", "±", "0.125"] * 3, "–"]
    assert second.split() == ["64", *["0.750", "±", "0.125"] * 3, "–"]
    assert (blank, spread) == ("", "mean ± standard error over 2 seeds.")
    words = " ".join(legend)
    assert words.startswith("q: overlap of two models trained on disjoint data, m: largest |cos")
    assert words.endswith("Qk: squared overlap of the k-th learnt factor with the true one.")
    assert summary_text(made(), factors=1).splitlines()[0].split() == ["n", "q", "m", "Q1"]
    alone = summary_text(made(1)).splitlines()
    assert alone[1].split() == ["16", "0.125", "0.125", "0.125", "–"]
    assert alone[4] == "one seed: no error bars."


def test_three_factors_are_shown_unless_told_otherwise():
    result = made().drop_dims("factor")
    result["latent_recovery"] = ("samples", "factor", "seed"), np.full((2, 7, 2), 0.5)
    head = summary_text(result).splitlines()[0].split()
    assert head == ["n", "q", "m", *(f"Q{k}" for k in range(1, 4))]


def test_json_has_every_number_by_n_and_null_for_what_is_unknown():
    found = summary_json(made())
    assert found["samples"] == [16, 64]
    assert found["seeds"] == [0, 1]
    assert list(found["quantities"]) == [
        "convergence", "memorisation", "latent_recovery", "covariance_error",
    ]  # fmt: skip
    assert found["quantities"]["memorisation"] == {"mean": [0.25, 0.75], "stderr": [0.125, 0.125]}
    assert found["quantities"]["latent_recovery"]["mean"] == [[0.25, None], [0.75, None]]
    assert summary_json(None) == {"samples": [], "seeds": [], "quantities": {}}


def test_stops_are_listed_by_n_and_seed():
    result = made()
    result["trained_images"] = ("seed", "samples"), np.array([[320.0, 6400.0], [np.nan, 640.4]])
    assert _words(result).endswith(
        "Images seen before copies appear, or to the end (n: each seed): 16: 320, –; 64: 6400, 640."
    )


def test_failures_are_counted_among_the_networks_that_are_known():
    result = made()
    failed = np.zeros((2, 2, 2))
    failed[0, 1, 0], failed[1, 0, 0] = 1.0, np.nan
    result["ran_away"] = ("samples", "seed", "side"), failed
    assert _words(result).endswith(
        "Warning: 1 of 7 networks have no samples: their points grew without bound and sampling "
        "was stopped: n = 16 seed 1 side a. The table holds them."
    )
    assert "stayed the identity" not in _words(result)
