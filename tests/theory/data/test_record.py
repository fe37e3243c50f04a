from convergen.theory.data.record import Record, Skipped, named


def test_remarks_say_what_was_left_out_and_done():
    record = Record(
        "faces", "folder", 5, "encoded images", "uint8",
        skipped=(Skipped("has another ending", ("notes.txt",)),), notes=("2 images were turned",),
    )  # fmt: skip
    assert record.remarks() == [
        "faces: 1 file (notes.txt) has another ending and was not read.",
        "faces: 2 images were turned.",
    ]  # fmt: skip
    assert Record("x", "npy", 5, "vectors", "float64").remarks() == []


def test_names_are_counted_and_the_first_three_shown():
    assert named(["a", "b", "c"], "file") == "3 files (a, b, c)"
    assert named(["a", "b", "c", "d\n"], "image") == "4 images (a, b, c, …)"
    assert named(["a\n"], "image") == "1 image (a\\n)"


def test_one_file_was_and_two_were_passed_over():
    assert Skipped("lies apart", ("a",)).sentence() == "1 file (a) lies apart and was not read"
    assert Skipped("lie apart", ("a", "b")).sentence() == (
        "2 files (a, b) lie apart and were not read"
    )


def test_where_points_are_kept_is_said_last():
    record = Record("x", "npy", 5, "vectors", "float64", notes=("cut",), kept="kept in y")
    assert record.remarks() == ["x: cut.", "x: kept in y."]
