"""What users write as sample sizes and noise levels."""

import tracemalloc

import numpy as np
import pytest

from convergen.theory import InputError
from convergen.theory.cli.options.grids import (
    collapse_samples,
    collapse_sigmas,
    default_samples,
    parse_levels,
    parse_samples,
)
from convergen.theory.sources.naming import open_source
from convergen.theory.sources.table import load_source


def test_numbers_and_ranges_may_be_mixed():
    np.testing.assert_array_equal(parse_samples("100,10,1:1000:4,10"), [1, 10, 100, 1000])
    np.testing.assert_allclose(parse_levels("0.5:2:3", "--sigma"), [0.5, 1.0, 2.0], rtol=1e-15)
    assert parse_samples("10:20").size == 7


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("x", "cannot read 'x'"),
        ("1:2:3:4", "cannot read"),
        ("5:2", "START < STOP"),
        ("1:10:2.5", "whole COUNT"),
        ("1:10:1e400", "whole COUNT"),
        ("1e400", "infinite"),
        ("0.5,3", "at least 1"),
        ("1:10:10001", "COUNT of at most 10000"),
    ],
)
def test_what_cannot_be_read_is_refused(text, match):
    with pytest.raises(InputError, match=match):
        parse_samples(text)


def test_ranges_beyond_memory_are_refused_before_they_are_made():
    tracemalloc.start()
    with pytest.raises(InputError, match="asks for 1000000000 values"):
        parse_samples("1:10:1000000000")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def law(dim=100):
    return load_source("power-law", dim=dim)


def points(tmp_path, count, dim=6):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((count, dim)))
    return open_source(str(tmp_path / "x.npy"), {})


def test_samples_of_a_prediction_go_with_the_dimension(tmp_path):
    expected = [2, 6, 25, 100, 400, 1600, 6400]
    np.testing.assert_array_equal(default_samples(law(), False), expected)
    # d/64 … 64 d of a small dimension: none below one.
    found = default_samples(points(tmp_path, 50), False)
    np.testing.assert_array_equal(found, [1, 2, 6, 24, 96, 384])


def test_samples_of_a_simulation_stay_small(tmp_path):
    np.testing.assert_array_equal(default_samples(law(), True), [25, 50, 100, 200])
    np.testing.assert_array_equal(default_samples(law(2), True), [1, 2, 4])
    # Two disjoint training sets fit into the data.
    for count, sizes in ((1000, [32, 64, 128, 256]), (1024, [64, 128, 256, 512]), (9, [1, 2, 4]),
                         (2, [1]), (1, [1])):  # fmt: skip
        np.testing.assert_array_equal(default_samples(points(tmp_path, count), True), sizes)


def test_collapse_is_shown_over_decades_or_up_to_what_the_data_resolve(tmp_path):
    np.testing.assert_allclose(collapse_samples(law()), [10.0, 1e2, 1e3, 1e4, 1e5, 1e6])
    found = collapse_samples(points(tmp_path, 4000))
    np.testing.assert_array_equal(found, [10, 32, 100, 316, 1000])
    np.testing.assert_array_equal(collapse_samples(points(tmp_path, 20)), [5])
    scale = np.sqrt(np.sum(1.0 / np.arange(1, 101)) / 100)
    np.testing.assert_allclose(
        collapse_sigmas(law()), scale * np.array([0.5, 1.0, 1.5, 2.0, 3.0, 5.0])
    )


def test_ranges_have_two_ends_and_a_count():
    np.testing.assert_allclose(parse_levels("1:64", "--sigma"), 2.0 ** np.arange(7))
    np.testing.assert_allclose(parse_levels("1:3:2", "--sigma"), [1.0, 3.0])
    np.testing.assert_array_equal(parse_samples("1:10:4"), [1, 2, 5, 10])
    assert parse_levels("1:10:10000", "--sigma").size == 10_000
    for text in ("1:10:1", "3:3", "1:2:", ":", "1:x"):
        with pytest.raises(InputError):
            parse_levels(text, "--sigma")
