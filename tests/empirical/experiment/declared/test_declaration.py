import json
from pathlib import Path

import pytest

from convergen.empirical.experiment.declared import declaration
from convergen.empirical.experiment.declared.declaration import Experiment
from convergen.empirical.experiment.declared.toml_files import read_config
from convergen.theory.common.checks import InputError
from tests.empirical.experiment.tiny import config, experiment


def test_config_and_from_config_are_inverse():
    first = experiment(
        samples=[8, 4],
        training={"images": 100, "batch": 32},
        measure={"sigmas": [0.1, 1]},
        splits={"duplicate_limit": False},
    )
    assert Experiment.from_config(first.config()) == first
    assert Experiment.from_config(json.loads(json.dumps(first.config()))) == first
    assert first.samples == (4, 8)
    assert first.training.images == 128
    assert first.splits.duplicate_limit is False


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampels": [1]}, "unknown setting 'sampels' (did you mean 'samples'?)"),
        ({"training": {"imags": 1}}, "training: unknown setting 'imags' (did you mean 'images'?)"),
        ({"measure": {"drwas": 1}}, "measure: unknown setting 'drwas' (did you mean 'draws'?)"),
        ({"run": {"grouping": "all"}}, "run: grouping 'all' is unknown: choose from auto, seed"),
        ({"run": {"device": 3}}, "run: device must be a name"),
        ({"run": 3}, "[run] must be a table of settings, not 3"),
        ({"samples": 4}, "samples must be a list of whole numbers"),
        ({"samples": "12"}, "samples must be a list of whole numbers"),
        ({"samples": []}, "samples must be a list of whole numbers"),
        ({"samples": [4, 4]}, "samples lists 4 twice: remove one"),
        ({"samples": [0]}, "samples must be a whole number of at least 1, not 0"),
        ({"samples": [4, 2.5]}, "samples must be a whole number of at least 1, not 2.5"),
        ({"samples": [True]}, "samples must be a whole number of at least 1, not True"),
        ({"seeds": [-1]}, "seeds must be a whole number of at least 0, not -1"),
        ({"seeds": [2**63]}, "seeds must be a whole number of at most 9223372036854775807"),
        ({"samples": [10**300]}, "samples must be a whole number of at most 9007199254740992, not"),
        ({"training": {"learning_rate": True}}, "learning_rate"),
        ({"training": {"learning_rate": 10**400}}, "learning_rate"),
        ({"measure": {"sigmas": [0.1, True]}}, "measure: sigmas"),
        ({"data": {"kind": "digits", "center": 10**5000}}, "[data] holds a value of no use there"),
        ({"name": " "}, "name must be a word"),
        ({"data": {"size": 4}}, "[data] must say kind, like kind = 'digits'"),
        ({"model": "unet"}, "[model] must say name, like name = 'unet'"),
        ({"data": {"kind": "digits", "center": {1}}}, "[data] holds a value of no use there"),
        ({"training": {"images": 0}}, "images must be a whole number, at least 1"),
        ({"training": {"learning_rate": -1}}, "learning_rate must be a number, above 0"),
        ({"training": {"ema": 0.5}}, "ema must be a number, at least 0.0 and at most 0.49"),
        ({"training": {"sigma_min": 30}}, "sigma_min < sigma_max"),
        ({"training": {"schedule": "linear"}}, "schedule must be 'cosine'"),
        ({"measure": {"draws": 1}}, "measure: draws must be a whole number, at least 2"),
        ({"measure": {"sigmas": []}}, "measure: sigmas must be numbers"),
        ({"measure": {"sigmas": [[0.1]]}}, "measure: sigmas must be numbers"),
        ({"splits": {"duplicate_limit": 1.5}}, "splits: duplicate_limit is a |cosine|"),
        ({"splits": {"duplicate_limit": True}}, "splits: duplicate_limit must hold real numbers"),
        ({"splits": {"duplicate_limit": "no"}}, "splits: duplicate_limit must hold real numbers"),
    ],
)
def test_bad_settings_are_one_line(changes, message):
    with pytest.raises(InputError) as error:
        experiment(**changes)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("missing", ["name", "samples", "data", "model"])
def test_what_is_missing_is_named(missing):
    given = config()
    del given[missing]
    with pytest.raises(InputError, match=f"does not say {missing}"):
        Experiment.from_config(given)


def test_of_several_that_are_missing_the_first_is_named():
    with pytest.raises(InputError, match=r"^the experiment does not say samples: add it\.$"):
        Experiment.from_config({"name": "x"})


def test_documented_values_are_the_defaults(tmp_path):
    text = (Path(__file__).parents[4] / "docs" / "experiments.md").read_text(encoding="utf-8")
    path = tmp_path / "documented.toml"
    path.write_text(text.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    documented = Experiment.from_config(read_config(path))
    bare = {
        "name": "digits-unet", "samples": [4, 16, 64, 256], "seeds": [0, 1, 2],
        "data": {"kind": "digits"}, "model": {"name": "unet", "size": "small"},
    }  # fmt: skip
    assert documented == Experiment.from_config(bare)


def test_a_training_that_says_nothing_is_the_one_that_suits_the_network():
    def sigma_max(network, **training):
        given = {
            "name": "x",
            "samples": [4],
            "data": {"kind": "digits"},
            "model": {"name": network},
        }
        return Experiment.from_config({**given, **training}).training.sigma_max

    assert sigma_max("unet") == 20.0
    assert sigma_max("conv") == 2.0
    assert sigma_max("conv", training={"images": 64}) == 2.0
    assert sigma_max("conv", training={"sigma_max": 7.0}) == 7.0


def test_values_that_no_plan_can_hold_are_refused_in_one_line():
    class Odd:
        def __repr__(self):
            return "first\nsecond"

    with pytest.raises(InputError, match=r"^\[data\] holds a value of no use there: .*JSON.*\.$"):
        experiment(data={"kind": "field", "size": Odd()})


def test_a_training_that_says_everything_asks_no_network(monkeypatch):
    whole = experiment().config()
    monkeypatch.setattr(declaration, "usual_training", lambda model: pytest.fail("asked"))
    assert Experiment.from_config(whole).config() == whole


def test_one_seed_and_a_cosine_of_one():
    assert Experiment("x", (4,), {"kind": "digits"}, {"name": "mlp"}).seeds == (0,)
    assert experiment(splits={"duplicate_limit": 1}).splits.duplicate_limit == 1.0
    with pytest.raises(InputError, match="at most 1, or false"):
        experiment(splits={"duplicate_limit": 1.001})


def test_the_first_that_is_there_twice_is_named():
    with pytest.raises(InputError, match="samples lists 8 twice: remove one"):
        experiment(samples=[4, 8, 9, 8, 9])
