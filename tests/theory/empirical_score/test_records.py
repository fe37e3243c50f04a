import numpy as np

from convergen.theory.empirical_score.records import QUERY, WORST, read_only


def test_rows_have_the_one_layout_that_kernels_are_compiled_for():
    rows = np.arange(12.0).reshape(3, 4)
    for given in (rows, rows[:, ::-1], np.asfortranarray(rows), rows.astype(np.float32)):
        found = read_only(given, np.dtype(np.float64))
        np.testing.assert_array_equal(found, given)
        assert found.flags.c_contiguous
        assert not found.flags.writeable
        assert found.dtype == np.float64
    # What was given stays writeable, and is copied only if it must be.
    assert rows.flags.writeable
    assert np.shares_memory(read_only(rows, np.dtype(np.float64)), rows)


def test_a_query_counts_what_was_mended_and_sums_in_double_precision():
    kinds = {name: QUERY[name].kind for name in QUERY.names}
    assert kinds.pop("mended") == "i"
    assert set(kinds.values()) == {"f"}
    # Errors of random sign stay within eight standard deviations in some 10¹⁵ numbers.
    from scipy.special import ndtr

    assert 2.0 * ndtr(-WORST) * 1e14 < 1.0 < 2.0 * ndtr(1.0 - WORST) * 1e14
