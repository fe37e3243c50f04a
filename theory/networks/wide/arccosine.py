"""Arccosine kernels of order 0 and 1 inside compiled loops, without a call for each number.

For Gaussian u, v of correlation ρ, 2 E[φ'(u)φ'(v)] = κ₀(ρ) and 2 E[φ(u)φ(v)] = κ₁(ρ) for the
ReLU φ and unit variances (Cho & Saul 2009). Both need arccos, which libraries compute one number at
a time; here it is a polynomial, chosen without branches, so that loops become vector code.
"""

from __future__ import annotations

from convergen.theory.common.compiled import kernel

_PI = 3.141592653589793
_INVERSE_PI = 0.3183098861837907


@kernel(inline="always")
def angle_from(cosine):  # type: ignore[no-untyped-def]
    """π − arccos ρ for −1 ≤ ρ ≤ 1, right to 1e-15.

    arcsin s = s + s z P(z), z = s² ≤ ¼, with P interpolated at 13 Chebyshev points (error 4e-18);
    beyond |ρ| = ½, arccos |ρ| = 2 arcsin √((1 − |ρ|)/2).
    """
    size = abs(cosine)
    wide = size > 0.5
    z = 0.5 * (1.0 - size) if wide else size * size
    s = z**0.5 if wide else size
    p = 0.028757851367421564708
    p = p * z - 0.014851887071247203224
    p = p * z + 0.017400879442694022443
    p = p * z + 0.0054575067186403583004
    p = p * z + 0.010322814350185779287
    p = p * z + 0.011479177415184905896
    p = p * z + 0.013971212973552933304
    p = p * z + 0.017352392720869972942
    p = p * z + 0.022372172942149887875
    p = p * z + 0.030381944138531247287
    p = p * z + 0.044642857146355429783
    p = p * z + 0.074999999999984329332
    p = p * z + 0.16666666666666667827
    arcsine = s + s * z * p
    small = 2.0 * arcsine if wide else 0.5 * _PI - arcsine
    return _PI - small if cosine >= 0.0 else small


@kernel(inline="always")
def order_one(cosine, angle):  # type: ignore[no-untyped-def]
    """κ₁(ρ) from ρ and `angle_from` ρ."""
    sine = ((1.0 - cosine) * (1.0 + cosine)) ** 0.5
    return (sine + cosine * angle) * _INVERSE_PI


@kernel(inline="always")
def order_zero(angle):  # type: ignore[no-untyped-def]
    """κ₀(ρ) from `angle_from` ρ."""
    return angle * _INVERSE_PI
