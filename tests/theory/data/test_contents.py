from pathlib import Path

from convergen.theory.data.contents import Images


def test_an_image_is_called_by_its_source_and_name():
    assert Images("x.zip", ("b.png",), lambda: iter(())).shown("b.png") == "x.zip/b.png"
    assert Images("x", (), lambda: iter(())).files == ()
    assert Images("x", (), lambda: iter(()), files=(Path("x"),)).labels is None
