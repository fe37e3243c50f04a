"""A run is held against its own result unless another is given."""

from types import SimpleNamespace

from convergen.empirical.validate import requests
from convergen.empirical.validate.requests import validate_run


def test_the_result_of_the_run_or_another(monkeypatch):
    monkeypatch.setattr(requests, "validate", lambda run, result: (run, result))
    run = SimpleNamespace(result=lambda: "its own")
    assert validate_run(run) == (run, "its own")
    assert validate_run(run, "another") == (run, "another")
