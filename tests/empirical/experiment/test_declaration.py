import json
from pathlib import Path

import numpy as np
import pytest

from convergen.empirical.common.presets import preset_names
from convergen.empirical.experiment import train_cell as cells_of
from convergen.empirical.experiment.declaration import Experiment
from convergen.empirical.experiment.plan import differences, freeze, read_plan
from convergen.empirical.experiment.toml_files import override, preset_config, read_config
from convergen.empirical.storage.run_folder import RunFolder
from convergen.theory.common.checks import InputError


def config(**changes):
    return {
        "name": "tiny", "samples": [4, 8], "seeds": [0, 3],
        "data": {"kind": "field", "size": 4, "count": 64},
        "model": {"name": "mlp", "size": "tiny"},
        "run": {"grouping": "pair", "device": "cpu"},
    } | changes  # fmt: skip


def experiment(**changes):
    return Experiment.from_config(config(**changes))


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path / "run")


# -------------------------------------------------------------------------------- declaration


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


def test_cells_follow_the_grouping():
    by_pair = cells_of.cells(experiment())
    assert [cell.name for cell in by_pair] == ["seed0-n4", "seed0-n8", "seed3-n4", "seed3-n8"]
    by_seed = cells_of.cells(experiment().decided(grouping="seed"))
    assert [(cell.name, cell.samples) for cell in by_seed] == [
        ("seed0", (4, 8)), ("seed3", (4, 8)),
    ]  # fmt: skip


def test_data_options_may_be_lists():
    options = {"kind": "spiked", "dim": 8, "spikes": [9.0, 3.0], "count": 32}
    assert cells_of.load(experiment(data=options)).points.shape == (32, 8)


# -------------------------------------------------------------------------------------- files


def test_a_toml_file_is_read_and_its_paths_count_from_its_folder(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\nsamples = [4]\n[data]\nkind = "array"\npath = "points.npy"\n'
        '[model]\nname = "mlp"\n'
    )
    found = Experiment.from_config(read_config(path))
    assert found.data["path"] == str(tmp_path / "points.npy")
    assert found.seeds == (0,)


def test_unreadable_files_are_one_line(tmp_path):
    with pytest.raises(InputError, match=r"cannot read the experiment .*: No such file"):
        read_config(tmp_path / "none.toml")
    with pytest.raises(InputError, match=r"cannot read the experiment .*: Is a directory"):
        read_config(tmp_path)
    path = tmp_path / "broken.toml"
    path.write_text("samples = [4")
    with pytest.raises(InputError, match=r"broken\.toml is not a TOML file") as error:
        read_config(path)
    assert "\n" not in str(error.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="it is not text"):
        read_config(path)


def test_presets_are_experiments():
    assert "smoke" in preset_names()
    for name in preset_names():
        found = Experiment.from_config(preset_config(name))
        assert found.name == name
    with pytest.raises(InputError, match=r"no preset 'smokee' \(did you mean 'smoke'\?\)"):
        preset_config("smokee")


def test_overrides_are_values_of_toml_or_bare_words():
    given = config()
    for assignment in (
        "training.images=1000", "measure.sigmas=[0.1, 2.0]", "model.padding=circular",
        "splits.duplicate_limit=false", 'name="other"',
    ):  # fmt: skip
        override(given, assignment)
    assert given["training"]["images"] == 1000
    assert given["measure"]["sigmas"] == [0.1, 2.0]
    assert given["model"] == {"name": "mlp", "size": "tiny", "padding": "circular"}
    assert given["splits"]["duplicate_limit"] is False
    assert given["name"] == "other"


@pytest.mark.parametrize("assignment", ["training.images", "=3", "training.=3", ".images=3"])
def test_malformed_overrides_are_refused(assignment):
    with pytest.raises(InputError, match=r"write SECTION\.KEY=VALUE"):
        override(config(), assignment)


def test_names_are_no_sections():
    with pytest.raises(InputError, match="'name' has no settings of its own"):
        override(config(), "name.short=3")


# --------------------------------------------------------------------------------------- plan


