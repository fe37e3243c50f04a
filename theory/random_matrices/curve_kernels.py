"""Compiled machinery on the curve of complex κ on which z(κ) is real and negative.

There the sample eigenvalues lie, x = −z(κ). Kernels take a positive spectrum (lam, w) as those of
`kappa_kernels` do. Sums whose terms are close to 1 keep only the differences from 1: where n equals
the number of the eigenvalues above a gap, these differences decide alone.
"""

from __future__ import annotations

from math import atan2, exp, hypot, log, pi, sqrt

import numpy as np

from convergen.theory.common.compiled import kernel
from convergen.theory.random_matrices.kappa_kernels import (
    ITERATIONS,
    REORDER,
    base_kappa,
    limit_slope,
)

# Beyond it a ratio is as good as infinite, and its square still finite.
HUGE = 1e150
_LEAP = 1e100
# Bound on |a|/λ and b²/λ² below which a term of `height` is taken relative to 1.
_NEAR = 0.1


@kernel(arrays=False, fastmath=REORDER)
def _height_sums(lam, w, a, unit, square):  # type: ignore[no-untyped-def]
    """W and R with Σ w λ²/((λ − a)² + b²) = W + R, b² = square · unit², and minus their derivative.

    W counts the eigenvalues far above |a| and b, whose terms are close to 1; R holds what they
    differ by. Where n equals W, the difference decides alone and must keep its digits.
    """
    counted, rest, derivative = 0.0, 0.0, 0.0
    for j in range(lam.size):
        inverse = 1.0 / lam[j]
        ratio = a * inverse
        distance = (lam[j] - a) * inverse
        scale = min(unit * inverse, HUGE)
        scale *= scale
        lift = square * scale
        near = abs(ratio) < _NEAR and lift < _NEAR
        inverse = 1.0 / (distance * distance + lift)
        counted += w[j] if near else 0.0
        rest += w[j] * inverse * (ratio * (2.0 - ratio) - lift if near else 1.0)
        derivative += w[j] * inverse * scale * inverse
    return counted, rest, derivative


@kernel(arrays=False)
def height(lam, w, n, a):  # type: ignore[no-untyped-def]
    """The b ≥ 0 with (1/n) Σ w λ²/((λ − a)² + b²) = 1, or 0 where the sum at b = 0 is below 1.

    Then κ = −a + ib maps to a real −z, a point of the sample spectrum. Newton on the reciprocal
    of the sum, which is concave in b², from below: monotone, no bracket needed. Squares are
    taken of ratios only, and b² is counted in units that follow b.
    """
    unit, square, nearest = 0.0, 1.0, np.inf
    for j in range(lam.size):
        nearest = min(nearest, abs(lam[j] - a))
        ratio = a / lam[j]
        distance = (lam[j] - a) / lam[j]
        room = w[j] / n - distance * distance
        if abs(ratio) < _NEAR:
            room = (w[j] - n) / n + ratio * (2.0 - ratio)
        unit = max(unit, lam[j] * sqrt(max(0.0, room)))
    if unit == 0.0:
        unit, square = nearest, 0.0
    for _ in range(ITERATIONS):
        counted, rest, derivative = _height_sums(lam, w, a, unit, square)
        excess = ((counted - n) + rest) / n
        if excess <= 0.0 and square == 0.0:
            return 0.0
        # A step cut short stays below the root.
        step = min(excess * (1.0 + excess) * n / derivative, _LEAP)
        if square + step <= 0.0:  # nearer to an edge than rounding can tell
            return 0.0
        unit *= sqrt(square + step)
        if step <= 1e-15 * square:
            break
        square = 1.0
    return unit


