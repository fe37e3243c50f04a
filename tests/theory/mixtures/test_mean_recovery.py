import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import softmax

from convergen.theory.common.checks import InputError
from convergen.theory.linear.latent_recovery import latent_recovery
from convergen.theory.mixtures.mean_recovery import (
    _label_channel,
    bayes_overlap,
    linear_overlap,
    mean_thresholds,
)
from convergen.theory.spectra.spectrum import Spectrum
from tests.monte_carlo import Stored
from tests.options import unsaid

stored = Stored(__file__)


def tanh_channel(snr):
    """E tanh(s + √s Z), by SciPy."""
    return quad(
        lambda z: np.tanh(snr + np.sqrt(snr) * z) * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi),
        -12.0, 12.0, points=[-np.sqrt(snr)], epsabs=1e-14, epsrel=1e-13, limit=400,
    )[0]  # fmt: skip


def vertices(components):
    """Vertices s_c of a regular simplex in k − 1 dimensions, s_c·s_b = k δ − 1."""
    vectors = np.linalg.svd(np.eye(components) - 1.0 / components)[0]
    return np.sqrt(components) * vectors[:, : components - 1]


class Instance:
    """Data with exactly orthogonal axes A (d, k − 1) of length √d and balanced labels."""

    def __init__(self, dim, load, signal, components, rng):
        self.simplex, self.theta = vertices(components), signal / (components - 1)
        self.rng, self.samples = rng, round(load * dim)
        self.axes = np.sqrt(dim) * np.linalg.qr(rng.standard_normal((dim, components - 1))).Q

    def draw(self):
        labels = self.rng.permutation(np.arange(self.samples) % len(self.simplex))
        clean = np.sqrt(self.theta / len(self.axes)) * self.simplex[labels] @ self.axes.T
        return clean + self.rng.standard_normal(clean.shape), labels

    def squared_overlap(self, estimate):
        return subspace_overlap(estimate, self.axes)


def subspace_overlap(a, b):
    """Mean squared cosine of the principal angles."""
    left, right = (np.linalg.qr(matrix).Q for matrix in (a, b))
    return float(np.sum((left.T @ right) ** 2) / a.shape[1])


def message_passing(x, instance, start=None, steps=300):
    """Approximate message passing for x = √(θ/d) s aᵀ + noise (Lesieur et al., arXiv:1701.00858).

    Returns the posterior means of the axes (d, k − 1) and of the simplex vectors (n, k − 1).
    """
    (_, dim), simplex, gain = x.shape, instance.simplex, instance.theta / x.shape[1]
    rank = simplex.shape[1]
    axes = 0.01 * instance.rng.standard_normal((dim, rank)) if start is None else start
    axis_variance, means = np.eye(rank), np.zeros((len(x), rank))
    for _ in range(steps):
        field = np.sqrt(gain) * x @ axes - gain * dim * means @ axis_variance
        precision = gain * axes.T @ axes
        penalty = np.einsum("cr,rs,cs->c", simplex, precision, simplex)
        weights = softmax(field @ simplex.T - 0.5 * penalty, axis=1)
        means = weights @ simplex
        variance = np.einsum("nc,cr,cs->rs", weights, simplex, simplex) - means.T @ means
        field = np.sqrt(gain) * x.T @ means - gain * axes @ variance
        axis_variance = np.linalg.inv(np.eye(rank) + gain * means.T @ means)
        change, axes = axes, field @ axis_variance
        if np.mean((axes - change) ** 2) < 1e-8 * np.mean(axes**2):
            break
    return axes, means


def z_score(values, expected, floor=0.0):
    values = np.asarray(values)
    error = np.hypot(values.std(ddof=1) / np.sqrt(values.size), floor)
    return (values.mean() - expected) / error


@pytest.mark.parametrize("snr", [1e-3, 0.2, 1.0, 6.0, 25.0, 70.0])
def test_channel_of_two_labels_is_the_tanh_average(snr):
    found, information = _label_channel(2.0 * snr, 2)
    assert found == pytest.approx(tanh_channel(snr), rel=1e-12)
    # I-MMSE of a binary input: I = ½ ∫ (1 − m) ds.
    expected = 0.5 * quad(lambda s: 1.0 - tanh_channel(s), 0.0, snr, epsrel=1e-9)[0]
    assert information == pytest.approx(expected, rel=1e-7)


