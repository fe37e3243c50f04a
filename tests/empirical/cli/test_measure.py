"""The sub-command `measure`: what a person with a generator types."""

import html.parser
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.cli import measure as module
from convergen.empirical.diagnose.comparable import labels as label_files
from convergen.empirical.diagnose.comparable import user_points
from convergen.empirical.diagnose.distances.neighbours import Space
from convergen.theory.cli.options import remarks
from convergen.theory.common.machine import blas_threads
from convergen.theory.data.sets.digits import load_digits
from tests.commands import defaults, hidden, limits

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("measure")
    rng = np.random.default_rng(0)
    digits = load_digits()[rng.permutation(1797)]
    np.save(path / "train.npy", digits[:140])
    np.save(path / "unseen.npy", digits[140:])
    np.save(path / "copies.npy", digits[:60] + 0.5 * rng.standard_normal((60, 64)))
    np.save(path / "empty.npy", np.zeros((0, 64)))
    np.save(path / "same.npy", np.ones((5, 64)))
    np.savez(path / "two.npz", a=digits[:5], b=digits[5:10])
    np.save(path / "copies2.npy", digits[:60].reshape(60, 8, 8))
    return path


class Page(html.parser.HTMLParser):
    """Sources of pictures, tags that are open, and all text."""

    def __init__(self):
        super().__init__()
        self.pictures, self.links, self.text = [], [], ""

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "img":
            assert found["alt"]
            self.pictures.append(found["src"])
        self.links += [found[key] for key in ("href", "action") if key in found]
        assert tag not in ("link", "iframe")
        assert tag != "script" or not found  # nothing is loaded

    def handle_data(self, data):
        self.text += data


def test_two_sets_after_one_flag_json_and_page(convergen, folder):
    report = folder / "report.html"
    code, out, err = convergen(
        "measure", "--samples", "copies.npy", "copies2.npy", "--train", "train.npy",
        "--reference", "unseen.npy", "--json", "--html", report, cwd=folder,
    )  # fmt: skip
    assert code == 0, err
    said = json.loads(out)
    assert said["samples"] == ["copies.npy", "copies2.npy"]
    assert said["verdict"] == "memorising"
    assert said["nearest"]["indices"] == list(range(60))
    assert said["convergence"]["low"] > 0.95
    page = Page()
    text = report.read_text(encoding="utf-8")
    page.feed(text)
    assert len(page.pictures) == 2 * (24 + 8) + 2
    assert all(source.startswith("data:image/png;base64,") for source in page.pictures)
    assert page.links == []
    assert "http" not in text
    assert "$" not in page.text
    assert "All of your 60 images copy a training image" in page.text
    assert list(folder.glob(".report*")) == []


def test_the_built_in_digits_and_text(convergen, folder):
    code, out, err = convergen(
        "measure", "--train", "digits", "--samples", "copies.npy", cwd=folder
    )
    assert code == 0, err
    assert out.startswith("All of your 60 images copy a training image")
    assert "q = 0.9 takes " in " ".join(out.split())
    assert "give unseen points" in " ".join(out.split())


