"""Long work beside a page: one piece at a time, forgotten where something moved meanwhile."""

from types import SimpleNamespace

import pytest

from convergen.figures.explorer.serving import background
from convergen.theory.common.checks import InputError


@pytest.fixture
def page(monkeypatch):
    """A page whose turns are taken at the end, and which threads were begun."""
    begun, turns, told = [], [], []

    class Thread:
        def __init__(self, target, daemon):
            begun.append(daemon)
            self.start = target

    monkeypatch.setattr(background, "Thread", Thread)
    document = SimpleNamespace(add_next_tick_callback=turns.append)

    def work(task, wanted=lambda: True):
        refuse = lambda text: told.append(("refused", text))  # noqa: E731
        background.work_beside(document, task, lambda x: told.append(("done", x)), refuse, wanted)

    return SimpleNamespace(work=work, begun=begun, turns=turns, told=told)


def test_what_was_found_comes_in_the_turn_of_the_page(page):
    page.work(lambda: 7)
    assert page.begun == [True]  # no thread outlives the server
    assert page.told == []
    (turn,) = page.turns
    turn()
    assert page.told == [("done", 7)]


def test_refusals_are_said_as_they_are(page):
    page.work(lambda: (_ for _ in ()).throw(InputError("n is 0: use 1.")))
    page.turns[0]()
    assert page.told == [("refused", "n is 0: use 1.")]


def test_faults_of_ours_are_shown_on_the_terminal_and_named_on_the_page(page, capsys):
    page.work(lambda: 1 / 0)
    page.turns[0]()
    assert page.told == [("refused", background._OURS)]
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_what_is_no_longer_wanted_is_not_begun(page):
    page.work(lambda: pytest.fail("it was begun"), wanted=lambda: False)
    assert page.turns == []


@pytest.mark.parametrize(
    "task", [lambda: 7, lambda: 1 / 0, lambda: (_ for _ in ()).throw(InputError("no"))]
)
def test_what_comes_too_late_is_forgotten(page, capsys, task):
    asked = iter([True, False])
    page.work(task, wanted=lambda: next(asked))
    page.turns[0]()
    assert page.told == []


def test_one_piece_at_a_time(page):
    inside = []
    page.work(lambda: inside.append(background._HEAVY.locked()))
    assert inside == [True]
    assert not background._HEAVY.locked()
