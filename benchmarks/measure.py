"""Memory, processor time and silences of a whole ``convergen measure`` of many images.

The images are made here: smooth random fields as bytes, with copies planted among the samples
(plain, mirrored, saved as JPEG) and near-duplicates among the training images. The command runs in
a process of its own, with a terminal of its own, so that its bars of progress are seen as a person
would see them: the longest silence is that between two changes of what it shows.

    python benchmarks/measure.py [--samples 10000] [--training 50000] [--unseen 10000] [--side 32]
        [--type uint8] [--folders] [--workers 1]
"""

from __future__ import annotations

import argparse
import fcntl
import io
import os
import pty
import re
import resource
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

_BLOCK = 2000
# Planted among the samples, in thousandths: plain, mirrored, JPEG 75; and near-duplicates among the
# training images.
_PLAIN, _MIRRORED, _SAVED, _REPEATED = 10, 10, 10, 8
# Processor seconds without a change on the terminal that count as silence.
_SILENT = 2.0


def fields(count: int, side: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Blocks of images (N, 3, side, side) of bytes: smooth fields, colours that go together."""
    lines, columns = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)
    power = 1.0 / np.maximum(np.hypot(lines, columns), 1.0 / side) ** 1.5
    power[0, 0] = 0.0
    power /= np.sqrt(np.mean(np.fft.irfft2(power, (side, side)) ** 2)) * side
    mixed = 0.8 * np.ones((3, 3)) / np.sqrt(3.0) + 0.6 * np.eye(3)
    for start in range(0, count, _BLOCK):
        noise = rng.standard_normal((min(_BLOCK, count - start), 3, side, side))
        smooth = np.fft.irfft2(np.fft.rfft2(noise) * power, (side, side))
        coloured = np.einsum("ij,njhw->nihw", mixed, smooth)
        yield np.clip(128.0 + 45.0 * coloured, 0, 255).astype(np.uint8)


def made(folder: Path, given: argparse.Namespace) -> dict[str, Path]:
    """Write training set, unseen images and samples."""
    rng = np.random.default_rng(0)
    counts = {"train": given.training, "unseen": given.unseen, "samples": given.samples}
    sets = {}
    for name, count in counts.items():
        kind = np.uint8 if given.folders else np.dtype(given.type)
        rows = np.lib.format.open_memmap(
            folder / f"{name}.npy", "w+", kind, (count, 3, given.side, given.side)
        )
        start = 0
        for block in fields(count, given.side, rng):
            rows[start : start + len(block)] = block
            start += len(block)
        sets[name] = rows
    train, samples = sets["train"], sets["samples"]
    repeats = _REPEATED * len(train) // 1000
    if repeats:
        train[-repeats:] = np.clip(np.asarray(train[:repeats], np.int64) + 1, 0, 255)
    start = 0
    for share, change in ((_PLAIN, _same), (_MIRRORED, _mirrored), (_SAVED, _saved)):
        count = share * len(samples) // 1000
        some = rng.choice(len(train) - repeats, count, replace=False)
        for row, own in enumerate(some, start):
            samples[row] = change(np.asarray(train[own]).astype(np.uint8))
        start += count
    files = {name: folder / f"{name}.npy" for name in sets}
    print(f"{start} of {len(samples)} samples are copies", flush=True)
    return files if not given.folders else {
        name: in_folder(np.load(file), folder / name) for name, file in files.items()
    }  # fmt: skip


def in_folder(images: np.ndarray, folder: Path) -> Path:
    """The same as PNG files."""
    from PIL import Image

    folder.mkdir()
    for number, image in enumerate(images):
        picture = Image.fromarray(np.moveaxis(image, 0, 2))
        picture.save(folder / f"{number:06d}.png", compress_level=1)
    return folder


def _same(image: np.ndarray) -> np.ndarray:
    return image


def _mirrored(image: np.ndarray) -> np.ndarray:
    return image[..., ::-1]


def _saved(image: np.ndarray) -> np.ndarray:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.moveaxis(image, 0, 2)).save(file, "JPEG", quality=75)
    return np.moveaxis(np.asarray(Image.open(file)), 2, 0)


class Watched:
    """A command on a terminal of its own: what it shows, and what it holds in memory meanwhile."""

    def __init__(self, arguments: list[str]) -> None:
        self.shown = "start"
        # Seconds, and GiB with and without mapped files, by what the bar says.
        self.phases: dict[str, list[float]] = {}
        self.silences: list[tuple[float, str]] = []
        self._spent = self._quiet = 0.0
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        start = time.monotonic()
        with tempfile.TemporaryFile() as out:
            child = subprocess.Popen(arguments, stdout=out, stderr=slave)
            os.close(slave)
            while child.poll() is None:
                self._look(child.pid)
                if select.select([master], [], [], 0.1)[0]:
                    try:
                        self._read(os.read(master, 4096).decode(errors="replace"))
                    except OSError:  # it has closed its end
                        break
            self.status = child.wait()
            self._heard()
            self.wall = time.monotonic() - start
            out.seek(0)
            self.text = out.read().decode()
        os.close(master)

    def _read(self, text: str) -> None:
        """Note what the bar says; a bar that is wiped away says nothing more."""
        self._heard()
        if found := re.findall(r"([A-Za-z][^:\r\x1b]*):", text):
            self.shown = str(found[-1]).strip()
        elif not text.strip():
            self.shown = f"after {self.shown.removeprefix('after ')}"

    def _heard(self) -> None:
        if self._spent - self._quiet > _SILENT:
            self.silences.append((self._spent - self._quiet, self.shown))
        self._quiet = self._spent

    def _look(self, pid: int) -> None:
        """Note processor time and memory."""
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return
        before, self._spent = self._spent, sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
        held = [
            int(found[1]) / 2**20 if (found := re.search(rf"{name}:\s+(\d+)", status)) else 0.0
            for name in ("VmRSS", "RssAnon")
        ]
        seen = self.phases.setdefault(self.shown, [0.0, 0.0, 0.0])
        seen[:] = [seen[0] + self._spent - before, *map(max, seen[1:], held)]


def main() -> None:
    """Print what the command says, seconds and memory of each phase, and its silences."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (
        ("--samples", 10000), ("--training", 50000), ("--unseen", 10000), ("--side", 32),
        ("--workers", 1),
    ):  # fmt: skip
        parser.add_argument(name, type=int, default=value)
    parser.add_argument("--type", default="uint8", choices=["uint8", "float32"])
    parser.add_argument("--folders", action="store_true", help="folders of PNG files, no arrays")
    parser.add_argument("--keep", type=Path, help="folder for the images, to be used again")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scrap:
        folder = given.keep or Path(scrap)
        folder.mkdir(exist_ok=True)
        suffix = "" if given.folders else ".npy"
        files = {name: folder / f"{name}{suffix}" for name in ("train", "unseen", "samples")}
        if not all(file.exists() for file in files.values()):
            files = made(folder, given)
        found = Watched([
            sys.executable, "-m", "convergen", "measure", "--samples", str(files["samples"]),
            "--train", str(files["train"]), "--reference", str(files["unseen"]),
            "--workers", str(given.workers), "--copies", str(folder / "copies.csv"),
        ])  # fmt: skip
    report(found)


def report(found: Watched) -> None:
    """Print what a command said, and what was seen of it meanwhile."""
    print(found.text)
    for name, (spent, most, own) in found.phases.items():
        print(f"{spent:7.1f} s {most:6.2f} GiB ({own:.2f} without files) {name}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"exit {found.status}; processor {used.ru_utime + used.ru_stime:.0f} s, "
          f"{found.wall:.0f} s by the clock; {used.ru_maxrss / 2**20:.2f} GiB at most")  # fmt: skip
    for length, where in found.silences:
        print(f"silent for {length:.1f} s: {where}")


if __name__ == "__main__":
    main()
