"""Samples of two models pair, or it is said why they do not."""

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable.pairing import check_counts_and_names, check_order
from convergen.theory.common.checks import InputError
from convergen.theory.data.record import Record
from convergen.theory.sources.points import Points


def named(name, names):
    names = tuple(names)
    record = Record(name, "folder", len(names), "encoded images", "uint8", names=names)
    return Points(name, np.zeros((len(names), 2)), (2,), record=record)


A = [f"{i}.png" for i in range(12)]


@pytest.mark.parametrize(
    "other", [A, [f"b_{i:04d}.jpg" for i in range(12)], [f"{chr(97 + i)}x.png" for i in range(12)]]
)
def test_files_that_pair(other):
    check_counts_and_names(named("A", A), named("B", other))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (A[:-1], "A holds 12 samples, B 11: .*Of A alone there is, for instance, 11"),
        ([f"{i}.png" for i in range(1, 13)], "number 0 is .* of the one and 1 of the other"),
        ([*A[:6], *A[7:], "12.png"], "number 6 is 6 of the one and 7 of the other.*A alone.* 6"),
    ],
)
def test_files_that_do_not_pair(other, words):
    with pytest.raises(InputError, match=words):
        check_counts_and_names(named("A", A), named("B", other))


def pair(noise, seed=0, count=100, dim=20):
    """Samples of two models that share all but some noise, and real points."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, dim))
    y = x + noise * rng.standard_normal((count, dim))
    return x, y, rng.standard_normal((count, dim))


@pytest.mark.parametrize("noise", [0.1, 0.5, 2.0, 10.0, 1e6])
def test_any_agreement_in_order_passes(noise):
    for seed in range(10):
        check_order(*pair(noise, seed), "A and B")


def test_two_models_that_copy_different_training_sets_pass():
    rng = np.random.default_rng(1)
    train, other = rng.standard_normal((2, 40, 20))
    for _ in range(10):
        rows = rng.integers(40, size=(2, 100))
        check_order(train[rows[0]], other[rows[1]], other, "A and B")


@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_another_order_is_refused(noise):
    x, y, real = pair(noise)
    order = np.random.default_rng(2).permutation(len(y))
    with pytest.raises(InputError, match=r"in different orders: .*have a partner elsewhere"):
        check_order(x, y[order], real, "A and B")
    place = int(np.flatnonzero(order == 0)[0])
    with pytest.raises(InputError, match=rf"\(0 of A fits {place} of B"):
        check_order(x, y[order], real, "A and B")


def test_a_missing_sample_is_named():
    x, y, real = pair(0.3)
    shifted = np.concatenate([y[:60], y[61:], y[60:61]])
    with pytest.raises(InputError, match="fit the row 1 before their own, from 61 on"):
        check_order(x, shifted, real, "A and B")


def test_few_samples_show_no_order():
    x, y, real = pair(0.1, count=12)
    check_order(x, y[::-1], real, "A and B")
