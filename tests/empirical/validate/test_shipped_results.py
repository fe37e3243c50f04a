import io
import json
import os
import runpy
import shutil
import sys
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import xarray as xr

from convergen.empirical.experiment.declared.declaration import Experiment
from convergen.empirical.experiment.declared.plan import Plan
from convergen.empirical.experiment.declared.toml_files import read_config
from convergen.empirical.experiment.run import Run
from convergen.empirical.experiment.trained.train import run_experiment
from convergen.empirical.validate import shipped_results as shipped
from convergen.theory.common.checks import InputError
from convergen.theory.files.netcdf_files import load_dataset
from convergen.theory.files.seals import has_seal, is_sound

RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("shipped") / "run"
    experiment = Experiment.from_config(
        {
            "name": "field-linear", "samples": [4, 8], "seeds": [0, 1],
            "data": {"kind": "field", "size": 4, "count": 64}, "model": {"name": "linear"},
            "measure": {"draws": 20, "steps": 4, "pictures": 3, "error_points": 8},
            "run": {"grouping": "seed", "device": "cpu"},
        }
    )  # fmt: skip
    run_experiment(experiment, path, threads=1)
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = tmp_path / "results"
    path.mkdir()
    monkeypatch.setattr(shipped, "_FOLDER", path)
    return path


def test_a_run_is_shipped_small_and_read_back(run, folder):
    target = shipped.ship(run)
    assert target == folder / "field-linear.nc"
    assert shipped.shipped_names() == ["field-linear"]
    found, whole = shipped.shipped_result("field-linear"), load_dataset(run / "result.nc")
    assert found["generated"].dims[0] == "samples"
    assert found["generated"].dtype == found["draw_power"].dtype == np.float32
    np.testing.assert_array_equal(found["generated"], whole["generated"].isel(seed=0))
    xr.testing.assert_equal(found["convergence"], whole["convergence"])
    assert found.attrs == whole.attrs
    assert all(found[key].encoding["zlib"] and found[key].encoding["shuffle"] for key in found)
    behind = shipped.shipped_run("field-linear")
    assert behind.experiment == Run.open(run).experiment
    assert behind.splits(1).digest == Run.open(run).splits(1).digest


def test_a_result_is_kept_for_all_who_ask_and_nobody_changes_that_of_another(run, folder):
    target = shipped.ship(run)
    first = shipped.shipped_result("field-linear")
    kept = first["convergence"].values.copy()
    first["convergence"].values[:] = 7.0
    first.attrs["mine"] = True
    target_content = target.read_bytes()
    again = shipped.shipped_result("field-linear")
    np.testing.assert_array_equal(again["convergence"].values, kept)
    assert "mine" not in again.attrs
    target.write_bytes(target_content[:-1])
    os.utime(target, ns=(1, 1))
    with pytest.raises(InputError, match=r"does not match its digest|cannot be read"):
        shipped.shipped_result("field-linear")


def test_shipping_repeats_to_the_byte(run, folder):
    first = shipped.ship(run).read_bytes()
    assert shipped.ship(run).read_bytes() == first


def stripped(target, quantity, shift=0.0):
    """The shipped result without a quantity, as it was before that was measured."""
    old = load_dataset(target).drop_vars(quantity)
    old["convergence"] += shift
    return shipped._keep(old, "field-linear")


@pytest.mark.slow
def test_what_was_not_measured_is_added_and_all_else_stays(run, folder):
    whole = load_dataset(shipped.ship(run))
    before = load_dataset(stripped(folder / "field-linear.nc", "bures_wasserstein", 1e-3))
    shipped.add(run, "bures_wasserstein")
    found = shipped.shipped_result("field-linear")
    xr.testing.assert_identical(found["bures_wasserstein"], whole["bures_wasserstein"])
    xr.testing.assert_identical(found.drop_vars("bures_wasserstein").drop_attrs(deep=False),
                                before.drop_attrs(deep=False))  # fmt: skip
    added = json.loads(found.attrs["added"])["bures_wasserstein"]
    assert added["convergence_difference"] == pytest.approx(1e-3)
    assert added["commit"] == whole.attrs["commit"]


