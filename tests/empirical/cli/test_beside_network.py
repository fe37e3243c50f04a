"""`measure --network`: a network of the package beside the user's, as text and as JSON."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from convergen.cli import build
from convergen.empirical.cli.beside_network import beside_json, beside_text
from convergen.empirical.measure.intervals import Estimate
from convergen.theory.common.checks import InputError
from convergen.theory.data.sets.digits import load_digits


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("beside")
    digits = load_digits()[np.random.default_rng(0).permutation(1797)]
    noise = np.random.default_rng(1).standard_normal((30, 64))
    sets = {"train": digits[:40], "samples": digits[:30] + 0.3 * noise, "other": digits[80:110]}
    for name, rows in sets.items():
        np.save(folder / f"{name}.npy", rows)
    return folder


def typed(files, *words):
    done = CliRunner().invoke(build(), ["measure", "--train", str(files / "train.npy"), *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


@pytest.mark.slow
def test_copies_of_the_user_stand_beside_the_forecast(files):
    words = ["--samples", str(files / "samples.npy"), "--network", "mlp", "--images", "800"]
    text = " ".join(typed(files, *words).split())
    assert "mlp, trained for 800 images on the same training set" in text
    said = json.loads(typed(files, *words, "--json"))
    numbers = said["forecast"]
    assert numbers["network"] == "mlp"
    assert numbers["convergence"]["value"] is None
    # All of the user's samples are copies; such a short training copies nothing.
    assert numbers["fraction_memorised"]["value"] == 0.0
    low, value, high = (numbers["memorisation"][key] for key in ("low", "value", "high"))
    assert low < value < high < 0.9
    assert f"m: {value:.2f} ({low:.2f} to {high:.2f}); yours 1.00" in text
    assert "share of copies: 0.00" in text
    assert "q:" not in text.partition("Beside it")[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["samples.npy", "--images", "800"], "give --network"),
        (["samples.npy", "other.npy", "train.npy", "--network", "mlp"], "checkpoints"),
    ],
)
def test_what_does_not_go_together_is_refused(files, words, said):
    given = [str(files / word) if word.endswith(".npy") else word for word in words]
    with pytest.raises(InputError, match=said):
        typed(files, "--samples", *given)


def test_what_either_does_not_know_is_left_out():
    """Of q nothing is forecast, of the share of copies nothing measured."""
    names = ("memorisation", "fraction_memorised", "convergence")
    values = [[np.nan] * 3, [0.25, 0.125, 0.5], [0.75, 0.625, 0.875]]
    said = xr.Dataset(
        {
            f"{name}{end}": ("samples", [value, -1.0])
            for name, row in zip(names, values, strict=True)
            for end, value in zip(("", "_low", "_high"), row, strict=True)
        },
        attrs={"images": 1600.0, "rests_on": "It rests on a run.", "trust": "Trust it little."},
    )
    scores = [SimpleNamespace(key="m", value=Estimate(0.5, 0.4, 0.6, 0.05))]
    judgement = SimpleNamespace(scores=scores, copies=SimpleNamespace(share=None))
    found = SimpleNamespace(judgement=judgement, convergence=Estimate(0.31, 0.22, 0.43, 0.05))
    assert beside_text(found, said, "mlp").splitlines() == [
        "",
        "Beside it, forecast: mlp, trained for 1600 images on the same training set.",
        "q: 0.75 (0.62 to 0.88); yours 0.31 (0.22 to 0.43).",
        "It rests on a run.",
        "Trust it little.",
    ]
    assert beside_json(said, "mlp") == {
        "forecast": {
            "network": "mlp",
            "memorisation": {"value": None, "low": None, "high": None},
            "fraction_memorised": {"value": 0.25, "low": 0.125, "high": 0.5},
            "convergence": {"value": 0.75, "low": 0.625, "high": 0.875},
            "about": said.attrs,
        }
    }
