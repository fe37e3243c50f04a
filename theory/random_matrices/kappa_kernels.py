"""Compiled scalar machinery of the deterministic equivalents.

All kernels work on a positive spectrum (lam, w) in units where the largest eigenvalue is one,
and on the map z(κ) = κ (1 − df₁(κ)/n) written around a base point κ_b with z(κ_b) = ρ:

    z(κ) − ρ = (κ − κ_b) A(κ),   A(κ) = ρ/κ_b + (κ/n) Σ w λ / ((λ + κ)(λ + κ_b)),
    1 − A(κ) = (1/n) Σ w λ² / ((λ + κ)(λ + κ_b)).

Every term is positive, so nothing cancels for any n. For ρ = 0 the base is κ₀ = κ(0⁺), and for
n ≥ rank, where κ₀ = 0, ρ/κ_b stands for its limit 1 − rank/n.
"""

from __future__ import annotations

from math import atan, exp, expm1, hypot, log, log1p, pi, sqrt

import numpy as np

from convergen.theory.common.compiled import kernel

# Trapezoid step in log(κ − κ_b). All singularities lie at negative κ − κ_b, at distance π from
# the real axis, so the error is about exp(−2π²/STEP) ≈ 1e-17 times a modest constant.
STEP = 0.48
LEFT = 1e-11
RIGHT = 1e8
ITERATIONS = 200
# Sums may be reordered for vector units; NaN and infinity keep their meaning.
_REORDER = {"reassoc", "contract"}
# Beyond it a ratio is as good as infinite, and its square still finite.
HUGE = 1e150
_LEAP = 1e100
# Bound on |a|/λ and b²/λ² below which a term of `height` is taken relative to 1.
_NEAR = 0.1


@kernel()
def base_kappa(lam, w, rank, n):  # type: ignore[no-untyped-def]
    """κ₀, the root of df₁(κ₀) = n for n < rank, else 0; and whether it converged.

    The equation is split at the eigenvalue where the cumulative multiplicity passes n into
    two positive sums P(κ) = N(κ), whose logarithms are compared: exact also inside wide gaps.
    """
    if n >= rank:
        return 0.0, True
    top, cumulative = 0, 0.0
    while top < lam.size and cumulative + 0.5 * w[top] < n:
        cumulative += w[top]
        top += 1
    if top == lam.size:
        cumulative = rank
    total = 0.0
    for j in range(lam.size):
        total += w[j] * lam[j]
    high = log(total / n) + 1e-12
    low = log(lam[-1]) + log((rank - n) / n) - 1e-12
    u = 0.5 * (low + high)
    last = high - low
    for _ in range(ITERATIONS):
        kappa = exp(u)
        positive, negative = max(0.0, cumulative - n), max(0.0, n - cumulative)
        slope_p, slope_n = 0.0, 0.0
        for j in range(lam.size):
            inverse = 1.0 / (lam[j] + kappa)
            share = lam[j] * inverse
            if j < top:
                negative += w[j] * kappa * inverse
                slope_n += w[j] * share * kappa * inverse
            else:
                positive += w[j] * share
                slope_p -= w[j] * share * kappa * inverse
        value = log(positive) - log(negative)
        if value > 0.0:
            low = u
        else:
            high = u
        step = -value / (slope_p / positive - slope_n / negative)
        if abs(step) <= 4e-16 * max(1.0, abs(u)) or high - low <= 4e-16 * max(1.0, abs(u)):
            return exp(u), True
        # Bisection where Newton leaves the bracket or steps to and fro without shrinking.
        if not low < u + step < high or abs(step) > 0.5 * last:
            step = 0.5 * (low + high) - u
        last = abs(step)
        u += step
    return exp(u), False


@kernel()
def limit_slope(rank, n, base, rho):  # type: ignore[no-untyped-def]
    """ρ/κ_b, or its limit max(0, 1 − rank/n) for ρ = 0."""
    if rho > 0.0:
        return rho / base
    return max(0.0, (n - rank) / n)


