"""A pass over training points in plain Python, and what it should find."""

from dataclasses import replace

import numpy as np

from convergen.theory.empirical_score import few_coordinates, many_coordinates
from convergen.theory.empirical_score.logits import differences, fold, logit_rows
from convergen.theory.empirical_score.passes import Pass
from convergen.theory.empirical_score.row_blocks import as_blocks
from convergen.theory.empirical_score.training_set import TrainingSet
from tests.plain_kernels import uncompiled


def plain_python(monkeypatch):
    """Every kernel that a pass calls."""
    uncompiled(monkeypatch, few_coordinates, many_coordinates, differences, fold, logit_rows)


def prepared(y, x, sigma, *, neighbours=0, single=False, coarse=False):
    """Training points, and a pass whose records plain Python can read by name."""
    training = TrainingSet.measured(as_blocks(y))
    done = Pass.prepared(
        training, x, np.broadcast_to(sigma, len(x)), neighbours, single=single, coarse=coarse
    )
    sums = done.sums._replace(query=done.sums.query.view(np.recarray))
    return training, replace(done, sums=sums)


def absorb(training, part, block=1000):
    """All training points, block by block."""
    module = few_coordinates if training.direct else many_coordinates
    rows = np.concatenate(list(training.blocks))
    for first in range(0, len(rows), block):
        own = slice(first, first + block)
        module.absorb(part, rows[own], 0.5 * training.squares[own], first)


def check(part, y, x, sigma, tolerance):
    """Sums and means against a double loop over differences."""
    query = part.sums.query
    for i, (point, level) in enumerate(zip(x, np.broadcast_to(sigma, len(x)), strict=True)):
        logits = -0.5 * np.sum((y.astype(float) - point) ** 2, axis=1) / float(level) ** 2
        nearest = logits.argmax()
        weights = np.exp(logits - logits[nearest])
        np.testing.assert_array_equal(part.sums.reference[i], y[nearest])
        top = query.top[i] - query.lift[i]
        assert abs(top - logits[nearest]) < 1e-11 + tolerance * (1.0 - logits[nearest])
        wanted = weights.sum(), (weights**2).sum(), weights @ (logits - logits[nearest])
        found = query.total[i], query.squares[i], query.weighted[i]
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)
        mean = weights @ y / weights.sum()
        error = np.linalg.norm(part.sums.mean[i] / query.total[i] - mean)
        assert error < tolerance * np.linalg.norm(mean)
