import threading
from functools import partial

import numpy as np
import pytest
import torch

from convergen.empirical.experiment.declaration import Experiment
from convergen.empirical.experiment.run import _runner, run_experiment
from convergen.empirical.storage.checked_files import StorageError
from convergen.empirical.storage.run_folder import RunFolder
from convergen.empirical.sweep.local_workers import local_workers
from convergen.empirical.sweep.progress import images_seen
from convergen.empirical.sweep.sweep import BUSY, FAILED, FINISHED, Task, in_process, sweep
from tests.empirical.sweep.fake_cell import FakeCell, device_of, expected, work


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    return folder


@pytest.fixture
def cells():
    return [FakeCell(f"cell{i}", i) for i in range(3)]


def assert_done(run, cells):
    for cell in cells:
        result = run.cell(cell.name).result()
        state, history = expected(cell)
        np.testing.assert_array_equal(result["state"], state)
        np.testing.assert_array_equal(result["history"], history)


def states(outcomes):
    return {outcome.name: outcome.state for outcome in outcomes}


def results(run, cells):
    return {cell.name: (run.cell(cell.name).path / "result.nc") for cell in cells}


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def events(folder):
    return [record["event"] for record in folder.records() if "event" in record]


# ----------------------------------------------------------------------------- in this process


def test_all_cells_are_done_in_order(run, cells):
    outcomes = sweep(run, cells, work)
    assert [outcome.name for outcome in outcomes] == [cell.name for cell in cells]
    assert set(states(outcomes).values()) == {FINISHED}
    assert_done(run, cells)
    assert images_seen(run, [cell.name for cell in cells], 300) == 900


def test_finished_cells_are_never_done_again(run, cells):
    sweep(run, cells[:2], work)
    before = {name: path.stat().st_mtime_ns for name, path in results(run, cells[:2]).items()}
    asked = []

    def counting(cell, folder):
        asked.append(cell.name)
        work(cell, folder)

    sweep(run, cells, counting)
    assert asked == ["cell2"]
    after = {name: path.stat().st_mtime_ns for name, path in results(run, cells[:2]).items()}
    assert after == before
    assert_done(run, cells)


def test_a_corrupt_result_redoes_that_cell_alone(run, cells, caplog):
    sweep(run, cells, work)
    sound = {name: path.read_bytes() for name, path in results(run, cells).items()}
    damage(results(run, cells)["cell1"])
    asked = []

    def counting(cell, folder):
        asked.append(cell.name)
        work(cell, folder)

    sweep(run, cells, counting)
    assert asked == ["cell1"]
    assert "result.nc fails its checksum: the cell is done again" in caplog.text
    assert {name: path.read_bytes() for name, path in results(run, cells).items()} == sound


@pytest.mark.parametrize("damaged", [1, 2])
def test_corrupt_checkpoints_go_back_and_arrive_at_the_same_bits(run, cells, caplog, damaged):
    """The newest of the two is damaged: the older is used; both: the cell begins anew."""

    class Stop(Exception):
        pass

    def stopped(cell, folder):
        log = folder.log

        def halted(**record):
            log(**record)
            if record.get("images") == 220:
                raise Stop

        folder.log = halted
        try:
            work(cell, folder)
        finally:
            folder.log = log

    assert states(sweep(run, cells[:1], stopped)) == {"cell0": FAILED}
    found = sorted(run.cell("cell0").path.glob("checkpoint-*.safetensors"))
    assert len(found) == 2
    for path in found[-damaged:]:
        damage(path)
    assert states(sweep(run, cells, work)) == dict.fromkeys(["cell0", "cell1", "cell2"], FINISHED)
    assert caplog.text.count("fails its checksum: an older state is used") == damaged
    assert_done(run, cells)


def test_a_cell_that_fails_says_why_and_the_others_go_on(run, cells):
    broken = FakeCell("broken", 9, nan_at=120)
    outcomes = sweep(run, [broken, *cells], work)
    assert outcomes[0].state == FAILED
    assert outcomes[0].cause == "the loss is nan after 120 images"
    assert run.cell("broken").failure == outcomes[0].cause
    assert not run.cell("broken").has_result
    assert_done(run, cells)
    mended = FakeCell("broken", 9)
    assert sweep(run, [mended], work)[0].state == FINISHED
    assert run.cell("broken").failure is None
    assert_done(run, [mended])


def test_surprises_fail_their_cell_in_one_line(run, cells):
    def surprise(cell, folder):
        if cell.name == "cell0":
            raise ZeroDivisionError("first\nsecond")
        if cell.name == "cell1":
            return
        work(cell, folder)

    outcomes = sweep(run, cells, surprise)
    assert [outcome.cause for outcome in outcomes] == [
        "ZeroDivisionError: first", "its work ended without a result", "",
    ]  # fmt: skip
    assert "Traceback" in (run.cell("cell0").path / "failure.json").read_text()


def test_a_busy_cell_is_left_to_its_process(run, cells, monkeypatch):
    lock = type(run.cell("x")).lock
    with run.cell("cell1").lock():
        monkeypatch.setattr(
            type(run.cell("x")), "lock", lambda self, timeout=0.1: lock(self, timeout)
        )
        outcomes = sweep(run, cells, work)
    assert [outcome.state for outcome in outcomes] == [FINISHED, BUSY, FINISHED]
    assert "is working in it" in outcomes[1].cause
    assert not run.cell("cell1").has_result
    assert states(sweep(run, cells, work))["cell1"] == FINISHED


