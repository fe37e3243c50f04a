import io
import os

import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.common.machine.memory import free_memory, need_memory


def test_what_does_not_fit_is_refused():
    free = free_memory()
    assert free is None or 2**20 < free < 2**50
    need_memory(10, "a number", "give none")
    with pytest.raises(InputError, match=r"the Gram matrix needs 1.05e\+06 GiB, but .*: use n = 3"):
        need_memory(2**50, "the Gram matrix", "use n = 3")


def test_four_fifths_of_what_is_free_may_be_taken(monkeypatch):
    monkeypatch.setattr("convergen.theory.common.machine.memory.free_memory", lambda: 10 * 2**30)
    need_memory(8 * 2**30, "x", "take less")
    with pytest.raises(InputError) as error:
        need_memory(8 * 2**30 + 1, "x", "take less")
    assert str(error.value) == ("x needs 8 GiB, but 10 GiB of memory are free: take less.")


def test_the_list_of_memory_counts_in_units_of_1024(monkeypatch):
    text = "MemTotal: 9 kB\nMemAvailable:   3 kB\n"
    monkeypatch.setattr("builtins.open", lambda *name, **options: io.StringIO(text))
    assert free_memory() == 3072


def test_nothing_is_refused_where_the_system_is_silent(monkeypatch):
    monkeypatch.setattr("convergen.theory.common.machine.memory.free_memory", lambda: None)
    need_memory(2**60, "anything", "")


def test_pages_are_counted_where_there_is_no_list_of_memory(monkeypatch):
    monkeypatch.setattr("builtins.open", lambda *name, **options: io.StringIO("MemTotal: 1 kB"))
    monkeypatch.setattr(os, "sysconf", {"SC_AVPHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}.get)
    assert free_memory() == 4_096_000