@kernel()
def solve_kappa(lam, w, rank, n, base, z):  # type: ignore[no-untyped-def]
    """κ(z) and dκ/dz for z > 0, and whether it converged; `base` is κ₀.

    Newton on log y + log A(κ₀ + y) = log z, y = κ − κ₀, whose slope in log y lies in [1, 2].
    """
    floor = limit_slope(rank, n, base, 0.0)
    total = 0.0
    for j in range(lam.size):
        total += w[j] * lam[j]
    low, high = -np.inf, log(z + total / n)
    u = min(high, log(z) + log1p(total / n / (z + lam[-1])))
    slope = 1.0
    for _ in range(ITERATIONS):
        y = exp(u)
        kappa = base + y
        value, derivative = floor, 0.0
        for j in range(lam.size):
            inverse = 1.0 / (lam[j] + kappa)
            share = w[j] * lam[j] * inverse / (lam[j] + base) / n
            value += share * kappa
            derivative += share * lam[j] * inverse
        slope = value + y * derivative
        residual = u + log(value) - log(z)
        if residual > 0.0:
            high = u
        else:
            low = u
        step = -residual * value / slope
        if abs(step) <= 4e-16 * max(1.0, abs(u)) or high - low <= 4e-16 * max(1.0, abs(u)):
            return kappa, 1.0 / slope, True
        u += step
        if not low < u < high:
            u = 0.5 * (low + high)
    return base + exp(u), 1.0 / slope, False


@kernel()
def solve_kappas(lam, w, rank, n, z, kappa, slope, converged):  # type: ignore[no-untyped-def]
    """κ(z_i; n_i), dκ/dz and convergence for every pair (n_i, z_i), z_i ≥ 0."""
    for i in range(n.size):
        base, fine = base_kappa(lam, w, rank, n[i])
        if z[i] > 0.0:
            kappa[i], slope[i], converged[i] = solve_kappa(lam, w, rank, n[i], base, z[i])
            converged[i] = converged[i] and fine
            continue
        derivative = limit_slope(rank, n[i], base, 0.0)
        for j in range(lam.size):
            if base > 0.0:
                share = lam[j] / (lam[j] + base)
                derivative += w[j] * share * (base / (lam[j] + base)) / n[i]
        kappa[i], slope[i], converged[i] = base, 1.0 / derivative, fine


@kernel()
def _ridge_weight(t, rho):  # type: ignore[no-untyped-def]
    """∫₀ᵗ sqrt(s)/(s + ρ) ds = 2 sqrt(t) (1 − atan(x)/x), x = sqrt(t/ρ)."""
    if rho == 0.0:
        return 2.0 * sqrt(t)
    x = sqrt(t / rho)
    if x > 0.1:
        return 2.0 * sqrt(t) * (1.0 - atan(x) / x)
    square, series = x * x, 0.0
    for k in range(9, 0, -1):
        series = square * (1.0 / (2 * k + 1) - series)
    return 2.0 * sqrt(t) * series


@kernel(fastmath={"contract"})
def _accumulate(s, kappa, y, weight, defect, h, gap):  # type: ignore[no-untyped-def]
    """Add one node; each ratio stays in range where 1/(s + κ)² would overflow."""
    for j in range(s.size):
        inverse = 1.0 / (s[j] + kappa)
        product = (y * inverse) * (s[j] * inverse)
        h[j] += weight * product
        gap[j] += defect * product


