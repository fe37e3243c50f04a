"""All nearest neighbours that the numbers rest on: samples and real points, in both real sets."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.comparable.honest_sets import HonestSets
from convergen.empirical.diagnose.distances.gaps import GapLaw
from convergen.empirical.diagnose.distances.neighbours import Near, Space, nearest, pair_distances
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.distances.ratios import distinct_distances, ratios
from convergen.empirical.diagnose.evidence.chance import Chance
from convergen.empirical.diagnose.evidence.copies import Look
from convergen.empirical.diagnose.evidence.leaning import Leaning, leaning
from convergen.theory.common.checks import FloatArray
from convergen.theory.common.row_blocks import row_blocks
from convergen.theory.messages.progress import phase
from convergen.theory.sources.points import Points

# Real points that are held against the others to see what chance gives.
_CHANCE = 1024
# Training and unseen points of one law are nearest to either in proportion, to so many errors.
_ONE_LAW = 5.0
# Beyond so many, samples must lean more than training points themselves do.
_DOUBTFUL = 2.0


@dataclass(frozen=True, eq=False)
class RealPoints:
    """Some points of a real set, and their neighbours in both real sets, themselves left out.

    Attributes
    ----------
    rows : ndarray of int64, shape (N,)
        Which points of their set.
    still : ndarray, shape (N, d′)
        What is compared of them.
    training, unseen : Near
        Their neighbours; the second is None without a reference.
    """

    rows: NDArray[np.int64]
    still: FloatArray
    training: Near
    unseen: Near | None


@dataclass(frozen=True, eq=False)
class Measured:
    """Neighbours of samples and of real points.

    Attributes
    ----------
    training, reference : Points
        Real points; the reference may be None.
    space : Space
        Where points are compared.
    sets : HonestSets
        Repeats.
    still : ndarray, shape (m, d′)
        What is compared of the samples.
    near, unseen : Near
        Neighbours of the samples in both real sets; the second may be None.
    seen_points, unseen_points : RealPoints
        Training points, and reference points; the second may be None.
    """

    training: Points
    reference: Points | None
    space: Space
    sets: HonestSets
    still: FloatArray
    near: Near
    unseen: Near | None
    seen_points: RealPoints
    unseen_points: RealPoints | None

    @classmethod
    def of(
        cls,
        samples: Points,
        training: Points,
        reference: Points | None,
        orbit: Orbit,
        sets: HonestSets,
        rng: np.random.Generator,
        before: Measured | None = None,
        workers: int = 1,
    ) -> Measured:
        """One pass of samples over both real sets, and one of some real points.

        Parameters
        ----------
        samples, training, reference : Points
            In one layout and one unit.
        orbit : Orbit
            What is ignored.
        sets : HonestSets
            Repeats do not count.
        rng : numpy.random.Generator
            Chooses real points where there are many.
        before : Measured, optional
            Other samples against the same real points, which are not looked at again.
        workers : int
            Threads that share the search.

        Returns
        -------
        Measured
        """
        real = [training, *([] if reference is None else [reference])]
        space = Space(orbit, _mean(real, orbit), workers) if before is None else before.space
        still = space.still(samples.rows)
        skip = sets.skipped

        def both(
            queries: FloatArray, own: list[NDArray[np.int64] | None], words: str
        ) -> tuple[Near, Near | None]:
            found = nearest(queries, training.rows, space, own=own[0], skip=skip, words=words)
            if reference is None:
                return found, None
            return found, nearest(queries, reference.rows, space, own=own[1], words=words)

        def real_points(which: int) -> RealPoints:
            every = np.arange(len(real[1])) if which else np.flatnonzero(~skip)
            some = every
            if len(every) > _CHANCE:
                some = np.sort(rng.choice(every, _CHANCE, replace=False))
            queries = space.still(np.asarray(real[which].rows[some]))
            own = [some if place == which else None for place in (0, 1)]
            return RealPoints(some, queries, *both(queries, own, "what chance gives"))

        near, unseen = both(still, [None, None], "nearest real points")
        near = _of_members(near, still, training, space, sets)
        if before is not None:
            return replace(before, sets=sets, still=still, near=near, unseen=unseen)
        points = [real_points(which) for which in range(len(real))]
        return cls(
            training, reference, space, sets, still, near, unseen, points[0],
            points[1] if reference is not None else None,
        )  # fmt: skip

    def distances(self, training: Near, unseen: Near | None) -> FloatArray:
        """To the nearest training point, and to the next distinct real points."""
        other = None if self.reference is None else self.reference.rows
        return distinct_distances(training, unseen, self.training.rows, other, self.space)

    def looks(self, repeats: NDArray[np.int64], words: str = "") -> list[Look]:
        """Ways to look for copies: by ratios of distances, and by gaps between neighbours.

        Parameters
        ----------
        repeats : ndarray of int64
            Places in `seen_points` of those that say nothing of chance.
        words : str
            How points are compared here.

        Returns
        -------
        list of Look
        """
        own = self.distances(self.near, self.unseen)
        seen, others = self.seen_points, self.unseen_points
        real = np.delete(self.distances(seen.training, seen.unseen), repeats, axis=0)
        if others is not None:
            real = np.concatenate([real, self.distances(others.training, others.unseen)])
        law = GapLaw.of(real)
        observed = law.seen_by(own, self.near.indices[:, 0])
        natural = self.sets.natural
        found, shares = self._showing(ratios(own)), self._showing(observed.shares(own))
        plain = Look(
            f"by distances{words}", found, found, self.near, Chance.of(ratios(real), natural)
        )  # fmt: skip
        gaps = Look(
            f"by gaps between distances{words}", shares, found, self.near,
            Chance.of(law.shares(real), natural),
        )  # fmt: skip
        if self.unseen is None or self.reference is None:
            return [plain, gaps]
        other = distinct_distances(
            self.unseen, self.near, self.reference.rows, self.training.rows, self.space
        )
        part = self.sets.distinct / (self.sets.distinct + len(self.reference))
        return [
            replace(plain, control=(self._showing(ratios(other)), self.unseen, part)),
            replace(gaps, control=(self._showing(observed.shares(other)), self.unseen, part)),
        ]

    def _showing(self, values: FloatArray) -> FloatArray:
        """The same with 1, as far from a copy as any, for blank samples."""
        values[self.sets.blank_samples] = 1.0
        return values

    def leaning(self) -> tuple[Leaning | None, list[str]]:
        """Whether samples are nearer to training points, and doubts about the comparison."""
        if self.unseen is None or self.reference is None or self.unseen_points is None:
            return None, []
        n, r = self.sets.distinct, len(self.reference)
        found = leaning(self.near, self.unseen, (n, r))
        # Real points of one law are nearest to either set in proportion, too.
        mixed = [
            leaning(points.training, points.unseen, sizes)
            for points, sizes in (
                (self.seen_points, (n - 1, r)),
                (self.unseen_points, (n, r - 1)),
            )
            if points.unseen is not None and all(sizes)
        ]
        if mixed and (mixed[0].score > _ONE_LAW or min(x.score for x in mixed) < -_ONE_LAW):
            doubt = (
                f"Points of {self.reference.name} seem to follow another law than the training "
                "set: what is said of nearness to both is no evidence."
            )
            return replace(found, significant=False), [doubt]
        if mixed and mixed[0].score > _DOUBTFUL:
            found = replace(found, significant=found.significant and found.beyond(mixed[0]))
        return found, []

    def true_points(self) -> tuple[Near, str]:
        """Training points nearest to true points, and what these are."""
        if self.unseen_points is not None:
            return self.unseen_points.training, "unseen points"
        return self.seen_points.training, "training points, each held against the others"


def _of_members(
    near: Near, still: FloatArray, training: Points, space: Space, sets: HonestSets
) -> Near:
    """Of a group of near-duplicates, the member that is nearest: the others do not count."""
    indices, distances = near.indices.copy(), near.distances.copy()
    for group in sets.groups if sets.near else []:
        asked = np.flatnonzero(indices[:, 0] == group[0])
        if not asked.size:
            continue
        members = np.broadcast_to(group, (asked.size, group.size))
        apart = pair_distances(still[asked], members, training.rows, space)
        best = apart.argmin(axis=1)
        indices[asked, 0] = group[best]
        distances[asked, 0] = apart[np.arange(asked.size), best]
    return Near(indices, distances, near.cosines)


def _mean(real: list[Points], orbit: Orbit) -> FloatArray:
    """Mean of all real points as they are compared."""
    total: FloatArray | float = 0.0
    count = sum(map(len, real))
    with phase("mean of the real points", count, "point") as done:
        for points in real:
            for block in row_blocks(points.rows):
                total = total + orbit.still(block).sum(axis=0)
                done(len(block))
    return np.asarray(total / count)
