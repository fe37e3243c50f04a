import tracemalloc

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.spectra import principal_components as covariance
from convergen.theory.spectra.principal_components import principal_components
from tests.options import unsaid

TALL, WIDE = (60, 12), (12, 60)  # covariance and Gram regime


def naive_covariance(data, center=True):
    x = np.asarray(data, dtype=np.float64).reshape(len(data), -1)
    if center:
        x = x - x.mean(axis=0)
    return x.T @ x / len(x)


def rebuilt(parts):
    r = parts.eigenvectors.shape[1]
    return (parts.eigenvectors * parts.eigenvalues[:r]) @ parts.eigenvectors.T


def coloured(shape, seed=0):
    """Normal data with standard deviations from 1 to 3 and means of about 2."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) * np.linspace(1, 3, shape[1]) + rng.normal(2, 1, shape[1])


def assert_same(parts, expected, rtol=1e-12):
    """Compare what is unique: eigenvalues and the covariance (eigenvectors have free signs)."""
    largest = expected.eigenvalues[0]
    assert parts.eigenvectors.shape == expected.eigenvectors.shape
    np.testing.assert_allclose(parts.eigenvalues, expected.eigenvalues, rtol=0, atol=rtol * largest)
    np.testing.assert_allclose(rebuilt(parts), rebuilt(expected), rtol=0, atol=rtol * largest)
    np.testing.assert_allclose(parts.mean, expected.mean, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("shape", [TALL, WIDE, (20, 20)])
def test_agrees_with_dense_eigh(shape, center):
    data = coloured(shape)
    parts = principal_components(data, center=center)
    covariance = naive_covariance(data, center)
    values, vectors = np.linalg.eigh(covariance)
    np.testing.assert_allclose(parts.eigenvalues, values[::-1], rtol=1e-11, atol=1e-13 * values[-1])
    r = min(*shape, shape[0] - center)
    assert parts.eigenvectors.shape == (shape[1], r)
    overlap = np.abs(np.sum(parts.eigenvectors * vectors[:, ::-1][:, :r], axis=0))
    np.testing.assert_allclose(overlap, 1.0, atol=1e-10)
    np.testing.assert_allclose(rebuilt(parts), covariance, atol=1e-12 * values[-1])
    expected_mean = data.mean(axis=0) if center else np.zeros(shape[1])
    np.testing.assert_allclose(parts.mean, expected_mean, rtol=1e-13)
    assert parts.samples == shape[0]


def test_known_covariance_is_divided_by_samples():
    # Rows ±3e₁ and ±4e₂: Σ = diag(2·9, 2·16)/4.
    parts = principal_components([[3, 0], [-3, 0], [0, 4], [0, -4]])
    np.testing.assert_allclose(parts.eigenvalues, [8.0, 4.5], rtol=1e-15)
    np.testing.assert_allclose(np.abs(parts.eigenvectors), [[0, 1], [1, 0]], atol=1e-15)


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("shape", [TALL, WIDE])
@pytest.mark.parametrize("block", [1, 7, 1000])
def test_block_size_does_not_matter(shape, block, center):
    data = coloured(shape)
    whole = principal_components(data, center=center)
    assert_same(principal_components(data, center=center, block_rows=block), whole)


@pytest.mark.parametrize("shape", [TALL, WIDE])
def test_memory_map_equals_array_and_is_left_alone(tmp_path, shape):
    data = coloured(shape).astype(np.float32)
    np.save(tmp_path / "data.npy", data)
    mapped = np.load(tmp_path / "data.npy", mmap_mode="r")
    assert_same(principal_components(mapped, block_rows=5), principal_components(data), rtol=1e-14)
    np.testing.assert_array_equal(mapped, data)


@pytest.mark.parametrize("shape", [TALL, WIDE, (30, 29), (29, 30)])
def test_the_smaller_matrix_is_diagonalised(monkeypatch, shape):
    sizes, eigh = [], np.linalg.eigh
    monkeypatch.setattr(np.linalg, "eigh", lambda m: sizes.append(m.shape) or eigh(m))
    principal_components(coloured(shape))
    assert sizes == [(min(shape), min(shape))]


@pytest.mark.parametrize("shape", [TALL, WIDE])
def test_input_array_is_not_changed(shape):
    data = coloured(shape)
    before = data.copy()
    principal_components(data)
    np.testing.assert_array_equal(data, before)


@pytest.mark.parametrize("shape", [(40_000, 20), (20, 40_000)])
def test_only_blocks_become_float64(tmp_path, shape):
    np.save(tmp_path / "data.npy", np.random.default_rng(1).integers(0, 255, shape, dtype=np.uint8))
    mapped = np.load(tmp_path / "data.npy", mmap_mode="r")
    tracemalloc.start()
    try:
        parts = principal_components(mapped, block_rows=500)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    whole = 8 * mapped.size
    result = parts.eigenvectors.nbytes + parts.eigenvalues.nbytes + parts.mean.nbytes
    assert peak < result + whole / 8


@pytest.mark.parametrize("shape", [(3000, 6), (6, 300)])
def test_large_mean_costs_no_digits(shape):
    noise = np.random.default_rng(2).standard_normal(shape)
    data = noise + 1e8
    parts = principal_components(data, block_rows=100)
    sigma = naive_covariance(data - 1e8)  # this difference is exact
    exact = np.linalg.eigvalsh(sigma)[::-1]
    r = parts.eigenvectors.shape[1]
    assert r == min(shape[0] - 1, shape[1])
    np.testing.assert_allclose(parts.eigenvalues[:r], exact[:r], rtol=1e-12)
    np.testing.assert_allclose(rebuilt(parts), sigma, atol=1e-12 * exact[0])
    true = np.linalg.eigvalsh(naive_covariance(noise))[::-1]  # before 1e8 rounded the data
    np.testing.assert_allclose(parts.eigenvalues[:r], true[:r], rtol=1e-6)


@pytest.mark.parametrize(("shape", "rank"), [((50, 10), 4), ((10, 50), 4), ((30, 30), 7)])
def test_rank_deficiency_gives_exact_zeros(shape, rank):
    rng = np.random.default_rng(3)
    data = rng.standard_normal((shape[0], rank)) @ rng.standard_normal((rank, shape[1]))
    parts = principal_components(data)
    assert parts.eigenvalues.shape == (shape[1],)
    assert np.all(parts.eigenvalues[:rank] > 0)
    assert np.all(parts.eigenvalues[rank:] == 0)
    assert parts.eigenvectors.shape == (shape[1], rank)
    np.testing.assert_allclose(rebuilt(parts), naive_covariance(data), atol=1e-12)


def test_centring_removes_one_rank_in_the_gram_regime():
    data = coloured(WIDE)
    assert np.count_nonzero(principal_components(data).eigenvalues) == 11
    assert np.count_nonzero(principal_components(data, center=False).eigenvalues) == 12


def test_constant_columns_give_exact_zeros():
    data = coloured(TALL)
    data[:, 3:5] = 0.1  # its float64 sum over 60 rows, divided by 60, is not 0.1
    assert np.full(60, 0.1).sum() / 60 != 0.1
    parts = principal_components(data)
    assert np.count_nonzero(parts.eigenvalues) == 10
    np.testing.assert_allclose(parts.eigenvectors[3:5], 0, atol=1e-14)
    assert np.all(parts.mean[3:5] == 0.1)


@pytest.mark.parametrize("shape", [TALL, (9, 60)])
def test_repeated_rows_leave_the_spectrum(shape):
    data = coloured(shape)
    once, thrice = principal_components(data), principal_components(np.repeat(data, 3, axis=0))
    assert thrice.samples == 3 * once.samples
    assert_same(thrice, once)


@pytest.mark.parametrize("decades", [0, 3, 7])
@pytest.mark.parametrize("shape", [(80, 30), (30, 80)])
def test_axes_are_orthonormal_eigenvectors_however_steep_the_spectrum(shape, decades):
    rng = np.random.default_rng(4)
    left = np.linalg.qr(rng.standard_normal((shape[0], 30)))[0]
    right = np.linalg.qr(rng.standard_normal((shape[1], 30)))[0]
    data = (left * 10 ** -np.linspace(0, decades, 30)) @ right.T
    parts = principal_components(data, center=False)
    r = parts.eigenvectors.shape[1]
    assert r >= 27
    np.testing.assert_allclose(parts.eigenvectors.T @ parts.eigenvectors, np.eye(r), atol=2e-13)
    covariance = naive_covariance(data, center=False)
    residual = covariance @ parts.eigenvectors - parts.eigenvectors * parts.eigenvalues[:r]
    assert np.abs(residual).max() < 1e-14 * parts.eigenvalues[0] * 30


def test_eigenvalues_are_descending_float64():
    values = principal_components(coloured(TALL).astype(np.float32)).eigenvalues
    assert values.dtype == np.float64
    assert np.all(np.diff(values) < 0)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int64", "float16", ">f4", "float64"])
@pytest.mark.parametrize("shape", [TALL, WIDE])
def test_every_real_dtype_is_accepted(dtype, shape):
    data = np.random.default_rng(5).integers(0, 2, shape).astype(dtype)
    assert_same(principal_components(data), principal_components(data.astype(np.float64)), 1e-14)


@pytest.mark.parametrize("shape", [(50, 4, 3, 2), (10, 4, 5, 3), (10, 1, 4, 9), (10, 6, 5)])
@pytest.mark.parametrize("layout", ["C", "F", "strided"])
def test_images_are_flattened_in_c_order(shape, layout):
    images = np.random.default_rng(6).integers(0, 256, shape, dtype=np.uint8)
    flat = principal_components(images.reshape(shape[0], -1).astype(np.float64))
    given = {
        "C": images,
        "F": np.asfortranarray(images),
        "strided": np.repeat(images, 2, axis=2)[:, :, ::2],
    }[layout]
    assert_same(principal_components(given, block_rows=7), flat)


@pytest.mark.parametrize("shape", [TALL, WIDE])
@pytest.mark.parametrize("scale", [1e130, 1e-130])
def test_extreme_units_only_rescale(shape, scale):
    data = coloured(shape)
    plain, scaled = principal_components(data), principal_components(data * scale)
    np.testing.assert_allclose(
        scaled.eigenvalues / scale**2, plain.eigenvalues, rtol=1e-11, atol=1e-14
    )
    assert scaled.eigenvectors.shape == plain.eigenvectors.shape


@pytest.mark.parametrize("shape", [TALL, WIDE])
@pytest.mark.parametrize("scale", [1e141, 1e308])
def test_overflow_is_refused(shape, scale):
    data = np.random.default_rng(7).uniform(-1, 1, shape) * scale
    data.flat[17] = -scale
    with pytest.raises(
        InputError, match=r"data reaches \S+e\+\d+, .* divide the data by a constant"
    ):
        principal_components(data)


@pytest.mark.parametrize("shape", [TALL, WIDE])
@pytest.mark.parametrize("scale", [1e-150, 1e-300])
def test_underflow_is_refused(shape, scale):
    with pytest.raises(InputError, match=r"no variance.* multiply tiny values by a constant"):
        principal_components(np.random.default_rng(8).uniform(-1, 1, shape) * scale)


@pytest.mark.parametrize("shape", [TALL, WIDE])
def test_constant_data_is_refused(shape):
    with pytest.raises(InputError, match=r"every column is constant .*: give samples that differ"):
        principal_components(np.full(shape, 0.1))
    with pytest.raises(InputError, match="every column is zero"):
        principal_components(np.zeros(shape), center=False)


@pytest.mark.parametrize("shape", [TALL, WIDE])
@pytest.mark.parametrize("dtype", [np.float64, np.float16])
@pytest.mark.parametrize("block_bytes", [1, 500, 2**20])
def test_nonfinite_values_are_counted_and_located(monkeypatch, shape, dtype, block_bytes):
    monkeypatch.setattr(covariance, "_BLOCK_BYTES", block_bytes)
    data = coloured(shape).astype(dtype)
    data[7, 2], data[11, 0], data[5, 9] = np.nan, np.inf, -np.inf
    with pytest.raises(InputError, match=r"holds 3 value\(s\) that are NaN .* first in row 5 "):
        principal_components(data, block_rows=3)


def test_infinity_in_the_first_row_is_located():
    data = coloured(TALL)
    data[0, 1] = data[40, 3] = np.inf
    with pytest.raises(InputError, match=r"holds 2 value\(s\) .* first in row 0 "):
        principal_components(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.ones(5), r"must have shape \(samples, features\).*not \(5,\): reshape"),
        (3.0, r"not \(\): reshape"),
        (np.ones((1, 4)), r"has 1 row\(s\).* at least 2"),
        (np.ones((0, 4)), r"has 0 row\(s\)"),
        (np.ones((4, 0)), r"shape \(4, 0\) has no column"),
        (np.ones((4, 3, 0)), r"shape \(4, 3, 0\) has no column"),
        (np.ones((4, 3)) * 1j, "dtype complex128: convert"),
        (np.array([["a", "b"], ["c", "d"]]), "dtype <U1: convert"),
        (np.array([[1, None], [2, 3]]), "dtype object: convert"),
        (np.ones((4, 3), dtype="datetime64[s]"), "dtype datetime64"),
        ([[1.0, 2.0], [3.0]], "rows of different lengths"),
    ],
)
def test_unusable_input_is_refused(data, message):
    with pytest.raises(InputError, match=message):
        principal_components(data)


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="no wider float here")
def test_extended_precision_is_refused():
    with pytest.raises(InputError, match="at most 64 bits, but has dtype"):
        principal_components(coloured(TALL).astype(np.longdouble))


@pytest.mark.parametrize("block", [0, -3, 2.5])
def test_block_size_must_be_positive(block):
    with pytest.raises(InputError, match="block_rows must be a whole number of at least 1"):
        principal_components(coloured(TALL), block_rows=block)


@pytest.mark.parametrize("center", [True, False])
def test_left_singular_vectors_are_known_with_few_rows(center):
    data = np.random.default_rng(8).standard_normal((12, 40)) + 3.0
    found = principal_components(data, center=center)
    roots = np.sqrt(len(data) * found.eigenvalues[: found.left.shape[1]])
    rebuilt = (found.left * roots) @ found.eigenvectors.T + found.mean
    np.testing.assert_allclose(rebuilt, data, atol=1e-10)
    assert principal_components(data.T, center=center).left is None


def test_the_first_row_with_a_value_that_is_not_finite_is_named_whatever_the_block(monkeypatch):
    data = np.ones((9, 4))
    data[[0, 5, 8], [1, 2, 3]] = np.nan, np.inf, np.nan
    monkeypatch.setattr(covariance, "_BLOCK_BYTES", 8 * 4 * 2)
    with pytest.raises(InputError, match=r"holds 3 value\(s\) that are NaN or infinite, .* row 0 "):
        principal_components(data)
    with pytest.raises(InputError, match=r"holds 2 value\(s\) .*, the first in row 4 "):
        principal_components(data[1:])


def test_blocks_fill_64_mebibytes_unless_their_size_is_given(monkeypatch):
    for name in ("_from_covariance", "_from_gram"):
        monkeypatch.setattr(
            covariance, name, lambda array, features, center, size: (features, center, size)
        )
    assert principal_components(np.zeros((9, 2))) == (2, True, 2**26 // 16)
    assert principal_components(np.zeros((4, 3, 5)), center=False) == (15, False, 2**26 // 32)
    assert principal_components(np.zeros((9, 2)), block_rows=5) == (2, True, 5)
    monkeypatch.setattr(covariance, "_BLOCK_BYTES", 15)
    assert principal_components(np.zeros((9, 2))) == (2, True, 1)


def test_rows_are_searched_for_what_is_not_finite_in_blocks_of_memory(monkeypatch):
    shapes, isfinite = [], np.isfinite
    monkeypatch.setattr(np, "isfinite", lambda rows: shapes.append(rows.shape) or isfinite(rows))
    data = np.ones((5, 2, 2))
    data[3, 1, 0] = np.nan
    for size, expected in ((1, [1] * 5), (95, [2, 2, 1]), (96, [3, 2]), (97, [3, 2])):
        shapes.clear()
        monkeypatch.setattr(covariance, "_BLOCK_BYTES", size)
        with pytest.raises(InputError) as caught:
            covariance._refuse_nonfinite(data)
        assert shapes == [(rows, 2, 2) for rows in expected]
        assert str(caught.value) == (
            "data holds 1 value(s) that are NaN or infinite, the first in row 3 (counted from 0): "
            "remove or replace them."
        )


def test_the_covariance_is_taken_of_square_data():
    assert principal_components(coloured((6, 6))).left is None


def test_axes_that_are_orthonormal_are_left_alone(monkeypatch):
    monkeypatch.setattr(np.linalg, "qr", None)
    assert principal_components(coloured(WIDE)).eigenvectors.shape == (60, 11)


def test_limits_of_rounding_and_of_what_has_no_variance(monkeypatch):
    limit = 5 * np.finfo(float).eps
    for least, rank in ((limit, 2), (np.nextafter(limit, 0.0), 1)):
        values, vectors = covariance._descending(np.diag([least, 1.0]), 5, True)
        assert values.tolist() == [1.0, least][:rank]
        assert vectors.shape == (2, rank)
    monkeypatch.setattr(covariance, "_SMALLEST_VARIANCE", 0.0625)
    assert principal_components([[0.25], [-0.25]]).eigenvalues.tolist() == [0.0625]
    with pytest.raises(InputError) as caught:
        principal_components([[0.125], [-0.125]], center=False)
    assert str(caught.value) == (
        "data has no variance, every column is zero to within 0.25: give samples that differ, or "
        "multiply tiny values by a constant."
    )


def test_the_largest_values():
    largest = 1e140
    assert principal_components([[largest], [-largest]]).eigenvalues == pytest.approx(1e280)
    for sign in (1.0, -1.0):
        with pytest.raises(InputError) as caught:
            principal_components([[sign * 2.0 * largest], [0.0]])
        assert str(caught.value) == (
            "data reaches 2e+140, but values beyond 1e+140 could overflow the covariance: divide "
            "the data by a constant."
        )


def test_eigenvalues_closer_than_the_error_of_the_solver_are_one():
    """Which is that of the largest eigenvalue, however small the two are."""
    values = np.array([1.0, 1e-3, 1e-3 - 1e-15])
    parts = covariance.PrincipalComponents(values, np.eye(3), np.zeros(3), 9)
    assert parts.spectrum("mine").multiplicities.tolist() == [1.0, 2.0]
    assert parts.spectrum("mine").source == "mine"
    assert unsaid(parts.spectrum) == {"source": "data"}


def test_tables_are_views_and_other_layouts_are_left_as_they_are():
    images = np.zeros((4, 3, 2))
    table = covariance._as_table(images)
    assert table.shape == (4, 6)
    assert np.shares_memory(table, images)
    turned = np.asfortranarray(images)
    assert covariance._as_table(turned) is turned
