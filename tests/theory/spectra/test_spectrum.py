import dataclasses
import re
import tracemalloc

import numpy as np
import pytest
from scipy.special import digamma, zeta

from convergen import theory
from convergen.theory import InputError, Spectrum
from tests.options import unsaid
from tests.simulation import expanded


def assert_refused(build, match):
    with pytest.raises(InputError, match=match) as error:
        build()
    message = str(error.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert re.search(r"[.!?] +[A-Z]", message) is None


# ------------------------------------------------------------------------------ construction


def test_eigenvalues_are_sorted_and_merged():
    s = Spectrum.from_eigenvalues([1, 4, 0, 1, 2, 0, 4, 4])
    np.testing.assert_array_equal(s.eigenvalues, [4, 2, 1, 0])
    np.testing.assert_array_equal(s.multiplicities, [3, 1, 2, 2])
    assert (s.dim, s.rank, s.largest) == (8, 6, 4.0)


def test_multiplicities_of_equal_eigenvalues_add_up():
    s = Spectrum.from_eigenvalues([1.0, 3.0, 1.0], [2, 5, 7])
    np.testing.assert_array_equal(s.eigenvalues, [3, 1])
    np.testing.assert_array_equal(s.multiplicities, [5, 9])


def test_traces_match_sums_over_the_expanded_spectrum():
    rng = np.random.default_rng(0)
    s = Spectrum.from_eigenvalues(rng.exponential(size=50), rng.integers(1, 9, 50))
    values = expanded(s)
    assert s.dim == values.size
    assert s.trace == pytest.approx(values.sum(), rel=1e-14)
    assert s.participation_ratio == pytest.approx(values.sum() ** 2 / np.sum(values**2), rel=1e-14)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e300])
def test_scale_only_enters_the_trace(scale):
    values = np.array([3.0, 2.0, 2.0, 0.5, 0.0])
    s, plain = Spectrum.from_eigenvalues(scale * values), Spectrum.from_eigenvalues(values)
    assert (s.dim, s.rank) == (5, 4)
    assert s.trace == pytest.approx(7.5 * scale, rel=1e-14)
    assert s.participation_ratio == pytest.approx(plain.participation_ratio, rel=1e-14)
    np.testing.assert_allclose(s.squared.eigenvalues, plain.squared.eigenvalues, rtol=1e-14)


def test_integers_scalars_and_lists_are_accepted():
    assert Spectrum.from_eigenvalues(5).dim == 1
    assert Spectrum.from_eigenvalues(np.array([3, 2], dtype=np.uint8)).trace == 5.0
    assert Spectrum.from_eigenvalues((2.0, 1.0), (3.0, 4.0)).dim == 7


def test_values_below_double_precision_count_as_zero():
    s = Spectrum.from_eigenvalues([1.0, 1e-306, 1e-310])
    assert (s.dim, s.rank) == (3, 2)
    np.testing.assert_array_equal(s.eigenvalues, [1.0, 1e-306, 0.0])


def test_squared_spectrum_is_in_units_of_the_largest():
    s = Spectrum.from_eigenvalues([8.0, 4.0, 1.0], [1, 2, 3]).squared
    np.testing.assert_array_equal(s.eigenvalues, [1.0, 0.25, 1 / 64])
    np.testing.assert_array_equal(s.multiplicities, [1, 2, 3])


def test_isotropic():
    s = Spectrum.isotropic(12, 2.5)
    np.testing.assert_array_equal(expanded(s), np.full(12, 2.5))
    assert s.participation_ratio == pytest.approx(12, rel=1e-15)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1, 3.7])
def test_power_law(exponent):
    s = Spectrum.power_law(30, exponent)
    np.testing.assert_allclose(expanded(s), [k**-exponent for k in range(1, 31)], rtol=1e-15)


@pytest.mark.parametrize("exponent", [1e-300, 1e-17, 3e-16, 1e-15])
def test_power_law_that_rounds_to_equal_eigenvalues_is_merged(exponent):
    s = Spectrum.power_law(100, exponent)
    assert np.all(np.diff(s.eigenvalues) < 0)
    assert s.dim == 100
    assert theory.convergence(s, 50.0) == pytest.approx(
        float(theory.convergence(Spectrum.isotropic(100), 50.0)), rel=1e-13
    )


