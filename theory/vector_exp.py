"""exp for arguments ≤ 0 as straight-line arithmetic, which compilers turn into vector code.

The library function would be called once per number. Here x = k log 2 + r, |r| ≤ log(2)/2; adding
a large constant rounds x/log 2 to the integer k, whose bits, shifted into the exponent field,
are 2^k; a Taylor polynomial in r does the rest to one or two units in the last place.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic, overload


@intrinsic
def _double_of_bits(typing_context: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.float64))

    return types.float64(types.int64), generate


@intrinsic
def _bits_of_double(typing_context: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.int64))

    return types.int64(types.float64), generate


@intrinsic
def _float_of_bits(typing_context: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.float32))

    return types.float32(types.int32), generate


@intrinsic
def _bits_of_float(typing_context: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.int32))

    return types.int32(types.float32), generate


_ROUND64 = 6755399441055744.0
_INVERSE_LN2 = 1.4426950408889634
_HIGH64, _LOW64 = 0.693147180369123816490, 1.90821492927058770002e-10
_FLOOR64 = -708.0

_ROUND32 = 12582912.0
_HIGH32, _LOW32 = 0.693359375, -2.12194440e-4
_FLOOR32 = -87.0


def _exp64(x):  # type: ignore[no-untyped-def]
    y = x if x > _FLOOR64 else _FLOOR64
    shifted = y * _INVERSE_LN2 + _ROUND64
    k = shifted - _ROUND64
    r = (y - k * _HIGH64) - k * _LOW64
    p = 1.6059043836821613e-10
    p = p * r + 2.08767569878681e-09
    p = p * r + 2.505210838544172e-08
    p = p * r + 2.755731922398589e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.48015873015873e-05
    p = p * r + 0.0001984126984126984
    p = p * r + 0.001388888888888889
    p = p * r + 0.008333333333333333
    p = p * r + 0.041666666666666664
    p = p * r + 0.16666666666666666
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    scale = _double_of_bits((_bits_of_double(shifted) << 52) + 4607182418800017408)
    return p * scale if x > _FLOOR64 else 0.0


def _exp32(x):  # type: ignore[no-untyped-def]
    y = x if x > types.float32(_FLOOR32) else types.float32(_FLOOR32)
    shifted = y * types.float32(_INVERSE_LN2) + types.float32(_ROUND32)
    k = shifted - types.float32(_ROUND32)
    r = (y - k * types.float32(_HIGH32)) - k * types.float32(_LOW32)
    p = types.float32(0.0001984127)
    p = p * r + types.float32(0.0013888889)
    p = p * r + types.float32(0.008333334)
    p = p * r + types.float32(0.041666668)
    p = p * r + types.float32(0.16666667)
    p = p * r + types.float32(0.5)
    p = p * r + types.float32(1.0)
    p = p * r + types.float32(1.0)
    bits = (_bits_of_float(shifted) << types.int32(23)) + types.int32(1065353216)
    scale = _float_of_bits(types.int32(bits))
    return p * scale if x > types.float32(_FLOOR32) else types.float32(0.0)


def exp_nonpositive(x: Any) -> Any:
    """exp(x) for x ≤ 0 inside compiled code, in the precision of x.

    Parameters
    ----------
    x : float32 or float64 scalar
        Not above 0.

    Returns
    -------
    scalar of the same type
        Exactly 0 below −708 (float64) or −87 (float32).

    Raises
    ------
    TypeError
        Outside compiled code, where ``numpy.exp`` is as fast.
    """
    raise TypeError("exp_nonpositive works inside numba functions only")


@overload(exp_nonpositive, inline="always")
def _select(x):  # type: ignore[no-untyped-def]
    return _exp32 if x == types.float32 else _exp64
