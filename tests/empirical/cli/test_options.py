"""What can be set, as text and as JSON, from the tables; and a file that is added to one."""

import json
import sys

import pytest

from convergen.empirical.cli.options import Section, _files_text, _plain, _text
from convergen.empirical.models import solvable
from convergen.empirical.models.table import SOLVABLE
from convergen.empirical.networks import architectures
from convergen.empirical.networks.table import NETWORKS
from convergen.empirical.training.settings import TrainingSettings
from convergen.theory.sources.options import NUMBER, TEXT, WHOLE, Option

NETWORK = """
import torch
from torch import nn
from convergen.empirical.networks.table import NETWORKS, Network
from convergen.theory.sources.options import WHOLE, Option

class Hum(nn.Module):
    def __init__(self, shape, tone):
        super().__init__()
        self.tone = nn.Parameter(torch.full(shape, float(tone)))
    def forward(self, x, sigma):
        return x * self.tone / (1 + sigma.reshape(-1, 1, 1, 1) ** 2)

NETWORKS.register(Network(
    "hum", "a network of a test", Hum, (Option("tone", WHOLE, "of its voice", 1, least=1),),
))
"""
MODEL = """
from convergen.empirical.models.table import SOLVABLE, SolvableModel
from convergen.theory.denoisers.wiener import LinearDenoiser

SOLVABLE.register(SolvableModel(
    "half-linear", "a model of a test", "half of a model",
    line=(0, (9, 9)), order=9,
    fit=lambda sets: [LinearDenoiser.fit(x[: len(x) // 2], center=False) for x in sets.points],
))
"""


@pytest.fixture
def added(tmp_path, monkeypatch):
    """One new file in the folder of networks, and one in that of solvable models."""
    for package, table, name, text in (
        (architectures, NETWORKS, "hum", NETWORK),
        (solvable, SOLVABLE, "half_linear", MODEL),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}.py").write_text(text)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
        monkeypatch.setattr(table, "_rows", dict(table._rows))
        monkeypatch.delitem(sys.modules, f"{package.__name__}.{name}", False)


@pytest.mark.parametrize("subject", ["data", "model", "training", "measure"])
def test_text_and_json_say_the_same(convergen, subject):
    code, text, err = convergen("options", subject)
    assert code == 0, err
    code, out, err = convergen("options", subject, "--json")
    assert code == 0, err
    assert max(map(len, text.splitlines())) <= 96
    text = " ".join(text.split())
    sections = json.loads(out)[subject]
    assert all(section["name"] in text for section in sections)
    for section in sections:
        for option in section["options"]:
            assert f" {option['name']}: {' '.join(option['meaning'].split())}" in text
            assert {"type", "default", "least", "most", "choices"} <= option.keys()


def test_every_setting_of_training_is_listed_with_its_default(convergen):
    (section,) = json.loads(convergen("options", "training", "--json")[1])["training"]
    listed = {option["name"]: option["default"] for option in section["options"]}
    assert listed == {
        name: entry.default for name, entry in TrainingSettings.__dataclass_fields__.items()
    }
    assert "default 0.004" in convergen("options", "training")[1]


def test_sizes_and_symmetries_are_listed(convergen):
    text = " ".join(convergen("options", "model")[1].split())
    words = "multiples of 4 pixels at size = small and padding = circular"
    assert text.count(f" commutes with periodic translations by {words}") == 2
    assert text.count("commutes with periodic") == 2
    assert "size = small (default): width = 8, growth = [1, 2, 2], blocks = 1" in text
    assert "FILE.py:NAME" in text


def test_an_unknown_subject_is_refused(convergen):
    code, out, err = convergen("options", "modle")
    assert (code, out) == (2, "")
    assert "there are no options of 'modle': give data, model, training, measure." in err


def test_one_new_file_is_a_network_everywhere(added, convergen):
    # The help is wrapped.
    assert "hum" in " ".join(convergen("train", "--help")[1].split())
    listed = json.loads(convergen("options", "model", "--json")[1])["model"]
    (row,) = [section for section in listed if section["name"] == "hum"]
    assert row["options"][0]["default"] == 1
    arguments = (
        "train", "--data", "digits", "--model", "hum", "--samples", "8", "--images", "64",
        "--set", "measure.draws=16", "--set", "measure.steps=4", "--out", "run", "--threads", "1",
        "--set", "model.tone=2",
    )  # fmt: skip
    code, out, err = convergen(*arguments)
    assert code == 0, err
    assert out.startswith("digits-hum: hum on digits")
    assert "convergence" in json.loads(convergen(*arguments, "--json")[1])["quantities"]