def test_a_plan_decides_everything_and_comes_back(run):
    plan = freeze(run, experiment(run={}), None)
    decided = Experiment.from_config(plan.experiment)
    assert decided.run.grouping == "seed"
    assert decided.run.device != "auto"
    assert plan.data["rows"] == 64
    assert plan.data["shape"] == [1, 4, 4]
    assert set(plan.splits) == {"0", "3"}
    assert read_plan(run) == plan
    assert freeze(run, experiment(run={}), None) == plan
    assert freeze(run, decided, plan.threads) == plan


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"training": {"images": 320}}, "training.images is 64000 there and 320 here"),
        ({"samples": [4]}, "samples is [4, 8] there and [4] here"),
        ({"data": {"kind": "field", "size": 4}}, "data.count is 64 there and not set here"),
        ({"run": {"grouping": "seed"}}, 'run.grouping is "pair" there and "seed" here'),
    ],
)
def test_another_experiment_is_refused_and_the_difference_named(run, changes, difference):
    before = freeze(run, experiment(), 1)
    with pytest.raises(InputError) as error:
        freeze(run, experiment(**changes), 1)
    assert "holds another experiment: " in str(error.value)
    assert difference in str(error.value)
    assert read_plan(run) == before


def test_other_threads_are_another_experiment(run):
    freeze(run, experiment(), 1)
    with pytest.raises(InputError, match="threads are 1 there and 2 here"):
        freeze(run, experiment(), 2)


def test_what_is_left_open_agrees_with_any_decision():
    given = experiment(run={}).config()
    planned = experiment().config()
    assert differences(planned, given) == []
    assert len(differences(given, planned)) == 2


def array(path):
    return experiment(data={"kind": "array", "path": str(path)}, samples=[4])


def test_changed_data_are_refused_and_moved_data_are_not(run, tmp_path):
    path, points = tmp_path / "points.npy", np.random.default_rng(0).standard_normal((40, 6))
    np.save(path, points)
    freeze(run, array(path), 1)
    moved = path.rename(tmp_path / "moved.npy")
    cells_of._load.cache_clear()
    assert freeze(run, array(moved), 1).experiment["data"]["path"] == str(moved)
    assert read_plan(run).experiment["data"]["path"] == str(moved)
    points[3, 2] += 1.0
    np.save(moved, points)
    cells_of._load.cache_clear()
    with pytest.raises(InputError, match="are not those the run was begun with"):
        freeze(run, array(moved), 1)


def test_damaged_plans_are_refused(run):
    freeze(run, experiment(), 1)
    sound = run.plan_path.read_text()
    for damaged, message in (
        (sound[:100], "is damaged"), ("[]", "is damaged"), ('{"plan": {}}', "is damaged"),
        (sound.replace("64000", "64032"), "fails its checksum"),
    ):  # fmt: skip
        run.plan_path.write_text(damaged)
        with pytest.raises(InputError, match=message) as error:
            freeze(run, experiment(), 1)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("harm", ["lost", "damaged"])
def test_splits_that_are_lost_or_damaged_are_made_again(run, caplog, harm):
    freeze(run, experiment(), 1)
    path = run.split_path(3)
    sound = path.read_bytes()
    path.unlink() if harm == "lost" else path.write_bytes(sound[:200])
    freeze(run, experiment(), 1)
    assert path.read_bytes() == sound
    assert "The data are divided again" in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"samples": [33]},
        {"data": {"kind": "feild"}},
        {"data": {"kind": "field", "sizes": 4}},
        {"data": {"kind": "array", "path": "none.npy"}},
        {"model": {"name": "unnet"}},
        {"model": {"name": "mlp", "depht": 3}},
        {"data": {"kind": "isotropic"}, "model": {"name": "unet"}},
        {"run": {"device": "tpu"}},
    ],
)
def test_what_cannot_be_done_leaves_no_folder(run, changes):
    with pytest.raises(InputError) as error:
        freeze(run, experiment(**changes), None)
    assert "\n" not in str(error.value)
    assert not run.path.exists()


def test_files_of_others_in_the_folder_stay(run):
    run.path.mkdir()
    others = [run.path / name for name in (".pre-commit-config.yaml", ".my-folder")]
    others[0].write_text("mine")
    others[1].mkdir()
    left = run.path / ".plan-abcdefgh.convergen-part.json"
    left.write_text("torn")
    freeze(run, experiment(), 1)
    assert all(path.exists() for path in others)
    assert not left.exists()


def test_documented_values_are_the_defaults(tmp_path):
    text = (Path(__file__).parents[3] / "docs" / "experiments.md").read_text(encoding="utf-8")
    path = tmp_path / "documented.toml"
    path.write_text(text.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    documented = Experiment.from_config(read_config(path))
    bare = {
        "name": "digits-unet", "samples": [4, 16, 64, 256], "seeds": [0, 1, 2],
        "data": {"kind": "digits"}, "model": {"name": "unet", "size": "small"},
    }  # fmt: skip
    assert documented == Experiment.from_config(bare)
