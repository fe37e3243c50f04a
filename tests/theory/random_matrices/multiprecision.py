"""Hard spectra, and κ of them to hundreds of digits."""

import numpy as np
from mpmath import mp, mpf

from convergen.theory import Spectrum

EPS = np.finfo(np.float64).eps
# Relative distance from a root at which its sign change is looked for.
_SURE = mpf("1e-45")
MIXED = ([4.0, 1.0, 0.25, 0.0], [10, 20, 30, 15])

HARD = {
    "isotropic": ([1.0], [50]),
    "two levels": ([1.0, 1e-3], [7, 30]),
    "wide gap": ([1.0, 1e-20], [100, 300]),
    "three far levels": ([1e60, 1.0, 1e-60], [3, 40, 57]),
    "hundreds of decades": ([1e100, 1.0, 1e-120, 1e-180], [1, 5, 20, 1000]),
    "tiny scale": ([3e-200, 1e-201], [20, 20]),
    "huge scale": ([3e200, 1e199], [20, 20]),
    "zeros": ([2.0, 1.0, 0.0], [3, 4, 50]),
    "one direction": ([2.0], [1]),
    "ten million": ([5.0, 1.0], [10, 10**7 - 10]),
}


def spectrum(case):
    return Spectrum.from_eigenvalues(*case)


def exact_pairs(s):
    return [
        (mpf(float(m)), mpf(float(x)))
        for m, x in zip(s.multiplicities, s.eigenvalues, strict=True)
        if x > 0
    ]


def exact_kappa(s, samples, noise):
    """Root of z = κ (1 − df₁/n): bisection of log κ, its last digits by Newton where it is sure."""
    pairs, n, z = exact_pairs(s), mpf(float(samples)), mpf(float(noise))
    if z == 0 and n >= sum(m for m, _ in pairs):
        return mpf(0)
    low = mp.log(mpf(10) ** -700)
    high = mp.log(z + sum(m * x for m, x in pairs) / n) + mpf("1e-40")

    def missing(kappa):
        return kappa * (1 - sum(m * x / (x + kappa) for m, x in pairs) / n) - z

    for step in range(220):
        middle = (low + high) / 2
        if missing(mp.exp(middle)) < 0:
            low = middle
        else:
            high = middle
        if step == 70:
            root = mp.exp(high)
            for _ in range(3):
                slope = 1 - sum(m * (x / (x + root)) ** 2 for m, x in pairs) / n
                root -= missing(root) / slope
            if missing(root * (1 - _SURE)) < 0 < missing(root * (1 + _SURE)):
                return root
    return mp.exp(high)


def relative(found, exact):
    return float(abs(mpf(float(found)) / exact - 1))


def rounding(s, kappa):
    """The solvers work with log κ, whose size multiplies the unit roundoff."""
    return EPS * (20 + 4 * abs(float(mp.log(kappa / mpf(s.largest)))))


def hard_samples(s):
    """n at and around the rank and every integer gap, and far from them."""
    ends = np.cumsum(s.multiplicities[s.eigenvalues > 0])
    around = [ends, ends - 1, ends + 1, ends * (1 - 1e-12), ends * (1 + 1e-12), [1.0, 1.5, 1e12]]
    return np.unique(np.clip(np.concatenate(around), 1.0, None))
