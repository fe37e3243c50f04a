"""How far two networks agree that were trained on the same points.

Theories of this package have no randomness but that of the data, so that two networks of the same
training set are one. Real ones differ by their initial parameters, batches and noise. This trains
two on the set A of a result that comes with the package, and prints their convergence q beside that
of the networks of the disjoint sets A and B.

    export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
    python benchmarks/same_data.py RESULT N [--seed 0] [--images 64000]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from convergen.empirical.experiment.trained.members import initial_seeds, members
from convergen.empirical.measure.overlaps import convergence
from convergen.empirical.models.by_name import untrained
from convergen.empirical.training.trainer import Trainer
from convergen.empirical.validate.shipped_results import shipped_result, shipped_run


def main(arguments: Sequence[str] | None = None) -> None:
    """Train two networks on one set and print how far they agree.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; default: that of the process.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("result")
    parser.add_argument("samples", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--images", type=int, help="budget of each network; default: the result's")
    given = parser.parse_args(arguments)

    run = shipped_run(given.result)
    subjects = run.subjects(given.seed, (given.samples,))
    settings = run.experiment.training
    if given.images is not None:
        settings = replace(settings, images=given.images)
    begin = time.process_time()
    models = untrained(
        run.experiment.model, subjects.data.shape, initial_seeds(subjects, given.seed),
        subjects.data.standard_mean, device="cpu",
    )  # fmt: skip
    first, second = members(subjects, given.seed)
    both = [first, replace(second, rows=first.rows)]
    for _ in Trainer(models, subjects.data.points, both, settings).run():
        pass
    drawn = subjects.generated(models.denoisers(), models.members, models.origin)
    same = convergence(*drawn, np.random.default_rng(0))
    measured = shipped_result(given.result)["convergence"].sel(
        samples=given.samples, seed=given.seed
    )
    print(
        f"{given.result}, n = {given.samples}, seed {given.seed}: q = {same.value:.3f} "
        f"({same.low:.3f} to {same.high:.3f}) on the same points, {float(measured):.3f} on "
        f"disjoint ones; {time.process_time() - begin:.0f} s"
    )


if __name__ == "__main__":
    main()
