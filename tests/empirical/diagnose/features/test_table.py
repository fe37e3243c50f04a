"""What `--features` may be: a name of the table, files, a function; and what is refused."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.features import table
from convergen.empirical.diagnose.features.view import Given
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points


def given():
    points = Points("s", np.zeros((3, 4)), (4,))
    return Given([points], points, None, Orbit.of((4,)))


@pytest.fixture
def called(monkeypatch):
    """What the table calls, instead of encoders and files."""
    from convergen.empirical.diagnose.features import own_function, own_rows

    seen = []

    def row(name, weighted):
        encode = lambda sets, weights: seen.append((name, weights))  # noqa: E731
        return table.Encoder(name, name, encode, weighted=weighted)

    rows = {"heavy": row("heavy", True), "light": row("light", False)}
    two = SimpleNamespace(
        names=lambda: tuple(rows), find=rows.__getitem__, rows=lambda: list(rows.values())
    )
    monkeypatch.setattr(table, "_TABLE", two)
    monkeypatch.setattr(own_function, "of_function", lambda text, sets: seen.append(("f", text)))
    monkeypatch.setattr(own_rows, "of_files", lambda text, sets: seen.append(("rows", text)))
    return seen


def test_each_text_finds_its_encoder(called):
    for text in ("light", "heavy", "mine.py:f", "a.npz"):
        table.encoded(text, given())
    assert called == [("light", None), ("heavy", None), ("f", "mine.py:f"), ("rows", "a.npz")]


def test_weights_are_for_encoders_that_have_some(called):
    file = Path("w.pth")
    table.encoded("heavy", given(), file)
    assert called == [("heavy", file)]
    for text in ("light", "mine.py:f", "a.npz", "nothing"):
        with pytest.raises(
            InputError, match=rf"^--weights is for the encoders heavy, not for {text}: leave it"
        ):
            table.encoded(text, given(), file)


def test_a_text_that_means_nothing_is_refused_with_what_is_near(called):
    with pytest.raises(
        InputError, match=r"^unknown features 'ligth' .*light.*: choose from heavy,"
    ):
        table.encoded("ligth", given())


def test_encoders_with_weights_say_so():
    weighted = {each.name: each.weighted for each in table._TABLE.rows()}
    assert weighted == {"dinov2": True, "inception": True, "pixels": False, "whitened": False}
    for name in weighted:
        assert name in table.encoder_words()