def test_a_power_law_is_merged_where_its_last_eigenvalues_may_be_equal(monkeypatch):
    """Twice the distance of what may stand for one number: the rest is not sorted for nothing."""
    merged = []
    monkeypatch.setattr(
        "convergen.theory.spectra.spectrum.merge_equal",
        lambda *given: merged.append(given[0].size) or given[:2],
    )
    exponent = 2.0 * 64.0 * np.finfo(float).eps * 8
    Spectrum.power_law(8, exponent)
    assert merged == []
    Spectrum.power_law(8, np.nextafter(exponent, 0.0))
    assert merged == [8]


def test_what_is_taken_where_nothing_is_said():
    assert unsaid(Spectrum.isotropic) == {"variance": 1.0}
    assert unsaid(Spectrum.from_eigenvalues) == {"error": 0, "source": "eigenvalues"}
    assert unsaid(Spectrum.from_data) == {"center": True, "source": "data"}


def test_power_law_with_a_million_eigenvalues():
    s = Spectrum.power_law(10**6, 1.0)
    # Harmonic numbers H(d) = ψ(d+1) + γ and Σ 1/k² = ζ(2) − ζ(2, d+1).
    harmonic = digamma(1e6 + 1) + np.euler_gamma
    assert s.trace == pytest.approx(harmonic, rel=1e-13)
    assert s.participation_ratio == pytest.approx(
        harmonic**2 / (zeta(2.0) - zeta(2.0, 1e6 + 1)), rel=1e-13
    )
    assert s.compression.nodes.size < 200


def test_spiked_on_the_unit_bulk():
    s = Spectrum.spiked(10, [5.0, 3.0, 3.0, 0.5])
    np.testing.assert_array_equal(expanded(s), [5, 3, 3, 1, 1, 1, 1, 1, 1, 0.5])


def test_spiked_on_a_chosen_bulk():
    bulk = Spectrum.from_eigenvalues([1.0, 0.0], [3, 4])
    s = Spectrum.spiked(9, [1.0, 7.0], bulk=bulk)
    np.testing.assert_array_equal(s.eigenvalues, [7, 1, 0])
    np.testing.assert_array_equal(s.multiplicities, [1, 4, 4])


def test_leading_and_groups_match_the_expanded_spectrum():
    s = Spectrum.from_eigenvalues([9.0, 5.0, 2.0, 0.0], [1, 3, 2, 4])
    index = np.repeat(np.arange(4), [1, 3, 2, 4])
    for factors in range(1, 11):
        np.testing.assert_array_equal(s.groups(factors), index[:factors])
        np.testing.assert_array_equal(s.leading(factors), expanded(s)[:factors])


def test_leading_eigenvalues_of_real_multiplicities_keep_the_trace():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(40)) * 12.0
    s = Spectrum.from_eigenvalues(np.sort(rng.exponential(size=40))[::-1], shares)
    lead = s.leading(12)
    assert np.all(np.diff(lead) <= 0.0)
    assert lead.sum() == pytest.approx(s.trace, rel=1e-13)
    np.testing.assert_array_equal(s.leading(5), lead[:5])


def test_ten_million_dimensions_are_never_expanded():
    tracemalloc.start()
    s = Spectrum.from_eigenvalues([3.0, 2.0, 1.0], [3, 10**7 - 1003, 1000])
    np.testing.assert_array_equal(s.leading(5), [3, 3, 3, 2, 2])
    result = theory.order_parameters(s, [1e3, 1e7, 1e9])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20
    assert (s.dim, s.rank) == (10**7, 10**7)
    assert s.trace == pytest.approx(9 + 2.0 * (10**7 - 1003) + 1000, rel=1e-15)
    assert result.converged.all()


def test_repr_names_source_and_size():
    assert repr(Spectrum.isotropic(3, 2.0)) == "Spectrum(isotropic, dim=3, rank=3, trace=6)"
    assert "power law, exponent 1.5" in repr(Spectrum.power_law(4, 1.5))
    assert "spiked (4, 2) on isotropic" in repr(Spectrum.spiked(5, [4.0, 2.0]))
    assert Spectrum.from_eigenvalues([1.0], source="mine").source == "mine"


# ------------------------------------------------------------------------------ data


