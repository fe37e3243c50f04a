import numpy as np
import pytest
from PIL import Image

from convergen.empirical.diagnose.comparable.user_points import load_points, load_sets
from convergen.theory.common.checks import InputError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(13)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faces").mkdir()
    for number in range(3):
        image = rng.integers(0, 256, size=(6, 5, 3), dtype=np.uint8)
        Image.fromarray(image).save(tmp_path / "faces" / f"{number}.png")
    np.save("rows.npy", rng.standard_normal((20, 75)))
    np.savez("two.npz", a=rng.standard_normal((4, 16)), b=np.ones((5, 2)))
    return tmp_path


def test_digits_and_folders_are_read(folder):
    assert load_points("digits").shape == (1, 8, 8)
    found = load_points("./faces")
    assert found.shape == (3, 6, 5)
    pixels = [np.asarray(Image.open(f"faces/{number}.png")) for number in range(3)]
    np.testing.assert_allclose(found.rows, np.moveaxis(pixels, 3, 1) / 255.0, atol=1e-6)
    assert load_points("./faces", size=4, grey=True).shape == (1, 4, 4)


def test_points_that_cannot_be_measured(folder):
    bad = np.ones((20, 40))
    bad[3, 4], bad[7, :2] = np.nan, np.inf
    np.save("points.npy", bad)
    with pytest.raises(InputError, match=r"2 of 20 points of points.npy hold NaN or infinite"):
        load_points("points.npy")
    np.save("points.npy", np.zeros((1, 40)))
    with pytest.raises(InputError, match=r"points.npy holds 1 point: give at least two"):
        load_points("points.npy")
    np.save("points.npy", np.zeros((2, 40)))
    assert len(load_points("points.npy")) == 2
    np.save("points.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"points\.npy cannot be read"):
        load_points("points.npy")


def test_each_set_takes_the_options_that_apply_to_it(folder):
    sets = load_sets(["rows.npy", "./faces", "two.npz"], {"size": 4, "key": "a"})
    assert [each.shape for each in sets] == [(75,), (3, 4, 4), (16,)]
    with pytest.raises(InputError, match=r"grey applies only to images .* of rows.npy have shape"):
        load_sets(["rows.npy", "digits", "rows.npy"], {"grey": True})
    with pytest.raises(InputError, match=r"key does not apply to rows.npy"):
        load_sets(["rows.npy"], {"key": "a"})
    drawn = load_sets(["field"], {"count": 5, "size": 4})
    assert drawn[0].rows.shape == (5, 1, 4, 4)


def test_each_file_takes_its_own_key(folder):
    np.savez("one.npz", a=np.ones((3, 7)))
    sets = load_sets(["two.npz", "rows.npy", "two.npz"], {"key": ["a", "b"]})
    assert [each.shape for each in sets] == [(16,), (75,), (2,)]
    assert [each.shape for each in load_sets(["one.npz", "two.npz"], {"key": ["", "b"]})] == [
        (7,), (2,),
    ]  # fmt: skip
    assert [len(each) for each in load_sets(["two.npz", "two.npz"], {"key": ["b"]})] == [5, 5]
    with pytest.raises(InputError, match=r"3 values of key were given for 2 files .*two.npz, two."):
        load_sets(["two.npz", "two.npz"], {"key": ["a", "b", "a"]})


def test_statistics_are_no_points(folder):
    np.savez("stats.npz", mu=np.ones(3), sigma=np.eye(3))
    with pytest.raises(InputError, match=r"stats.npz holds a mean and a covariance .*, not points"):
        load_points("stats.npz")


def test_of_several_refusals_the_first_is_said(folder):
    np.save("other.npy", np.load("rows.npy"))
    with pytest.raises(InputError, match=r"of rows\.npy have shape"):
        load_sets(["rows.npy", "other.npy"], {"grey": True})
