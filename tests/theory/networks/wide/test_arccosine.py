import numpy as np
from numba import njit
from scipy.integrate import quad
from scipy.stats import norm

from convergen.theory.networks.wide.arccosine import angle_from, order_one, order_zero


@njit(error_model="numpy", fastmath={"contract"})
def compiled(cosines):
    found = np.empty((3, cosines.size))
    for i in range(cosines.size):
        found[0, i] = angle_from(cosines[i])
        found[1, i] = order_one(cosines[i], found[0, i])
        found[2, i] = order_zero(found[0, i])
    return found


def test_angle_over_the_whole_range():
    cosines = np.concatenate(
        [np.linspace(-1.0, 1.0, 4001), 1.0 - np.geomspace(1e-16, 1.0, 200), [0.5, -0.5, -0.0]]
    )
    angle, one, _ = compiled(cosines)
    np.testing.assert_allclose(angle, np.arccos(-cosines), rtol=4e-16, atol=4e-16)
    theta = np.arccos(cosines)
    exact = (np.sin(theta) + (np.pi - theta) * np.cos(theta)) / np.pi
    np.testing.assert_allclose(one, exact, rtol=0.0, atol=4e-16)


def test_kernels_are_moments_of_gaussians():
    for cosine in (-0.7, 0.2, 0.9):
        rest = np.sqrt(1.0 - cosine**2)

        def moment(u, power, cosine=cosine, rest=rest):
            # E φ(v) and E φ'(v) of v = ρu + rest · z, given u > 0.
            mean = cosine * u
            inner = norm.cdf(mean / rest)
            if power:
                inner = mean * inner + rest * norm.pdf(mean / rest)
            return 2.0 * u**power * inner * norm.pdf(u)

        _, one, zero = compiled(np.array([cosine]))
        np.testing.assert_allclose(one, quad(moment, 0.0, np.inf, (1,))[0], rtol=1e-9)
        np.testing.assert_allclose(zero, quad(moment, 0.0, np.inf, (0,))[0], rtol=1e-9)