@kernel(fastmath=_REORDER)
def expected_sqrt(lam, w, rank, n, base, rho, s, h, gap):  # type: ignore[no-untyped-def]
    """Write h(s) = E(Σ̂ + ρ)^{1/2} and, for ρ = 0, the gap sqrt(s) − h(s), for one n.

    h(s) = sqrt(ρ) + (1/π) ∫ s B(z(κ) − ρ)/(s + κ)² dκ over κ > κ_b, B = ∫ sqrt(t)/(t + ρ) dt:
    the κ-integral of docs/derivation.md after integration by parts. The trapezoid sum beyond
    the last node is a geometric series and is added in closed form.
    """
    floor = limit_slope(rank, n, base, rho)
    count, points = lam.size, s.size
    coefficient = np.empty(count)
    tail = 0.0
    for j in range(count):
        coefficient[j] = w[j] * lam[j] / (lam[j] + base) / n
        tail += coefficient[j] * lam[j]
    smallest, largest = s[0], 1.0
    for j in range(points):
        smallest, largest = min(smallest, s[j]), max(largest, s[j])
    first = log(LEFT * (base + smallest))
    nodes = int(np.ceil((log(RIGHT * (largest + base)) - first) / STEP)) + 1
    h[:] = 0.0
    gap[:] = 0.0
    for i in range(nodes):
        y = exp(first + STEP * i)
        kappa = base + y
        a, complement = 0.0, 0.0
        for j in range(count):
            share = coefficient[j] / (lam[j] + kappa)
            a += share
            complement += share * lam[j]
        a = floor + kappa * a
        weight = _ridge_weight(y * a, rho)
        defect = 2.0 * sqrt(y) * complement / (1.0 + sqrt(a))
        _accumulate(s, kappa, y, weight, defect, h, gap)
    last = exp(first + STEP * (nodes - 1))
    half = 1.0 / (sqrt(last) * expm1(0.5 * STEP))
    whole = 1.0 / (last * expm1(STEP))
    three_halves = 1.0 / (last * sqrt(last) * expm1(1.5 * STEP))
    for j in range(points):
        correction = 2.0 * rho - tail - 4.0 * (s[j] + base)
        beyond = 2.0 * half + correction * three_halves - pi * sqrt(rho) * whole
        h[j] = sqrt(rho) + STEP / pi * (h[j] + s[j] * beyond)
        gap[j] = STEP / pi * (gap[j] + s[j] * tail * three_halves)
        gap[j] -= sqrt(s[j]) * expm1(-0.5 * log1p(base / s[j]))


@kernel()
def expected_sqrts(lam, w, rank, n, rho, s, h, gap, converged):  # type: ignore[no-untyped-def]
    """`expected_sqrt` for every n_i, rows of h and gap."""
    for i in range(n.size):
        base, fine = base_kappa(lam, w, rank, n[i])
        converged[i] = fine
        if rho > 0.0:
            base, _, solved = solve_kappa(lam, w, rank, n[i], base, rho)
            converged[i] = fine and solved
        expected_sqrt(lam, w, rank, n[i], base, rho, s, h[i], gap[i])


@kernel(fastmath=_REORDER)
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


@kernel()
def height(lam, w, n, a):  # type: ignore[no-untyped-def]
    """B ≥ 0 with (1/n) Σ w λ²/((λ − a)² + b²) = 1, or 0 where the sum at b = 0 is below 1.

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


@kernel()
def sample_point(lam, w, rank, n, base, a):  # type: ignore[no-untyped-def]
    """κ = −a + ib on the image of the real axis, and the sample eigenvalue x = −z(κ)."""
    kappa = complex(-a, height(lam, w, n, a))
    value = complex(limit_slope(rank, n, base, 0.0))
    for j in range(lam.size):
        value += w[j] * lam[j] / (lam[j] + base) / n * kappa / (lam[j] + kappa)
    return kappa, -((kappa - base) * value).real


@kernel()
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


@kernel()
def free_degrees(lam, w, n, kappa, first, second):  # type: ignore[no-untyped-def]
    """Write n − df₁(κ) and n − df₂(κ) for complex κ."""
    for i in range(kappa.size):
        inverse = 1.0 / hypot(kappa[i].real, kappa[i].imag)
        re, im = kappa[i].real * inverse, kappa[i].imag * inverse
        counted, a, b, c, d = free_sums(lam, w, inverse, re, im)
        first[i], second[i] = complex((n - counted) + a, b), complex((n - counted) + c, d)


@kernel(fastmath=_REORDER)
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
