"""Two processes under torchrun train each model together and end where one process ends."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from convergen.empirical.storage.netcdf import load_netcdf

ROOT = Path(__file__).parents[3]
ARGUMENTS = (
    "train", "--data", "field", "--model", "mlp", "--samples", "8", "--grouping", "pair",
    "--images", "960", "--batch", "32", "--device", "cpu", "--threads", "1",
    "--set", "data.size=4", "--set", "data.count=64", "--set", "model.size=tiny",
    "--set", "measure.draws=64",
)  # fmt: skip


def test_two_processes_train_as_one_does(tmp_path):
    results = {}
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    for name, start in (("one", ()), ("two", launcher)):
        done = subprocess.run(
            [sys.executable, *start, "-m", "convergen", *ARGUMENTS, "--out", tmp_path / name],
            capture_output=True, text=True, cwd=ROOT, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        # The first process alone prints the table.
        assert done.stdout.count("Result in") == 1
        results[name] = load_netcdf(tmp_path / name / "result.nc")
    # Sums of two shares are rounded differently, and that grows in training, but not far.
    for quantity in ("convergence", "memorisation", "test_error"):
        one, two = (results[name][quantity].values for name in ("one", "two"))
        np.testing.assert_allclose(two, one, rtol=1e-3)
