"""One run: what holds an experiment, its data and its splits together, and what is refused."""

import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from convergen.empirical.experiment import run as module
from convergen.empirical.experiment.declared.plan import read_plan
from convergen.empirical.experiment.run import Run
from convergen.empirical.experiment.trained.train import run_experiment
from convergen.theory.common.checks import InputError
from tests.empirical.experiment.tiny import experiment
from tests.options import unsaid


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run of closed forms; copied before it is tampered with."""
    path = tmp_path_factory.mktemp("trained") / "run"
    run_experiment(experiment(model={"name": "linear"}), path, threads=1)
    return path


@pytest.fixture
def copy(trained, path):
    shutil.copytree(trained, path)
    return path


def of_array(path):
    return experiment(data={"kind": "array", "path": str(path)}, samples=[4], model={"name": "mlp"})


def flip(path, at=-200):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


# ------------------------------------------------------------------------------------ beginning


def test_a_new_run_decides_everything_and_is_found_again(path):
    run = Run.begin(experiment(run={}), path)
    assert run.experiment.run.grouping in ("seed", "pair")
    assert run.experiment.run.device != "auto"
    assert run.plan.data["rows"] == 64
    assert run.plan.data["shape"] == [1, 4, 4]
    assert set(run.plan.splits) == {"0", "3"}
    assert Run.open(path).plan == run.plan
    assert Run.begin(experiment(run={}), path).plan == run.plan
    assert Run.begin(run.experiment, path, threads=run.plan.threads).plan == run.plan


@pytest.mark.parametrize(
    "changes",
    [
        {"samples": [33]},
        {"data": {"kind": "feild"}},
        {"data": {"kind": "array", "path": "none.npy"}},
        {"model": {"name": "mlp", "depht": 3}},
        {"data": {"kind": "isotropic"}, "model": {"name": "unet"}},
        {"run": {"device": "tpu"}},
    ],
)
def test_what_cannot_be_done_leaves_no_folder(path, changes):
    with pytest.raises(InputError) as error:
        Run.begin(experiment(**changes), path)
    assert "\n" not in str(error.value)
    assert not path.exists()


def test_a_folder_with_files_of_others_is_refused_and_left_alone(path):
    """They may be called what we call our own files."""
    path.mkdir()
    mine = {"result.nc": "mine", ".result-abc.nc": "mine", ".plan-1.json": "mine"}
    for name, content in mine.items():
        (path / name).write_text(content)
    with pytest.raises(InputError, match="but no plan of a run: give a new or empty folder"):
        Run.begin(experiment(), path)
    assert {each.name: each.read_text() for each in path.iterdir()} == mine


def test_files_of_others_stay_in_a_folder_of_ours(path):
    Run.begin(experiment(), path)
    others = [path / ".plan-abc.json", path / ".result-abc.nc", path / "notes.txt"]
    for each in others:
        each.write_text("mine")
    left = path / ".plan-abc.convergen-part.json"
    left.write_text("torn")
    Run.begin(experiment(), path)
    assert all(each.read_text() == "mine" for each in others)
    assert not left.exists()


def test_another_experiment_is_refused(path):
    before = Run.begin(experiment(), path).plan
    with pytest.raises(InputError, match=r"holds another experiment: training\.images is 320"):
        Run.begin(experiment(training={"images": 640, "batch": 16}), path)
    assert read_plan(path / "plan.json") == before


def test_a_run_killed_before_its_splits_were_kept_is_continued(path):
    run = Run.begin(experiment(), path)
    kept = {seed: run.splits(seed).digest for seed in (0, 3)}
    shutil.rmtree(path / "splits")
    again = Run.begin(experiment(), path)
    assert {seed: again.splits(seed).digest for seed in (0, 3)} == kept
    assert len(list((path / "splits").iterdir())) == 2


@pytest.mark.parametrize("size", [0, 200])
def test_damaged_splits_are_made_again(path, caplog, size):
    Run.begin(experiment(), path)
    kept = path / "splits" / "seed-3.npz"
    sound = kept.read_bytes()
    kept.write_bytes(sound[:size])
    Run.begin(experiment(), path)
    assert kept.read_bytes() == sound
    assert "The data are divided again" in caplog.text


def test_splits_that_are_whole_but_others_are_made_again(path, caplog):
    run = Run.begin(experiment(), path)
    kept = path / "splits" / "seed-3.npz"
    sound = kept.read_bytes()
    shutil.copy(path / "splits" / "seed-0.npz", kept)
    with pytest.raises(InputError, match="splits of seed 3 are not those"):
        run.splits(3)
    Run.begin(experiment(), path)
    assert kept.read_bytes() == sound


# -------------------------------------------------------------------------------------- data


def test_changed_data_are_refused_and_moved_data_are_not(path, tmp_path):
    source, points = tmp_path / "points.npy", np.random.default_rng(0).standard_normal((40, 6))
    np.save(source, points)
    Run.begin(of_array(source), path)
    moved = source.rename(tmp_path / "moved.npy")
    assert Run.begin(of_array(moved), path).experiment.data["path"] == str(moved)
    assert Run.open(path).experiment.data["path"] == str(moved)
    points[3, 2] += 1.0
    np.save(moved, points)
    with pytest.raises(InputError, match="are not those the run was begun with"):
        Run.begin(of_array(moved), path)
    with pytest.raises(InputError, match="are not those the run was begun with: restore"):
        _ = Run.open(path).data


def test_a_run_travels_without_its_data_and_loads_them_once(path):
    run = Run.begin(experiment(), path)
    packed = pickle.dumps(run)
    assert len(packed) < 5_000
    first, second = pickle.loads(packed), pickle.loads(packed)
    assert first is second
    assert first.plan == run.plan
    assert first.data.fingerprint == run.data.fingerprint


# ------------------------------------------------------------------------------------ results


def test_the_result_knows_its_run(copy):
    run = Run.open(copy)
    result = run.result()
    assert result.attrs["provenance"] == run.plan.provenance
    behind = Run.behind(result, "result.nc")
    assert behind.plan.provenance == run.plan.provenance
    np.testing.assert_array_equal(behind.splits(3).a, run.splits(3).a)


def test_cells_of_a_deleted_plan_are_never_those_of_a_new_experiment(copy):
    """As after plan.json was deleted, and as after the plan of another run was put there."""
    plan = (copy / "plan.json").read_bytes()
    (copy / "plan.json").unlink()
    other = experiment(model={"name": "linear"}, measure={"draws": 9, "steps": 3})
    with pytest.raises(InputError, match="but no plan of a run"):
        run_experiment(other, copy, threads=1)
    Run.begin(other, copy.with_name("other"), threads=1)
    shutil.copy(copy.with_name("other") / "plan.json", copy / "plan.json")
    cells = {path: path.read_bytes() for path in copy.glob("cells/*/result.nc")}
    with pytest.raises(InputError, match=r"result\.nc .* comes? from another experiment"):
        run_experiment(other, copy, threads=1)
    with pytest.raises(InputError, match=r"result\.nc .* ?comes? from another experiment"):
        Run.open(copy).result()
    assert {path: path.read_bytes() for path in cells} == cells
    (copy / "plan.json").write_bytes(plan)
    Run.open(copy).result()


def test_a_result_without_its_seal_is_none(copy):
    """Written again by another program: nobody knows what was changed."""
    with xr.open_dataset(copy / "result.nc") as found:
        again = found.load()
    again.to_netcdf(copy / "result.nc", engine="h5netcdf")
    with pytest.raises(InputError, match=r"result\.nc"):
        Run.open(copy).result()


@pytest.mark.parametrize("at", [5, -200])
def test_a_flipped_bit_of_the_result_is_noticed_and_mended_by_training(copy, at):
    sound = (copy / "result.nc").read_bytes()
    flip(copy / "result.nc", at)
    with pytest.raises(InputError, match=r"result\.nc is damaged"):
        Run.open(copy).result()
    run_experiment(experiment(model={"name": "linear"}), copy, threads=1)
    assert (copy / "result.nc").read_bytes() == sound


def test_a_run_in_one_line(path):
    run = Run.begin(experiment(), path)
    assert repr(run) == f"Run(tiny: mlp on field, n = 4, 8, 2 seeds, in {path})"
    one = Run.begin(experiment(seeds=[0], samples=[4]), path.parent / "other")
    assert repr(replace(one, path=None)) == "Run(tiny: mlp on field, n = 4, 1 seed)"


def test_a_run_without_a_result_and_no_run_at_all(path, tmp_path):
    Run.begin(experiment(), path)
    with pytest.raises(InputError, match=r"holds no result\.nc: finish it with convergen train"):
        Run.open(path).result()
    with pytest.raises(InputError, match="there is no run in"):
        Run.open(tmp_path)


@pytest.mark.parametrize("other", ["!", "~"])  # before and behind every digest
def test_what_a_run_was_begun_with_is_told_from_anything_else(path, monkeypatch, other):
    run = Run.begin(experiment(), path)
    plan = run.plan
    with pytest.raises(InputError, match="splits of seed 3 are not those the run was begun with"):
        Run(replace(plan, splits={**plan.splits, "3": other}), path).splits(3)
    with pytest.raises(InputError, match=r"are not those the run was begun with \(drawn data"):
        _ = Run(replace(plan, data={**plan.data, "fingerprint": other}), path).data
    (path / "result.nc").touch()
    result = xr.Dataset(attrs={"provenance": other})
    monkeypatch.setattr(module, "load_dataset", lambda *given, **how: result)
    with pytest.raises(InputError, match="comes from another experiment"):
        run.result()
    result.attrs["provenance"] = plan.provenance
    assert run.result() is result


def test_a_process_keeps_the_run_that_came_last(path):
    plan = Run.begin(experiment(), path).plan
    packed = [pickle.dumps(Run(replace(plan, threads=threads), path)) for threads in (1, 2)]
    first, again, other, anew = (pickle.loads(packed[each]) for each in (0, 0, 1, 0))
    assert first is again
    assert other.plan.threads == 2
    assert anew is not first


def test_one_worker_is_there_where_nothing_is_said():
    assert unsaid(Run.begin) == {"available": 1}
