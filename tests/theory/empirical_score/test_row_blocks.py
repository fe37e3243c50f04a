import mmap

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.empirical_score.row_blocks import ArrayBlocks, IterableBlocks, as_blocks


class Shards:
    """Blocks that are made afresh on each pass."""

    def __init__(self, *blocks):
        self.blocks, self.passes = blocks, 0

    def __iter__(self):
        self.passes += 1
        yield from self.blocks


def points(n=23, shape=(2, 3), dtype=np.float64):
    return np.random.default_rng(0).uniform(0.0, 9.0, (n, *shape)).astype(dtype)


def joined(blocks):
    return np.concatenate(list(blocks))


@pytest.mark.parametrize("rows", [1, 5, 23, 100])
def test_array_in_blocks_of_any_size(rows):
    data = points()
    blocks = as_blocks(data, rows)
    assert blocks.shape == (2, 3)
    sizes = [len(block) for block in blocks]
    assert max(sizes) <= rows
    assert len(sizes) == -(-23 // rows)
    for _ in range(2):
        np.testing.assert_array_equal(joined(blocks), data.reshape(23, 6))


def test_default_blocks_bound_the_memory():
    data = np.lib.stride_tricks.as_strided(np.ones(1), (5000, 2048), (0, 0))
    sizes = [block.nbytes for block in as_blocks(data)]
    assert max(sizes) == 16 * 2**20
    assert sum(sizes) == 5000 * 2048 * 8
    wide = np.lib.stride_tricks.as_strided(np.ones(1), (200, 2**17), (0, 0))
    assert next(iter(as_blocks(wide))).shape == (64, 2**17)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("float32", "float32"), ("float64", "float64"), ("float16", "float32"),
        ("uint8", "float32"), ("int16", "float32"), ("bool", "float32"),
        ("int32", "float64"), ("int64", "float64"),
    ],
)  # fmt: skip
def test_precision_holds_every_value(given, used):
    data = points(dtype=given)
    for blocks in (as_blocks(data), as_blocks([data[:4], data[4:]])):
        assert blocks.dtype == used
        assert all(block.dtype == used for block in blocks)
        np.testing.assert_array_equal(joined(blocks), data.reshape(23, 6).astype(used))
        assert blocks.take(np.array([3])).dtype == used


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_memory_map_read_again_and_again(tmp_path, mode):
    """Pages are let go after each block; a copy-on-write map keeps what was written to it."""
    data = points(5000, (50,))
    np.save(tmp_path / "data.npy", data)
    mapped = np.load(tmp_path / "data.npy", mmap_mode=mode)
    if mode == "c":
        data[7], mapped[7] = 1.0, 1.0
    for source in (mapped, mapped[100:4000], mapped[::3], mapped.reshape(5000, 10, 5)):
        blocks = as_blocks(source, 700)
        expected = data if source.shape[0] == 5000 else data[100:4000]
        expected = data[::3] if source.shape[0] == 1667 else expected
        for _ in range(2):
            np.testing.assert_array_equal(joined(blocks), expected)
    np.testing.assert_array_equal(np.load(tmp_path / "data.npy")[8:], data[8:])


@pytest.mark.parametrize("kind", ["array", "list", "shards"])
def test_rows_by_index_in_any_order_and_repeated(kind):
    data = points()
    shards = [data[:10], data[10:11], data[11:11], data[11:]]
    source = {"array": data, "list": shards, "shards": Shards(*shards)}[kind]
    indices = np.array([22, 0, 10, 10, 11, 9])
    rows = as_blocks(source, 4).take(indices)
    np.testing.assert_array_equal(rows, data.reshape(23, 6)[indices])
    assert as_blocks(source).take(np.array([], dtype=np.int64)).shape == (0, 6)


def test_iterables_start_afresh_on_each_pass():
    data = points()
    source = Shards(data[:20], data[20:])
    blocks = as_blocks(source)
    assert isinstance(blocks, IterableBlocks)
    for _ in range(3):
        np.testing.assert_array_equal(joined(blocks), data.reshape(23, 6))
    assert source.passes == 4  # the first looks at shape and dtype


def test_lists_of_points_and_lists_of_blocks_are_told_apart():
    assert isinstance(as_blocks([[1.0, 2.0], [3.0, 4.0]]), ArrayBlocks)
    assert isinstance(as_blocks([np.ones(2), np.zeros(2)]), ArrayBlocks)
    assert isinstance(as_blocks((np.ones((3, 2)), np.ones((1, 2)))), IterableBlocks)
    assert isinstance(as_blocks([np.ones((3, 2))]), IterableBlocks)
    # The first one tells; that another is none is found when it is read.
    assert isinstance(as_blocks([np.ones((3, 2)), np.ones(2)]), IterableBlocks)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.ones(3), r"data has shape \(3,\), but one point a row"),
        (np.ones((0, 3)), r"\(0, 3\): give at least one point"),
        (np.ones((3, 0)), r"shape \(3, 0\)"),
        (5.0, "not float"),
        ([[1.0, 2.0], [3.0]], "rows of different lengths"),
        ([], "data has shape"),
        (np.ones((2, 2), complex), "real numbers, but has dtype complex128"),
        (np.array([["a", "b"]]), "real numbers"),
        ((block for block in [np.ones((2, 2))]), "only once"),
        (Shards(), "no blocks"),
        (Shards(np.ones(3)), "one point a row"),
        (Shards(np.ones((2, 3), complex)), "real numbers"),
    ],
)
def test_bad_data(data, message):
    with pytest.raises(InputError, match=message):
        as_blocks(data)


@pytest.mark.parametrize(
    "second", [np.ones((2, 4)), np.ones((2, 3), np.float32), np.ones((2, 3, 1))]
)
def test_blocks_that_differ(second):
    blocks = as_blocks([np.ones((2, 3)), second])
    with pytest.raises(InputError, match="the first one of shape"):
        joined(blocks)


def test_points_without_coordinates_are_blocks_like_any_other():
    (block,) = ArrayBlocks(np.zeros((3, 0)))
    assert block.shape == (3, 0)


@pytest.mark.parametrize("mode", ["r", "c", None])
def test_pages_of_a_map_are_let_go_once_they_were_read(tmp_path, mode, monkeypatch):
    """Whole pages from the one where a block begins; none of arrays and copy-on-write maps."""
    advice = []

    class Watched(mmap.mmap):
        def madvise(self, *given):
            advice.append(given)
            return super().madvise(*given)

    monkeypatch.setattr(mmap, "mmap", Watched)
    page = mmap.PAGESIZE
    data = np.arange(5.0 * page).reshape(-1, 64)  # rows of an eighth of a page of 4096 bytes
    path = tmp_path / "data.bin"
    data.tofile(path)
    source = data if mode is None else np.memmap(path, np.float64, mode, shape=data.shape)
    rows = page // 512
    for first, size in ((0, 2 * rows), (rows + 3, rows)):
        advice.clear()
        expected = []
        stop = first + 2 * size
        for start, block in zip(
            (first, first + size), as_blocks(source[first:stop], size), strict=True
        ):
            np.testing.assert_array_equal(block, data[start : start + size])
            begin = start * 512 // page * page
            expected.append((mmap.MADV_DONTNEED, begin, (start + size) * 512 - begin))
        assert advice == (expected if mode == "r" else [])


def test_blocks_of_floats_are_views():
    data = points()
    for blocks in (as_blocks(data, 5), as_blocks([data[:5], data[5:]])):
        assert all(np.shares_memory(block, data) for block in blocks)
