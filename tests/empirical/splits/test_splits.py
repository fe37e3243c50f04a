import json
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convergen.empirical.data.dataset import DataSet
from convergen.empirical.data.kinds import load_data
from convergen.empirical.splits import splits as splits_module
from convergen.empirical.splits.splits import Splits, split
from convergen.theory.common.checks import InputError
from convergen.theory.data.near_duplicates import DUPLICATE_LIMIT, near_duplicates

RESULTS = resources.files("convergen.empirical") / "results"


def random_data(count, dim=6, groups=None, seed=0):
    points = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    return DataSet(points, "random", groups=groups)


def assert_disjoint(splits, names):
    """No name is that of rows of two parts."""
    parts = [set(names[rows].tolist()) for rows in (splits.a, splits.b, splits.held_out)]
    assert sum(len(part) for part in parts) == len(set.union(*parts))


@settings(max_examples=60, deadline=None)
@given(count=st.integers(4, 80), seed=st.integers(0, 2**32), draw=st.data())
def test_disjoint_nested_and_of_the_right_sizes(count, seed, draw):
    data = random_data(count)
    largest = count // 2
    samples = draw.draw(st.lists(st.integers(1, largest), min_size=1, max_size=4))
    splits = split(data, samples, seed, duplicate_limit=None)
    assert len(splits.a) == len(splits.b) == max(samples)
    everything = np.concatenate([splits.a, splits.b, splits.held_out])
    np.testing.assert_array_equal(np.sort(everything), np.arange(count))
    for n in samples:
        for side in "ab":
            rows = splits.indices(n, side)
            assert rows.dtype == np.int64
            assert rows.shape == (n,)
            np.testing.assert_array_equal(rows, splits.indices(max(samples), side)[:n])
    again = split(data, samples, seed, duplicate_limit=None)
    assert again.digest == splits.digest
    # A smaller largest n only takes less.
    smaller = split(data, [1], seed, duplicate_limit=None)
    np.testing.assert_array_equal(smaller.a, splits.a[:1])
    np.testing.assert_array_equal(smaller.b, splits.b[:1])


def test_other_seeds_give_other_splits():
    data = random_data(60)
    digests = {split(data, [10], seed).digest for seed in range(20)}
    assert len(digests) == 20
    first = {tuple(sorted(split(data, [10], seed).a.tolist())) for seed in range(20)}
    assert len(first) == 20


