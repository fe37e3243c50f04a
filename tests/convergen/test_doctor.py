"""What the doctor finds and says."""

import importlib.metadata
import json
import os
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import convergen
from convergen import doctor


def test_the_doctor_names_what_is_missing(monkeypatch):
    """Versions come from the installed packages, extras from the package's own metadata."""
    asked = ["numpy>=2", "nothing-of-that-name>=1; extra == 'empirical'", "convergen[x]"]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: asked)
    found = doctor.findings()
    assert found["packages"] == {"numpy": np.__version__}
    assert found["extras"]["empirical"]["complete"] is False
    words = "\n".join(doctor.report(found))
    assert "without nothing-of-that-name" in words
    assert "pip install '.[empirical]'" in words
    assert Path(found["cache"]["folder"]).name
    assert found["threads"]["processors"] >= 1


def test_every_extra_says_what_it_is_for():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    assert set(doctor.PURPOSES) == set(extras)
    found = doctor.findings() | {"extras": {"empirical": {"versions": {}}}}
    assert "trains networks" in "\n".join(doctor.report(found))


FOUND = {
    "convergen": "1.2",
    "python": "3.11 on Linux",
    "packages": {"numpy": "2.0", "gone": None},
    "extras": {
        "cluster": {"versions": {"dask": "1", "distributed": None, "other": None}, "complete": 0},
        "dev": {"versions": {"pytest": "8"}, "complete": True},
        "strange": {"versions": {}, "complete": True},
    },
    "gpu": "none",
    "threads": {"processors": 4, "kernels": 2, "blas": {"openblas": 1, "mkl": 3}},
    "cache": {"folder": "/cache", "writable": True},
}


def test_the_report_has_a_line_for_each_thing():
    assert doctor.report(FOUND) == [
        "convergen 1.2, Python 3.11 on Linux",
        "",
        "packages",
        "  numpy          2.0",
        "  gone           MISSING",
        "",
        "extras",
        "  cluster        without distributed, other; runs experiments on a Dask cluster",
        "                 pip install '.[cluster]' in the folder of the source adds it",
        "  dev            complete; runs the tests",
        "  strange        complete; of another version",
        "",
        "gpu      none",
        "threads  4 processors; kernels 2, openblas 1, mkl 3",
        "cache    compiled kernels are kept (/cache)",
    ]
    worse = FOUND | {
        "threads": {"processors": 4, "kernels": 2, "blas": {}},
        "cache": {"folder": "none", "writable": False},
    }
    *_, threads, cache = doctor.report(worse)
    assert threads == "threads  4 processors; kernels 2, no BLAS"
    assert cache.startswith("cache    compiled kernels are NOT kept: set NUMBA_CACHE_DIR")


def test_the_command_prints_the_report_or_json(monkeypatch, front_door):
    monkeypatch.setattr(doctor, "findings", lambda: FOUND)
    assert front_door("doctor") == (0, "\n".join(doctor.report(FOUND)) + "\n", "")
    code, out, _ = front_door("doctor", "--json")
    assert (code, json.loads(out)) == (0, FOUND)


def test_requirements_are_grouped_by_extra(monkeypatch):
    asked = [
        "numpy<3,>=2", "pillow", "pytest[testing]>=8 ; extra == 'dev'", "pandas; extra == \"dev\"",
        "convergen[dev]; extra == 'all'", "(odd)", "no-such-package-here",
    ]  # fmt: skip
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: asked)
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "pillow")}
    assert doctor._requirements() == {
        "": versions | {"no-such-package-here": None},
        "dev": {name: importlib.metadata.version(name) for name in ("pytest", "pandas")},
    }
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: None)
    assert doctor._requirements() == {"": {}}


def test_what_was_found_says_versions_and_which_extras_are_complete(monkeypatch):
    needed = {"": {"numpy": "2"}, "dev": {"pytest": "8"}, "docs": {"x": "1", "y": None}}
    for name, value in (("requirements", needed), ("gpu", "g"), ("threads", "t"), ("cache", "c")):
        monkeypatch.setattr(doctor, f"_{name}", lambda value=value: value)
    found = doctor.findings()
    assert found["convergen"] == convergen.__version__
    assert found["python"].startswith("{}.{}.".format(*sys.version_info))
    assert (found["packages"], found["gpu"], found["threads"], found["cache"]) == (
        {"numpy": "2"}, "g", "t", "c",
    )  # fmt: skip
    assert {name: each["complete"] for name, each in found["extras"].items()} == {
        "dev": True, "docs": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "none that torch 9.9 can use; networks train on the processor"), (2, "card 0, card 1")],
)
def test_every_card_that_torch_sees_is_named(monkeypatch, count, said):
    cuda = SimpleNamespace(
        is_available=lambda: count > 0, device_count=lambda: count,
        get_device_name=lambda index: f"card {index}",
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, __version__="9.9"))
    assert doctor._gpu() == said
    monkeypatch.setitem(sys.modules, "torch", None)
    assert doctor._gpu() == "not looked for: torch is not installed"


def test_threads_are_those_of_this_process():
    from threadpoolctl import threadpool_info

    from convergen.theory.common.compiled import kernel_threads

    found = doctor._threads()
    blas = [info["internal_api"] for info in threadpool_info() if info["user_api"] == "blas"]
    assert set(found["blas"]) == set(blas) != set()
    assert found["kernels"] == kernel_threads()


def test_processors_are_those_that_may_be_used(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 5, 9}, raising=False)
    assert doctor._threads()["processors"] == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert doctor._threads()["processors"] == 64


def test_the_cache_is_kept_where_its_folder_can_be_written(monkeypatch, tmp_path):
    from convergen.theory.random_matrices import kappa_kernels

    real = doctor._cache()
    assert Path(real["folder"]).name == "__pycache__"
    kernels = SimpleNamespace(
        a=1, b=SimpleNamespace(_cache=SimpleNamespace(_cache_path=str(tmp_path / "cache")))
    )
    asked = []
    monkeypatch.setattr(doctor.os, "access", lambda *given: asked.append(given) or False)
    with monkeypatch.context() as patched:
        for name in vars(kappa_kernels).copy():
            if not name.startswith("__"):
                patched.delattr(kappa_kernels, name)
        assert doctor._cache() == {"folder": "none", "writable": False}
        patched.setattr(kappa_kernels, "one", kernels.b, raising=False)
        assert doctor._cache() == {"folder": str(tmp_path / "cache"), "writable": False}
    assert asked == [(tmp_path, os.W_OK)]
