"""The summary: transitions beside what one trained network does."""

import numpy as np


def test_simulated_transitions_lie_on_the_lines(page):
    for name in ("convergence", "memorisation", "memorisation_baseline"):
        points = page[f"{name}_simulated"].dropna("point").values
        stderr = page[f"{name}_simulated_stderr"].dropna("point").values
        line = np.interp(
            np.log(page["sample_load"].dropna("point")), np.log(page["load"].dropna("load")),
            page[f"{name}_line"].dropna("load"),
        )  # fmt: skip
        # The law of memorisation is good to 3 %, that of convergence to 1/d.
        allowed = 4.0 * stderr + (1.0 / 300.0 if name == "convergence" else 0.03 * line)
        assert np.all(np.abs(points - line) < allowed)


def test_transitions_are_apart(page):
    """The strong factor is recovered before convergence, the weak one after it."""
    strong, weak = page["recovery_threshold"].values
    load = page["load"].values
    half = float(np.interp(0.5, page["convergence_line"].values, load))
    assert strong < 0.1 * half
    assert weak > 3.0 * half
