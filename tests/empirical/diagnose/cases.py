"""The judge: sets whose right verdict is known, innocent and copying, of every kind people have.

A kind is one row of the table: a law, what stands between samples and truth, and what else is
wrong with the sets. Each gives two cases: samples that are unseen points of the same law, and
samples of which a share repeats training points, in the same dress.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convergen.theory.common.checks import InputError
from convergen.theory.data.images.layout import oriented
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import dresses, laws

NO = frozenset({"not memorising"})
ANY_COPIES = frozenset({"memorising", "partly memorising"})
MEMORISING = frozenset({"memorising"})
PARTLY = frozenset({"partly memorising"})
REFUSED = frozenset({"refused"})
UNDECIDED = frozenset({"undecided", "refused"})


@dataclass
class Sets:
    """Arrays as a person would give them."""

    samples: Any
    training: Any
    reference: Any


@dataclass(frozen=True)
class Kind:
    """One row of the table: what its cases are made of, and the verdicts that are right."""

    name: str
    law: Callable = laws.digits
    dress: Callable = dresses.plain
    change: Callable = lambda sets, rng: None
    share: float = 1.0
    innocent: frozenset = NO
    copying: frozenset = MEMORISING
    sizes: tuple[int, int, int] = (100, 100, 90)  # training, reference, samples
    with_reference: bool = True
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One kind, innocent or copying."""

    kind: Kind
    copying: bool

    @property
    def name(self):
        return f"{self.kind.name}, {'copying' if self.copying else 'innocent'}"

    @property
    def right(self):
        return self.kind.copying if self.copying else self.kind.innocent

    def build(self, rng):
        """Sets of points, and which samples were copied from which training point (−1: none)."""
        kind = self.kind
        train, unseen, count = kind.sizes
        rows = kind.law(train + unseen + count, rng)
        training, reference, samples = np.split(rows, [train, train + unseen])
        source = np.full(count, -1)
        if self.copying:
            copied = rng.permutation(count)[: max(1, round(kind.share * count))]
            source[copied] = rng.integers(train, size=len(copied))
            samples = samples.copy()
            samples[copied] = training[source[copied]]
        sets = Sets(kind.dress(samples, rng, training), training, reference)
        kind.change(sets, rng)
        if not kind.with_reference:
            sets.reference = None
        return sets, source

    def points(self, rng):
        sets, source = self.build(rng)
        given = [
            None if each is None else as_points(name, each)
            for name, each in vars(sets).items()
        ]  # fmt: skip
        return *given, source


def as_points(name, rows):
    found = oriented(np.ascontiguousarray(rows), name)
    return Points(name, found.rows, found.point)


def verdict(case, diagnose, rng):
    """What a diagnosis says: its verdict or ``refused``, and in which words."""
    samples, training, reference, _ = case.points(rng)
    try:
        found = diagnose([samples], training, reference, **case.kind.options)
    except InputError as error:
        return "refused", str(error)
    return found.verdict, found


def training_in_bytes(sets, rng):
    sets.training, sets.reference = (
        dresses.bytes_(each, rng, None) for each in (sets.training, sets.reference)
    )  # fmt: skip


def standardised_training(sets, rng):
    mean, scale = sets.training.mean(), sets.training.std()
    sets.training, sets.reference = ((x - mean) / scale for x in (sets.training, sets.reference))


def training_channels_last(sets, rng):
    sets.training, sets.reference = (
        np.moveaxis(each, 1, 3).reshape(len(each), -1) for each in (sets.training, sets.reference)
    )
    sets.samples = sets.samples.reshape(len(sets.samples), -1)


def twice(sets, rng):
    sets.training = np.concatenate([sets.training, sets.training])


