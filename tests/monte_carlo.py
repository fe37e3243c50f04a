"""Results of long simulations, stored beside the test that uses them and derived again when asked.

A test module makes one `Stored`, decorates its simulations with it, and looks them up with the same
calls. ``pytest -m slow`` derives every stored value again from its seed; with CONVERGEN_STORE=1 in
the environment what is missing is derived and written.
"""

import ast
import json
import os
from pathlib import Path

import numpy as np


class Stored:
    """Values by call, in a JSON file with the name of the test module.

    Arguments must be literals: numbers, strings and tuples of them. A simulation returns numbers,
    arrays, or lists and dictionaries of them; a mean comes with its standard error.
    """

    def __init__(self, module):
        self._path = Path(module).with_suffix(".json")
        self._values = json.loads(self._path.read_text()) if self._path.exists() else {}
        self._simulations = {}

    def __call__(self, simulate):
        name = simulate.__name__
        self._simulations[name] = simulate

        def look_up(*arguments):
            key = f"{name}{arguments!r}"
            if key not in self._values:
                if "CONVERGEN_STORE" not in os.environ:
                    raise KeyError(f"{key} is not stored: run this test with CONVERGEN_STORE=1.")
                self._values[key] = _plain(simulate(*arguments))
                text = json.dumps(dict(sorted(self._values.items())), indent=0)
                self._path.write_text(text + "\n")
            return _arrays(self._values[key])

        return look_up

    def calls(self):
        """Every stored call, as the parameters of the slow test that derives it again."""
        return list(self._values)

    def derive_again(self, call):
        """Repeat a simulation and compare it with what is stored."""
        name = call[: call.index("(")]
        again = _plain(self._simulations[name](*ast.literal_eval(call[len(name) :])))
        _compare(again, self._values[call])


def _plain(value):
    """Lists and dictionaries of floats."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(part) for part in value]
    return float(value)


def _arrays(value):
    """Back to arrays; a dictionary keeps its keys."""
    if isinstance(value, dict):
        return {key: _arrays(part) for key, part in value.items()}
    return np.array(value) if isinstance(value, list) else value


def _compare(found, stored):
    if isinstance(stored, dict):
        assert found.keys() == stored.keys()
        for key, part in stored.items():
            _compare(found[key], part)
    else:
        np.testing.assert_allclose(found, stored, rtol=1e-7, atol=1e-9 * np.max(np.abs(stored)))
