import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data.images import sheets as module
from convergen.theory.data.images.sheets import Grid, cut, find_grid, settle
from convergen.theory.data.reading import read
from convergen.theory.data.sets.digits import load_digits
from convergen.theory.sources.real.patches import photographs


@pytest.fixture(scope="module")
def tiles():
    """Pieces of photographs, digits on a black margin, as people put them on sheets."""
    rng, grey = np.random.default_rng(0), photographs()
    places = [(k % 2, rng.integers(0, 395), rng.integers(0, 608)) for k in range(200)]
    photos = np.array([grey[n, y : y + 32, x : x + 32] for n, y, x in places])[..., None]
    digits = load_digits()[rng.permutation(1797)[:200]].reshape(-1, 8, 8) / 16
    large = np.pad(np.kron(digits, np.ones((1, 3, 3))), ((0, 0), (2, 2), (2, 2)))[..., None]
    return {"photos": photos, "digits": large}


def sheet(tiles, grid, colour=0.0):
    height, width = grid.tile
    found = np.full(
        (
            grid.rows * (height + grid.gap) - grid.gap + 2 * grid.border,
            grid.columns * (width + grid.gap) - grid.gap + 2 * grid.border,
            1,
        ), colour,
    )  # fmt: skip
    for number in range(grid.count):
        row, column = divmod(number, grid.columns)
        y, x = grid.border + row * (height + grid.gap), grid.border + column * (width + grid.gap)
        found[y : y + height, x : x + width] = tiles[number]
    return found


def save(path, picture, **options):
    Image.fromarray(np.round(picture[..., 0] * 255).astype(np.uint8)).save(path, **options)


@pytest.mark.parametrize("kind", ["photos", "digits"])
@pytest.mark.parametrize(("rows", "columns"), [(8, 8), (4, 7), (3, 5)])
@pytest.mark.parametrize(("gap", "border"), [(2, 2), (2, 0), (1, 1), (0, 0)])
@pytest.mark.parametrize("quality", [None, 85])
def test_sheets_are_recognised(tiles, kind, rows, columns, gap, border, quality):
    pieces = tiles[kind]
    grid = Grid(rows, columns, pieces.shape[1:3], gap, border)
    picture = sheet(pieces, grid)
    if quality:
        file = io.BytesIO()
        save(file, picture, format="JPEG", quality=quality)
        picture = np.asarray(Image.open(file), np.float32)[..., None] / 255
    found = find_grid(picture)
    assert (found.rows, found.columns) == (rows, columns)
    if kind == "photos":  # margins of the colour of the lines leave their width open
        assert found == grid
    if quality is None:
        for tile, expected in zip(cut(picture, grid), pieces, strict=False):
            np.testing.assert_array_equal(tile, expected)


@pytest.mark.parametrize("gap", range(9))
def test_lines_of_every_width_are_recognised(tiles, gap):
    grid = Grid(3, 4, (32, 32), gap, gap)
    assert find_grid(sheet(tiles["photos"], grid)) == grid


def test_single_pictures_are_none(tiles):
    rng = np.random.default_rng(1)
    sparse = (rng.random((100, 32, 32, 1)) < 0.02).astype(float)
    smooth = np.add.outer(np.arange(64.0), np.arange(64.0))[..., None]
    whole = photographs()[..., None]
    pictures = [
        *tiles["photos"], *tiles["digits"], *load_digits().reshape(-1, 8, 8, 1)[:300], *sparse,
        *rng.random((50, 32, 32, 3)), smooth, np.zeros((32, 32, 1)), *whole, whole[0][:256, :512],
    ]  # fmt: skip
    assert sum(find_grid(picture) is not None for picture in pictures) == 0


def test_two_pictures_side_by_side_are_not_enough(tiles):
    assert find_grid(sheet(tiles["photos"], Grid(1, 2, (32, 32), 2, 2))) is None
    assert find_grid(sheet(tiles["photos"], Grid(1, 6, (32, 32), 2, 2))).columns == 6


def test_the_smallest_sheets_are_one_image_high():
    digits = load_digits().reshape(-1, 8, 8, 1)
    assert find_grid(sheet(digits, Grid(1, 8, (8, 8)))) == Grid(1, 8, (8, 8))
    assert find_grid(sheet(digits[:, 1:], Grid(1, 8, (7, 8)))) is None
    assert find_grid(sheet(digits[:, :, 1:], Grid(8, 1, (8, 7)))) is None


def test_strips_of_images_with_margins_are_cut_where_they_touch():
    images = np.pad(
        np.random.default_rng(3).random((8, 10, 6, 1)), ((0, 0), (1, 1), (1, 1), (0, 0))
    )
    for grid in (Grid(1, 8, (12, 8)), Grid(8, 1, (12, 8))):
        picture = sheet(images, grid)
        assert find_grid(picture) == grid
        np.testing.assert_array_equal(cut(picture, find_grid(picture)), images)


