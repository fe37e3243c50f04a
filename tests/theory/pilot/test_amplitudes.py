import numpy as np
import pytest

from convergen import theory
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
    for weights in (np.ones(3), values):
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
