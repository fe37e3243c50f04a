import numpy as np
import pytest

from convergen.theory.collapse.collapse_noise import own_weight
from convergen.theory.collapse.data_laws import as_law
from convergen.theory.collapse.kernel_queries import (
    _own_noise,
    draw_distinct,
    kernel_laws,
    reference_points,
)
from convergen.theory.common.checks import InputError
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.spectra.spectrum import Spectrum
from tests.options import in_order, unsaid


def test_draws_from_data_are_distinct():
    data = np.arange(40.0).reshape(20, 2)
    rows = draw_distinct(as_law(data), 20, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(rows, axis=0), data)
    with pytest.raises(InputError) as refused:
        draw_distinct(as_law(data), 21, np.random.default_rng(0))
    assert str(refused.value) == (
        "21 distinct points are needed, but the data set has 20: ask for fewer samples or queries, "
        "or give more data."
    )


@pytest.mark.parametrize("law", ["gaussian", "mixture"])
@pytest.mark.parametrize("edge", [1e-20, 1e20])
def test_kernels_far_from_the_size_of_the_data_reach_their_limit_or_are_refused(law, edge):
    spectrum = Spectrum.from_eigenvalues([6.0, 3.0])
    mixture = GaussianMixture([1.0], np.zeros((1, 2)), [np.diag([6.0, 3.0])])
    known = spectrum if law == "gaussian" else mixture
    inside = 3.0 * edge * (1.0 - 1e-9 if edge > 1 else 1.0 + 1e-9)
    weight = own_weight(known, 10.0, inside, draws=64)
    np.testing.assert_allclose(weight, 1.0 if edge < 1.0 else 0.1, rtol=0.01)
    with pytest.raises(InputError, match=r"size of the data, 3, .* a factor of 1e\+20"):
        own_weight(known, 10.0, 3.0 * edge * (1.01 if edge > 1.0 else 0.99))


@pytest.mark.parametrize(
    ("points", "draws", "sizes"),
    [
        (7, 10, (0, 0)), (4, 10, (0, 0)), (8, 10, (6, 2)), (39, 10, (30, 9)), (40, 10, (30, 10)),
        (400, 10, (390, 10)), (5000, 10, (4096, 10)), (None, 10, (4096, 10)),
    ],
)  # fmt: skip
def test_a_quarter_of_a_data_set_at_most_are_queries(points, draws, sizes):
    law = Spectrum.isotropic(2) if points is None else np.zeros((points, 1))
    assert reference_points(as_law(law), draws) == sizes


def test_the_noise_of_a_gaussian_query_is_that_of_simulated_pairs():
    """|z|² of x = x₀ + σz given |x|, in eigenspaces of one and of five dimensions."""
    lam, weights, sigma = np.array([4.0, 0.5]), np.array([1.0, 5.0]), 0.8
    rng = np.random.default_rng(0)
    each = np.repeat(lam, weights.astype(int))
    z = rng.standard_normal((40_000, 6))
    x = rng.standard_normal((40_000, 6)) * np.sqrt(each) + sigma * z
    radii = np.stack([np.abs(x[:, 0]), np.linalg.norm(x[:, 1:], axis=1)], axis=1)
    found = _own_noise(radii, lam, weights, sigma, rng)
    expected = -0.5 * (z**2).sum(axis=1)
    error = np.hypot(found.std(), expected.std()) / np.sqrt(40_000)
    assert abs(found.mean() - expected.mean()) < 4.0 * error
    assert found.var() == pytest.approx(expected.var(), rel=0.06)
    # It goes along with the radii as much as that of the pairs does.
    size = (radii**2).sum(axis=1)
    assert np.corrcoef(found, size)[0, 1] == pytest.approx(
        np.corrcoef(expected, size)[0, 1], abs=0.02
    )


