"""The page of `measure`: pairs of pictures, distances, suspects, and words by part."""

import re
from dataclasses import replace

import numpy as np
import pytest

from convergen.empirical.diagnose.verdict import tables
from convergen.empirical.diagnose.verdict.words import sentences
from convergen.figures.pages import diagnosis
from tests.figures.pages import examples
from tests.figures.pages.reading import Read

DRAWN = ("draw_distances", "draw_forecast")


@pytest.fixture
def charts(undrawn):
    return undrawn(diagnosis, *DRAWN)


@pytest.fixture
def page(charts, monkeypatch):
    """The page of twenty samples, of which ten are copies; pictures are their words alone."""
    seen = []
    monkeypatch.setattr(
        diagnosis, "picture", lambda *given: seen.append(given) or f"<i>{given[3]}</i>"
    )
    text = diagnosis.page(examples.copies(), "typed")
    return Read(text), text, seen


def pairs(text, key):
    part = text[text.index(f'id="{key}"') :].partition("</section>")[0]
    found = re.findall(r"<i>sample (\d+)</i><i>training point (\d+)</i>.*?: ([0-9.]+)<", part)
    return [(int(i), int(j), ratio) for i, j, ratio in found]


def test_the_samples_most_like_a_training_point_come_first(page):
    _, text, seen = page
    found = examples.copies()
    near = tables.closest(found, 20)
    assert pairs(text, "closest") == [(i, j, f"{ratio:.2f}") for i, j, ratio in near]
    blind = sorted(near)[:8]
    assert pairs(text, "blind") == [(i, j, f"{ratio:.2f}") for i, j, ratio in blind]
    assert [i for i, _, _ in blind] == list(range(8))
    # The picture of each is its own row, in the colours of the training set.
    (point, shape, ends, words), (other, _, same, beside) = seen[:2]
    i, j, _ = near[0]
    np.testing.assert_array_equal(point, found.samples[0].flat(np.array([i]))[0])
    np.testing.assert_array_equal(other, found.training.flat(np.array([j]))[0])
    assert shape == (1, 8, 8)
    assert (words, beside) == (f"sample {i}", f"training point {j}")
    assert ends == same == pytest.approx(np.quantile(found.training.flat(), (0.002, 0.998)))


def test_no_more_than_twenty_four_are_shown(charts, monkeypatch):
    near = [(i, 0, 0.5) for i in range(20)] * 2
    monkeypatch.setattr(tables, "closest", lambda found, count: near[:40])
    text = diagnosis.page(examples.copies())
    part = text[text.index('id="closest"') :].partition("</section>")[0]
    assert part.count("<figcaption>") == 24


def test_of_large_training_sets_every_second_or_third_point_sets_the_colours(charts, monkeypatch):
    """At least 256 of them; where they hardly differ, all of them do."""
    found = examples.copies()
    asked = []

    class Many:
        shape, value_range = (1, 8, 8), (0.0, 16.0)

        def __len__(self):
            return 600

        def flat(self, rows):
            asked.append(rows)
            return np.zeros((300, 64))

    judgement = replace(found.judgement, training=Many())
    ends = []
    monkeypatch.setattr(diagnosis, "picture", lambda *given: ends.append(given[2]) or "")
    monkeypatch.setattr(tables, "named", lambda points, row: str(row))
    diagnosis._pairs(replace(found, judgement=judgement), [(0, 0, 0.5)])
    assert asked[0] == slice(None, None, 2)
    assert ends == [(0.0, 16.0)] * 2


@pytest.mark.parametrize(
    ("verdict", "mark"),
    [
        ("memorising", "bad"),
        ("partly memorising", "doubt"),
        ("undecided", "doubt"),
        ("not memorising", "plain"),
    ],
)
def test_marks_follow_the_verdict_and_what_samples_lack(charts, monkeypatch, verdict, mark):
    from convergen.empirical.diagnose.verdict import words

    said = dict.fromkeys(("copying", "quality", "todo", "certainty", "needed", "converged"), "x")
    monkeypatch.setattr(words, "sentences", lambda found: said)
    monkeypatch.setattr(type(examples.copies()), "verdict", verdict)
    monkeypatch.setattr(diagnosis, "_pairs", lambda found, rows: "")
    for flaws, beside in (([], "plain"), (["dull"], "doubt")):
        monkeypatch.setattr(words, "flaws", lambda _, found=flaws: found)
        assert Read(diagnosis.page(examples.copies())).answers() == [mark, f"answer {beside}"]


def test_distances_are_said_in_words(charts, page):
    found = examples.copies()
    seen, unseen = (
        float(np.median(each.distances[:, 0]))
        for each in (found.judgement.near, found.judgement.unseen)
    )
    (name, data, size), words, _ = charts[0]
    assert (name, data) == ("draw_distances", (found,))
    assert set(size) == {"width", "height"}
    assert words == (
        "Two histograms of distances. Median from samples to the training set: "
        f"{seen:.3g}; to unseen data: {unseen:.3g}."
    )
    alone = replace(found, judgement=replace(found.judgement, unseen=None))
    diagnosis._distances(alone)
    assert "unseen" not in charts[-1][1]


