import io

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
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