@pytest.mark.slow
def test_one_new_file_is_a_theory_everywhere(added, convergen, tmp_path, monkeypatch):
    from matplotlib import figure

    labels = []
    save = figure.Figure.savefig

    def read(drawn, *arguments, **options):
        labels.extend(text.get_text() for one in drawn.legends for text in one.get_texts())
        return save(drawn, *arguments, **options)

    monkeypatch.setattr(figure.Figure, "savefig", read)
    assert "half-linear" in " ".join(convergen("train", "--help")[1].split())
    assert "half-linear: a model of a test" in convergen("options", "model")[1]
    data = ("--data", "field", "--size", "4", "--count", "128")
    few = ("draws=16", "steps=4", "projections=4", "error_points=8", "sigmas=[1.0]")
    settings = [part for setting in few for part in ("--set", f"measure.{setting}")]
    arguments = (*data, "--model", "half-linear", "--samples", "8,32", "--threads", "1")
    code, _, err = convergen("train", *arguments, *settings, "--out", "run")
    assert code == 0, err
    code, out, err = convergen("validate", "run")
    assert code == 0, err
    assert "half-linear" in out
    theories = json.loads(convergen("validate", "run", "--json")[1])
    predicted = theories["quantities"]["convergence"]["theories"]["half-linear"]["predicted"]
    measured = theories["quantities"]["convergence"]["measured"]
    assert predicted == pytest.approx(measured, abs=1e-6)
    assert "half of a model" in labels


def test_what_a_path_may_lead_to_has_a_line_for_each_format():
    rows = [
        {"endings": [".a", ".b"], "holds": "points", "key": "an array", "package": "lib"},
        {"endings": [], "holds": "images", "key": "", "package": None},
    ]
    assert _files_text(rows).splitlines() == [
        "files: what a path may lead to",
        "  .a, .b: points; key names an array; needs lib",
        "  a folder: images",
    ]


def test_the_numbers_of_a_section():
    options = (Option("width", WHOLE, "features", 3, least=1, most=9, choices=(3, 4)),)
    bare = {
        "name": "hum",
        "description": "a network",
        "options": [
            {
                "name": "width", "type": WHOLE.words, "default": 3, "required": False, "least": 1,
                "above": None, "most": 9, "choices": [3, 4], "meaning": "features",
            }
        ],
    }  # fmt: skip
    assert _plain(Section("hum", "a network", options)) == bare
    more = {"sizes": {"small": {"width": 2}}, "symmetries": ("turns",), "training": {"ema": 0}}
    assert _plain(Section("hum", "a network", options, **more)) == bare | more


def test_a_section_in_full_with_its_lines_broken():
    long = "with more words than one line holds, so that the next one starts further in than it"
    options = (
        Option("tone", WHOLE, f"of its voice {long}", 1, least=1),
        Option("width", WHOLE, "features", least=1, most=9),
        Option("must", NUMBER, "given", required=True),
        Option("word", TEXT, "one", choices=tuple(f"the {i}th of thirteen" for i in range(4))),
    )
    sizes = {
        "small": {"width": 2, "growth": [1, 2], "loud": True, "say": long},
        "base": {"width": 4}, "tiny": {"width": 1},
    }  # fmt: skip
    training = {"learning_rate": 0.004, "ema": 0}
    section = Section("hum", f"a network {long}", options, sizes, (f"turns {long}",), training)
    assert (
        _text(section)
        == """\
hum: a network with more words than one line holds, so that the next one starts further in than
  it
  tone: of its voice with more words than one line holds, so that the next one starts further in
    than it
      a whole number, at least 1; default 1
  width: features
      a whole number, at least 1 and at most 9; default by size
  must: given
      a number; required
  word: one
      'the 0th of thirteen' or 'the 1th of thirteen' or 'the 2th of thirteen' or 'the 3th of
        thirteen'; optional
  size = small (default): width = 2, growth = [1, 2], loud = true, say = with more words than
    one line holds, so that the next one starts further in than it
  size = base: width = 4
  size = tiny: width = 1
  commutes with turns with more words than one line holds, so that the next one starts further
    in than it
  training.learning_rate = 0.004 by default
  training.ema = 0 by default"""
    )
