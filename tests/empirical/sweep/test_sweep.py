import json

import pytest

from convergen.empirical.storage.checked_files import StorageError
from convergen.empirical.storage.run_folder import RunFolder
from convergen.empirical.sweep.sweep import BUSY, FAILED, FINISHED, sweep
from convergen.theory.common.checks import InputError
from tests.empirical.sweep.fake_cell import FakeCell, assert_done, states, work


def results(run, cells):
    return {cell.name: (run.cell(cell.name).path / "result.nc") for cell in cells}


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


# ----------------------------------------------------------------------------- in this process


def test_all_cells_are_done_in_order(run, cells):
    outcomes = sweep(run, cells, work)
    assert [outcome.name for outcome in outcomes] == [cell.name for cell in cells]
    assert set(states(outcomes).values()) == {FINISHED}
    assert_done(run, cells)


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
    assert "result.nc is damaged: its content does not match its digest: the cell is" in caplog.text
    assert {name: path.read_bytes() for name, path in results(run, cells).items()} == sound


@pytest.mark.parametrize("damaged", [1, 2])
def test_corrupt_checkpoints_lead_back_and_end_at_the_same_bits(run, cells, caplog, damaged):
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
    assert caplog.text.count("does not match its digest: an older state is used") == damaged
    assert_done(run, cells)


def test_cells_of_another_run_are_refused_and_stay(run, cells):
    """As after plan.json was deleted and another experiment was begun in the folder."""
    sweep(run, cells, work)
    sound = {name: path.read_bytes() for name, path in results(run, cells).items()}
    asked = []
    with pytest.raises(InputError, match="come from another experiment, other data or other"):
        sweep(RunFolder(run.path, "other digest"), cells, lambda *_: asked.append(1))
    assert asked == []
    assert {name: path.read_bytes() for name, path in results(run, cells).items()} == sound


def test_a_cell_that_fails_says_why_and_the_others_are_done(run, cells):
    broken = FakeCell("broken", 9, nan_at=120)
    outcomes = sweep(run, [broken, *cells], work)
    assert outcomes[0].state == FAILED
    assert outcomes[0].cause == "the loss is nan after 120 images"
    failure = run.cell("broken").path / "failure.json"
    assert json.loads(failure.read_text())["cause"] == outcomes[0].cause
    assert not run.cell("broken").has_result
    assert_done(run, cells)
    mended = FakeCell("broken", 9)
    assert sweep(run, [mended], work)[0].state == FINISHED
    assert not failure.exists()
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