@pytest.mark.parametrize("gap", [1, 2, 5])
def test_images_of_eight_pixels_need_no_border(gap):
    images = np.random.default_rng(3).random((12, 8, 8, 1))
    grid = Grid(3, 4, (8, 8), gap)
    assert find_grid(sheet(images, grid)) == grid


def test_a_grid_says_how_far_its_images_are_apart():
    assert Grid(2, 3, (8, 9)).words == "a contact sheet of 2 × 3 images of 9 × 8 pixels"
    assert Grid(2, 3, (8, 9), 1).words.endswith("pixels, 1 pixels apart")
    assert Grid(2, 3, (8, 9)).count == 6


@pytest.fixture
def folder(tmp_path, tiles):
    (tmp_path / "sheets").mkdir()
    for number in range(3):
        picture = sheet(tiles["photos"][20 * number :], Grid(4, 5, (32, 32), 2, 2))
        save(tmp_path / "sheets" / f"{number}.png", picture)
    return tmp_path / "sheets"


def test_sheets_are_refused_with_their_grid_cut_or_kept(folder, tiles):
    words = r"sheet of 4 × 5 images of 32 × 32 pixels, 2 pixels apart, .*: give sheets cut .* keep"
    with pytest.raises(InputError, match=words):
        read(folder).rows()
    found = read(folder, sheets="cut")
    assert found.size == (60, 1, 32, 32)
    expected = np.round(tiles["photos"][:60] * 255) / 255
    np.testing.assert_allclose(found.rows(), np.moveaxis(expected, 3, 1), atol=1e-6)
    assert found.record.names[19:21] == ("0.png#19", "1.png#0")
    assert found.record.remarks()[0].endswith("2 pixels apart and cut.")
    assert read(folder, sheets="keep").rows().shape == (3, 1, 138, 172)
    with pytest.raises(InputError, match="size and sheets cannot be given together"):
        read(folder, sheets="cut", size=8)


def test_pictures_that_are_no_sheets_are_not_cut(tmp_path, tiles):
    for number in range(4):
        save(tmp_path / f"{number}.png", tiles["photos"][number])
    with pytest.raises(InputError, match="does not look like contact sheets of one grid: leave"):
        read(tmp_path, sheets="cut")
    assert len(read(tmp_path).rows()) == 4


def test_a_sheet_among_images_is_named(tmp_path, tiles):
    for number in range(4):
        save(tmp_path / f"{number}.png", tiles["photos"][number])
    save(tmp_path / "grid.png", sheet(tiles["photos"], Grid(8, 8, (32, 32), 2, 2)))
    with pytest.raises(InputError, match=r"4 of 32 × 32, 1 of 274 × 274\), and grid.png looks like "
                       r"a contact sheet of 8 × 8 images of 32 × 32 pixels"):  # fmt: skip
        read(tmp_path)


ONE, OTHER = Grid(2, 2, (8, 8)), Grid(3, 3, (8, 8))


@pytest.mark.parametrize(
    ("found", "agree"),
    [
        ([ONE] * 6 + [None, OTHER], True), ([ONE] * 5 + [None, OTHER, OTHER], False),
        ([ONE], True), ([ONE, None], False), ([None] * 3 + [ONE] * 3, False), ([None], False),
    ],
)  # fmt: skip
def test_three_quarters_of_the_pictures_must_show_one_grid(found, agree):
    if agree:
        assert settle(found, "x", "cut") == ONE
        with pytest.raises(
            InputError, match=r"^x looks like a contact sheet of 2 × 2 .*give sheets"
        ):
            settle(found, "x", None)
    else:
        assert settle(found, "x", None) is None
        with pytest.raises(
            InputError, match=r"^x does not look like contact sheets of one grid: l"
        ):
            settle(found, "x", "cut")


def test_pictures_of_up_to_67_million_values_are_looked_at(monkeypatch):
    monkeypatch.setattr(module, "_with_lines", lambda values: "found")
    one = np.zeros((1, 1, 1), np.float32)
    assert find_grid(np.broadcast_to(one, (2**13, 2**13, 1))) == "found"
    assert find_grid(np.broadcast_to(one, (2**13, 2**13 + 1, 1))) is None