def test_from_data_diagonalises_the_covariance():
    rng = np.random.default_rng(1)
    data = rng.standard_normal((40, 6)) * [3, 2, 1, 1, 0.5, 0.1] + rng.standard_normal(6)
    s = Spectrum.from_data(data, source="toy")
    covariance = np.cov(data.T, bias=True)
    np.testing.assert_allclose(expanded(s), np.linalg.eigvalsh(covariance)[::-1], rtol=1e-12)
    np.testing.assert_allclose(s.mean, data.mean(axis=0), rtol=1e-13)
    rebuilt = (s.eigenvectors * s.eigenvalues) @ s.eigenvectors.T
    np.testing.assert_allclose(rebuilt, covariance, atol=1e-13)
    assert s.source == "toy"


def test_from_data_with_fewer_samples_than_pixels():
    images = np.random.default_rng(2).standard_normal((5, 4, 3))
    s = Spectrum.from_data(images, center=False)
    flat = images.reshape(5, 12)
    assert (s.dim, s.rank) == (12, 5)
    np.testing.assert_allclose(
        s.leading(5), np.linalg.svd(flat, compute_uv=False) ** 2 / 5, rtol=1e-12
    )


def test_eigenvalues_of_data_that_rounding_splits_are_merged():
    q, _ = np.linalg.qr(np.random.default_rng(3).standard_normal((200, 200)))
    s = Spectrum.from_data(q, center=False)
    np.testing.assert_allclose(s.eigenvalues, [1 / 200], rtol=1e-13)
    np.testing.assert_array_equal(s.multiplicities, [200])
    assert s.eigenvectors.shape == (200, 200)
    # One part in 1e8 is no rounding.
    scaled = Spectrum.from_data(
        q * np.r_[np.ones(100), np.full(100, 1 + 1e-8)][:, None], center=False
    )
    np.testing.assert_array_equal(scaled.multiplicities, [100, 100])


# ------------------------------------------------------------------------------ immutability


def test_fields_cannot_be_replaced():
    s = Spectrum.isotropic(3)
    for field in dataclasses.fields(s):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(s, field.name, None)


def test_arrays_cannot_be_written():
    s = Spectrum.from_data(np.random.default_rng(5).standard_normal((9, 4)))
    for array in (s.eigenvalues, s.multiplicities, s.eigenvectors, s.mean):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0


def test_later_changes_of_the_input_do_not_leak_in():
    values, counts = np.array([3.0, 1.0]), np.array([1.0, 2.0])
    s = Spectrum.from_eigenvalues(values, counts)
    values[:], counts[:] = 7.0, 9.0
    np.testing.assert_array_equal(s.eigenvalues, [3, 1])
    np.testing.assert_array_equal(s.multiplicities, [1, 2])


@pytest.mark.parametrize("field", ["eigenvectors", "mean"])
def test_arrays_of_the_caller_are_neither_frozen_nor_shared(field):
    given = np.eye(2) if field == "eigenvectors" else np.zeros(2)
    s = Spectrum.from_eigenvalues([3.0, 1.0], **{field: given})
    before = getattr(s, field).copy()
    given[0] = 5.0
    np.testing.assert_array_equal(getattr(s, field), before)


# ------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ([], "non-empty"),
        ([[1.0, 2.0]], "shape"),
        ([1.0, -1e-30], "negative"),
        (-2.0, "-2"),
        ([1.0, np.nan], "NaN or infinite"),
        ([np.inf], "NaN or infinite"),
        ([0.0, 0.0], "all eigenvalues are zero"),
        ([1e-320], "all eigenvalues are zero"),
        ("abc", "real numbers"),
        (["1.0"], "real numbers"),
        (None, "real numbers"),
        ([1j], "real numbers"),
        ([[1.0], [2.0, 3.0]], "different lengths"),
    ],
    ids=repr,
)
def test_bad_eigenvalues_are_refused(values, match):
    assert_refused(lambda: Spectrum.from_eigenvalues(values), match)


@pytest.mark.parametrize(
    ("counts", "match"),
    [
        ([1], "1 multiplicities were given for 2"),
        ([1, 2, 3], "3 multiplicities were given for 2"),
        ([[1, 2]], "multiplicities"),
        ([0, 2], "positive"),
        ([-1, 2], "positive"),
        ([np.nan, 1], "NaN"),
        (["a", "b"], "real numbers"),
    ],
    ids=repr,
)
def test_bad_multiplicities_are_refused(counts, match):
    assert_refused(lambda: Spectrum.from_eigenvalues([2.0, 1.0], counts), match)


