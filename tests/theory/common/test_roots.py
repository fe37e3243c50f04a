import numpy as np
import pytest
from scipy.optimize import brentq

from convergen.theory.common.roots import bracketed_root

FUNCTIONS = {
    "cubic": lambda x: x**3 - 2.0 * x - 5.0,
    "flat": lambda x: (x - 2.1) ** 9,
    "steep": lambda x: np.exp(8.0 * x) - 1e7,
    "step": lambda x: np.sign(x - 2.3) * (1.0 + x),
    "steps": lambda x: np.floor(4.0 * x) - 8.5,
    "oscillating": lambda x: np.sin(7.0 * x) + 0.3 * x - 0.7,
    "line": lambda x: 3.0 - x,
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("rtol", [1e-15, 1e-6, 0.02, 0.2])
def test_the_steps_are_those_of_scipy_to_the_last_bit(name, rtol):
    function, rng, tried = FUNCTIONS[name], np.random.default_rng(3), 0
    for low, high in rng.uniform(-1.0, 6.0, (400, 2)):
        if function(low) * function(high) >= 0.0:
            continue
        expected, report = brentq(
            function, low, high, xtol=1e-14, rtol=rtol, maxiter=2000, full_output=True, disp=False
        )
        if report.converged:
            assert (
                bracketed_root(function, low, high, xtol=1e-14, rtol=rtol, maxiter=2000) == expected
            )
            tried += 1
    assert tried > 10


def test_ends_and_steps_that_run_out():
    line = FUNCTIONS["line"]
    assert bracketed_root(line, 3.0, 5.0, xtol=1e-9, rtol=1e-9) == 3.0
    assert bracketed_root(line, 1.0, 3.0, xtol=1e-9, rtol=1e-9) == 3.0
    cubic = FUNCTIONS["cubic"]
    expected, report = brentq(cubic, 0.0, 4.0, xtol=1e-14, full_output=True)
    options = {"xtol": 1e-14, "rtol": 8.9e-16}
    found = bracketed_root(cubic, 0.0, 4.0, maxiter=report.iterations, **options)
    assert found == expected
    with pytest.raises(RuntimeError, match="no root after"):
        bracketed_root(cubic, 0.0, 4.0, maxiter=report.iterations - 1, **options)
    # Halving 1e300 takes a thousand steps; a hundred are made where nothing is said.
    with pytest.raises(RuntimeError, match="no root after 100 steps: the last point is "):
        bracketed_root(lambda x: np.sign(x - 2.3), 0.0, 1e300, xtol=1e-9, rtol=1e-9)
    with pytest.raises(ValueError, match="same sign at 4 and 5"):
        bracketed_root(line, 4.0, 5.0, xtol=1e-9, rtol=1e-9)
