import numpy as np
import pytest
from scipy.optimize import brentq

from convergen import theory
from convergen.theory.pilot import amplitudes
from convergen.theory.pilot.amplitudes import _noise_at, _thinned, amplitude_law, by_width
from convergen.theory.pilot.degrees_of_freedom import unseen
from convergen.theory.pilot.sample import PilotSample
from convergen.theory.spectra.principal_components import principal_components

SPECTRUM = theory.Spectrum.power_law(60, 0.5)


def sample(count, shape, seed=0):
    rng = np.random.default_rng(seed)
    data = rng.standard_normal((count, 60)) * np.sqrt(SPECTRUM.eigenvalues)
    if shape is not None:
        data *= np.sqrt(rng.gamma(shape, 1.0 / shape, (count, 1)))
    return PilotSample.of(data, principal_components(data), centred=True)


def test_influence_is_what_the_second_moment_loses_without_a_point(monkeypatch):
    kept = []
    monkeypatch.setattr(
        "convergen.theory.pilot.amplitudes.unseen",
        lambda *given: kept.append(unseen(*given)) or kept[-1],
    )
    _, influence = amplitude_law(sample(150, 1.5), SPECTRUM)
    loss = 1.0 / kept[0][0] - 1.0
    change = np.empty(150)
    for i in range(150):
        rest = np.delete(loss, i)
        change[i] = np.log(np.mean(rest**2) / rest.mean() ** 2)
    change -= change.mean()
    # To first order in the weight of the point.
    assert np.corrcoef(influence, change)[0, 1] > 0.998
    tau = loss / loss.mean()
    order = -(tau**2 / (1.0 + np.var(tau, ddof=1)) - 2.0 * tau) / 150
    np.testing.assert_allclose(influence, order - order.mean(), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(influence, change, atol=0.12 * np.abs(change).max())
    assert influence.std() == pytest.approx(change.std(), rel=0.1)


def test_the_scatter_over_samples_is_that_of_the_influences():
    moments, spread = [], []
    for seed in range(60):
        tau, influence = amplitude_law(sample(200, 1.5, seed), SPECTRUM)
        moments.append(np.log(np.mean(tau**2)))
        spread.append(np.sum(influence**2))
    assert np.mean(np.exp(moments)) == pytest.approx(1.0 + 1.0 / 1.5, rel=0.1)
    assert np.sqrt(np.mean(spread)) == pytest.approx(np.std(moments, ddof=1), rel=0.3)


def test_gaussian_points_have_one_amplitude():
    assert amplitude_law(sample(300, None), SPECTRUM)[0].size == 1


def test_amplitudes_of_directions_without_weight_are_not_those_of_the_points():
    """Pictures enlarged smoothly: half of the degrees of freedom hold no variance."""
    rng = np.random.default_rng(5)
    large = rng.standard_normal((140, 20)) * np.arange(1, 21) ** -0.5
    tiny = 1e-3 * rng.standard_normal((140, 300)) * np.sqrt(rng.gamma(0.05, 20.0, (140, 1)))
    pilot = theory.estimate_population(np.hstack([large, tiny]))
    assert np.mean(pilot.amplitudes**2) < 1.1
    # Where points have amplitudes in the large directions, they are found all the same.
    wide = large * np.sqrt(rng.gamma(1.5, 1.0 / 1.5, (140, 1)))
    found = theory.estimate_population(np.hstack([wide, tiny])).amplitudes
    assert np.mean(found**2) == pytest.approx(1.0 + 1.0 / 1.5, rel=0.3)


def test_derivative_by_width():
    tau = np.random.default_rng(1).gamma(2.0, 0.5, 100)
    tau /= tau.mean()

    def law(amplitudes):
        moment = np.mean((amplitudes / amplitudes.mean()) ** 2)
        return np.array([3.0 * np.log(moment), moment])

    found = by_width(law, tau)
    assert found[0] == pytest.approx(3.0, rel=1e-9)
    assert found[1] == pytest.approx(np.mean(tau**2), rel=0.05)
    np.testing.assert_array_equal(by_width(law, np.ones(1)), 0.0)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_noise_at_which_a_share_is_left(share):
    values = np.array([9.0, 1.0, 1e-6])
    for weights in (np.ones(3), values, np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])):
        z = _noise_at(values, weights, share)
        assert weights @ (values / (values + z)) / weights.sum() == pytest.approx(share, rel=1e-9)


def test_many_amplitudes_are_thinned_to_means_of_neighbours():
    tau = np.random.default_rng(0).gamma(2.0, 0.5, 1000)
    found = _thinned(tau)
    assert found.size == 128
    assert np.all(np.diff(found) > 0.0)
    assert found.mean() == pytest.approx(1.0, rel=1e-12)
    assert np.mean(found**2) == pytest.approx(np.mean(tau**2) / tau.mean() ** 2, rel=0.03)
    few = _thinned(tau[:20])
    np.testing.assert_allclose(np.sort(few), np.sort(tau[:20]) / tau[:20].mean())


