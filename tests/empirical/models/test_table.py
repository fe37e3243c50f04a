"""The table of solvable models: what suits, what is compared, and which theory forecasts."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.models import table
from convergen.empirical.models.table import (
    MEMORISED,
    SolvableModel,
    Trained,
    TrainingSets,
    compared_with,
    fit_theory,
    forecasting_theory,
    needs_images,
    network_theories,
)
from convergen.empirical.training.settings import TrainingSettings
from convergen.theory.common.checks import InputError
from convergen.theory.networks.symmetry.orbits import NO_ORBIT
from convergen.theory.sources.options import WHOLE, Option


def row(name, order, **more):
    more = {"fit": lambda sets: [], **more}
    return SolvableModel(name, name, name, "-", order, **more)


@pytest.fixture
def rows(monkeypatch):
    """Rows of a table, out of order."""

    def fill(*given):
        monkeypatch.setattr(table, "SOLVABLE", SimpleNamespace(rows=lambda: list(given)))

    return fill


def names(found):
    return [each.name for each in found]


def test_networks_are_held_against_what_suits(rows):
    rows(
        row("images", 3, refusal=needs_images),
        row("alone", 2, compared=False),
        row("dense", 4, networks=("mlp", "other")),
        row("any", 1),
    )
    assert names(compared_with((1, 4, 4), None)) == ["any", "images"]
    assert names(compared_with((16,), None)) == ["any"]
    assert names(compared_with((16,), None, "mlp")) == ["any", "dense"]
    assert names(compared_with((1, 4, 4), None, "unet")) == ["any", "images"]


def test_defaults_decide_whether_a_model_suits(rows):
    options = (Option("side", WHOLE, "side", 3, least=1, most=9),)

    def refusal(shape, truth, given):
        return "is too large." if given["side"] > shape[0] else ""

    rows(row("window", 1, options=options, refusal=refusal))
    assert names(compared_with((3,), None)) == ["window"]
    assert names(compared_with((2,), None)) == []


def test_theories_in_their_order(rows):
    rows(
        row("late", 3, theory=object),
        row("none", 1),
        row("clocked", 2, theory=object, images_each=5.0, networks=("mlp",)),
    )
    assert names(network_theories()) == ["late"]
    assert forecasting_theory("mlp").name == "clocked"
    assert forecasting_theory("unet").name == "late"


def test_options_and_data_are_checked():
    given = row("window", 1, options=(Option("side", WHOLE, "side", 3, least=1, most=9),))
    assert given.resolve((4,), {}) == {"side": 3}
    assert given.resolve((4,), {"side": 9}) == {"side": 9}
    with pytest.raises(InputError, match=r"model 'window'.*side"):
        given.resolve((4,), {"side": 10})
    images = row("image", 1, refusal=needs_images)
    assert images.resolve((1, 2, 2), {}) == {}
    for shape in ((4,), (2, 2), (1, 1, 2, 2)):
        with pytest.raises(InputError, match=r"model 'image' needs images, but a point has shape"):
            images.resolve(shape, {})


def test_a_theory_is_fitted_where_no_fit_is_given():
    seen = []

    class Theory:
        @classmethod
        def fit(cls, points, rng, orbit):
            seen.append((points, rng.integers(10**9), orbit))
            return SimpleNamespace(trained=lambda memorised: (points, memorised))

    found = row("theory", 1, fit=None, theory=Theory)
    sets = TrainingSets(["a", "b"], seed=4, orbit="orbit")
    assert list(found.fit(sets, memorised=2.5)) == [("a", 2.5), ("b", 2.5)]
    number = np.random.default_rng(4).integers(10**9)
    assert seen == [("a", number, "orbit"), ("b", number, "orbit")]  # each set, the same noise
    assert fit_theory(Theory, sets, 1.0) == [("a", 1.0), ("b", 1.0)]


def test_what_is_not_said_of_trained_networks_is_what_they_are_by_default():
    training = TrainingSettings()
    assert (Trained().images, Trained().schedule) == (training.images, training.schedule)
    sets = TrainingSets([])
    assert sets.sigmas.shape == (0,)
    assert (sets.device, sets.seed, sets.truth, sets.orbit) == ("cpu", 0, None, NO_ORBIT)
    assert sets.trained == Trained()
    assert sets.report(0.5) is None
    plain = row("plain", 1)
    # In q, m, the share of copies and the ratio of variances.
    assert plain.own_error == plain.others_error == (0.04, 0.06, 0.06, 0.06)
    assert (plain.compared, plain.networks, plain.made_for, plain.trust) == (True, (), (), "")
    assert (plain.theory, plain.images_each, plain.options) == (None, None, ())


def test_the_share_that_is_memorised():
    assert (MEMORISED.default, MEMORISED.least, MEMORISED.above) == (0.0, 0.0, None)


def test_a_theory_is_less_sure_of_networks_that_it_was_not_made_for():
    local = row(
        "local", 1, own_error=(0.1, 0.2, 0.3, 0.4), others_error=(0.5, 0.6, 0.7, 0.8),
        made_for=("unet",),
    )  # fmt: skip
    assert local.on("unet") is local
    assert local.on("mine.py:Net").own_error == local.others_error
    everywhere = replace(local, made_for=())
    assert everywhere.on("mine.py:Net") is everywhere
    assert forecasting_theory("unet").own_error[0] < forecasting_theory("mine.py:Net").own_error[0]