@stored
def channel(components, signal):
    """Overlap by its two definitions and information of the label, each with its error."""
    rng = np.random.default_rng(1)
    field = np.sqrt(signal) * rng.standard_normal((4_000_000 // components // 4, components))
    field[:, 0] += signal
    weights = softmax(field, axis=1)
    # Unbiased estimates of one number (Nishimori).
    first = (components * weights[:, 0] - 1.0) / (components - 1.0)
    second = (components * np.sum(weights**2, axis=1) - 1.0) / (components - 1.0)
    bits = np.log(components) + np.log(weights[:, 0])
    return [(x.mean(), x.std(ddof=1) / np.sqrt(x.size)) for x in (first, second, bits)]


@pytest.mark.parametrize("components", [3, 5, 40, 1000])
@pytest.mark.parametrize("signal", [0.01, 1.0, 8.0, 20.0])
def test_channel_of_many_labels_matches_monte_carlo(components, signal):
    overlap, information = _label_channel(signal, components)
    mean, error = channel(components, signal).T
    assert np.all(np.abs(mean - [overlap, overlap, information]) < 4.0 * error)


@pytest.mark.parametrize("components", [2, 3, 4, 10, 1000])
def test_channel_starts_with_the_known_series(components):
    """m_s = b + (k − 4)/2 b² + …, b = q/k: what makes the transition first order for large k."""
    for signal in (1e-7, 9.9e-7, 1.1e-6, 1e-4):
        b = signal / components
        series = b * (1.0 + 0.5 * (components - 4.0) * b)
        found, information = _label_channel(signal, components)
        assert found == pytest.approx(series, rel=1e-9 + 2.0 * signal**2, abs=0.0)
        assert information == pytest.approx(0.5 * (components - 1) * b, rel=1e-5 + signal, abs=0.0)


def test_channel_saturates_without_a_step():
    edge = 4.0 * np.log(7.0) + 160.0
    for found, limit in zip(_label_channel(edge, 7), (1.0, np.log(7.0)), strict=True):
        assert found == pytest.approx(limit, rel=1e-10)
    assert _label_channel(1e9, 7) == (1.0, np.log(7.0))


@settings(max_examples=10, deadline=None)
@given(load=st.floats(0.01, 100.0), signal=st.floats(0.05, 30.0))
def test_two_components_satisfy_the_fixed_point_equations(load, signal):
    found = bayes_overlap(load, signal)
    assert found.converged.all()
    for overlap, label in (
        (found.overlap, found.label_overlap),
        (found.informed_overlap, found.informed_label_overlap),
    ):
        assert label == pytest.approx(tanh_channel(signal * float(overlap)), rel=1e-9, abs=1e-12)
        strength = load * signal * label
        assert overlap == pytest.approx(strength / (1.0 + strength), rel=1e-9, abs=1e-11)
    # Continuous transition: one fixed point, positive above the spectral threshold only.
    assert found.overlap == pytest.approx(found.informed_overlap, abs=1e-9)
    assert (found.overlap > 0.0) == (load * signal**2 > 1.0 + 1e-9) or found.overlap < 1e-6
    assert found.overlap >= linear_overlap(load, signal) - 1e-12


def test_linear_overlap_is_the_spiked_covariance_law():
    dim = 2_000_000
    for load in (0.3, 1.0, 6.0):
        for signal in (0.5, 2.0, 9.0):
            spiked = Spectrum.spiked(dim, [1.0 + signal])
            expected = latent_recovery(spiked, load * dim)[0]
            assert linear_overlap(load, signal) == pytest.approx(expected, abs=1e-5)
            assert linear_overlap(load, 3.0 * signal, 4) == pytest.approx(expected, abs=1e-5)


def test_bayes_tends_to_linear_for_weak_means_and_to_known_labels_for_strong_ones():
    weak, load = 1e-3, 4e6
    expected = linear_overlap(load, weak)
    assert bayes_overlap(load, weak).overlap == pytest.approx(expected, rel=2e-3)
    strong = bayes_overlap([0.01, 1.0], 1e5, 5)
    known = np.array([0.01, 1.0]) * 1e5 / 4.0
    np.testing.assert_allclose(strong.overlap, known / (1.0 + known), rtol=1e-12)


CASES = [(2, 4.0, 1.0), (2, 1.0, 3.0), (3, 2.0, 3.0), (4, 1.0, 7.5)]


@stored
def simulated(components, load, signal):
    """Message passing and principal components in six instances of 800 dimensions."""
    rng = np.random.default_rng([2, components])
    found = {name: [] for name in ("bayes", "linear", "labels", "norms")}
    for _ in range(6):
        instance = Instance(800, load, signal, components, rng)
        x, label = instance.draw()
        axes, means = message_passing(x, instance)
        found["bayes"].append(instance.squared_overlap(axes))
        found["norms"].append(np.sum(axes**2) / axes.size)
        cross = np.linalg.svd(means.T @ instance.simplex[label] / len(x), compute_uv=False)
        found["labels"].append(cross.mean())
        small = x.T @ x if len(x) > 800 else x @ x.T
        leading = np.linalg.eigh(small)[1][:, 1 - components :]
        found["linear"].append(instance.squared_overlap(leading if len(x) > 800 else x.T @ leading))
    return found


@stored
def disjoint(components, load, signal):
    """Mean cosines of the axes that message passing learns from disjoint data of six instances."""
    rng, values = np.random.default_rng(3), []
    for _ in range(6):
        instance = Instance(800, load, signal, components, rng)
        first, second = (message_passing(instance.draw()[0], instance)[0] for _ in range(2))
        # Cosines of the two subspaces, not squared: ⟨â, b̂⟩ = m² d with |â|² = |b̂|² = m d.
        left, right = (np.linalg.qr(a).Q for a in (first, second))
        values.append(np.linalg.svd(left.T @ right, compute_uv=False).mean())
    return values


@stored
def informed(components, load, signal):
    """Squared overlap that message passing reaches from near the truth."""
    instance = Instance(1600, load, signal, components, np.random.default_rng(4))
    x, _ = instance.draw()
    axes, _ = message_passing(x, instance, 0.9 * instance.axes, steps=100)
    return instance.squared_overlap(axes)


@pytest.mark.parametrize(("components", "load", "signal"), CASES)
def test_state_evolution_and_bbp_match_finite_systems(components, load, signal):
    found = simulated(components, load, signal)
    expected, linear = (f(load, signal, components) for f in (bayes_overlap, linear_overlap))
    floor = 2.0 / 800  # corrections of order 1/d
    assert abs(z_score(found["bayes"], expected.overlap, floor)) < 4.0
    assert abs(z_score(found["norms"], expected.overlap, floor)) < 4.0
    assert abs(z_score(found["labels"], expected.label_overlap, floor)) < 4.0
    assert abs(z_score(found["linear"], linear, floor)) < 4.0
    # On the same data the two are told apart, by as much as predicted.
    advantage = found["bayes"] - found["linear"]
    assert abs(z_score(advantage, expected.overlap - linear, floor)) < 4.0
    assert z_score(advantage, 0.0) > 3.0


def test_estimates_from_disjoint_data_agree_as_much_as_with_the_truth():
    values = disjoint(3, 2.0, 3.0)
    assert abs(z_score(values, bayes_overlap(2.0, 3.0, 3).overlap, 2e-3)) < 4.0


def test_first_order_transition_has_two_fixed_points_and_message_passing_finds_both():
    components, signal, load = 20, 19.0, 0.85
    found = bayes_overlap(load, signal, components)
    assert found.overlap == 0.0
    assert found.informed_overlap > 0.3
    thresholds = mean_thresholds(1, signal, components)
    assert thresholds.informed < thresholds.information < load < thresholds.algorithmic
    reached = informed(components, load, signal)
    assert reached == pytest.approx(float(found.informed_overlap), abs=0.04)


@pytest.mark.parametrize("spike", [0.2, 1.0, 4.0])
def test_transition_is_first_order_beyond_the_known_number_of_components(spike):
    """k > 4 + 2√γ with γ = 1/θ² (Lesieur et al., arXiv:1610.02918)."""
    edge = 4.0 + 2.0 / spike
    for components in (round(0.7 * edge), round(edge + 1.4)):
        found = mean_thresholds(1000, spike * (components - 1), components)
        assert found.linear == found.algorithmic == pytest.approx(1000 / spike**2)
        if components < edge:
            assert found.informed == found.information == found.linear
        else:
            assert found.informed < found.information < found.linear * (1.0 - 1e-6)


# Their lowest loads lie above, below and near a point of the grid of logits.
@pytest.mark.parametrize(("components", "signal"), [(12, 11.0), (12, 40.0), (12, 80.0), (6, 20.0)])
def test_fixed_points_appear_at_the_thresholds(components, signal):
    found = mean_thresholds(1, signal, components)
    below, above = bayes_overlap(
        found.informed * np.array([1 - 1e-6, 1 + 1e-6]), signal, components
    ).informed_overlap
    assert below == 0.0
    assert above > 0.01
    jump = bayes_overlap(found.linear * np.array([1 - 1e-6, 1 + 1e-6]), signal, components)
    assert jump.overlap[0] == 0.0
    assert jump.overlap[1] == jump.informed_overlap[1] > 0.05


def test_information_threshold_balances_the_mutual_information():
    """Maxwell: the two states exchange stability where the integral of dI/dγ along the curve is 0.

    At fixed parameters ∂I/∂γ = I_s + θ(k−1)/2 [m_s(1−m_v) + (1−m_v)(1−m_s)] is at a fixed point
    I_s + θ(k−1)/2 (1−m_v), and θ(k−1)/2 at 0; the branches meet far above, where both are known.
    """
    components, theta = 15, 1.0
    signal = theta * (components - 1)
    found = mean_thresholds(1, signal, components)

    def slope(load, known):
        overlap = float(known(load))
        _, information = _label_channel(components * theta * overlap, components)
        gain = 0.5 * theta * (components - 1)
        return information + gain * (1.0 - overlap) - gain

    def along(load):
        return bayes_overlap(load, signal, components).informed_overlap

    # From the threshold to load L the gap is the integral of its slope.
    end = 1.6 * found.information
    nodes, weights = np.polynomial.legendre.leggauss(12)
    half = 0.5 * (end - found.information)
    loads = found.information + half * (nodes + 1.0)
    integral = half * sum(w * slope(g, along) for w, g in zip(weights, loads, strict=True))
    overlap = float(along(end))
    labels, information = _label_channel(components * theta * overlap, components)
    gain = 0.5 * (components - 1)
    gap = (
        gain * np.log1p(end * theta * labels)
        + end * information
        + end * theta * gain * ((1.0 - overlap) * (1.0 - labels) - 1.0)
    )
    assert integral == pytest.approx(gap, rel=1e-6)


def test_loads_of_any_shape():
    loads = np.array([[0.2, 1.5], [3.0, 40.0]])
    found = bayes_overlap(loads, 1.0, 3)
    assert found.overlap.shape == found.converged.shape == found.iterations.shape == (2, 2)
    single = bayes_overlap(3.0, 1.0, 3)
    assert found.overlap[1, 0] == single.overlap
    assert np.all(np.diff(found.overlap.ravel()) >= 0.0)


@pytest.mark.parametrize("function", [linear_overlap, bayes_overlap])
def test_bad_arguments_are_refused(function):
    for arguments, words in (
        ((0.0, 1.0), "load"), ((1.0, -1.0), "signal"), ((np.nan, 1.0), "load"),
        ((1.0, 1.0, 1), "components"), ((1.0, [1.0, 2.0]), "single number"),
        ((1.0, 1.0, 2.5), "components"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=words):
            function(*arguments)
    # The largest logit of an overlap is 39.75; there labels are those of known means.
    most = np.exp(39.75) / tanh_channel(1.0)
    with pytest.raises(
        InputError,
        match=rf"load of 1e\+30 is beyond .*, {most:g}: lower it".replace("e+17", r"e\+17"),
    ):
        bayes_overlap(1e30, 1.0)
    with pytest.raises(InputError, match="beyond the range"):
        bayes_overlap(1.001 * most, 1.0)
    assert bayes_overlap(0.999 * most, 1.0).overlap == pytest.approx(1.0)
    with pytest.raises(InputError, match="dim"):
        mean_thresholds(0, 1.0)


def test_two_components_where_nothing_is_said():
    for function in (linear_overlap, bayes_overlap, mean_thresholds):
        assert unsaid(function) == {"components": 2}


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_derived_again(call):
    stored.derive_again(call)
