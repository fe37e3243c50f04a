"""Kernels give the right numbers whatever happens to their cache, and say what they wait for."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core import entrypoints
from numba.core.errors import NumbaError

from convergen.theory.common import compiled

HALF = """
from convergen.theory.common.compiled import kernel

@kernel()
def halve(x):
    return x / {by}
"""
TWICE = """
from convergen.theory.common.compiled import kernel
from cached_half import halve

@kernel(fastmath=True)
def quarter(x):
    return halve(halve(x))
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Import a module anew, as another process would, and forget it afterwards."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(compiled, "_said", False)

    def run(name, source):
        path = tmp_path / f"{name}.py"
        if not path.exists() or path.read_text() != source:
            path.write_text(source)
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return run


def hits(function):
    return sum(function.stats.cache_hits.values())


def test_machine_code_is_kept_and_the_wait_is_announced_once(load, capsys):
    first = load("cached_half", HALF.format(by=2.0)).halve
    assert first(3.0) == 1.5
    assert first(3) == 1.5  # a second signature
    assert hits(first) == 0
    again = load("cached_half", HALF.format(by=2.0)).halve
    assert again(3.0) == 1.5
    assert hits(again) == 1
    printed = capsys.readouterr()
    assert printed.err == "compiling kernels, once: some seconds\n"
    assert printed.out == ""


def test_division_by_zero_follows_ieee_unless_asked_otherwise(load):
    assert load("cached_half", HALF.format(by="(x - x)")).halve(3.0) == float("inf")
    python = HALF.format(by="(x - x)").replace("kernel()", 'kernel(error_model="python")')
    with pytest.raises(ZeroDivisionError):
        load("cached_python", python).halve(3.0)


ROOM = """
import numpy as np
from convergen.theory.common.compiled import kernel

@kernel(arrays={arrays})
def first(x):
    {room}
    return x[0]
"""


def test_what_makes_no_arrays_needs_no_memory_manager(load, monkeypatch):
    """Nor extensions of numba, which are named in what every installed package says of itself."""
    x, source = np.array([3.0, 4.0]), ROOM.format(arrays=False, room="pass")
    assert load("cached_plain", source).first(x) == 3.0
    initialised = []
    monkeypatch.setattr(compiled.rtsys, "initialize", initialised.append)
    monkeypatch.setattr(entrypoints, "init_all", lambda: pytest.fail("looked for"))
    again = load("cached_plain", source).first
    assert again(x) == 3.0
    assert hits(again) == 1
    assert initialised == []
    load("cached_room", ROOM.format(arrays=True, room="pass")).first._cache.load_overload(None, 7)
    assert initialised == [7]


def test_arrays_may_be_made_where_nothing_is_said(load, monkeypatch):
    initialised = []
    monkeypatch.setattr(compiled.rtsys, "initialize", initialised.append)
    load("cached_half", HALF.format(by=2.0)).halve._cache.load_overload(None, 7)
    assert initialised == [7]


def test_a_new_process_has_said_nothing(load, capsys):
    fresh = load("fresh", Path(compiled.__file__).read_text())
    for kept in (False, True):
        fresh._announce(kept)
    assert capsys.readouterr().err == (
        "compiling kernels, no cache folder can be written (set NUMBA_CACHE_DIR to one): "
        "some seconds\n"
    )


def test_a_kernel_that_makes_arrays_says_so(load):
    made = load("cached_room", ROOM.format(arrays=True, room="x = x + x")).first
    assert made(np.array([3.0, 4.0])) == 6.0
    unsaid = load("cached_plain", ROOM.format(arrays=False, room="x = x + x")).first
    with pytest.raises(NumbaError, match="NRT"):
        unsaid(np.array([3.0, 4.0]))


DAMAGE = {
    "flipped bit": lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 4])
    + data[len(data) // 2 + 1 :],
    "truncated": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "garbage": lambda data: b"\x80\x05garbage" * 100,
}  # fmt: skip


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_cache_files_are_replaced(load, tmp_path, suffix, kind):
    assert load("cached_half", HALF.format(by=2.0)).halve(3.0) == 1.5
    (file,) = tmp_path.glob(f"__pycache__/*.{suffix}")
    file.write_bytes(DAMAGE[kind](file.read_bytes()))
    damaged = load("cached_half", HALF.format(by=2.0)).halve
    assert damaged(3.0) == 1.5
    assert hits(damaged) == 0
    mended = load("cached_half", HALF.format(by=2.0)).halve
    assert mended(3.0) == 1.5
    assert hits(mended) == 1


def test_a_flipped_bit_anywhere_in_machine_code_is_found(load, tmp_path):
    assert load("cached_half", HALF.format(by=2.0)).halve(3.0) == 1.5
    (file,) = tmp_path.glob("__pycache__/*.nbc")
    whole = file.read_bytes()
    for place in range(0, len(whole), 997):
        flipped = bytearray(whole)
        flipped[place] ^= 1
        file.write_bytes(flipped)
        damaged = load("cached_half", HALF.format(by=2.0)).halve
        try:
            kept = damaged._cache._cache_file._load_data(file.name)
        except Exception:  # whatever pickle makes of it
            continue
        # Bits that pickle does not read.
        file.write_bytes(whole)
        assert kept == damaged._cache._cache_file._load_data(file.name)


def test_no_folder_to_write_costs_only_the_cache(load, tmp_path, monkeypatch, capsys):
    # Files stand where folders would be made; permissions do not bind every user.
    (tmp_path / "__pycache__").write_text("")
    (tmp_path / "home").write_text("")
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "NUMBA_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    function = load("cached_half", HALF.format(by=2.0)).halve
    assert function(3.0) == 1.5
    assert function(3) == 1.5
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "NUMBA_CACHE_DIR" in printed


def test_a_folder_that_stops_taking_files_costs_only_the_cache(load, tmp_path):
    function = load("cached_half", HALF.format(by=2.0)).halve
    shutil.rmtree(tmp_path / "__pycache__")
    (tmp_path / "__pycache__").write_text("")
    assert function(3.0) == 1.5
    assert function(3) == 1.5


def test_a_kernel_is_compiled_again_when_one_that_it_calls_has_changed(load):
    load("cached_half", HALF.format(by=2.0))
    assert load("cached_twice", TWICE).quarter(8.0) == 2.0
    assert load("cached_twice", TWICE).quarter(8.0) == 2.0
    load("cached_half", HALF.format(by="(4.0 + 4.0)"))  # another length, where clocks are coarse
    assert load("cached_twice", TWICE).quarter(8.0) == 0.125


@pytest.mark.slow
def test_the_command_line_runs_where_nothing_can_be_written(tmp_path):
    root = Path(__file__).resolve().parents[3]
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "convergen", tmp_path / "convergen", ignore=ignore)  # follows the links
    for folder in [path for path in tmp_path.rglob("*") if path.is_dir()]:
        (folder / "__pycache__").write_text("")
    (tmp_path / "home").write_text("")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
        **dict.fromkeys(("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR"), str(tmp_path / "home")),
    }
    command = [sys.executable, "-m", "convergen", "predict", "spiked", "--dim", "40"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("compiling kernels")
    assert "40 dimensions" in done.stdout
