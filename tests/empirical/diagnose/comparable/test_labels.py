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


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (np.eye(3)[[2, 0, 1]], ("2", "0", "1")),
        (np.array([[7], [8], [7]]), ("7", "8", "7")),
        (np.array([True, False, True]), ("True", "False", "True")),
        (np.array([2.0, -1.0, 3.0]), ("2", "-1", "3")),
    ],
)
def test_one_whole_number_or_one_hot_row_for_each_point(here, rows, found):
    np.save("x.npy", rows)
    assert own_labels(labelled("x.npy", *sets())[0]) == found


@pytest.mark.parametrize(
    "rows",
    [
        np.array([[0.0, 2.0, -1.0]] * 3), np.array([[0.5, 0.5, 0.0]] * 3),
        np.array([[1.0, 1.0, 0.0]] * 3), np.array([[0.0, 0.0, 0.0]] * 3),
        np.array([1.0, np.inf, 2.0]), np.array([1.0, np.nan, 2.0]), np.array([1.0, 0.25, 2.0]),
    ],
)  # fmt: skip
def test_rows_that_are_not_one_hot_are_no_labels(here, rows):
    np.save("x.npy", rows)
    with pytest.raises(InputError, match=r"x\.npy"):
        labelled("x.npy", *sets())


def test_npz_without_our_names_and_damaged_ones(here):
    np.savez("one.npz", y=[3, 4, 4, 3])
    assert own_labels(labelled("one.npz", *sets())[1]) == ("3", "4", "4", "3")
    (here / "bad.npz").write_text("nothing")
    with pytest.raises(InputError, match=r"bad\.npz is no \.npz file: make it again"):
        labelled("bad.npz", *sets())


def test_titles_are_names_of_columns_on_a_line_too_many(here):
    for title, found in (("y", T), ("Class", T), ("LABELS", T)):
        (here / "x.csv").write_text(f"{title}\n" + "\n".join(T))
        assert own_labels(labelled("x.csv", *sets())[1]) == found
    (here / "x.csv").write_text("name\n" + "\n".join(T))
    with pytest.raises(InputError, match="holds 5 labels, but there are 3 samples and 4 training"):
        labelled("x.csv", *sets())
    # As many lines as the one has points, or the other and a title.
    (here / "x.csv").write_text("label\ncat\ndog\ncat\n")
    with pytest.raises(InputError, match="holds 3 labels, as both sets have"):
        labelled("x.csv", *sets())


def test_labels_of_points_without_files_may_have_a_column_of_files(here):
    samples, training = sets()
    (here / "x.csv").write_text("file,label\na,u\nb,v\nc,w\n")
    assert own_labels(labelled("x.csv,t.csv", samples, training)[0]) == ("u", "v", "w")
    assert own_labels(Points("s", np.zeros((3, 2)), (2,))) is None


def test_labels_of_another_number_of_points_do_not_count():
    record = Record("t", "folder", 4, "encoded images", "uint8", labels=("a", "b"))
    assert own_labels(Points("t", np.zeros((4, 2)), (2,), record=record)) is None
    assert own_labels(Points("t", np.zeros((2, 2)), (2,), record=record)) == ("a", "b")


def test_of_the_set_that_fits_the_title_is_left_out(here):
    """Three samples fit behind a title; read for nine training points it is a fourth label."""
    samples = Points("s", np.zeros((3, 2)), (2,))
    training = Points("t", np.zeros((9, 2)), (2,))
    (here / "x.csv").write_text("label\nu\nv\nw\n")
    found = labelled("x.csv", samples, training)
    assert [own_labels(each) for each in found] == [("u", "v", "w"), None]