def test_a_data_set_says_nothing_of_more_samples_than_a_quarter_of_it():
    law = as_law(np.random.default_rng(0).standard_normal((100, 2)))
    references = reference_points(law, 8)[0]
    assert references == 92
    few = list(kernel_laws(law, 23.0, 0.5, draws=8))
    assert len(few) == 8
    assert all(kernel.atoms == 92 for kernel in few)
    assert len(list(kernel_laws(law, 5.0, 0.5, draws=8))) == 8
    assert list(kernel_laws(law, 23.5, 0.5, draws=8)) == []


def centre_of(data, offsets):
    """Which centre makes offsets from it points of the data."""
    for point in data:
        centre = point - offsets[0]
        gaps = np.sum((offsets[:, None] + centre - data) ** 2, axis=2).min(axis=1)
        if gaps.max() < 1e-12:
            return centre
    return None


def test_kernels_of_a_data_set_are_those_of_its_points_at_noisy_ones():
    data = np.random.default_rng(3).standard_normal((60, 2)) + 5.0
    sigma = 0.7
    for kernel in kernel_laws(as_law(data), 10.0, sigma, draws=6, seed=2):
        assert np.all(np.diff(kernel.logs) >= 0.0)
        np.testing.assert_allclose(np.exp(kernel.log_masses), 1.0 / 54)
        np.testing.assert_allclose(kernel.squares, np.sum(kernel.vectors**2, axis=1))
        # The query is where its distances meet: |x − y|² = −2σ² log L.
        y = kernel.vectors
        ask = np.column_stack([np.ones(54), -2.0 * y])
        known = -2.0 * sigma**2 * kernel.logs - kernel.squares
        x = np.linalg.lstsq(ask, known, rcond=None)[0][1:]
        gaps = np.sum((x - y) ** 2, axis=1)
        np.testing.assert_allclose(kernel.logs, -0.5 * gaps / sigma**2, atol=1e-9)
        mean = np.log(np.mean(np.exp(kernel.logs)))
        assert kernel.log_mean == pytest.approx(mean, rel=1e-9)
        # It is a noisy copy of one of the points that are no reference.
        noise = sigma * np.sqrt(-2.0 * kernel.log_own)
        centre = centre_of(data, y)
        rest = [p for p in data if np.min(np.sum((y + centre - p) ** 2, axis=1)) > 1e-12]
        assert len(rest) == 6
        clean = np.linalg.norm(np.array(rest) - centre - x, axis=1)
        assert np.min(np.abs(clean - noise)) < 1e-9


def test_queries_of_a_gaussian_are_stratified():
    lam = Spectrum.from_eigenvalues([4.0, 1.0], [2, 6])
    kernels = list(kernel_laws(as_law(lam), 100.0, 0.8, draws=120, seed=1))
    # E log E L over queries: −½ Σ log(1 + λ/σ²) − ½ E|x|²/(λ + σ²), the latter one of each.
    expected = -0.5 * (2 * np.log1p(4.0 / 0.64) + 6 * np.log1p(1.0 / 0.64)) - 0.5 * 8.0
    assert np.mean([kernel.log_mean for kernel in kernels]) == pytest.approx(expected, abs=0.05)
    own = np.mean([kernel.log_own for kernel in kernels])
    assert own == pytest.approx(-4.0, abs=4.0 * np.sqrt(0.5 * 8 / 120))


def test_queries_of_a_mixture_know_their_own_noise():
    law = as_law(GaussianMixture([1.0], np.zeros((1, 3)), [2.0]))
    own = [kernel.log_own for kernel in kernel_laws(law, 50.0, 0.9, draws=100, seed=4)]
    assert np.mean(own) == pytest.approx(-1.5, abs=4.0 * np.sqrt(1.5 / 100))
    with pytest.raises(InputError, match="draws"):
        next(kernel_laws(law, 50.0, 0.9, draws=1))


def test_what_is_done_where_nothing_is_said():
    assert unsaid(kernel_laws) == {"draws": 128, "seed": 0}
    assert in_order(kernel_laws) == ["law", "samples", "sigma"]
