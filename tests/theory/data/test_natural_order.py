from pathlib import PurePath

from convergen.theory.data.natural_order import natural_key


def test_numbers_count_and_folders_come_before_what_is_in_them():
    names = [
        "a/2.png", "a/10.png", "a1/1.png", "a2/1.png", "a10/1.png", "b/1", "b/01", "b/1a", "b/1b",
        "c", "c/9", "٣", "12",
    ]  # fmt: skip
    assert sorted(names, key=natural_key) == [
        "٣", "12", "a/2.png", "a/10.png", "a1/1.png", "a2/1.png", "a10/1.png", "b/01", "b/1",
        "b/1a", "b/1b", "c", "c/9",
    ]  # fmt: skip
    assert natural_key(PurePath("a/2")) == natural_key("a/2")


def test_numbers_too_long_to_be_read_are_text():
    assert natural_key("9" * 3999)[0][0] == (1, 0, "")
    assert natural_key("9" * 3999)[0][1][:2] == (0, int("9" * 3999))
    assert natural_key("9" * 4000)[0][1] == (1, 0, "9" * 4000)
