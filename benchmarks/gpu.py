"""What a GPU does to training: equality with the processor, and throughput of every variant.

Runs, in this order: the card's own limits; forward and backward passes of every network on the
device against float64 on the processor; a training run stopped and resumed on the device; images
per second of large networks with `torch.compile`, bfloat16 and channels-last on and off; batched
ensembles against the same models one by one; Gram matrices of tangent kernels; and a shortened
form of the preset `paper`. A section that fails is reported and the others go on. Without a GPU
it runs a short form of everything that a processor can do.

    python benchmarks/gpu.py [--device auto] [--short] [--minutes 8] [--json gpu.json]
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.gpu_checks.bench import Bench, Row, failure
from benchmarks.gpu_checks.equality import equality, resuming
from benchmarks.gpu_checks.kernels import kernels
from benchmarks.gpu_checks.paper import paper
from benchmarks.gpu_checks.throughput import card, ensembles, throughput
from convergen.empirical.common.devices import choose_device

SECTIONS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "the card": card,
    "equality with float64 on the processor": equality,
    "stopping and resuming": resuming,
    "training throughput": throughput,
    "the preset `paper`, shortened": paper,
    "ensembles of small networks": ensembles,
    "convolutional tangent kernel": kernels,
}


def _print(row: Row) -> None:
    values = [f"{key} {_number(value)}" for key, value in row.items() if key != "what"]
    print(f"  {row['what']:58s} {'   '.join(values)}", flush=True)


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def main() -> int:
    """Run every section, print one table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--short", action="store_true", help="always so without a GPU")
    parser.add_argument("--minutes", type=float, default=8.0, help="no row is begun after them")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    parser.add_argument("--only", nargs="*", default=list(SECTIONS), choices=list(SECTIONS))
    given = parser.parse_args()
    device = choose_device(given.device)
    short = given.short or device.type != "cuda"
    bench = Bench(device, short, time.monotonic() + 60.0 * given.minutes)
    name = torch.cuda.get_device_name(device) if bench.cuda else platform.processor() or "processor"
    report: dict[str, Any] = {"device": name, "torch": torch.__version__, "sections": {}}
    print(f"{name}, torch {torch.__version__}")
    for title in given.only:
        start = time.perf_counter()
        print(title)
        rows: list[Row] = []
        try:
            for row in SECTIONS[title](bench):
                rows.append(row)
                _print(row)
        except Exception as error:
            rows.append({"what": title, **failure(error)})
            _print(rows[-1])
        report["sections"][title] = rows
        print(f"  ({time.perf_counter() - start:.1f} s)", flush=True)
        if given.json:  # after every section, so that a stopped run leaves its numbers
            given.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    bad = [
        row["what"]
        for rows in report["sections"].values()
        for row in rows
        if "failed" in row or row.get("equal") is False
    ]
    for what in bad:
        print(f"not right: {what}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