def test_every_row_is_as_likely_on_either_side():
    data = random_data(20)
    trials = 2000
    found = np.zeros((2, 20))
    for seed in range(trials):
        splits = split(data, [5], seed, duplicate_limit=None)
        found[0, splits.a] += 1
        found[1, splits.b] += 1
    z = (found - trials / 4) / np.sqrt(trials * 3 / 16)
    assert np.abs(z).max() < 4.0


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=6, max_size=40),
    seed=st.integers(0, 2**32),
    copies=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8),
)
def test_groups_and_copies_stay_on_one_side(sizes, seed, copies):
    groups = np.random.default_rng(1).permutation(np.repeat(np.arange(len(sizes)), sizes))
    data = random_data(len(groups), groups=groups)
    points = data.points.copy()
    for i, j in copies:
        points[-1 - i] = -2.0 * points[j]
    data = replace(data, points=points)
    try:
        splits = split(data, [max(1, len(groups) // 4)], seed)
    except InputError as error:
        largest = int(str(error).rsplit("at most ", 1)[1].rstrip("."))
        if largest == 0:
            return
        splits = split(data, [largest], seed)
    labels = near_duplicates(points, DUPLICATE_LIMIT)
    for names in (groups, labels):
        assert_disjoint(splits, names)


def test_few_rows_come_from_many_groups():
    groups = np.repeat(np.arange(60), 50)
    data = random_data(3000, groups=groups)
    splits = split(data, [16], 3, duplicate_limit=None)
    assert len(np.unique(groups[splits.a])) > 8
    assert abs(len(splits.held_out) / 3000 - 0.125) < 0.03
    # Group-wise too, the sets of small n do not depend on the largest.
    larger = split(data, [16, 1000], 3, duplicate_limit=None)
    np.testing.assert_array_equal(larger.indices(16, "a"), splits.a)
    np.testing.assert_array_equal(larger.held_out, splits.held_out)


def test_largest_n_is_the_one_that_is_named():
    data = random_data(21)
    with pytest.raises(InputError, match=r"n = 11 is too large .* 21 points .* at most 10\."):
        split(data, [4, 11], 0)
    assert len(split(data, [10], 0).held_out) == 1


def test_largest_n_with_duplicates():
    points = np.random.default_rng(0).standard_normal((30, 5)).astype(np.float32)
    points[10:] = points[10]
    data = DataSet(points, "copies")
    with pytest.raises(InputError, match=r"near-duplicates .* at most \d+\.") as caught:
        split(data, [14], 0)
    largest = int(str(caught.value).rsplit("at most ", 1)[1].rstrip("."))
    assert 1 <= largest <= 10
    assert len(split(data, [largest], 0).a) == largest
    with pytest.raises(InputError, match=f"at most {largest}"):
        split(data, [largest + 1], 0)
    assert len(split(data, [15], 0, duplicate_limit=None).a) == 15


def test_points_that_are_all_alike_cannot_be_divided():
    alike = DataSet(1.0 + 0.01 * random_data(20).points, "alike")
    with pytest.raises(InputError, match=r"cannot be divided \(near-duplicates .*: give more"):
        split(alike, [1], 0, duplicate_limit=0.5)


def test_test_rows_that_are_needed():
    data = random_data(20)
    assert len(split(data, [8], 0, held_out=4).held_out) == 4
    with pytest.raises(InputError, match="leave 4 of the 20 points"):
        split(data, [8], 0, held_out=5)
    with pytest.raises(InputError, match=r"held_out must be .*at least 0"):
        split(data, [8], 0, held_out=-1)
    assert len(split(data, [10], 0).held_out) == 0


def test_near_duplicates_of_two_data_sets_are_remembered(monkeypatch):
    searched = []
    monkeypatch.setattr(
        splits_module, "near_duplicates", lambda points, _: searched.append(1) or np.arange(20)
    )
    splits_module._clusters.cache_clear()
    one, two, three = (random_data(20, seed=seed) for seed in (5, 6, 7))
    for data, count in ((one, 1), (two, 2), (one, 2), (two, 2), (three, 3), (one, 4)):
        split(data, [3], 0)
        assert len(searched) == count
    splits_module._clusters.cache_clear()


def test_known_laws_have_no_duplicates():
    data = load_data("power-law", dim=4, alpha=8.0, count=100)
    assert len(np.unique(near_duplicates(data.points, DUPLICATE_LIMIT))) < 20
    splits = split(data, [50], 0)
    assert splits.limit is None


def test_one_duplicate_limit_for_splits_and_experiments():
    from convergen.empirical.experiment.declared.declaration import SplitSettings

    assert SplitSettings().duplicate_limit == split(random_data(20), [3], 0).limit == 0.999


def test_digits_keep_their_numbers():
    data = load_data("digits")
    splits = split(data, [4, 768], 0)
    assert len(splits.held_out) >= 1797 - 2 * 768 - 2
    assert_disjoint(splits, near_duplicates(data.points, DUPLICATE_LIMIT))


@pytest.mark.parametrize("name", ["digits-unet", "field8-unet"])
def test_shipped_experiments_are_divided_as_they_were(name):
    import h5py

    with h5py.File(str(RESULTS / f"{name}.nc")) as result:
        experiment = json.loads(result.attrs["experiment"])
        recorded = json.loads(result.attrs["split_digests"])
    data = load_data(**experiment["data"])
    for seed, digest in recorded.items():
        assert split(data, experiment["samples"], int(seed)).digest == digest


def test_patches_share_no_pixel_across_sides():
    data = load_data("patches", count=6000)
    splits = split(data, [1000], 0)
    assert_disjoint(splits, data.groups)
    assert_disjoint(splits, near_duplicates(data.points, DUPLICATE_LIMIT))
    assert len(splits.held_out) > 500


@pytest.mark.parametrize(
    ("samples", "words"), [([], "empty"), ([0], "at least 1"), ([2.5], "whole number")]
)
def test_bad_samples(samples, words):
    with pytest.raises(InputError, match=words):
        split(random_data(10), samples, 0)


def test_bad_sides_and_sizes():
    splits = split(random_data(10), [3], 0)
    with pytest.raises(InputError, match="sides 'a' and 'b'"):
        splits.indices(3, "c")
    with pytest.raises(InputError, match="up to 3"):
        splits.indices(4, "a")
    with pytest.raises(ValueError, match="read-only"):
        splits.a[0] = 1


def test_too_few_groups():
    with pytest.raises(InputError, match=r"has 2 group\(s\)"):
        split(random_data(10, groups=np.arange(10) % 2), [2], 0)


def test_saved_and_loaded(tmp_path):
    data = random_data(30)
    splits = split(data, [3, 12], 7)
    splits.save(tmp_path / "splits.npz")
    found = Splits.load(tmp_path / "splits.npz", data)
    assert found.digest == splits.digest
    assert (found.samples, found.seed, found.limit) == ((3, 12), 7, DUPLICATE_LIMIT)
    np.testing.assert_array_equal(found.indices(3, "b"), splits.indices(3, "b"))


def test_altered_file(tmp_path):
    data = random_data(30)
    path = tmp_path / "splits.npz"
    split(data, [3, 12], 7).save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays["a"][[0, 1]] = arrays["a"][[1, 0]]
    np.savez(path, **arrays)
    with pytest.raises(InputError, match="does not match its digest"):
        Splits.load(path, data)
    header = json.loads(arrays["header"].tobytes()) | {"surprise": 1}
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(path, **arrays)
    with pytest.raises(InputError, match="does not hold splits"):
        Splits.load(path, data)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 damaged", None])
def test_damaged_file(tmp_path, content):
    data = random_data(30)
    path = tmp_path / "splits.npz"
    split(data, [3], 7).save(path)
    path.write_bytes(path.read_bytes()[:-40] if content is None else content)
    with pytest.raises(InputError, match="cannot be read"):
        Splits.load(path, data)
    with pytest.raises(InputError, match="cannot be opened"):
        Splits.load(tmp_path / "missing.npz", data)
    with pytest.raises(InputError, match="does not hold splits"):
        Splits.load(tmp_path, data)


def test_other_data(tmp_path):
    split(random_data(30), [3], 7).save(tmp_path / "splits.npz")
    with pytest.raises(InputError, match="made for other data"):
        Splits.load(tmp_path / "splits.npz", random_data(30, seed=1))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"b": np.array([2, 4, 6])}, "not disjoint"),
        ({"held_out": np.array([0])}, "not disjoint"),
        ({"b": np.array([9, 20, 6])}, "does not have"),
        ({"b": np.array([9, -1, 6])}, "does not have"),
        ({"b": np.array([1, 4, 5])}, "near-duplicates on two sides"),
        ({"held_out": np.array([1])}, "near-duplicates on two sides"),
        ({"b": np.array([13, 4, 5])}, "one group on two sides"),
        ({"held_out": np.array([13])}, "one group on two sides"),
    ],
)
def test_wrong_splits_with_a_right_digest(tmp_path, change, words):
    groups = np.arange(20)
    groups[13] = 0
    data = random_data(20, groups=groups)
    points = data.points.copy()
    points[1] = -points[0]
    data = replace(data, points=points)
    rows = {"a": np.array([0, 2, 3]), "b": np.array([9, 8, 6]), "held_out": np.array([10])}
    wrong = Splits(
        **(rows | change), samples=(3,), seed=0, limit=0.99, fingerprint=data.fingerprint
    )
    wrong.save(tmp_path / "splits.npz")
    with pytest.raises(InputError, match=words):
        Splits.load(tmp_path / "splits.npz", data)


def test_splits_need_not_use_the_first_row_nor_the_last(tmp_path):
    data = random_data(20)
    rows = {"a": np.array([1, 2, 3]), "b": np.array([4, 5, 6]), "held_out": np.array([18])}
    splits = Splits(**rows, samples=(3,), seed=0, limit=None, fingerprint=data.fingerprint)
    splits.save(tmp_path / "splits.npz")
    np.testing.assert_array_equal(Splits.load(tmp_path / "splits.npz", data).a, rows["a"])


def test_unwritable(tmp_path):
    splits = split(random_data(10), [3], 0)
    with pytest.raises(InputError, match="must end in"):
        splits.save(tmp_path / "splits.npy")
    with pytest.raises(InputError, match="does not exist"):
        splits.save(tmp_path / "nowhere" / "splits.npz")
