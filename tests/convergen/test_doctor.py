"""What the doctor finds and says."""

import importlib.metadata
import tomllib
from pathlib import Path

import numpy as np

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
