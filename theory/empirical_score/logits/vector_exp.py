"""Straight-line exp and maximum, which compilers turn into vector code inside loops.

The library's exp would be called once per number. Here x = k log 2 + r, |r| ≤ log(2)/2; adding
a large constant rounds x/log 2 to the integer k, whose bits, shifted into the exponent field,
are 2^k; a polynomial in r does the rest to one or two units in the last place.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic, overload


def _bits_as(source: Any, target: Any) -> Any:
    """An intrinsic that reads the bits of one type as another of the same size."""

    @intrinsic
    def read(typing_context: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], context.get_value_type(target))

        return target(source), generate

    return read


_double_of_bits = _bits_as(types.int64, types.float64)
_bits_of_double = _bits_as(types.float64, types.int64)
_float_of_bits = _bits_as(types.int32, types.float32)
_bits_of_float = _bits_as(types.float32, types.int32)


@intrinsic
def larger(typing_context: Any, left: Any, right: Any) -> Any:
    """Maximum of two floats of one type, neither NaN.

    Python's ``max`` keeps NaN and signed zeros apart, so a running maximum stays a scalar loop.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        flags = ("nnan", "nsz")
        above = builder.fcmp_ordered(">", *arguments, flags=flags)
        return builder.select(above, *arguments, flags=flags)

    return left(left, left), generate


@intrinsic
def wide_vectors(typing_context: Any) -> Any:
    """Let the loops of a compiled function use vectors of 512 bits on machines that have them.

    Compilers stay at 256 bits, since older processors lower their clock for more. Loops of
    arithmetic alone, over numbers in the cache, are a quarter to a third faster with the wide ones.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        attributes = builder.function.attributes
        # A set of names, printed as they are, whose own `add` knows none that has a value. It is
        # not promised to stay one: without it loops are slower.
        if isinstance(attributes, set):
            set.add(attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), generate


# Polynomials 1 + r + r² Σ c_j r^j: least squares of the relative error at Chebyshev points of
# |r| ≤ log(2)/2, right to 4e-18 (float64) and 4e-9 (float32).
_ROUND64 = 6755399441055744.0
_INVERSE_LN2 = 1.4426950408889634
_HIGH64, _LOW64 = 0.693147180369123816490, 1.90821492927058770002e-10

_ROUND32 = 12582912.0
_HIGH32, _LOW32 = 0.693359375, -2.12194440e-4


def _exp64(x):  # type: ignore[no-untyped-def]
    shifted = x * _INVERSE_LN2 + _ROUND64
    k = shifted - _ROUND64
    r = (x - k * _HIGH64) - k * _LOW64
    p = 2.5024615485217219e-8
    p = p * r + 2.7631198980568215e-7
    p = p * r + 2.7557507668466245e-6
    p = p * r + 2.4801490153138052e-5
    p = p * r + 0.00019841269596378823
    p = p * r + 0.0013888888946851389
    p = p * r + 0.0083333333334519088
    p = p * r + 0.041666666666515724
    p = p * r + 0.16666666666666482
    p = p * r + 0.50000000000000128
    p = p * r + 1.0
    p = p * r + 1.0
    return p * _double_of_bits((_bits_of_double(shifted) << 52) + 4607182418800017408)


def _exp32(x):  # type: ignore[no-untyped-def]
    shifted = x * types.float32(_INVERSE_LN2) + types.float32(_ROUND32)
    k = shifted - types.float32(_ROUND32)
    r = (x - k * types.float32(_HIGH32)) - k * types.float32(_LOW32)
    p = types.float32(0.001375127910975427)
    p = p * r + types.float32(0.0083689517774801634)
    p = p * r + types.float32(0.041669538690981587)
    p = p * r + types.float32(0.16666518165325066)
    p = p * r + types.float32(0.49999988561495776)
    p = p * r + types.float32(1.0)
    p = p * r + types.float32(1.0)
    bits = (_bits_of_float(shifted) << types.int32(23)) + types.int32(1065353216)
    return p * _float_of_bits(types.int32(bits))


def exp_nonpositive(x: Any) -> Any:
    """exp(x) for x ≤ 0 inside compiled code, in the precision of x.

    Parameters
    ----------
    x : float32 or float64 scalar
        Between −708 (float64) or −87 (float32) and 0: beyond, the result has no meaning.

    Returns
    -------
    scalar of the same type
        exp(0) is exactly 1.

    Raises
    ------
    TypeError
        Outside compiled code, where ``numpy.exp`` is as fast.
    """
    raise TypeError("exp_nonpositive works inside numba functions only")


# Its own options: were sums reordered here as in the calling loop, the rounding to k would vanish.
@overload(exp_nonpositive, jit_options={"fastmath": {"contract"}, "error_model": "numpy"})
def _select(x):  # type: ignore[no-untyped-def]
    return _exp32 if x == types.float32 else _exp64


def _exp2_64(x):  # type: ignore[no-untyped-def]
    shifted = x + _ROUND64
    r = x - (shifted - _ROUND64)
    p = 4.4307278984014654e-10
    p = p * r + 7.073810155099862e-9
    p = p * r + 1.0178229258049394e-7
    p = p * r + 1.3215435106247474e-6
    p = p * r + 1.5252733412140717e-5
    p = p * r + 0.00015403530457518835
    p = p * r + 0.0013333558146874727
    p = p * r + 0.009618129107593736
    p = p * r + 0.05550410866481954
    p = p * r + 0.2402265069591013
    p = p * r + 0.6931471805599453
    p = p * r + 1.0
    # Adding k to the exponent multiplies by 2^k; the shift leaves nothing of the large constant.
    return _double_of_bits(_bits_of_double(p) + (_bits_of_double(shifted) << 52))


def _exp2_32(x):  # type: ignore[no-untyped-def]
    shifted = x + types.float32(_ROUND32)
    r = x - (shifted - types.float32(_ROUND32))
    p = types.float32(0.00015370704816680935)
    p = p * r + types.float32(0.0013399848290696257)
    p = p * r + types.float32(0.009618373251351774)
    p = p * r + types.float32(0.055503290351536304)
    p = p * r + types.float32(0.240226484622813)
    p = p * r + types.float32(0.6931472055771004)
    p = p * r + types.float32(1.0)
    bits = _bits_of_float(shifted) << types.int32(23)
    return _float_of_bits(types.int32(_bits_of_float(p) + types.int32(bits)))


def exp2_nonpositive(x: Any) -> Any:
    """2^x for x ≤ 0 inside compiled code, for callers whose scale can hold the log₂ e.

    Parameters
    ----------
    x : float32 or float64 scalar
        Between −1021 (float64) or −125 (float32) and 0: beyond, the result has no meaning.

    Returns
    -------
    scalar of the same type
        2^0 is exactly 1.

    Raises
    ------
    TypeError
        Outside compiled code, where ``numpy.exp2`` is as fast.
    """
    raise TypeError("exp2_nonpositive works inside numba functions only")


@overload(exp2_nonpositive, jit_options={"fastmath": {"contract"}, "error_model": "numpy"})
def _select2(x):  # type: ignore[no-untyped-def]
    return _exp2_32 if x == types.float32 else _exp2_64
