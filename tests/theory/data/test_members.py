import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data.members import check_member, sorted_members
from convergen.theory.data.natural_order import natural_key
from convergen.theory.data.reading import read


def test_names_are_in_natural_order():
    names = ["b/1.png", "10.png", "2.png", "a/10.png", "a/9.png", "02.png", "x2y10.png", "x2y9.png"]
    expected = ["02.png", "2.png", "10.png", "a/9.png", "a/10.png", "b/1.png", "x2y9.png"]
    assert sorted(names, key=natural_key) == [*expected, "x2y10.png"]
    assert len({str(natural_key(f"{'1' * 5000}.png")), str(natural_key("²٣.png"))}) == 2


def test_class_folders_give_labels_and_strays_are_named():
    names = [f"{c}/{k}.png" for c in ("cat", "dog") for k in range(10)]
    found = sorted_members([*names, "grid.png", "notes.txt", ".hidden/a.png", "._b.png"], "faces")
    assert found.names == tuple(sorted(names, key=natural_key))
    assert found.labels == ("cat",) * 10 + ("dog",) * 10
    assert [each.sentence() for each in found.skipped] == [
        "1 file (grid.png) lies beside the class folders and was not read",
        "1 file (notes.txt) has another ending and was not read",
    ]
    one = sorted_members([f"00000/{k}.png" for k in range(3)], "faces")
    assert one.labels is None
    top = sorted_members([*(f"{k}.png" for k in range(30)), "old/1.png", "old/2.png"], "faces")
    assert len(top.names) == 30
    assert top.skipped[0].sentence() == (
        "2 files (old/1.png, old/2.png) lie in its folders and were not read"
    )


def test_what_is_not_clear_is_refused():
    names = [*(f"{k}.png" for k in range(8)), *(f"a/{k}.png" for k in range(9))]
    with pytest.raises(InputError, match=r"8 images beside folders with 9 images more \(a/0.png"):
        sorted_members(names, "faces")
    with pytest.raises(InputError, match=r"faces holds no image \(png, jpg, bmp"):
        sorted_members(["a.txt"], "faces")


def save(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((4, 4), value, np.uint8)).save(path)


def test_folders_are_read_through_their_class_folders(tmp_path):
    for number in (10, 2):
        for label in ("b", "a"):
            save(tmp_path / label / f"{number}.png", 10 * number + (label == "b"))
    (tmp_path / "a" / "labels.csv").write_text("1")
    found = read(tmp_path)
    np.testing.assert_allclose(found.rows()[:, 0, 0, 0] * 255, [20, 100, 21, 101], atol=1e-4)
    assert found.record.names == ("a/2.png", "a/10.png", "b/2.png", "b/10.png")
    assert found.record.labels == ("a", "a", "b", "b")
    assert found.record.remarks()[0].endswith(
        "1 file (a/labels.csv) has another ending and was not read."
    )


def test_links_that_lead_round_are_followed_once(tmp_path):
    save(tmp_path / "a" / "1.png", 10)
    save(tmp_path / "b" / "1.png", 20)
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    assert len(read(tmp_path).rows()) == 2


def test_all_unreadable_images_are_counted_and_named(tmp_path):
    for number in range(9):
        save(tmp_path / f"{number}.png", number)
    for number in (3, 4, 5, 8):
        (tmp_path / f"{number}.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"4 images \(3.png, 4.png, 5.png, …\) of 9 cannot"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["/a.png", "../a.png", "b/../../a.png", "b\\..\\a.png"])
def test_members_that_lead_out_are_refused(name):
    with pytest.raises(InputError, match="a path that leads out of the archive"):
        check_member(name, "x.zip", 1, 1)


def test_one_image_may_have_so_many_bytes():
    check_member("a/b..c.PNG", "x.zip", 2**28, 5)
    with pytest.raises(InputError, match=r"x.zip declares 268 MB for a.PNG in 5 bytes, but one "):
        check_member("a.PNG", "x.zip", 2**28 + 1, 5)
    # What is no image is not read.
    check_member("a.txt", "x.zip", 2**40, 5)


@pytest.mark.parametrize("top", [True, False])
def test_a_tenth_of_the_images_may_lie_elsewhere(top):
    few = [f"{k}.png" if top else f"old/{k}.png" for k in range(2)]
    many = [f"a/{k}.png" if top else f"{k}.png" for k in range(18)]
    assert sorted_members(few + many, "x").names == tuple(sorted(many, key=natural_key))
    with pytest.raises(InputError, match="it is not clear which are meant"):
        sorted_members(few + many[:-1], "x")


def test_what_computers_put_beside_images_is_passed_over():
    names = ["__MACOSX/a.png", ".a.png", "1.png", "b/__MACOSX", "c.txt"]
    found = sorted_members(names, "x")
    assert found.names == ("1.png",)
    assert found.labels is None
    assert [each.sentence() for each in found.skipped] == [
        "2 files (b/__MACOSX, c.txt) have other endings and were not read"
    ]