def test_a_storage_error_stops_the_sweep(run, cells):
    asked = []

    def full(cell, folder):
        asked.append(cell.name)
        if cell.name == "cell1":
            raise OSError(28, "No space left on device")
        work(cell, folder)

    with pytest.raises(StorageError, match=r"cannot write to .*cell1: No space left on device"):
        sweep(run, cells, full)
    assert asked == ["cell0", "cell1"]
    sweep(run, cells, work)
    assert_done(run, cells)


def test_an_interrupt_leaves_the_cell_free(run, cells):
    def interrupted(cell, folder):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(run, cells, interrupted)
    assert states(sweep(run, cells, work))["cell0"] == FINISHED


def test_a_real_cell_with_a_far_too_large_learning_rate_says_so(tmp_path):
    """Whether the loss overflows or only what the network returns, sigma is not to blame."""
    experiment = Experiment.from_config(
        {
            "name": "absurd", "samples": [4, 8], "seeds": [0],
            "data": {"kind": "field", "size": 4, "count": 64},
            "model": {"name": "mlp", "size": "tiny"},
            "training": {"images": 640, "learning_rate": 100.0, "schedule": "constant"},
            "measure": {"draws": 8, "steps": 3, "pictures": 2, "error_points": 8},
            "run": {"grouping": "pair", "device": "cpu"},
        }
    )  # fmt: skip
    finished = run_experiment(experiment, tmp_path / "run", threads=1)
    assert finished.result is None
    assert [outcome.state for outcome in finished.outcomes] == [FAILED, FAILED]
    for outcome in finished.outcomes:
        assert outcome.cause.startswith("the denoiser returned NaN or infinite values")
        assert outcome.cause.endswith("its training diverged, lower learning_rate.")


# ------------------------------------------------------------------------------ local workers


def test_a_killed_worker_is_replaced_and_the_bits_are_the_same(run, cells, tmp_path):
    victim = FakeCell("victim", 7, dies=tmp_path / "mark")
    outcomes = sweep(run, [victim, *cells], work, partial(local_workers, count=2))
    assert set(states(outcomes).values()) == {FINISHED}
    assert (tmp_path / "mark").exists()
    assert events(run.cell("victim")) == ["start", "start", "finished"]
    assert_done(run, [victim, *cells])
    sound = RunFolder(tmp_path / "sound")
    sound.path.mkdir()
    sweep(sound, [FakeCell("victim", 7)], work, in_process)
    ours, theirs = (folder.cell("victim").path / "result.nc" for folder in (run, sound))
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_cell_whose_workers_always_die_is_given_up(run, cells):
    # Half time lies between two checkpoints and leaves no mark, so every process is killed there.
    victim = FakeCell("victim", 7, images=260, dies=Never())
    outcomes = sweep(run, [victim, cells[0]], work, partial(local_workers, count=1))
    assert [outcome.state for outcome in outcomes] == [FAILED, FINISHED]
    assert outcomes[0].cause == "its process was killed; is there enough memory? (3 attempts)"
    assert run.cell("victim").failure == outcomes[0].cause
    assert events(run.cell("victim")).count("start") == 3
    assert_done(run, cells[:1])


class Never:
    """A mark that is never found."""

    def exists(self):
        return False

    def touch(self):
        pass


def test_each_worker_sees_a_device_of_its_own_and_hands_it_on(run, tmp_path):
    def devices(cells, count):
        runner = partial(local_workers, count=count, devices=["GPU-a", "3"])
        assert set(states(sweep(run, cells, device_of, runner)).values()) == {FINISHED}
        return [run.cell(cell.name).result().attrs["device"] for cell in cells]

    # Two cells are begun at once, so both workers take part.
    assert devices([FakeCell("first", 0), FakeCell("second", 1)], 2) == ["GPU-a", "3"]
    assert devices([FakeCell("victim", 0, dies=tmp_path / "mark")], 1) == ["GPU-a"]
    assert (tmp_path / "mark").exists()


def test_workers_are_given_all_visible_devices_unless_one_was_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert _runner(3, None, "cuda").keywords == {"count": 3, "devices": ["0", "1"]}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,5,-1,7")
    assert _runner(3, None, "cuda").keywords == {"count": 3, "devices": ["GPU-a", "5"]}
    for device in ("cuda:1", "cpu"):
        assert _runner(3, None, device).keywords == {"count": 3, "devices": []}


def test_workers_end_with_the_sweep(run, cells):
    before = threading.active_count()
    runner = local_workers([], count=2)
    assert list(runner) == []
    slow = [FakeCell(f"slow{i}", i, pause=0.5) for i in range(2)]
    tasks = [Task(run.path, cells[0], work), *(Task(run.path, cell, work) for cell in slow)]
    generator = local_workers(tasks, count=2)
    assert next(generator).state == FINISHED
    generator.close()  # ends the workers in mid-cell
    with run.cell("slow0").lock(timeout=1.0), run.cell("slow1").lock(timeout=1.0):
        pass
    assert threading.active_count() == before
