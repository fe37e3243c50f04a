"""An experiment on a Dask cluster: here one of two local workers, elsewhere your scheduler."""

from pathlib import Path

from distributed import LocalCluster

from convergen.empirical import Experiment, run_experiment

experiment = Experiment.from_config(
    {
        "name": "cluster",
        "samples": [8, 64],
        "seeds": [0, 1],
        "data": {"kind": "digits"},
        "model": {"name": "mlp", "size": "tiny"},
        "training": {"images": 1600},
        "run": {"grouping": "pair"},  # one cell for each n: work for four workers
    }
)

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        done = run_experiment(experiment, Path("run"), scheduler=cluster.scheduler_address)
    print(done.result["convergence"].mean("seed"))
