"""Compiled scalar machinery of the deterministic equivalents.

All kernels work on a positive spectrum (lam, w) in units where the largest eigenvalue is one,
and on the map z(κ) = κ (1 − df₁(κ)/n) written around a base point κ_b with z(κ_b) = ρ:

    z(κ) − ρ = (κ − κ_b) A(κ),   A(κ) = ρ/κ_b + (κ/n) Σ w λ / ((λ + κ)(λ + κ_b)),
    1 − A(κ) = (1/n) Σ w λ² / ((λ + κ)(λ + κ_b)).

Every term is positive, so nothing cancels for any n. For ρ = 0 the base is κ₀ = κ(0⁺), and for
n ≥ rank, where κ₀ = 0, ρ/κ_b stands for its limit 1 − rank/n.
"""

from __future__ import annotations

from math import atan, exp, expm1, log, log1p, pi, sqrt

import numpy as np

from convergen.theory.common.compiled import kernel

# Trapezoid step in log(κ − κ_b). All singularities lie at negative κ − κ_b, at distance π from
# the real axis, so the error is about exp(−2π²/STEP) ≈ 1e-17 times a modest constant.
STEP = 0.48
LEFT = 1e-11
RIGHT = 1e8
ITERATIONS = 200
# Sums may be reordered for vector units; NaN and infinity keep their meaning.
REORDER = {"reassoc", "contract"}


@kernel(arrays=False)
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


@kernel(arrays=False)
def limit_slope(rank, n):  # type: ignore[no-untyped-def]
    """Limit max(0, 1 − rank/n) of ρ/κ_b for ρ = 0."""
    return max(0.0, (n - rank) / n)


@kernel(arrays=False)
def solve_kappa(lam, w, rank, n, base, z):  # type: ignore[no-untyped-def]
    """κ(z) and dκ/dz for z > 0, and whether it converged; `base` is κ₀.

    Newton on log y + log A(κ₀ + y) = log z, y = κ − κ₀, whose slope in log y lies in [1, 2].
    """
    floor = limit_slope(rank, n)
    total = 0.0
    for j in range(lam.size):
        total += w[j] * lam[j]
    low, high = -np.inf, log(z + total / n)
    u = log(z) + log1p(total / n / (z + lam[-1]))
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


@kernel(arrays=False)
def solve_kappas(lam, w, rank, n, z, kappa, slope, converged):  # type: ignore[no-untyped-def]
    """κ(z_i; n_i), dκ/dz and convergence for every pair (n_i, z_i), z_i ≥ 0."""
    for i in range(n.size):
        base, fine = base_kappa(lam, w, rank, n[i])
        if z[i] > 0.0:
            kappa[i], slope[i], converged[i] = solve_kappa(lam, w, rank, n[i], base, z[i])
            converged[i] = converged[i] and fine
            continue
        derivative = limit_slope(rank, n[i])
        for j in range(lam.size):
            share = lam[j] / (lam[j] + base)
            derivative += w[j] * share * (base / (lam[j] + base)) / n[i]
        kappa[i], slope[i], converged[i] = base, 1.0 / derivative, fine


@kernel(arrays=False)
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


@kernel(arrays=False, fastmath={"contract"})
def _accumulate(s, kappa, y, weight, defect, h, gap):  # type: ignore[no-untyped-def]
    """Add one node; each ratio stays in range where 1/(s + κ)² would overflow."""
    for j in range(s.size):
        inverse = 1.0 / (s[j] + kappa)
        product = (y * inverse) * (s[j] * inverse)
        h[j] += weight * product
        gap[j] += defect * product


@kernel(arrays=False, fastmath=REORDER)
def expected_sqrt(lam, w, rank, n, base, rho, s, h, gap, coefficient):  # type: ignore[no-untyped-def]
    """Write h(s) = E(Σ̂ + ρ)^{1/2} and, for ρ = 0, the gap sqrt(s) − h(s), for one n.

    h(s) = sqrt(ρ) + (1/π) ∫ s B(z(κ) − ρ)/(s + κ)² dκ over κ > κ_b, B = ∫ sqrt(t)/(t + ρ) dt:
    the κ-integral of docs/derivation.md after integration by parts. The trapezoid sum beyond
    the last node is a geometric series and is added in closed form. The last argument is room for
    as many numbers as `lam`: a kernel that makes arrays loads a third more of numba.
    """
    floor = rho / base if rho > 0.0 else limit_slope(rank, n)
    count, points = lam.size, s.size
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


@kernel(arrays=False)
def expected_sqrts(lam, w, rank, n, rho, s, h, gap, converged, room):  # type: ignore[no-untyped-def]
    """`expected_sqrt` for every n_i, rows of h and gap."""
    for i in range(n.size):
        base, fine = base_kappa(lam, w, rank, n[i])
        converged[i] = fine
        if rho > 0.0:
            base, _, solved = solve_kappa(lam, w, rank, n[i], base, rho)
            converged[i] = fine and solved
        expected_sqrt(lam, w, rank, n[i], base, rho, s, h[i], gap[i], room)
