import subprocess
import sys

import numpy as np
import pytest
import scipy

import convergen
from convergen.theory.common import versions
from convergen.theory.common.versions import git_commit, made_by, package_version


def test_versions_are_those_of_the_packages():
    assert package_version("numpy") == np.__version__
    assert package_version("convergen") == convergen.__version__
    assert package_version("no-package-has-this-name") == "unknown"


def test_what_runs_counts_more_than_what_is_installed(monkeypatch):
    package_version.cache_clear()
    monkeypatch.setattr(np, "__version__", "2.99")
    assert package_version("numpy") == "2.99"
    package_version.cache_clear()
    monkeypatch.delitem(sys.modules, "numpy")
    assert package_version("numpy") != "2.99"
    package_version.cache_clear()


def test_a_record_holds_what_was_given_and_the_versions():
    own = f"convergen {convergen.__version__}"
    packages = f"{own}, numpy {np.__version__}, scipy {scipy.__version__}"
    assert made_by() == {"versions": packages}
    whole = {"command": "convergen predict", "seed": "0", "versions": packages}
    assert made_by("convergen predict", 0) == whole


def git(folder, *command):
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    made = ["git", "-C", str(folder), *who, *command]
    return subprocess.run(made, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A source tree of the package's shape."""
    module = tmp_path / "theory" / "common" / "versions.py"
    module.parent.mkdir(parents=True)
    module.write_text("")
    monkeypatch.setattr(versions, "__file__", str(module))
    return tmp_path


def test_a_commit_is_that_of_the_source_tree_and_says_what_was_changed(package):
    assert git_commit() == "unknown"
    git(package, "init", "-q")
    assert git_commit() == "unknown"
    git(package, "add", ".")
    git(package, "commit", "-q", "-m", "first")
    assert git_commit() == git(package, "rev-parse", "HEAD")
    (package / "theory" / "common" / "versions.py").write_text("# changed\n")
    assert git_commit() == git(package, "rev-parse", "HEAD") + "-dirty"
