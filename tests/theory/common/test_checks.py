import re

import numpy as np
import pytest

from convergen import theory
from convergen.theory.common.checks import (
    InputError,
    as_count,
    as_finite,
    as_noise,
    as_noise_range,
    as_nonnegative,
    as_positive,
    as_sample_size,
    as_samples,
    as_seed,
)

NOT_NUMBERS = [
    None,
    "3",
    ["a"],
    [None],
    1j,
    [1 + 1j],
    pytest.param(object(), id="object"),
    {"n": 3},
    True,
    np.False_,
    [[1.0], [1.0, 2.0]],
]
NOT_FINITE = [np.nan, np.inf, -np.inf, [1.0, np.nan], np.longdouble("1e4000"), [2, 10**400]]


def assert_one_sentence(error):
    message = str(error.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert re.search(r"[.!?] +[A-Z]", message) is None
    assert 20 < len(message) < 300


def test_input_error_is_a_value_error_and_public():
    assert issubclass(InputError, ValueError)
    assert theory.InputError is InputError


@pytest.mark.parametrize(
    "values", [3, 2.5, [1, 2], [[1.0], [2.0]], [True, False], np.float32(0.5), 2**64, [1, 10**300]]
)
def test_finite_keeps_value_and_shape(values):
    result = as_finite(values, "x")
    assert result.dtype == np.float64
    assert result.shape == np.shape(values)
    np.testing.assert_array_equal(result, np.asarray(values, dtype=float))


def test_finite_returns_a_copy():
    given = np.array([1.0, 2.0])
    as_finite(given, "x")[0] = 9.0
    assert given[0] == 1.0


@pytest.mark.parametrize("values", NOT_NUMBERS + NOT_FINITE, ids=repr)
@pytest.mark.parametrize("check", [as_finite, as_positive, as_nonnegative])
def test_anything_but_finite_real_numbers_is_refused(check, values):
    with pytest.raises(InputError, match="spam") as error:
        check(values, "spam")
    assert_one_sentence(error)


@pytest.mark.parametrize("values", NOT_NUMBERS + NOT_FINITE, ids=repr)
@pytest.mark.parametrize("check", [as_samples, as_sample_size])
def test_samples_must_be_finite_real_numbers(check, values):
    with pytest.raises(InputError, match="samples") as error:
        check(values)
    assert_one_sentence(error)


@pytest.mark.parametrize("values", [0, -1, 0.999999999, [3, 0], [], [[5.0, -2.0]]], ids=repr)
def test_samples_must_be_at_least_one(values):
    with pytest.raises(InputError, match="samples") as error:
        as_samples(values)
    assert_one_sentence(error)


def test_message_counts_and_names_what_was_wrong():
    with pytest.raises(InputError, match=r"^samples must be at least 1, but -7 was given"):
        as_samples([3.0, 1.5, -7.0, 0.0])
    with pytest.raises(InputError, match=r"^x must be positive, but -3 was given: use a value abo"):
        as_positive([0.5, -3.0, 0.0], "x")
    with pytest.raises(InputError, match=r"holds 2 value\(s\)"):
        as_finite([np.nan, 1.0, np.inf], "x")


@pytest.mark.parametrize("values", [1, 1.5, 1e12, [1, 10**9], [[2.0]]])
def test_real_samples_pass_unchanged(values):
    np.testing.assert_array_equal(as_samples(values), np.asarray(values, dtype=float))


@pytest.mark.parametrize("values", [[3.0], [3.0, 4.0], [[5]]], ids=repr)
def test_a_single_number_is_no_list(values):
    for check in (as_sample_size, lambda v: as_nonnegative(v, "ridge")):
        with pytest.raises(InputError, match="single number") as error:
            check(values)
        assert_one_sentence(error)


def test_single_numbers_pass():
    assert as_sample_size(np.int64(3)) == 3.0
    assert isinstance(as_sample_size(np.array(2.5)), float)
    assert as_nonnegative(0, "ridge") == 0.0


def test_sign_limits():
    assert as_positive(1e-300) == 1e-300
    for value in (0.0, -1.0, [1.0, 0.0]):
        with pytest.raises(InputError, match="sigma must be positive") as error:
            as_positive(value)
        assert_one_sentence(error)
    with pytest.raises(InputError, match=r"ridge must not be negative, but -0\.5") as error:
        as_nonnegative(-0.5, "ridge")
    assert_one_sentence(error)
    for check in (as_positive, as_samples):
        with pytest.raises(InputError, match=r"^s[a-z]+ is empty: give at least one "):
            check([])
        np.testing.assert_array_equal(check(np.array([1, 10**300])), [1.0, 1e300])


def test_noise_levels_have_two_ends():
    np.testing.assert_array_equal(as_noise([1e-70, 0.3, 1e70]), [1e-70, 0.3, 1e70])
    for level in (0.99e-70, 1.01e70, 0.0):
        with pytest.raises(InputError, match="sigma must") as error:
            as_noise([1.0, level])
        assert_one_sentence(error)
    with pytest.raises(InputError) as error:
        as_noise([1.0, 2e70, 3e-71])
    assert str(error.value) == (
        "sigma must lie between 1e-70 and 1e+70, but 2e+70 was given: use other units."
    )


def test_a_range_of_noise_is_ordered():
    assert as_noise_range(0.1, 2) == (0.1, 2.0)
    for low, high in ((2.0, 0.1), (1.0, 1.0)):
        with pytest.raises(InputError, match=r"sigma_min = .* 0 < sigma_min < sigma_max") as error:
            as_noise_range(low, high)
        assert_one_sentence(error)
    for low, high in ((0.0, 1.0), (0.1, -1.0)):
        with pytest.raises(InputError, match=r"sigma_m.. must be positive"):
            as_noise_range(low, high)


@pytest.mark.parametrize("value", [1, 7, np.int32(7), 7.0, np.float64(7.0), 2**53])
def test_whole_numbers_pass(value):
    assert as_count(value, "dim") == value
    assert type(as_count(value, "dim")) is int


@pytest.mark.parametrize("value", [0, -1, 1.5, np.nan, np.inf, True, "3", None, [3], 1j], ids=repr)
def test_counts_must_be_whole_and_positive(value):
    with pytest.raises(InputError, match="dim must be a whole number of at least 1") as error:
        as_count(value, "dim")
    assert_one_sentence(error)


@pytest.mark.parametrize("digits", [16, 30, 5000])
def test_counts_that_floats_do_not_hold_are_refused(digits):
    with pytest.raises(InputError, match="dim must be a whole number of at most 9007199") as error:
        as_count(10**digits, "dim")
    assert_one_sentence(error)


def test_numbers_of_up_to_25_digits_are_shown():
    for count, shown in ((10**25 - 1, "9" * 25), (10**25, "one of more than 25 digits")):
        with pytest.raises(InputError, match=rf"at most 9007199254740992, not {shown}\.$"):
            as_count(count, "dim")


def test_seeds_fit_into_files():
    assert as_seed(0) == 0
    assert as_seed(2**63 - 1) == 2**63 - 1
    for value in (2**63, 10**5000):
        with pytest.raises(InputError, match="seed must be a whole number of at most 92233720368"):
            as_seed(value)
    for value in (-1, -(10**5000), 1.5, True, "0", None):
        with pytest.raises(InputError, match="start must be a whole number of at least 0") as error:
            as_seed(value, "start")
        assert_one_sentence(error)


@pytest.mark.parametrize("check", [as_samples, as_positive])
@pytest.mark.parametrize("values", [[1.0, True], np.array([True]), (True, 2)], ids=repr)
def test_lists_of_quantities_hold_no_booleans(check, values):
    with pytest.raises(InputError, match="not True or False") as error:
        check(values)
    assert_one_sentence(error)


def test_smallest_count_can_be_chosen():
    assert as_count(0, "group", 0) == 0
    with pytest.raises(InputError, match="at least 5"):
        as_count(4, "factors", 5)
