"""Is this generator copying? Everything that is measured to answer it, and the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.comparable.colours import one_colour_order
from convergen.empirical.diagnose.comparable.honest_sets import HonestSets, honest_sets, named_rows
from convergen.empirical.diagnose.comparable.layout import one_layout
from convergen.empirical.diagnose.comparable.units import one_unit
from convergen.empirical.diagnose.distances.neighbours import Near
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.evidence.copies import Copies, find_copies
from convergen.empirical.diagnose.evidence.leaks import changed_leaks, changed_repeats, check_unseen
from convergen.empirical.diagnose.evidence.leaning import Leaning
from convergen.empirical.diagnose.evidence.measured import Measured
from convergen.empirical.diagnose.evidence.quality import Remark, remarks
from convergen.empirical.diagnose.evidence.score_table import score_rows
from convergen.empirical.diagnose.evidence.scores import Score
from convergen.empirical.diagnose.features.table import encoded
from convergen.empirical.diagnose.features.view import Given, View
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points

# Distinct training points, and real ones, below which nothing can be said.
_FEWEST, _FEWEST_REAL = 2, 6


@dataclass(frozen=True, eq=False)
class Judgement:
    """What was compared, what was found, and what it means.

    Attributes
    ----------
    samples : list of Points
        Generated points, in the layout and units of the training set.
    training, reference : Points
        Real points; the reference may be None.
    view : View
        The same sets as they were compared: as they are, or as features.
    sets : HonestSets
        Repeats and leaks.
    near, unseen : Near
        Training and reference points nearest to the samples of the first set; the second may be
        None.
    true : Near
        Training points nearest to true points that are not themselves.
    true_from : str
        What these true points are.
    copies : Copies
        Suspected copies.
    leaning : Leaning or None
        Whether samples are nearer to training than to unseen points.
    scores : list of Score
        The numbers of the field.
    remarks : list of Remark
        What else samples are like.
    notes : list of str
        What was done and what limits the numbers.
    """

    samples: list[Points]
    training: Points
    reference: Points | None
    view: View
    sets: HonestSets
    near: Near
    unseen: Near | None
    true: Near
    true_from: str
    copies: Copies
    leaning: Leaning | None
    scores: list[Score]
    remarks: list[Remark]
    notes: list[str]

    @property
    def orbit(self) -> Orbit:
        """Changes that were ignored."""
        return self.view.orbit

    @property
    def verdict(self) -> str:
        """``memorising``, ``partly memorising``, ``not memorising`` or ``undecided``.

        Memorising: more than half of the samples are copies, the interval's lower end included.
        Partly: there are significantly more copies than chance makes, or samples are
        significantly nearer to the training set than to unseen points. Undecided: nothing was
        found, but a generator half of whose samples are copies could have passed.
        """
        if self.copies.significant:
            return "memorising" if self.copies.share.low > 0.5 else "partly memorising"
        if self.leaning is not None and self.leaning.significant:
            return "partly memorising"
        return "undecided" if self.copies.visible > 0.5 else "not memorising"


def judge(
    samples: Sequence[Points],
    training: Points,
    reference: Points | None = None,
    *,
    invariant: Sequence[str] | None = None,
    mend_units: bool = True,
    features: str = "pixels",
    weights: Path | None = None,
    seed: int = 0,
    workers: int = 1,
) -> Judgement:
    """Say whether samples copy the training set.

    Parameters
    ----------
    samples : sequence of Points
        One or more sets; the first is judged, the others are only brought to its layout and units.
    training : Points
        What the model was trained on.
    reference : Points, optional
        Points of the same law that it has not seen.
    invariant : sequence of str, optional
        Changes of an image that still leave it a copy, see `orbit.INVARIANCES`; default mirrored
        images.
    mend_units : bool
        Whether units that differ by a plain map are brought together.
    features : str
        What is compared, see `features.table.encoder_words`.
    weights : Path, optional
        File of weights of an encoder that has some.
    seed : int
        Of random subsets.
    workers : int
        Threads that share the search; no result depends on it.

    Returns
    -------
    Judgement

    Raises
    ------
    InputError
        If sets cannot be compared, or could not show copies whatever the model does.
    """
    (found,) = judge_each(
        [samples], training, reference, invariant=invariant, mend_units=mend_units,
        features=features, weights=weights, seed=seed, workers=workers,
    )  # fmt: skip
    return found


def judge_each(
    groups: Sequence[Sequence[Points]],
    training: Points,
    reference: Points | None = None,
    *,
    invariant: Sequence[str] | None = None,
    mend_units: bool = True,
    features: str = "pixels",
    weights: Path | None = None,
    seed: int = 0,
    workers: int = 1,
) -> Iterator[Judgement]:
    """Say it of several generators, or of one at several times; real points are looked at once.

    Parameters
    ----------
    groups : sequence of sequence of Points
        For each judgement what `judge` takes as samples.
    training, reference, invariant, mend_units, features, weights, seed, workers
        As of `judge`.

    Yields
    ------
    Judgement
        In the order of the groups.

    Raises
    ------
    InputError
        As `judge`.
    """
    samples = [each for group in groups for each in group]
    given = [training, *samples, *([] if reference is None else [reference])]
    fitted, notes = one_layout(given)
    training = fitted[0]
    others, more = one_unit(training, fitted[1:], mend=mend_units)
    if mend_units:
        others, turned = one_colour_order(training, others)
        more = [*more, *turned]
    own, reference = others[: len(samples)], None if reference is None else others[len(samples)]
    orbit = Orbit.of(training.shape, invariant)
    chosen = invariant is not None
    view = encoded(features, Given(own, training, reference, orbit, chosen=chosen), weights)
    real = _RealSets(honest_sets(training, reference, orbit), workers, {})
    start = 0
    for group in groups:
        part = slice(start, start + len(group))
        start += len(group)
        own_view = replace(view, samples=view.samples[part])
        yield _judged(own[part], training, reference, own_view, orbit, [*notes, *more], seed, real)


@dataclass(frozen=True, eq=False)
class _RealSets:
    """What several judgements share: repeats, threads, and real points that were measured.

    Measurements are kept by what determines their real points: their size, and how many are unseen.
    """

    sets: HonestSets
    workers: int
    measured: dict[tuple[bool, int | None], Measured]


def _judged(
    own: list[Points],
    training: Points,
    reference: Points | None,
    view: View,
    orbit: Orbit,
    notes: list[str],
    seed: int,
    once: _RealSets,
) -> Judgement:
    """Judge one group, in one layout and one unit; real points as they were measured before."""
    samples = own[0]
    sets = once.sets.beside(samples, orbit)
    if reference is not None and len(sets.unseen) < len(reference):
        rows = np.asarray(reference.rows)[sets.unseen]
        reference = Points(reference.name, rows, reference.shape)
        view = view.keeping(sets.unseen)
    real = sets.distinct + (0 if reference is None else len(reference))
    if sets.distinct < _FEWEST or real < _FEWEST_REAL:
        raise InputError(
            f"there are {sets.distinct} different training points and {real} real points: in so "
            f"few, copies cannot be told from chance; give at least {_FEWEST_REAL}."
        )
    rng = np.random.default_rng(seed)
    measured, *smaller = _sizes(view, sets, rng, once)
    changed = changed_leaks(measured)
    if len(changed):
        assert reference is not None
        assert measured.unseen_points is not None
        # Of a large reference some points were looked at: what is kept must have been.
        kept = np.setdiff1d(measured.unseen_points.rows, changed)
        notes = [*notes, _changed_words(reference, changed)]
        reference = Points(reference.name, np.asarray(reference.rows)[kept], reference.shape)
        view = view.keeping(kept)
        measured, *smaller = _sizes(view, sets, rng, once)
    repeats = changed_repeats(measured)
    if len(repeats):
        notes = [*notes, _repeated_words(measured, repeats)]
    looks = measured.looks(repeats)
    for small in smaller:
        looks += small.looks(changed_repeats(small), " in half the size")
    found = find_copies(looks)
    if reference is not None:
        leaked = bool(len(sets.leaked))
        notes += check_unseen(found, looks, samples, reference, leaked=leaked)
    lean, doubt = measured.leaning()
    notes = [*notes, *view.notes, *sets.notes, *doubt]
    true, source = measured.true_points()
    scored = score_rows(measured, lean, true, seed)
    plain = view.plain(view.samples[0]), view.plain(view.training)
    lengths = measured.near.distances[:, 0], true.distances[:, 0]
    seen = remarks(plain, (samples, training), lengths, rng)
    return Judgement(
        own, training, reference, view, sets, measured.near, measured.unseen, true, source,
        found, lean, scored, seen, notes,
    )  # fmt: skip


def _sizes(
    view: View, sets: HonestSets, rng: np.random.Generator, once: _RealSets
) -> list[Measured]:
    """The sets as they are compared, and images in half their size, too."""
    unseen = None if view.reference is None else len(view.reference)
    found = []
    for half, orbit in ((False, view.orbit), (True, view.orbit.halved())):
        if orbit is not None:
            before = once.measured.get((half, unseen))
            found.append(
                Measured.of(
                    view.samples[0], view.training, view.reference, orbit, sets, rng, before,
                    once.workers,
                )
            )  # fmt: skip
            once.measured[half, unseen] = found[-1]
    return found


def _repeated_words(measured: Measured, places: NDArray[np.int64]) -> str:
    rows, training = measured.seen_points.rows, measured.training
    return (
        f"{len(places)} of {len(rows)} training points that were looked at seem to repeat another "
        f"one, changed a little (compressed again, noisy: {named_rows(training, rows[places])}): "
        "what chance gives is read from the others."
    )


def _changed_words(reference: Points, rows: NDArray[np.int64]) -> str:
    return (
        f"{len(rows)} points of {reference.name} seem to be training points that were changed a "
        f"little ({named_rows(reference, rows)}): they were left out."
    )
