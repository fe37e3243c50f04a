import numpy as np
import pytest
from scipy.optimize import linprog

from convergen.theory.common import linear_program
from convergen.theory.common.linear_program import least_cost
from tests.plain_kernels import uncompiled

TIGHT = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


def smooth(rng, rows, count):
    """Bands about shares of a few eigenvalues, as pilots have them: neighbours are nearly alike."""
    nodes = np.geomspace(1.0, 1e-6, count)
    kappa = np.geomspace(30.0, 10.0 ** rng.uniform(-5.0, -1.0), rows)
    weights = np.zeros(count)
    weights[rng.integers(0, count, 4)] = 10.0 ** rng.uniform(0.0, 3.0, 4)
    shares = nodes / (nodes + kappa[:, None])
    shares /= (shares @ weights)[:, None]
    bound = np.full((1, count), 1.0 / (weights.sum() * rng.uniform(1.0, 2.0)))
    limits = np.concatenate([np.full(rows, 1.003), np.full(rows, -0.997), [1.0]])
    cost = nodes / (nodes + 0.1 * kappa[-1])
    return cost, np.vstack([shares, -shares, bound]), limits


def rough(rng, rows, count):
    matrix = np.vstack([rng.standard_normal((rows, count)), rng.uniform(0.5, 2.0, (1, count))])
    limits = np.append(matrix[:-1] @ rng.random(count) + rng.normal(0.1, 0.2, rows), 2.0 * count)
    return rng.standard_normal(count), matrix, limits


@pytest.mark.parametrize("make", [smooth, rough])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_costs_are_those_of_highs_and_limits_are_kept(make, sign):
    rng, found_one = np.random.default_rng(5), 0
    for _ in range(12):
        cost, matrix, limits = make(rng, 12, 40)
        found = least_cost(sign * cost, matrix, limits)
        expected = linprog(sign * cost, matrix, limits, method="highs", options=TIGHT)
        assert (found is None) == (expected.status == 2)
        if found is not None:
            found_one += 1
            assert np.all(found >= 0.0)
            assert np.all(matrix @ found <= limits + 1e-8)
            assert sign * cost @ found == pytest.approx(expected.fun, rel=1e-8, abs=1e-9)
    assert found_one > 3


def test_units_of_weights_do_not_matter():
    cost, matrix, limits = smooth(np.random.default_rng(1), 12, 40)
    plain = least_cost(-cost, matrix, limits)
    scale = 2.0**30
    np.testing.assert_array_equal(least_cost(-cost, matrix * scale, limits) * scale, plain)


def test_programs_that_are_solved_by_hand():
    matrix, limits = np.array([[1.0, -1.0], [1.0, 1.0]]), np.array([1.0, 3.0])
    np.testing.assert_array_equal(least_cost(np.array([-2.0, -1.0]), matrix, limits), [2.0, 1.0])
    np.testing.assert_array_equal(least_cost(np.array([-1.0, -2.0]), matrix, limits), [0.0, 3.0])
    np.testing.assert_array_equal(least_cost(np.array([1.0, 0.0]), matrix, limits), [0.0, 0.0])
    at_least = np.array([[-1.0, -2.0], [1.0, 1.0]])
    asked = np.array([-2.0, 3.0])  # x + 2y ≥ 2
    np.testing.assert_array_equal(least_cost(np.array([1.0, 3.0]), at_least, asked), [2.0, 0.0])
    np.testing.assert_array_equal(least_cost(np.array([1.0, 1.0]), at_least, asked), [0.0, 1.0])
    assert least_cost(np.array([1.0, 1.0]), at_least, np.array([-7.0, 3.0])) is None


def test_steps_that_run_out_are_no_answer(monkeypatch):
    uncompiled(monkeypatch, linear_program)
    monkeypatch.setattr(linear_program, "_MOST", 3)
    with pytest.raises(RuntimeError, match="no end after 3 steps"):
        least_cost(*smooth(np.random.default_rng(1), 12, 40))


def test_an_end_that_rounding_spoils(monkeypatch):
    """Steps that end at x − y = 4, x + y = 3: y = −1/2 is rounding, they think."""

    def ends(table, zero, used, lowest):
        used[:] = 0, 1
        return 1

    given = np.array([1.0, 1.0]), np.array([[1.0, -1.0], [1.0, 1.0]]), np.array([4.0, 3.0])
    monkeypatch.setattr(linear_program, "_solve", ends)
    np.testing.assert_allclose(least_cost(*given), [3.5, 0.0])
    monkeypatch.setattr(linear_program, "_solve", lambda *rest: -1)
    with pytest.raises(RuntimeError, match="no end after 10000 steps"):
        least_cost(*given)


def test_no_kernel_makes_arrays_so_that_it_loads_fast():
    kernels = linear_program._exchange, linear_program._solve
    assert [each.targetoptions["_nrt"] for each in kernels] == [False, False]