@pytest.mark.slow
def test_nothing_is_added_that_is_there_or_comes_from_another_training(run, folder):
    target = shipped.ship(run)
    with pytest.raises(InputError, match="has convergence already: name one that it lacks"):
        shipped.add(run, "convergence")
    with pytest.raises(InputError, match="has no no_such: name what was measured there"):
        shipped.add(run, "no_such")
    stripped(target, "bures_wasserstein", 0.03)
    with pytest.raises(InputError, match=r"differs by 0\.03 .* in convergence, .* as a whole"):
        shipped.add(run, "bures_wasserstein")
    other = load_dataset(target)
    experiment = json.loads(other.attrs["experiment"])
    experiment["training"]["images"] = 128
    other.attrs["experiment"] = json.dumps(experiment)
    shipped._keep(other, "field-linear")
    with pytest.raises(InputError, match="other settings, data or splits"):
        shipped.add(run, "bures_wasserstein")


@pytest.mark.parametrize("shift", [1e-7, 1e-4])
def test_trainings_with_snapshots_are_the_same_if_the_first_of_them_is(
    run, folder, monkeypatch, shift
):
    target = shipped.ship(run)
    again = load_dataset(target)
    errors = RNG.uniform(1.0, 2.0, (2, 2, 2, 3))
    again["history_test_error"] = ("seed", "samples", "side", "images"), errors
    monkeypatch.setattr(shipped, "_finished", lambda path: (Run.open(path), again))
    first = again.drop_vars("bures_wasserstein")
    first["history_test_error"] = first["history_test_error"] * (1.0 + np.array([shift, 1.0, 2.0]))
    shipped._keep(first.assign(convergence=first["convergence"] + 0.03), "field-linear")
    if shift > 1e-5:
        with pytest.raises(InputError, match=r"0\.0001 .* in test errors of the first snapshot"):
            shipped.add(run, "bures_wasserstein")
    else:
        shipped.add(run, "bures_wasserstein")
        added = json.loads(load_dataset(target).attrs["added"])["bures_wasserstein"]
        assert added["convergence_difference"] == pytest.approx(0.03)


def test_a_run_with_missing_cells_is_not_shipped(run, folder, tmp_path):
    copy = shutil.copytree(run, tmp_path / "copy")
    Run.open(copy).collect(["seed0"])
    with pytest.raises(InputError, match="lacks the cells seed1: finish it first"):
        shipped.ship(copy)
    (copy / "result.nc").write_bytes((copy / "result.nc").read_bytes()[:-1])
    with pytest.raises(InputError, match="does not match its digest"):
        shipped.ship(copy)
    assert list(folder.iterdir()) == []


