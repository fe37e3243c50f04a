"""The style of all figures."""

import threading

import matplotlib

from convergen.figures.looks import style
from convergen.theory.quantities.rows import BLUE


def test_drawing_in_threads_leaves_the_settings_of_the_user():
    """Each puts back what it found, which must not be what the other one had set."""
    before = dict(matplotlib.rcParams)
    inside, left = threading.Event(), threading.Event()

    def first():
        with style.style():
            inside.set()
            left.wait(0.3)  # the other one would enter now

    def second():
        inside.wait(5.0)
        with style.style():
            left.set()
            one.join(5.0)

    one, two = threading.Thread(target=first), threading.Thread(target=second)
    for thread in (one, two):
        thread.start()
    for thread in (one, two):
        thread.join(5.0)
    assert dict(matplotlib.rcParams) == before


def test_members_of_a_family_differ_without_colour():
    looks = style.family("convergence", 5)
    assert len({look.line for look in looks}) == 5
    assert len({look.marker for look in looks}) == 5
    assert style.family("convergence", 1)[0].colour.lower() == BLUE.lower()