def some_twice(sets, rng):
    sets.training[-len(sets.training) // 5 :] = sets.training[: len(sets.training) // 5]


def near_twice(sets, rng):
    few = max(1, len(sets.training) // 50)
    sets.training[-few:] = dresses.faint_noise(sets.training[:few], rng, sets.training)


def leaked(sets, rng):
    sets.reference = sets.training[rng.permutation(len(sets.training))]


def partly_leaked(sets, rng):
    third = len(sets.reference) // 3
    sets.reference[:third] = sets.training[:third]


def leaked_as(dress, share=1.0):
    """Training points in the reference, changed a little."""

    def change(sets, rng):
        count = round(share * len(sets.reference))
        sets.reference[:count] = dress(sets.training[:count], rng, sets.training)

    return change


def near_twice_as(dress, share):
    """Training points that return in the training set, changed a little."""

    def change(sets, rng):
        few = max(1, round(share * len(sets.training)))
        sets.training[-few:] = dress(sets.training[:few], rng, sets.training)

    return change


def with_blank_images(sets, rng):
    """Black images, as many as there are pages without a picture."""
    sets.training, sets.reference, sets.samples = (
        np.concatenate([each, np.zeros_like(each[:7])])
        for each in (sets.training, sets.reference, sets.samples)
    )


def exchanged(sets, rng):
    sets.training, sets.reference = sets.reference, sets.training


def reference_as_samples(sets, rng):
    sets.samples = sets.reference.copy()


def both_seen(sets, rng):
    """Half of the samples repeat unseen points."""
    half = len(sets.samples) // 2
    sets.samples = sets.samples.copy()
    sets.samples[:half] = sets.reference[rng.integers(len(sets.reference), size=half)]


def reference_of_another_law(sets, rng):
    sets.reference = 0.3 + 0.7 * sets.reference


def one_grey_level(x, rng, training):
    return x + 1.0 / 255.0


def with_outliers(sets, rng):
    sets.samples[:2] *= 30.0


def kinds():
    """The table."""
    d, law = dresses, laws
    shift = {"invariant": ("mirror", "shift")}
    crop = {"invariant": ("mirror", "crop")}
    faces = {"law": law.faces, "sizes": (70, 70, 60)}
    colour = {"law": law.colour}
    large = {"law": law.larger_colour}
    vectors = {"law": law.power_law, "dress": d.faint_noise}
    return [
        Kind("digits"),
        Kind("digits without a reference", with_reference=False),
        Kind("faces", **faces),
        Kind("faces without a reference", **faces, with_reference=False),
        Kind("photographs", **colour, dress=d.faint_noise),
        Kind("larger photographs", **large, dress=d.faint_noise),
        Kind("Gaussian vectors", **vectors),
        Kind("Gaussian vectors without a reference", **vectors, with_reference=False),
        # Units.
        Kind("samples in [-1, 1]", dress=d.symmetric_units),
        Kind("samples in bytes", **colour, dress=d.bytes_),
        Kind("samples standardised", dress=d.standardised),
        Kind("samples standardised by channel", **colour, dress=d.standardised_by_channel),
        Kind("training set in bytes", dress=d.symmetric_units, change=training_in_bytes),
        Kind("training set standardised", change=standardised_training),
        Kind("samples with another mean and scale", **large, dress=d.of_imagenet),
        Kind("signed bytes", **large, dress=d.signed_bytes),
        Kind("blue first", **large, dress=d.blue_first),
        Kind("small images, blue first", **colour, dress=d.blue_first),
        Kind("unknown units", **vectors | {"dress": d.unknown_units},
             innocent=REFUSED, copying=REFUSED),
        # Layouts.
        Kind("channels last", **colour, dress=d.channels_last),
        Kind("flat rows", **colour, dress=d.flat),
        Kind("flat rows, channels last", **colour, dress=d.flat_channels_last),
        Kind("flat training set, channels last", **colour, change=training_channels_last),
        Kind("bytes, flat, channels last", **colour,
             dress=lambda x, rng, t: d.flat_channels_last(d.bytes_(x, rng, t), rng, t)),
        Kind("transparency", **colour, dress=d.transparent),
        Kind("grey copies of colour", **large, dress=d.grey),
        Kind("flat grey rows beside colour", **large,
             dress=d.all_of(d.grey, d.symmetric_units, d.flat)),
        Kind("contact sheets", dress=d.sheets),
        Kind("contact sheets of photographs", **large, dress=d.sheets),
        Kind("squashed", **large, dress=d.squashed, innocent=REFUSED, copying=REFUSED),
        # Copies in a dress.
        Kind("mirrored", dress=d.mirrored),
        Kind("mirrored photographs", **colour, dress=d.mirrored),
        Kind("mirrored faces", **faces, dress=d.mirrored),
        Kind("mirrored, without a reference", dress=d.mirrored, with_reference=False),
        Kind("mirrored, in [-1, 1]", dress=d.all_of(d.mirrored, d.symmetric_units)),
        Kind("JPEG 75, mirrored, in [-1, 1]", **large,
             dress=d.all_of(d.jpeg(75), d.mirrored, d.symmetric_units)),
        Kind("shifted by 1", **faces, dress=d.shifted(1), options=shift),
        Kind("shifted by 2", **faces, dress=d.shifted(2), options=shift),
        Kind("shifted photographs", **large, dress=d.shifted(1), options=shift),
        Kind("shifted by 1, nothing said", **faces, dress=d.shifted(1)),
        Kind("shifted photographs, nothing said", **large, dress=d.shifted(1)),
        Kind("zoomed faces", **faces, dress=d.zoomed, options=crop),
        Kind("zoomed faces, nothing said", **faces, dress=d.zoomed),
        Kind("zoomed photographs", **large, dress=d.zoomed, options=crop),
        Kind("turned by EXIF", **large, dress=d.turned, options={"invariant": ("turn",)}),
        Kind("brighter", dress=d.brighter, options={"invariant": ("brightness",)}),
        Kind("darker", dress=d.darker, options={"invariant": ("contrast",)}),
        Kind("brighter photographs", **large, dress=d.brighter,
             options={"invariant": ("brightness",)}, copying=ANY_COPIES),
        Kind("darker, nothing said", dress=d.darker, copying=ANY_COPIES),
        Kind("JPEG 50", **faces, dress=d.jpeg(50)),
        Kind("JPEG 50 of photographs", **large, dress=d.jpeg(50)),
        Kind("JPEG 75", **large, dress=d.jpeg(75)),
        Kind("JPEG 95", **large, dress=d.jpeg(95)),
        Kind("blurred digits", dress=d.blurred),
        Kind("blurred faces", **faces, dress=d.blurred),
        Kind("blurred photographs", **large, dress=d.blurred),
        Kind("noise of 5 %", dress=d.noise),
        Kind("noise of 5 % on photographs", **large, dress=d.noise),
        Kind("noise of 5 % on small photographs", **colour, dress=d.noise),
        Kind("inverted", dress=d.inverted, copying=NO),
        # Sets with faults.
        Kind("training set twice", change=twice),
        Kind("training set twice, without a reference", change=twice, with_reference=False),
        Kind("training set twice, JPEG 75", **faces, change=twice, dress=d.jpeg(75)),
        Kind("blank images everywhere", change=with_blank_images),
        Kind("training set and reference exchanged", change=exchanged, copying=REFUSED),
        Kind("the reference as samples", change=reference_as_samples,
             innocent=REFUSED, copying=REFUSED),
        Kind("a model that has seen the reference, too", change=both_seen,
             innocent=REFUSED, copying=REFUSED),
        Kind("reference of another law", **faces, change=reference_of_another_law),
        Kind("20 % exact duplicates", change=some_twice),
        Kind("20 % duplicates, without a reference", change=some_twice, with_reference=False),
        Kind("2 % near-duplicates", change=near_twice, dress=d.faint_noise),
        Kind("20 % near-duplicates of faces", **faces, change=near_twice_as(d.jpeg(95), 0.2),
             dress=d.faint_noise),
        Kind("2 % mirrored duplicates of photographs", **large, dress=d.faint_noise,
             change=near_twice_as(d.mirrored, 0.02)),
        Kind("reference leaked, one grey level", **large, dress=d.faint_noise,
             change=leaked_as(one_grey_level), innocent=REFUSED, copying=REFUSED),
        Kind("reference leaked, mirrored", **faces, change=leaked_as(d.mirrored),
             innocent=REFUSED, copying=REFUSED),
        Kind("reference leaked as JPEG 75", **faces, change=leaked_as(d.jpeg(75)),
             innocent=REFUSED, copying=REFUSED),
        Kind("reference leaked in part, JPEG 75", **faces, change=leaked_as(d.jpeg(75), 0.2)),
        Kind("reference leaked in part, noisy", **large, change=leaked_as(d.faint_noise, 0.3)),
        Kind("reference leaked in part, duplicates too",
             change=lambda sets, rng: (some_twice(sets, rng), partly_leaked(sets, rng))),
        Kind("reference leaked", change=leaked, innocent=REFUSED, copying=REFUSED),
        Kind("reference leaked in part", change=partly_leaked),
        # Generators with faults of their own.
        Kind("mode collapse", dress=d.collapsed),
        Kind("mode collapse of photographs", **large, dress=d.collapsed),
        Kind("mode collapse, without a reference", **vectors | {"dress": d.collapsed},
             with_reference=False),
        Kind("low rank", dress=d.low_rank, copying=ANY_COPIES),
        Kind("low rank faces", **faces, dress=d.low_rank),
        Kind("low rank photographs", **large, dress=d.low_rank),
        Kind("less varied", **vectors | {"dress": d.less_varied}),
        Kind("outliers", **vectors, change=with_outliers, copying=MEMORISING),
        # Few.
        Kind("2 samples", sizes=(100, 100, 2), innocent=NO | UNDECIDED, copying=ANY_COPIES),
        Kind("5 samples", sizes=(100, 100, 5), innocent=NO | UNDECIDED, copying=ANY_COPIES),
        Kind("10 samples", sizes=(100, 100, 10), innocent=NO | UNDECIDED, copying=ANY_COPIES),
        Kind("3 training points", sizes=(3, 50, 60), innocent=NO | UNDECIDED,
             copying=ANY_COPIES | UNDECIDED),
        # Other laws.
        Kind("heavy tails", law=law.heavy_tails, dress=d.faint_noise),
        Kind("heavy tails without a reference", law=law.heavy_tails, dress=d.faint_noise,
             with_reference=False),
        Kind("one-hot", law=law.one_hot, innocent=REFUSED, copying=REFUSED),
        Kind("sparse binary", law=law.sparse_binary),
        Kind("sparse binary without a reference", law=law.sparse_binary, with_reference=False),
        Kind("sound", law=law.audio, dress=d.faint_noise),
        Kind("clouds on a ring", law=law.ring, sizes=(300, 300, 200)),
        Kind("table of numbers", law=law.tabular, sizes=(200, 200, 150)),
        # A share of copies.
        Kind("half copied", share=0.5, dress=d.faint_noise, copying=ANY_COPIES),
        Kind("10 % of faces copied", **faces, share=0.1, dress=d.jpeg(75), copying=PARTLY),
        Kind("10 % of photographs copied", law=law.larger_colour, share=0.1, dress=d.jpeg(75),
             sizes=(200, 200, 150), copying=PARTLY),
        Kind("10 % copied", share=0.1, copying=PARTLY),
        Kind("a quarter of photographs copied", **large, share=0.25, dress=d.jpeg(75),
             copying=PARTLY),
        Kind("2 % copied", share=0.02, sizes=(100, 100, 150), copying=PARTLY),
        Kind("1 % copied", share=0.01, sizes=(200, 200, 300), copying=PARTLY),
        Kind("2 % of vectors copied", **vectors, share=0.02, copying=PARTLY),
    ]  # fmt: skip


def cases():
    """Every case: the innocent and the copying one of each kind."""
    return [Case(kind, copying) for kind in kinds() for copying in (False, True)]