def by_hand(pilot, spectrum):
    """Scatter of Gaussian points, excess, and loss of each point over the mean loss."""
    values, freedom = pilot.eigenvalues, pilot.freedom

    def noise(weights, share):
        def left(t):
            return np.average(values / (values + np.exp(t)), weights=weights) - share

        return np.exp(brentq(left, -60.0, 60.0, xtol=1e-14))

    # Half of the degrees of freedom, but no more than 95 % of the variance.
    z = max(noise(np.ones_like(values), 0.5), noise(values, 0.95))
    used = values / (values + z)
    loss = 1.0 / unseen(pilot, used[None])[0] - 1.0
    kappa = z * freedom * loss.mean() / used.sum()
    share = np.repeat(spectrum.eigenvalues, spectrum.multiplicities.astype(int))
    share = share / (share + kappa)
    first, second = share.sum(), np.sum(share**2)
    scatter = 2.0 * second / first**2 / max(1.0 - second / freedom, 0.1)
    tau = loss / loss.mean()
    return scatter, (np.var(tau, ddof=1) - scatter) / (1.0 + scatter), tau


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize(("count", "decay"), [(50, 0.0), (60, 1.0), (121, 2.0)])
def test_amplitudes_have_the_second_moment_that_is_not_scatter(count, decay, scale):
    """A power of the losses has it; known whatever spectrum is given with the pilot."""
    rng = np.random.default_rng(count)
    data = rng.standard_normal((count, 60)) * np.arange(1.0, 61.0) ** (-0.5 * decay)
    data *= np.sqrt(rng.gamma(1.0, 1.0, (count, 1)))
    pilot = PilotSample.of(data, principal_components(data), centred=True)
    spectrum = theory.Spectrum.from_eigenvalues(scale * np.arange(1.0, 61.0) ** -decay)
    scatter, excess, tau = by_hand(pilot, spectrum)
    found, _ = amplitude_law(pilot, spectrum)
    if excess <= 2.0 * scatter * np.sqrt(2.0 / count):
        np.testing.assert_array_equal(found, [1.0])
        return
    assert np.mean(found**2) == pytest.approx(1.0 + excess, rel=1e-8)
    assert found.mean() == pytest.approx(1.0, rel=1e-12)
    # All are one power of the losses.
    powers = np.diff(np.log(found)) / np.diff(np.log(np.sort(tau)))
    np.testing.assert_allclose(powers, powers[0], rtol=1e-6)


def test_losses_that_scatter_enough_are_the_amplitudes_themselves():
    """Of many dimensions alike the loss shows a point's amplitude nearly without error."""
    rng = np.random.default_rng(0)
    data = rng.standard_normal((20, 3000)) * np.sqrt(rng.gamma(1.0, 1.0, (20, 1)))
    pilot = PilotSample.of(data, principal_components(data), centred=True)
    spectrum = theory.Spectrum.isotropic(3000)
    _, excess, tau = by_hand(pilot, spectrum)
    assert np.mean(tau**2) - 1.0 < excess
    np.testing.assert_allclose(amplitude_law(pilot, spectrum)[0], np.sort(tau), rtol=1e-9)


def test_points_are_gaussian_until_their_excess_is_twice_its_error():
    pilot = sample(80, 20.0)

    def beyond(log_scale):
        spectrum = theory.Spectrum.from_eigenvalues(np.exp(log_scale) * SPECTRUM.eigenvalues)
        scatter, excess, _ = by_hand(pilot, spectrum)
        return excess - 2.0 * scatter * np.sqrt(2.0 / 80.0)

    edge = brentq(beyond, 0.0, 2.0, xtol=1e-13)
    for step in (-1e-7, 1e-7):
        spectrum = theory.Spectrum.from_eigenvalues(np.exp(edge + step) * SPECTRUM.eigenvalues)
        gaussian = amplitude_law(pilot, spectrum)[0].size == 1
        assert gaussian == (beyond(edge + step) < 0.0)


def test_amplitudes_are_widened_by_five_per_cent_in_the_power():
    tau = np.array([0.5, 1.5])
    wider = tau**1.05 / np.mean(tau**1.05)
    more = np.log(np.mean(wider**2) / np.mean(tau**2))
    found = by_width(lambda law: np.array([law[0], law.sum()]), tau)
    np.testing.assert_allclose(found, [(wider[0] - 0.5) / more, 0.0], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("count", "kept"), [(3, 3), (128, 128), (129, 128)])
def test_up_to_128_amplitudes_are_kept_as_they_are(count, kept):
    tau = np.arange(1.0, count + 1.0)
    found = _thinned(tau[::-1])
    assert found.size == kept
    if count == kept:
        np.testing.assert_allclose(found, tau / tau.mean(), rtol=1e-15)


def test_all_points_of_a_spectrum_are_a_pilot_of_their_own():
    rng = np.random.default_rng(2)
    for shape in ((30, 8), (12, 20)):
        data = rng.standard_normal(shape) * np.sqrt(rng.gamma(0.5, 2.0, (shape[0], 1)))
        spectrum = theory.Spectrum.from_data(data)
        pilot = PilotSample.of(data, principal_components(data), centred=True)
        expected, _ = amplitude_law(pilot, spectrum)
        np.testing.assert_allclose(amplitudes.amplitudes_of(data, spectrum), expected, rtol=1e-6)
