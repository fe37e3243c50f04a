"""Every command and every Python block that can be copied from README and docs runs as written.

A block that is not run says why in a comment before it: ``<!-- not run: REASON -->``. Names of
files in the blocks are those that `inputs` writes.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]+) -->\n+)?^```(?P<kind>sh|python)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    kind: str
    text: str
    reason: str | None

    def __str__(self):
        return f"{self.page}:{self.line}"


def blocks():
    found = []
    docs = ROOT / "docs"
    for path in (ROOT / "README.md", *sorted(docs.glob("*.md")), *sorted(docs.glob("howto/*.md"))):
        text = path.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            line = text.count("\n", 0, match.start("kind")) + 1
            page = str(path.relative_to(ROOT))
            found.append(Block(page, line, match["kind"], match["text"], match["reason"]))
    return found


BLOCKS = blocks()
RUN = [block for block in BLOCKS if block.reason is None]


@pytest.fixture(scope="module")
def inputs(folder_with_a_run):
    """A folder with the files that the blocks name."""
    folder = folder_with_a_run
    rng = np.random.default_rng(0)
    digits = load_digits().images / 16.0
    shuffled = digits[rng.permutation(len(digits))]
    for name in ("my_images", "unseen_images", "faces"):
        (folder / name).mkdir()
    for place, image in enumerate(shuffled[:160]):
        picture = Image.fromarray((255 * image).astype(np.uint8)).resize((32, 32))
        picture.save(folder / ("my_images", "unseen_images")[place % 2] / f"{place}.png")
        picture.save(folder / "faces" / f"{place}.png")
    np.save(folder / "activations.npy", rng.standard_normal((140, 64)) / np.arange(1, 65))
    for name, part in (("generated", 200), ("a", 300), ("b", 400)):
        large = np.kron(shuffled[part : part + 60], np.ones((4, 4)))
        np.save(folder / f"{name}.npy", large)
    np.save(folder / "half_a.npy", np.kron(shuffled[500:600], np.ones((4, 4))))
    np.save(folder / "half_b.npy", np.kron(shuffled[600:700], np.ones((4, 4))))
    np.savetxt(folder / "lam.txt", 1.0 / np.arange(1, 65))
    covariance = np.diag(1.0 / np.arange(1, 65))
    np.save(folder / "sigma.npy", covariance)
    np.savez(folder / "fid_statistics.npz", mu=np.zeros(64), sigma=covariance)
    encoder = next(block for block in RUN if "def features(" in block.text)
    (folder / "my_encoder.py").write_text(encoder.text, encoding="utf-8")
    for step, copies in ((100, 0), (1000, 50)):
        for place, name in ((0, "step"), (1, "other_step")):
            large = np.load(folder / f"{'ab'[place]}.npy")
            large[:copies] = np.load(folder / "half_a.npy")[:copies]
            np.savez(folder / f"{name}{step}.npz", large)
    (folder / "labels.csv").write_text("cat\ndog\n" * 30, encoding="utf-8")
    return folder


def test_blocks_are_found_and_reasons_are_few():
    assert len(RUN) >= 10
    assert all(len(block.reason) > 10 for block in BLOCKS if block.reason is not None)


def test_no_line_is_longer_than_a_page_is_wide():
    """On a screen of 1280 pixels code is shown without scrolling."""
    long = [(str(each), line) for each in BLOCKS for line in each.text.splitlines()]
    assert [(place, line) for place, line in long if len(line) > 96] == []


@pytest.mark.slow
@pytest.mark.parametrize("block", RUN, ids=str)
def test_a_block_runs_as_it_is_written(block, inputs):
    programs = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    command = (
        ["bash", "-euo", "pipefail", "-c", block.text]
        if block.kind == "sh"
        else [sys.executable, "-c", PRELUDE + _before(block) + block.text]
    )
    (inputs / "my_net.py").write_text(_network(block.page).text, encoding="utf-8")
    done = subprocess.run(
        command, cwd=inputs, env=environment, capture_output=True, text=True, check=False,
        timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def _network(page):
    """The network of a page, or that of the first page that has one."""
    found = [b for b in RUN if re.search(r"^(def|class) Net\(", b.text, re.MULTILINE)]
    return next((b for b in found if b.page == page), found[0])


def _before(block):
    """A network that an earlier block of the page defines."""
    earlier = [b.text for b in RUN if b.page == block.page and b.line < block.line]
    return "".join(text for text in earlier if "def Net(" in text)


# What the words around the blocks speak of.
PRELUDE = """
import numpy as np
from convergen import theory
rng = np.random.default_rng(0)
images = rng.standard_normal((200, 16)); noisy = images[:4] + rng.standard_normal((4, 16))
noise = 5.0 * rng.standard_normal((4, 16))
weights, means = np.array([0.5, 0.5]), np.array([[2.0, 0.0], [-2.0, 0.0]])
covariances = np.array([np.eye(2), np.eye(2)])
"""