def test_the_forecast_is_said_in_words(charts, page):
    found = examples.copies()
    value, low, high = found.intervals("convergence")[0]
    (name, _, _), words, caption = charts[1]
    assert name == "draw_forecast"
    assert f"training samples: {value:.2f} ({low:.2f} to {high:.2f}) at your 60." in words
    assert f"what {len(found.law)} points leave open" in caption
    features = replace(found, prediction=None)
    assert diagnosis._forecast(features) == diagnosis._factors(features) == ""


def test_suspects_are_listed_with_their_numbers(page):
    read, text, _ = page
    found = examples.copies()
    head, *rows = read.tables["Suspected copies"]
    assert tuple(head) == tables.SUSPECT_HEAD
    assert len(rows) == len(found.suspects) > 5
    for row, one in zip(rows, found.suspects, strict=True):
        numbers = (one.distance, one.ratio, one.chance)
        assert row == [str(one.sample), str(one.training_point), *(f"{v:.4g}" for v in numbers)]
    assert f"{len(rows)} in all, the surest first. Ratio" in read.words["copies"]
    assert 'class="sortable"' in text


@pytest.mark.parametrize(("count", "more"), [(0, None), (1000, False), (1001, True)])
def test_of_very_many_suspects_the_surest_are_shown(charts, monkeypatch, count, more):
    from convergen.empirical.diagnose.verdict.diagnosis import Diagnosis, Suspect

    many = [Suspect(i % 20, 0, 1.0, 0.1, 0.01) for i in range(count)]
    monkeypatch.setattr(Diagnosis, "suspects", property(lambda _: many))
    text = diagnosis._suspects(examples.copies())
    if more is None:
        assert text == "<p>None.</p>"
        return
    assert text.count("<tr>") == 1 + min(count, 1000)
    assert (" The first 1000 are shown." in text) == more


def test_every_part_says_what_the_command_says(page):
    read, text, _ = page
    found = examples.copies()
    said = sentences(found)
    header = read.words["header"]
    for key in ("copying", "quality", "todo", "certainty"):
        assert said[key] in header
    assert said["needed"] in read.words["forecast"]
    assert said["converged"] in read.words["forecast"]
    assert tables.heading(found) in read.words["compared"]
    assert all(f"Note: {note}" in read.words["compared"] for note in found.notes)
    assert "Samples beside real points" in read.tables
    _, rows = tables.recovery_rows(found)
    assert [each[0] for each in read.tables["Latent factors, the strongest first"][1:]] == [
        each[0] for each in rows
    ]
    assert tables.RECOVERY_WORDS in read.words["recovery"]
    assert 'data-verdict="' + found.verdict in text
    assert "typed" in read.words["settings"]
    # What is explained beside is set small.
    aside = " ".join(re.findall('<p class="about">(.*?)</p>', text))
    for each in (
        diagnosis._PAIRS,
        "The first samples of the file",
        tables.RECOVERY_WORDS,
        said["certainty"],
    ):
        assert each[:20] in aside
    assert not {"by-class", "checkpoints"} & set(read.words)


def test_checkpoints_have_a_chart_and_a_table(charts, monkeypatch):
    from types import SimpleNamespace

    from convergen.empirical.diagnose.checkpoints import report
    from convergen.figures.plots import checkpoints

    monkeypatch.setattr(checkpoints, "draw", lambda *data, **size: ("draw", data, size))
    monkeypatch.setattr(report, "checkpoints_dataset", lambda found: "curves")
    monkeypatch.setattr(report, "checkpoint_rows", lambda found: (["step"], [["10"], ["20"]]))
    onset = SimpleNamespace(sentence=lambda: "It begins at 10.")
    page = Read(diagnosis._over_training(SimpleNamespace(onset=onset)))
    (drawn, words, _) = charts[-1]
    assert drawn[:2] == ("draw", ("curves",))
    assert 6.0 < drawn[2]["width"] < 7.0
    assert 2.5 < drawn[2]["height"] < 3.5
    assert words == "Curves over training. It begins at 10."
    assert page.tables["Over training"] == [["step"], ["10"], ["20"]]
    assert "It begins at 10." in page.words["checkpoints"]


def test_classes_are_listed_where_there_are_labels(charts, monkeypatch):
    from convergen.empirical.diagnose.verdict import by_class

    monkeypatch.setattr(by_class, "class_words", lambda judgement: "By class.")
    monkeypatch.setattr(tables, "class_table", lambda found: (["class"], [["cat"]]))
    text = diagnosis._classes(replace(examples.copies(), classes=["cat"]))
    assert Read(text).tables["Copies by class"] == [["class"], ["cat"]]
    assert '<p class="about">By class.</p>' in text
