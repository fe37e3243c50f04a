"""What pip installs: nothing but `convergen`, all of it, and working beside names like ours."""

import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("theory", "empirical", "figures")

pytestmark = pytest.mark.slow


def run(*command, cwd, **more):
    found = subprocess.run(
        [*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False, **more
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


def build(kind, source, target):
    """Call one hook of the build backend; the name of what it made."""
    code = f"from setuptools.build_meta import build_{kind}; print(build_{kind}({str(target)!r}))"
    return target / run(sys.executable, "-c", code, cwd=source).splitlines()[-1]


def files_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if "dist-info" not in name}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The source tree without anything that was made in it."""
    copy = tmp_path_factory.mktemp("source") / "convergen"
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "out")
    shutil.copytree(ROOT, copy, symlinks=True, ignore=unwanted)
    return copy


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    return build("wheel", source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def python(tmp_path):
    """Interpreter of a fresh environment that has our dependencies and not ourselves."""
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run(python, "-c", code, cwd=tmp_path).strip())
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python


def install(python, *what):
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", *options)
    run(*pip, *what, cwd=python.parent)


@pytest.fixture
def folder(tmp_path):
    """A user's folder, full of our own names."""
    folder = tmp_path / "user"
    (folder / "figures").mkdir(parents=True)
    for name in ("theory.py", "empirical.py", "figures/__init__.py"):
        (folder / name).write_text("raise RuntimeError('this file is the user\\'s')")
    return folder


def test_wheel_holds_convergen_and_every_file_of_it(wheel, source):
    names = files_of(wheel)
    assert {name.split("/")[0] for name in names} == {"convergen"}
    # A link to each room; what is not a module counts too: presets, results, styles, data.
    expected = {f"convergen/{path.name}" for path in (source / "convergen").glob("*.py")} | {
        f"convergen/{path.relative_to(source)}"
        for room in ROOMS
        for path in (source / room).rglob("*")
        if path.is_file()
    }
    assert set(names) == expected
    endings = {Path(name).suffix for name in names}
    assert endings == {".py", ".typed", ".toml", ".nc", ".mplstyle", ".html", ".json"}


def test_metadata_are_valid(wheel):
    from packaging.metadata import Metadata

    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        found = Metadata.from_email(archive.read(name), validate=True)
    assert found.name == "convergen"
    assert found.license_files
    assert found.description_content_type == "text/markdown"


def test_sdist_builds_the_same_wheel(wheel, source, tmp_path):
    archive = build("sdist", source, tmp_path)
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert files_of(build("wheel", unpacked, tmp_path)) == files_of(wheel)


def test_twine_accepts_wheel_and_sdist(wheel, source, tmp_path):
    archive = build("sdist", source, tmp_path)
    shown = run(sys.executable, "-m", "twine", "check", "--strict", wheel, archive, cwd=tmp_path)
    assert shown.count("PASSED") == 2


def test_sdist_holds_what_a_distributor_needs(source, tmp_path):
    with tarfile.open(build("sdist", source, tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff"} <= names
    assert not [name for name in names if name.startswith("tests/")]
    assert not [name for name in names if name.endswith((".pyc", ".nbi", ".nbc"))]


def test_a_wheel_in_an_empty_environment_runs_the_demo_without_torch(wheel, tmp_path, monkeypatch):
    """As a user installs it: pip, no extras, another folder."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--no-compile")
    run(*pip, "--constraint", ROOT / "constraints.txt", wheel, cwd=tmp_path)
    (tmp_path / "elsewhere").mkdir()
    command, elsewhere = python.with_name("convergen"), tmp_path / "elsewhere"
    assert "digits: 64 dimensions" in run(command, "predict", "digits", cwd=elsewhere)
    demo = ("simulate", "digits", "--json", "--plot", "digits.pdf")
    q = json.loads(run(command, *demo, cwd=elsewhere))["quantities"]["convergence"]
    assert max(map(abs, q["z"])) < 5.0
    assert (elsewhere / "digits.pdf").stat().st_size > 1000
    shown = run(command, "doctor", cwd=elsewhere)
    assert "torch is not installed" in shown
    assert "No broken requirements" in run(python, "-m", "pip", "check", cwd=elsewhere)


def test_installed_beside_files_with_our_names(wheel, python, folder, tmp_path):
    install(python, wheel)
    arguments = ("predict", "isotropic", "--dim", "5", "--samples", "5", "--plot")
    script = python.with_name("convergen")
    for command, picture in (([script], "a.svg"), ([python, "-m", "convergen"], "b.svg")):
        assert "isotropic: 5 dimensions" in run(*command, *arguments, picture, cwd=folder)
        assert (folder / picture).is_file()
    rooms = "; ".join(f"from convergen import {room}; print({room}.__file__)" for room in ROOMS)
    code = f"import convergen; {rooms}; print(convergen.theory.convergence, convergen.figures)"
    shown = run(python, "-c", code, cwd=folder).splitlines()
    home = python.parents[1]
    assert all(Path(line).is_relative_to(home) for line in shown[: len(ROOMS)])


def test_editable_install_after_a_plain_one(wheel, python, source, tmp_path, monkeypatch):
    """Machine code that the plain one left behind does not hide the modules."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    install(python, wheel)
    use = "import convergen; from convergen import theory; print(convergen.__file__); "
    use += "theory.convergence(theory.Spectrum.isotropic(3), 2)"
    first = run(python, "-c", use, cwd=tmp_path).strip()
    assert Path(first).is_relative_to(python.parents[1])
    install(python, "--editable", source)
    assert run(python, "-c", use, cwd=tmp_path).strip() == str(source / "convergen/__init__.py")
