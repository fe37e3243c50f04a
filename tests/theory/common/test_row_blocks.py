import numpy as np

from convergen.theory.common.row_blocks import as_float_rows, mean_row, row_blocks, spread_rows


def test_row_blocks_cover_all_rows(monkeypatch):
    monkeypatch.setattr("convergen.theory.common.row_blocks._BLOCK_BYTES", 100)
    raw = np.arange(33.0).reshape(11, 3)
    blocks = list(row_blocks(raw))
    assert [len(block) for block in blocks] == [4, 4, 3]
    assert all(np.shares_memory(block, raw) for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks), raw)


def test_a_row_larger_than_a_block_is_a_block(monkeypatch):
    monkeypatch.setattr("convergen.theory.common.row_blocks._BLOCK_BYTES", 1)
    assert len(list(row_blocks(np.zeros((3, 5, 2))))) == 3


def test_a_block_holds_four_million_numbers_and_rows_may_hold_none(monkeypatch):
    blocks = row_blocks(np.broadcast_to(np.float32(0.0), (4097, 2, 512)))
    assert [len(block) for block in blocks] == [4096, 1]
    monkeypatch.setattr("convergen.theory.common.row_blocks._BLOCK_BYTES", 2)
    assert [len(block) for block in row_blocks(np.zeros((3, 0)))] == [2, 1]


def test_rows_that_are_made_when_asked_for_are_never_all_there(monkeypatch):
    monkeypatch.setattr("convergen.theory.common.row_blocks._BLOCK_BYTES", 100)
    asked = []

    class Made:
        shape = (11, 3)

        def __len__(self):
            return 11

        def __getitem__(self, rows):
            asked.append(rows)
            return np.zeros((rows.stop - rows.start, 3))

    blocks = row_blocks(Made())
    next(blocks)
    assert asked == [slice(0, 4)]


def test_rows_are_flattened_and_converted():
    rows = as_float_rows(np.arange(12, dtype=np.uint8).reshape(2, 3, 2), 6)
    assert rows.dtype == np.float64
    np.testing.assert_array_equal(rows, np.arange(12.0).reshape(2, 6))


def test_the_mean_row_is_found_block_by_block(monkeypatch):
    monkeypatch.setattr("convergen.theory.common.row_blocks._BLOCK_BYTES", 8 * 6 * 3)
    rows = np.random.default_rng(0).integers(0, 9, (10, 2, 3), np.uint8)
    np.testing.assert_allclose(mean_row(rows), rows.reshape(10, 6).mean(axis=0), rtol=1e-15)


def test_rows_are_spread_over_all():
    np.testing.assert_array_equal(spread_rows(5, 5), np.arange(5))
    np.testing.assert_array_equal(spread_rows(3, 9), np.arange(3))
    np.testing.assert_array_equal(spread_rows(101, 5), [0, 25, 50, 75, 100])
    assert len(spread_rows(1797, 512)) == 512
