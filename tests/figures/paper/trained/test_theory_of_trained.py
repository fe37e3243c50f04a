"""Theories that know the network of a run, as figures 10 and 12 show them."""

import numpy as np
import pytest

from convergen.empirical.validate.shipped_results import shipped_result, shipped_run
from convergen.figures.paper.trained.theory_of_trained import OWN_THEORIES, QUANTITIES, own


@pytest.mark.slow
@pytest.mark.parametrize("network", OWN_THEORIES)
def test_the_theory_of_a_network_is_found_and_computed(network):
    """Of the MLP it needs no pair; of others one at n = 16, where it predicts nothing."""
    result = shipped_result(f"digits-{network}")
    found = own(shipped_run(f"digits-{network}"), result, "draft")
    endings = ("_own",) if network == "mlp" else ("_own", "_own_low", "_own_high")
    assert set(found) == {f"{quantity}{end}" for quantity in QUANTITIES for end in endings}
    gap = found["convergence_own"] - result["convergence"].mean("seed")
    assert np.isnan(gap.sel(samples=16)) == (network == "unet")
    assert float(np.sqrt((gap**2).mean())) < 0.06