def test_eight_pictures_are_looked_at(monkeypatch):
    asked = []
    monkeypatch.setattr(module, "read_pixels", lambda *given: asked.append(given))
    monkeypatch.setattr(module, "find_grid", lambda picture: None)
    names = tuple("abcdefghij")
    contents = SimpleNamespace(
        names=names, stream=lambda: iter(range(10)), shown=str.upper, source="x"
    )
    assert module.grid_of_sheets(contents, None) is None
    assert asked == [(number, "ABCDEFGH"[number], 1) for number in range(8)]


def test_four_in_a_square_are_many_and_five_in_a_row_are_not():
    sizes = [(2, 2), (1, 6), (6, 1), (2, 3), (1, 5), (5, 1), (1, 1)]
    assert [module._many(*size) for size in sizes] == [True] * 4 + [False] * 3


def striped(length, *lines, channels=1):
    """Noise of standard deviation about 1, ten pixels high, with lines of nought."""
    values = np.random.default_rng(5).standard_normal((10, length, channels)).astype(np.float32)
    values[:, list(lines)] = 0.0
    return values


def test_ways_to_cut_at_lines():
    one = [(1, 17, gap, 1.0) for gap in (2, 1, 3, 4, 5, 6, 7, 8, 0)]
    found = module._lines(striped(17, 8), False)
    assert found == [*one[:2], (2, 8, 1, pytest.approx(1 / 17)), *one[2:]]
    # With a border: both ends, and the middle.
    found = module._lines(striped(19, 0, 9, 18), True)
    assert found == [(1, 17, 1, pytest.approx(17.0**-2)), (2, 8, 1, pytest.approx(19.0**-3))]
    found = module._lines(striped(22, 0, 1, 10, 11, 20, 21), True)
    assert found[0] == (1, 18, 2, pytest.approx((2 / 18) ** 4))
    assert found[1] == (2, 8, 2, pytest.approx(22.0**-6))
    # Images that touch and have margins of one pixel.
    found = module._lines(striped(18, 0, 8, 9, 17), False)
    assert (2, 9, 0, pytest.approx(18.0**-4)) in found
    # No line where one should be, and parts that are too small.
    assert module._lines(striped(17, 7), False) == one
    assert all(many == 1 for many, *_ in module._lines(striped(15, 7), False))
    assert module._lines(striped(9, 0, 8), True) == []


def test_lines_are_even_and_of_one_colour_in_all_channels(monkeypatch):
    values = striped(17, 8, channels=2)
    assert len(module._lines(values, False)) == 10
    noisy = values.copy()
    noisy[:, 8, 1] = striped(1)[:, 0, 0]
    assert len(module._lines(noisy, False)) == 9
    noisy[:, 8, 1] = np.where(np.arange(10) % 2, 0.1, -0.1)
    for share, found in ((1.001, 10), (0.999, 9)):
        monkeypatch.setattr(module, "_UNEVEN", share * 0.1 / float(noisy.std()))
        assert len(module._lines(noisy, False)) == found
    monkeypatch.undo()
    values = striped(26, 8, 17)
    assert (3, 8, 1, pytest.approx(26.0**-2)) in module._lines(values, False)
    values[:, 17] = 2.0
    assert all(many == 1 for many, *_ in module._lines(values, False))
    lines = np.zeros((4, 2, 2))
    assert module._of_one_colour(lines, 0.0)
    lines[:, 1, 1] = 1.0
    assert module._of_one_colour(lines, 0.5)
    assert not module._of_one_colour(lines, 0.49)


PICTURE = np.zeros((20, 30, 1), np.float32)


def lines_are(monkeypatch, across, down, bordered=False):
    found = {(30, bordered): across, (20, bordered): down}
    monkeypatch.setattr(
        module, "_lines", lambda values, border: found.get((values.shape[1], border), [])
    )


@pytest.mark.parametrize(
    ("across", "down", "grid"),
    [
        ([(3, 8, 2, 0.9e-3)], [(2, 9, 2, 1e-3)], Grid(2, 3, (9, 8), 2)),
        ([(3, 8, 2, 1.1e-3)], [(2, 9, 2, 1e-3)], None),
        ([(3, 8, 2, 1e-9)], [(2, 9, 3, 1e-9)], None),  # different distances
        ([(6, 8, 2, 1e-9)], [(1, 20, 1, 1.0), (1, 20, 2, 1.0)], Grid(1, 6, (20, 8), 2)),
        ([(1, 30, 1, 1.0), (1, 30, 2, 1.0)], [(6, 8, 1, 1e-9)], Grid(6, 1, (8, 30), 1)),
        ([(5, 8, 2, 1e-9)], [(1, 20, 2, 1.0)], None),
        # The usual width of those that fit, though another one is surer; but more images first.
        (
            [(3, 8, 2, 0.5), (3, 9, 1, 1e-4)], [(2, 9, 2, 0.5), (2, 10, 1, 1e-4)],
            Grid(2, 3, (9, 8), 2),
        ),
        (
            [(3, 8, 1, 1e-4), (4, 8, 3, 1e-4)], [(2, 9, 1, 1e-4), (2, 9, 3, 1e-4)],
            Grid(2, 4, (9, 8), 3),
        ),
    ],
)  # fmt: skip
def test_the_likely_grid_of_lines_is_taken(monkeypatch, across, down, grid):
    lines_are(monkeypatch, across, down)
    assert module._with_lines(PICTURE) == grid
    lines_are(monkeypatch, across, down, bordered=True)
    bordered = None if grid is None else replace(grid, border=grid.gap)
    assert module._with_lines(PICTURE) == bordered


