"""From an experiment to a result: who works, with how many threads, and what is said of it."""

import os
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from convergen.empirical.experiment.trained import train, train_cell
from convergen.empirical.experiment.trained.train import (
    Finished,
    _runner,
    do_cell,
    limited_threads,
    processors,
    run_experiment,
)
from convergen.empirical.sweep.dask_cluster import on_dask
from convergen.empirical.sweep.local_workers import local_workers
from convergen.empirical.sweep.sweep import FINISHED, Outcome, in_process
from convergen.theory.common.checks import InputError
from tests.empirical.experiment.tiny import experiment
from tests.options import unsaid


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([FINISHED], "Finished(tiny: 1 of 1 cell)"),
        (["failed"], "Finished(tiny: 0 of 1 cell)"),
        ([FINISHED, "busy", FINISHED], "Finished(tiny: 2 of 3 cells)"),
    ],
)
def test_what_became_of_it_in_one_line(states, said):
    outcomes = [Outcome(str(i), state) for i, state in enumerate(states)]
    found = Finished(SimpleNamespace(experiment=experiment()), outcomes, None)
    assert repr(found) == said
    assert [each.state for each in found.unfinished] == [s for s in states if s != FINISHED]


def test_what_is_done_where_nothing_is_said():
    assert unsaid(run_experiment) == {"workers": 1, "checkpoint_seconds": 20.0}


class Stopped(Exception):
    """Nothing is trained."""


@pytest.fixture
def begun(monkeypatch):
    """How a run is begun on seven processors."""
    seen = {}

    def begin(experiment, folder, **given):
        seen.update(given, folder=folder)
        raise Stopped

    monkeypatch.setattr(train, "processors", lambda: 7)
    monkeypatch.setattr(train.Run, "begin", begin)
    return seen


@pytest.mark.parametrize(("workers", "available"), [(1, 7), (2, 3), (3, 2), (7, 1), (20, 1)])
def test_workers_share_the_processors(begun, tmp_path, workers, available):
    with pytest.raises(Stopped):
        run_experiment(experiment(), tmp_path / "x" / ".." / "run", workers=workers)
    assert begun == {"threads": None, "available": available, "folder": tmp_path / "run"}


def test_a_worker_of_a_cluster_has_one_processor(begun, tmp_path, monkeypatch):
    from contextlib import nullcontext

    monkeypatch.setattr(train, "connected", lambda address: nullcontext())
    with pytest.raises(Stopped):
        run_experiment(experiment(), tmp_path, scheduler="tcp://x:1", threads=4)
    assert (begun["threads"], begun["available"]) == (4, 1)


@pytest.mark.parametrize(
    "given", [{"workers": 0}, {"threads": 0}, {"checkpoint_seconds": 0.0}, {"workers": 1.5}]
)
def test_what_makes_no_sense_is_refused_before_the_folder_is_claimed(tmp_path, given):
    with pytest.raises(InputError, match=next(iter(given))):
        run_experiment(experiment(), tmp_path / "run", **given)
    assert not (tmp_path / "run").exists()


def test_who_does_the_cells(monkeypatch):
    monkeypatch.setattr("convergen.empirical.common.devices.visible_devices", lambda: ["0", "1"])
    assert _runner(1, None, "cpu") is in_process
    for device, devices in (("cpu", []), ("cuda", ["0", "1"]), ("cuda:1", [])):
        found = _runner(2, None, device)
        assert isinstance(found, partial)
        assert found.func is local_workers
        assert found.keywords == {"count": 2, "devices": devices}
    client = object()
    assert _runner(1, client, "cpu").func is on_dask
    assert _runner(5, client, "cuda").keywords == {"client": client}


def test_threads_are_limited_inside_alone(monkeypatch):
    from threadpoolctl import threadpool_info

    before = torch.get_num_threads()
    for count in (2, 1):
        with limited_threads(count):
            assert torch.get_num_threads() == count
            assert all(pool["num_threads"] <= count for pool in threadpool_info())
        assert torch.get_num_threads() == before
    with pytest.raises(Stopped), limited_threads(before + 1):
        raise Stopped
    assert torch.get_num_threads() == before


def test_a_cell_is_done_with_the_planned_threads(monkeypatch):
    seen = []

    def work(*given):
        seen.append((torch.get_num_threads(), *given))

    monkeypatch.setattr(train_cell, "train_cell", work)
    run = SimpleNamespace(plan=SimpleNamespace(threads=2))
    do_cell(run, 5.0, "cell", "folder")
    assert seen == [(2, run, "cell", "folder", 5.0)]


def test_processors_are_those_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr(
        os, "sched_getaffinity", lambda process: {0: [4, 9, 11]}[process], raising=False
    )
    assert processors() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    for count, expected in ((6, 6), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda count=count: count)
        assert processors() == expected


@pytest.mark.parametrize("progress", [False, True])
def test_finished_cells_make_the_result_and_remarks_are_said_once(
    tmp_path, monkeypatch, capsys, progress
):
    given = experiment()
    run = SimpleNamespace(
        data=SimpleNamespace(remarks=["3 files\nwere left out"]), experiment=given, folder="folder",
        cells=lambda: ["cells"], collect=lambda names: ("result", names),
    )  # fmt: skip
    outcomes = [Outcome("a", FINISHED), Outcome("b", "failed", "x"), Outcome("c", FINISHED)]
    asked = []

    def sweep(folder, cells, work, runner, bar):
        asked.append((folder, cells, work.func, work.args, runner, bar.shown))
        return outcomes

    monkeypatch.setattr(train.Run, "begin", lambda *given, **more: run)
    monkeypatch.setattr(train, "sweep", sweep)
    found = run_experiment(given, tmp_path, progress=progress)
    assert asked == [("folder", ["cells"], do_cell, (run, 20.0), in_process, progress)]
    assert found.outcomes is outcomes
    assert found.result == ("result", ["a", "c"])
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "3 files\\nwere left out\n" if progress else "")
