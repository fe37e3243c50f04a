"""Classes from files and folders."""

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable.labels import labelled, own_labels
from convergen.theory.common.checks import InputError
from convergen.theory.data.record import Record
from convergen.theory.sources.points import Points

S, T = ("1", "0", "1"), ("cat", "dog", "cat", "dog")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("both.npz", samples=[1, 0, 1], train=[3, 4, 4, 3])
    np.savez("train.npz", train=[3, 4, 4, 3])
    np.save("s.npy", np.array([1, 0, 1]))
    np.save("hot.npy", np.eye(2)[[1, 0, 1]])
    np.save("half.npy", np.array([0.5, 1.0, 1.0]))
    np.save("wide.npy", np.zeros((3, 3, 4)))
    np.save("words.npy", np.array(["a", "b", "c"]))
    (tmp_path / "t.csv").write_text("label\ncat\ndog\ncat\ndog\n")
    (tmp_path / "plain.txt").write_text("cat\ndog\ncat\ndog\n")
    (tmp_path / "tabs.TSV").write_text(
        "file\tlabel\nd.png\tdog\na.png\tcat\nb.png\tdog\nc.png\tcat\n"
    )
    (tmp_path / "commas.txt").write_text("a.png,cat\nb.png,dog\nc.png,cat\nd.png,dog\n")
    (tmp_path / "files.csv").write_text("file,label\nd.png,dog\na.png,cat\nb.png,dog\nc.png,cat\n")
    (tmp_path / "some.csv").write_text("a.png,cat\nb.png,dog\n")
    (tmp_path / "three.csv").write_text("a,b,c\n1,2,3\n")
    (tmp_path / "long.csv").write_text("x" * 9000)
    return tmp_path


def sets():
    record = Record("t", "folder", 4, "encoded images", "uint8",
                    names=("a.png", "b.png", "c.png", "d.png"))  # fmt: skip
    return Points("s", np.zeros((3, 2)), (2,)), Points("t", np.zeros((4, 2)), (2,), record=record)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("both.npz", (S, ("3", "4", "4", "3"))),
        ("train.npz", (None, ("3", "4", "4", "3"))),
        ("s.npy", (S, None)),
        ("hot.npy", (S, None)),
        ("s.npy,t.csv", (S, T)),
        ("t.csv", (None, T)),
        ("plain.txt", (None, T)),
        ("files.csv", (None, T)),
        ("tabs.TSV", (None, T)),
        ("commas.txt", (None, T)),
    ],
)
def test_labels_of_files(here, text, found):
    assert tuple(own_labels(each) for each in labelled(text, *sets())) == found


def test_labels_may_be_long_and_have_a_title(here):
    """A file of the larger set alone is not too large for the smaller one."""
    rows = ["label", *("cat" + " " * 1020 for _ in range(4))]
    (here / "wide.csv").write_text("".join(f"{row:<1023}\n" for row in rows))
    assert own_labels(labelled("wide.csv", *sets())[1]) == ("cat",) * 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("s.npy,s.npy", r"s\.npy holds 3 labels, but t 4 points"),
        ("a,b,c", "3 files of labels were given"),
        ("half.npy", "not whole"),
        ("wide.npy", "one whole number for each point"),
        ("words.npy", r"Labels that are words go into a \.csv file"),
        ("some.csv", "no label for 2 of 4 files of t, such as c.png"),
        ("three.csv", "one column of labels, or two"),
        ("long.csv", "too large for labels of"),
        ("absent.npy", r"absent\.npy"),
        ("s.parquet", "s.parquet"),
    ],
)
def test_what_is_no_label_is_refused(here, text, words):
    with pytest.raises(InputError, match=words):
        labelled(text, *sets())


def test_labels_that_fit_both_sets_are_ambiguous(here):
    samples, _ = sets()
    with pytest.raises(InputError, match=r"as both sets have: write --labels SAMPLES\.csv"):
        labelled("s.npy", samples, samples)
