"""Networks that learnt nothing, or whose samples grow without bound, are named."""

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