@pytest.mark.parametrize("dim", [0, True], ids=repr)
def test_bad_dimensions_are_refused(dim):
    for build in (Spectrum.isotropic, lambda d: Spectrum.power_law(d, 1.0)):
        assert_refused(lambda build=build: build(dim), "dim must be a whole number")
    assert_refused(lambda: Spectrum.spiked(dim, [2.0]), "dim must be a whole number")


@pytest.mark.parametrize("variance", [0.0, [1.0, 2.0]], ids=repr)
def test_bad_variance_is_refused(variance):
    assert_refused(lambda: Spectrum.isotropic(3, variance), "eigenvalues")


@pytest.mark.parametrize("exponent", [-1.0, None], ids=repr)
def test_bad_exponent_is_refused(exponent):
    assert_refused(lambda: Spectrum.power_law(10, exponent), "exponent")


def test_power_law_beyond_double_precision_is_refused():
    assert_refused(lambda: Spectrum.power_law(1000, 101.0), "300 decades")
    assert Spectrum.power_law(1000, 99.0).rank == 1000


def test_power_laws_that_fill_the_memory_are_refused_before_they_do():
    tracemalloc.start()
    assert_refused(lambda: Spectrum.power_law(200_000_000, 1.0), "use dim of at most 20000000")
    assert_refused(lambda: Spectrum.power_law(2**53, 1e-20), "use dim of at most 20000000")
    assert_refused(lambda: Spectrum.isotropic(10**9).groups(10**8), "use at most 100000")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    assert Spectrum.power_law(200_000_000, 0.0).dim == 200_000_000


@pytest.mark.parametrize(
    ("spikes", "match"),
    [
        ([1.0] * 5, "do not fit"),
        ([-1.0], "negative"),
        ([np.nan], "NaN"),
        ([[2.0, 3.0], [4.0, 5.0]], "spikes must be a list"),
        ("ab", "real numbers"),
    ],
    ids=repr,
)
def test_bad_spikes_are_refused(spikes, match):
    assert_refused(lambda: Spectrum.spiked(5, spikes), match)


def test_bulk_of_the_wrong_size_is_refused():
    assert_refused(lambda: Spectrum.spiked(5, [2.0], bulk=Spectrum.isotropic(3)), "bulk")


@pytest.mark.parametrize("factors", [0, 11], ids=repr)
def test_bad_numbers_of_factors_are_refused(factors):
    assert_refused(lambda: Spectrum.isotropic(10).leading(factors), "factors")


@pytest.mark.parametrize(
    "data",
    [
        np.ones(4),
        np.ones((1, 4)),
        np.ones((3, 0)),
        np.ones((5, 3)),
        [[1.0, np.nan], [2.0, 3.0]],
        [["a", "b"], ["c", "d"]],
        [[1.0, 2.0], [3.0]],
        None,
    ],
    ids=["1d", "one row", "no column", "constant", "nan", "text", "ragged", "none"],
)
def test_bad_data_are_refused(data):
    assert_refused(lambda: Spectrum.from_data(data), "data")


@pytest.mark.parametrize("field", ["eigenvectors", "mean"])
def test_eigenvectors_and_mean_of_another_dimension_are_refused(field):
    given = np.ones((3, 2)) if field == "eigenvectors" else np.ones(3)
    assert_refused(lambda: Spectrum.from_eigenvalues([3.0, 1.0], **{field: given}), field)


def test_real_multiplicities_are_fractions_of_whole_ones():
    values, counts = [5.0, 1.0, 0.2], np.array([1.0, 10.0, 30.0])
    whole = Spectrum.from_eigenvalues(values, 4.0 * counts)
    part = Spectrum.from_eigenvalues(values, 0.375 * counts)
    assert part.positive == pytest.approx(0.375 * 41.0, rel=1e-15)
    # Laws of large systems know samples and dimensions by their ratio alone.
    n = np.array([2.0, 16.0, 41.0, 160.0])
    found = theory.convergence(part, n)
    np.testing.assert_allclose(found, theory.convergence(whole, n * 4.0 / 0.375), rtol=1e-12)