@kernel(arrays=False)
def count_above(lam, w, n, kappa):  # type: ignore[no-untyped-def]
    """Number of sample eigenvalues above −z(κ), for κ on the curve.

    From Im E log det(Σ̂ + z), whose jumps of π count eigenvalues.
    """
    # π − arg κ, which is minus the phase of κ/z = 1/(1 − df₁/n) on the curve where z < 0. For
    # n ≫ d it is small and must keep its digits.
    rest = atan2(kappa.imag, -kappa.real)
    turned, taken = 0.0, 0.0
    for j in range(lam.size):
        near = lam[j] + kappa.real
        turned += w[j] * (atan2(kappa.imag, near) - (pi - rest))
        distance = hypot(near, kappa.imag)
        taken -= w[j] * (lam[j] / distance) * (kappa.imag / distance)
    return (-turned + n * rest + taken) / pi


@kernel(arrays=False)
def ranked_point(lam, w, n, a):  # type: ignore[no-untyped-def]
    """κ = −a + ib on the curve, and how many sample eigenvalues lie above it."""
    kappa = complex(-a, height(lam, w, n, a))
    return kappa, count_above(lam, w, n, kappa)


@kernel(arrays=False)
def sample_point(lam, w, rank, n, base, a):  # type: ignore[no-untyped-def]
    """κ = −a + ib on the image of the real axis, and the sample eigenvalue x = −z(κ)."""
    kappa = complex(-a, height(lam, w, n, a))
    value = complex(limit_slope(rank, n))
    for j in range(lam.size):
        value += w[j] * lam[j] / (lam[j] + base) / n * kappa / (lam[j] + kappa)
    return kappa, -((kappa - base) * value).real


@kernel(arrays=False)
def sample_points(lam, w, rank, n, x, kappa):  # type: ignore[no-untyped-def]
    """Write κ(−x + i0) for every sample eigenvalue x > 0, by bisection on log(a + κ₀)."""
    base, fine = base_kappa(lam, w, rank, n)
    second = 0.0
    for j in range(lam.size):
        second += w[j] * lam[j] ** 2
    for i in range(x.size):
        top = base + max(x[i], lam[0] + sqrt(second / n))
        low, high = -200.0, log(top) - log(x[i])
        point = complex(0.0)
        for _ in range(ITERATIONS):
            middle = 0.5 * (low + high)
            point, value = sample_point(lam, w, rank, n, base, x[i] * exp(middle) - base)
            if value > x[i]:
                high = middle
            else:
                low = middle
            if high - low <= 2e-16 * max(1.0, abs(low), abs(high)):
                break
        kappa[i] = point
    return base, fine


@kernel(arrays=False)
def free_degrees(lam, w, n, kappa, first, second):  # type: ignore[no-untyped-def]
    """Write n − df₁(κ) and n − df₂(κ) for complex κ."""
    for i in range(kappa.size):
        inverse = 1.0 / hypot(kappa[i].real, kappa[i].imag)
        re, im = kappa[i].real * inverse, kappa[i].imag * inverse
        counted, a, b, c, d = free_sums(lam, w, inverse, re, im)
        first[i], second[i] = complex((n - counted) + a, b), complex((n - counted) + c, d)


@kernel(arrays=False, fastmath=REORDER)
def free_sums(lam, w, inverse, re, im):  # type: ignore[no-untyped-def]
    """W, and the parts of W − df₁ and W − df₂, for κ = (re + i im)/inverse of |κ| = 1/inverse.

    W counts the eigenvalues λ > |κ|, whose shares λ/(λ + κ) enter as their difference from 1: where
    n is equal to W and κ lies in a gap, only these differences are left of n − df₁.
    """
    counted, a, b, c, d = 0.0, 0.0, 0.0, 0.0, 0.0
    for j in range(lam.size):
        ratio = min(lam[j] * inverse, HUGE)
        scale = 1.0 / ((ratio + re) ** 2 + im * im)
        x, y = ratio * (ratio + re) * scale, -ratio * im * scale
        near = ratio > 1.0
        rest = (1.0 + ratio * re) * scale
        counted += w[j] if near else 0.0
        a += w[j] * (rest if near else -x)
        b -= w[j] * y
        c += w[j] * ((rest * (1.0 + x) if near else -x * x) + y * y)
        d -= w[j] * 2.0 * x * y
    return counted, a, b, c, d
