"""Every public name has an example in its docstring, and every example runs as it is written."""

import doctest
import inspect

import matplotlib.pyplot as plt
import pytest

import convergen
from convergen import empirical, plot, theory
from convergen.theory import closed_forms

ROOMS = (convergen, theory, empirical, plot)
# These train, load torch, or look at a run.
SLOW = {
    "Experiment", "PretrainedDenoiser", "Preconditioned", "Run", "TorchDenoiser",
    "TrainingSettings", "forecast", "forecast_run", "forecast_untrained", "run_experiment",
    "train_pair", "validate_run", "validation",
}  # fmt: skip


def public():
    """Functions and classes by the name that users write."""
    found = {}
    for room in ROOMS:
        for name in room.__all__:
            thing = getattr(room, name)
            if not inspect.ismodule(thing):
                found.setdefault(f"{thing.__module__}.{thing.__qualname__}", thing)
    for name, thing in vars(closed_forms).items():
        if not name.startswith("_") and getattr(thing, "__module__", "") == closed_forms.__name__:
            found[f"{thing.__module__}.{name}"] = thing
    return found


PUBLIC = public()


def examples_of(thing):
    return doctest.DocTestFinder(recurse=False).find(thing, thing.__name__, globs={})


def test_every_public_name_has_an_example():
    assert len(PUBLIC) > 70
    without = [
        name
        for name, thing in PUBLIC.items()
        if "\nExamples\n--------\n" not in inspect.getdoc(thing)
        or not any(test.examples for test in examples_of(thing))
    ]
    assert without == []
    skipped = [name for name, thing in PUBLIC.items() if "doctest: +SKIP" in thing.__doc__]
    assert skipped == []


def run(thing):
    runner = doctest.DocTestRunner()
    said = []
    plt.switch_backend("agg")
    for test in examples_of(thing):
        runner.run(test, out=said.append)
    plt.close("all")
    assert runner.failures == 0, "".join(said)


QUICK = [name for name in PUBLIC if name.rpartition(".")[2] not in SLOW]


@pytest.mark.parametrize("name", QUICK)
def test_an_example_runs(name):
    run(PUBLIC[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(PUBLIC) - set(QUICK)))
def test_an_example_that_trains_runs(name, folder_with_a_run, monkeypatch):
    monkeypatch.chdir(folder_with_a_run)
    run(PUBLIC[name])