def test_a_flipped_bit_in_a_shipped_result_is_found_before_it_is_read(run, folder):
    target = shipped.ship(run)
    content = bytearray(target.read_bytes())
    content[len(content) // 2] ^= 1
    target.write_bytes(content)
    with pytest.raises(InputError, match="does not match its digest"):
        shipped.shipped_result("field-linear")


def test_a_result_without_a_seal_is_refused(folder):
    xr.Dataset({"a": ("x", [1.0])}).to_netcdf(folder / "mine.nc", engine="h5netcdf")
    with pytest.raises(InputError, match=r"seal|digest"):
        shipped.shipped_result("mine")


@pytest.mark.parametrize("splits", ["0", "1"])
@pytest.mark.parametrize("data", ["0", "1", "2"])
def test_other_data_or_splits_are_those_of_another_training(monkeypatch, splits, data):
    def run(splits, fingerprint):
        plan = SimpleNamespace(splits=splits, data={"fingerprint": fingerprint})
        return SimpleNamespace(experiment=SimpleNamespace(name="mine"), plan=plan)

    again = {"m": 1.0}
    monkeypatch.setattr(shipped, "_finished", lambda path: (run("1", "1"), again))
    monkeypatch.setattr(shipped, "shipped_result", lambda name: {})
    first = run(splits, data)
    first.experiment = shipped._finished(None)[0].experiment
    monkeypatch.setattr(shipped, "shipped_run", lambda name: first)
    monkeypatch.setattr(shipped, "_apart", lambda *given: (np.nan, 1.0, "all"))
    first.experiment.__dict__["name"] = "mine"
    same = splits == data == "1"
    with pytest.raises(InputError, match="differs by nan" if same else "of other settings, data"):
        shipped.add(RNG, "m")


def test_other_names_are_refused(folder):
    (folder / "digits-unet.nc").touch()
    with pytest.raises(InputError, match="did you mean 'digits-unet'"):
        shipped.shipped_result("digits-unit")


@pytest.mark.parametrize("name", shipped.shipped_names())
def test_a_shipped_result_is_whole_and_that_of_its_file(name):
    """The TOML file beside a result is the experiment it came from, and no cell is missing."""
    content = (shipped._FOLDER / f"{name}.nc").read_bytes()
    assert has_seal(content)
    assert is_sound(content)
    with h5py.File(io.BytesIO(content)) as file:  # a hundredth of the time of a labelled data set
        attributes, samples = dict(file.attrs), file["samples"][:].tolist()
        assert np.isfinite(file["convergence"][:]).all()
    assert json.loads(attributes["missing_cells"]) == []
    experiment = Run(Plan.from_attributes(attributes)).experiment
    assert experiment.name == name
    assert samples == list(experiment.samples)
    written = Experiment.from_config(read_config(shipped._FOLDER / f"{name}.toml"))
    assert written.decided(grouping=experiment.run.grouping) == experiment


def test_results_of_all_kinds_of_data_are_shipped():
    assert len(shipped.shipped_names()) >= 14


@pytest.mark.parametrize(
    "name",
    [
        name if name == "digits-mlp" else pytest.param(name, marks=pytest.mark.slow)
        for name in shipped.shipped_names()
    ],
)
def test_data_and_splits_behind_a_shipped_result_are_those_it_was_made_with(name):
    """They are verified against the digests in the result when they are used."""
    run = shipped.shipped_run(name)
    assert len(run.splits(run.experiment.seeds[0]).a) == run.experiment.samples[-1]


def test_points_of_a_network_that_sees_the_mean_are_kept_about_it():
    """So that m, q and Q of data with a mean are those about the mean, and not of the mean."""
    result, data = shipped.shipped_result("digits-conv"), shipped.shipped_run("digits-conv").data
    rows = data.points.reshape(len(data.points), -1)
    found = {
        name: result[name].transpose("samples", ..., "height", "width").values.reshape(-1, 64)
        for name in ("generated", "nearest_training")
    }
    gaps = np.abs(found["nearest_training"][:, None] - rows[None]).max(axis=2).min(axis=1)
    assert gaps.max() < 1e-5
    mean = data.standard_mean.ravel()
    along = found["generated"] @ mean / np.linalg.norm(mean)
    # Samples with their mean would lie here at its length.
    assert abs(along.mean()) < 0.1 * np.linalg.norm(mean)


def test_the_command_keeps_each_run_or_adds_a_quantity(monkeypatch, capsys):
    monkeypatch.setattr(shipped, "ship", lambda path: f"shipped {path}")
    monkeypatch.setattr(shipped, "add", lambda path, quantity: f"added {quantity} of {path}")
    shipped.main(["a", "b"])
    shipped.main(["a", "--add", "m"])
    assert capsys.readouterr().out == "shipped a\nshipped b\nadded m of a\n"

    def refused(path):
        raise InputError("no.")

    monkeypatch.setattr(shipped, "ship", refused)
    with pytest.raises(SystemExit) as error:
        shipped.main(["a"])
    assert error.value.code == "convergen: error: no."


def test_the_module_is_a_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["shipped_results", "--help"])
    with pytest.raises(SystemExit) as done:
        runpy.run_path(shipped.__file__, run_name="__main__")
    assert done.value.code == 0
    assert "Keep results with the package." in capsys.readouterr().out