def test_units_invariances_and_the_list_of_copies(convergen, folder):
    np.save(folder / "dressed.npy", 2.0 * np.load(folder / "copies2.npy")[..., ::-1] / 16.0 - 1.0)
    given = ("measure", "--samples", "dressed.npy", "--train", "train.npy", "--json")
    code, out, err = convergen(*given, "--copies", "list.csv", cwd=folder)
    assert code == 0, err
    assert json.loads(out)["verdict"] == "memorising"
    assert len((folder / "list.csv").read_text().splitlines()) == 61
    plain = json.loads(convergen(*given, "--invariant", "none", "--workers", "3", cwd=folder)[1])
    assert plain["verdict"] == "not memorising"
    as_given = json.loads(convergen(*given, "--units", "as-given", cwd=folder)[1])
    assert as_given["verdict"] == "not memorising"
    assert "Units were left as given." in as_given["notes"]
    (folder / "list.csv").unlink()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--samples", "none.npy", "--train", "digits"), "none.npy cannot be opened"),
        (("--samples", "copies.npy", "--train", "digits", "--sheets", "cut"), "--sheets does not"),
        (("--samples", "copies.npy", "--train", "digits", "--key", "x"), "--key"),
        (("--samples", "two.npz", "--train", "digits"), "give one as --key"),
        (("--samples", "empty.npy", "--train", "digits"), "empty.npy"),
        (("--samples", "same.npy", "--train", "same.npy"), "1 of 5 training points are different"),
        (("--samples", "a.npy", "b.npy", "c.npy", "--train", "digits"), "3 files of samples"),
        (("--samples", "copies.npy", "--train", "digits", "--html", "x.txt"), ".html"),
        (("--samples", "copies.npy", "--train", "digits", "--shape", "8x8"), "--shape must be"),
        (("--samples", "copies.npy", "--train", "digits", "--factors", "0"), "factors"),
        (("--samples", "copies.npy", "--train", "digits", "--level", "2"), "(0, 1]"),
        (("--samples", "copies.npy", "--train", "digits", "--workers", "0"), "--workers"),
        (("--samples", "copies.npy"), "--train"),
        (("--samples", "copies.npy", "--train", "digits", "--invariant", "mirrors"), "'mirror'"),
        (("--samples", "copies.npy", "--train", "digits", "--copies", "x.txt"), ".csv"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_code_2(convergen, folder, arguments, words):
    before = sorted(folder.iterdir())
    code, out, err = convergen("measure", *arguments, cwd=folder)
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert words in err
    assert sorted(folder.iterdir()) == before


def test_workers_are_those_of_the_option_or_of_blas(convergen, folder, monkeypatch):
    used = []

    def seen(self, orbit, origin, workers=1):
        used.append(workers)
        for name, value in (("orbit", orbit), ("origin", origin), ("workers", workers)):
            object.__setattr__(self, name, value)

    monkeypatch.setattr(Space, "__init__", seen)
    monkeypatch.setattr(blas_threads, "blas_threads", lambda: 5)
    given = ("measure", "--samples", "copies.npy", "--train", "train.npy", "--json")
    said = [convergen(*given, *more, cwd=folder)[1] for more in ((), ("--workers", "3"))]
    assert used == [5, 5, 3, 3]  # images as they are and in half the size
    assert said[0] == said[1]


@pytest.mark.slow
def test_measuring_needs_no_torch():
    code = (
        "import sys, convergen.empirical.diagnose.verdict.diagnose\n"
        "import convergen.empirical.cli.measure\n"
        "from convergen.empirical.diagnose.features import table\n"
        "table.encoder_words(), table._TABLE.rows()\n"
        "import convergen.figures.pages.diagnosis\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_checkpoints_and_what_is_said_of_other_files(convergen, folder):
    digits = np.load(folder / "unseen.npy")
    train = np.load(folder / "train.npy")
    for step, copies in ((10, 0), (200, 0), (3000, 80)):
        rows = digits[step % 97 : step % 97 + 100].copy()
        rows[:copies] = train[:copies]
        np.save(folder / f"step{step}.npy", rows)
    np.save(folder / "others.npy", digits[1000:1200])
    command = ("measure", "--train", "train.npy", "--reference", "others.npy", "--samples")
    code, out, err = convergen(
        *command, "step*.npy", "--out", "c.nc", "--plot", "c.svg", "--html", "c.html", cwd=folder
    )
    assert code == 0, err
    assert "Copying begins between steps 200 and 3000" in out
    assert "Written: c.nc" in out
    page = (folder / "c.html").read_text(encoding="utf-8")
    assert "When did copying begin?" in page
    assert "between steps 200 and 3000" in page
    assert "<svg" in (folder / "c.svg").read_text(encoding="utf-8")
    for extra, words in {
        ("step10.npy", "--plot", "c.svg"): "--plot is for several checkpoints",
        ("step10.npy", "step200.npy", "train.npy"): "names differ by more than the number",
        ("step10.npy", "--features", "nothing"): "choose from dinov2, inception, pixels, whitened",
    }.items():
        code, out, err = convergen(*command, *extra, cwd=folder)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        assert words in err


def test_what_is_done_where_nothing_is_said_and_what_is_too_little():
    assert defaults("measure") == {
        "center": True,
        "units": "mend",
        "features": "pixels",
        "factors": 5,
    }
    assert limits("measure") == {"seed": (0, 0), "workers": (None, 1), "images": (None, 1)}
    assert hidden("measure") == ["second"]


@pytest.mark.parametrize(("steps", "last"), [((), 0), ((10, 20), 1), ((10, 20, 30), 2)])
def test_labels_are_those_of_the_last_checkpoint_of_the_first_model(monkeypatch, steps, last):
    names = [f"a{step}" for step in steps or (0,)] + [f"b{step}" for step in steps or (0,)]
    half = len(names) // 2
    files = SimpleNamespace(first=names[:half], second=names[half:], steps=steps)

    def load(given, options):
        return [SimpleNamespace(name=name, record=None) for name in given]

    def labelled(words, samples, training):
        return f"{samples.name} with {words}", training.name

    monkeypatch.setattr(user_points, "load_sets", load)
    monkeypatch.setattr(label_files, "labelled", labelled)
    monkeypatch.setattr(remarks, "say_remarks", lambda records: None)
    sets, training, unseen = module._load(files, "train", "unseen", "labels", {})
    assert sets[last] == f"{names[last]} with labels"
    assert [each.name for each in sets[:last] + sets[last + 1 :]] == names[:last] + names[
        last + 1 :
    ]
    assert (training, unseen.name) == ("train", "unseen")
    assert module._load(files, "train", None, None, {})[1:] == (load(["train"], {})[0], None)