def test_lines_must_be_less_likely_than_a_limit(monkeypatch):
    monkeypatch.setattr(module, "_CHANCE", 2.0**-20)
    for power, found in ((-10, False), (-11, True)):
        lines_are(monkeypatch, [(3, 8, 2, 2.0**-10)], [(2, 9, 2, 2.0**power)])
        assert (module._with_lines(PICTURE) is not None) == found


@pytest.mark.parametrize(
    ("across", "down", "grid"),
    [
        ([(1, 1.0), (3, 1e-2)], [(1, 1.0), (2, 0.09)], Grid(2, 3, (10, 10))),
        ([(1, 1.0), (3, 1e-2)], [(1, 1.0), (2, 0.11)], None),
        ([(1, 1.0), (3, 1e-9)], [(1, 1.0)], None),
        ([(1, 1.0), (6, 1e-9)], [(1, 1.0)], Grid(1, 6, (20, 5))),
        ([(2, 1e-9), (3, 1e-9)], [(2, 1e-9)], Grid(2, 3, (10, 10))),
        ([(3, 1e-9), (2, 1e-9)], [(2, 1e-9)], Grid(2, 3, (10, 10))),
    ],
)  # fmt: skip
def test_the_likely_grid_of_jumps_is_taken(monkeypatch, across, down, grid):
    found = {30: across, 20: down}
    monkeypatch.setattr(module, "_jumps", lambda values: found[values.shape[1]])
    assert module._without_lines(PICTURE) == grid
    monkeypatch.setattr(module, "_CHANCE_OF_JUMPS", 2.0**-10)
    found = {30: [(2, 2.0**-5)], 20: [(2, 2.0**-5)]}
    assert module._without_lines(PICTURE) is None
    found[20] = [(2, 2.0**-6)]
    assert module._without_lines(PICTURE) == Grid(2, 2, (10, 15))


def stepping(usual, **jumps):
    """Columns with jumps between them: so large, but for those after some columns."""
    heights = np.array(usual, float)
    for place, height in jumps.items():
        heights[int(place[1:])] = height
    signs = np.where(np.arange(len(heights)) % 2, -1.0, 1.0)
    line = np.append(0.0, np.cumsum(signs * heights))
    # Rows and channels of other heights, whose mean it is.
    return line[None, :, None] * np.array([0.5, 1.5])[:, None, None] * np.array([0.5, 1.5, 1.0])


@pytest.mark.parametrize(
    ("jumps", "share"),
    [
        ({"c7": 10.0, "c15": 10.0}, 1 / 24), ({"c7": 2.0, "c15": 2.0}, None),
        ({"c7": 2.01, "c15": 2.01}, 1 / 24), ({"c7": 9.0, "c15": 0.99}, None),
        ({"c7": 9.0, "c15": 1.01}, 1 / 24), ({"c7": 10.0, "c8": 10.0}, None),
        # One jump within an image that is twice as large, or nearly.
        ({"c7": 10.0, "c15": 10.0, "c3": 20.1}, None),
        ({"c7": 10.0, "c15": 10.0, "c3": 19.9}, 1 / 21),
    ],
)  # fmt: skip
def test_jumps_between_images_are_larger_than_within(jumps, share):
    found = module._jumps(stepping(np.ones(23), **jumps))
    expected = [] if share is None else [(3, pytest.approx(share**2))]
    assert found == [(1, 1.0), *expected]


def test_images_have_eight_pixels_at_least():
    parts = [many for many, _ in module._jumps(stepping(np.ones(15), c7=10.0))]
    assert parts == [1, 2]
    assert module._jumps(stepping(np.ones(13), c6=10.0)) == [(1, 1.0)]
    # Half of the ends do not jump; the usual jumps are small ones.
    usual = [0.1] * 12 + [1.0] * 11
    assert module._jumps(stepping(usual, c7=9.0, c15=0.51)) == [(1, 1.0), (3, pytest.approx(
        (10 / 21) ** 2))]  # fmt: skip
