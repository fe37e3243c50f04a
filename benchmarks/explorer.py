"""First paint and frame time of ``convergen explore``, measured in a headless Chromium.

A frame of a drag is the time between two pictures while a slider is moved every 16 ms. Its delay
lasts from one move of a slider that rests until the numbers that follow from it are in the page and
the browser has drawn its next frame. First paint counts from the start of
the command. Other work on the machine counts too: the load is printed, and the processor time
that the server spends on a frame.

    python benchmarks/explorer.py
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.browser import Browser, find_chromium

MODEL = "Bokeh.documents[0].get_model_by_name"
SHOWN = f"Bokeh.documents.length && {MODEL}('numbers').text"
SETTLED = f"{SHOWN} && /data-exact=.true/.test({MODEL}('numbers').text)"
# What is moved, on which page, and where to.
MOVES = {
    "d, two spikes": ("?source=spiked&dim=300", "dim", "2 + 0.02 * i"),
    "ridge, two spikes": ("?source=spiked&dim=300", "ridge", "-2 + 0.05 * i"),
    "exponent, d = 1000": ("?source=power-law&dim=1000", "alpha", "0.5 + 0.02 * i"),
    "exponent, d = 20 000": ("?source=power-law&dim=20000", "alpha", "0.5 + 0.02 * i"),
    "ridge, digits": ("?source=digits", "ridge", "-2 + 0.05 * i"),
    "n with pictures, digits": ("?source=digits", "samples", "5 + i"),
}
FRAME = """
(async () => {
  const slider = %s('%s'), numbers = %s('numbers'), times = [];
  for (let i = 0; i < %d; i++) {
    const start = performance.now();
    const changed = new Promise(done => {
      const told = () => { numbers.properties.text.change.disconnect(told); done() };
      numbers.properties.text.change.connect(told);
    });
    slider.value = %s;
    await Promise.race([changed, new Promise(done => setTimeout(done, 5000))]);
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    times.push(performance.now() - start);
    await new Promise(done => setTimeout(done, 20));
  }
  return times;
})()
"""


DRAG = """
(async () => {
  const slider = %s('%s'), numbers = %s('numbers'), times = new Set();
  const told = () => requestAnimationFrame(now => times.add(now));
  numbers.properties.text.change.connect(told);
  for (let k = 0; k < 4 * %d; k++) {
    const i = k / 4;
    slider.value = %s;
    await new Promise(done => setTimeout(done, 16));
  }
  numbers.properties.text.change.disconnect(told);
  const all = [...times];
  return all.slice(1).map((time, k) => time - all[k]);
})()
"""


def processor_seconds(process: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=30)
    options = parser.parse_args()
    if find_chromium() is None:
        raise SystemExit("no Chromium was found: nothing is measured.")
    with Browser() as browser:
        browser.run("1 + 1")
        start = time.time()
        server = subprocess.Popen(
            [sys.executable, "-m", "convergen", "explore", "--no-browser", "--port", "0"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            ready = time.time() - start
            browser.open(address)
            browser.wait(SHOWN, 120)
            curves = time.time() - start
            paint = browser.run(
                "(performance.timeOrigin + performance.getEntriesByName"
                "('first-contentful-paint')[0].startTime) / 1000"
            )
            browser.wait(SETTLED, 120)
            print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
            print(
                f"seconds after the command: address printed {ready:.2f}, first paint "
                f"{paint - start:.2f}, curves {curves:.2f}, all draws {time.time() - start:.2f}"
            )
            print(f"{'milliseconds':26s} frame of a drag: median, 95 %   delay: median, 95 %")
            for words, (query, name, value) in MOVES.items():
                measure(browser, address, server.pid, words, query, name, value, options.frames)
        finally:
            server.terminate()
            server.wait()


def measure(
    browser: Browser, address: str, server: int, words: str, query: str, name: str, value: str,
    frames: int,
) -> None:  # fmt: skip
    """One row."""
    browser.open(address.split("?")[0] + query)
    browser.wait(SETTLED, 240)
    browser.run(FRAME % (MODEL, name, MODEL, 3, value.replace("i", "(i + 2)")))  # compiles
    drag = browser.run(DRAG % (MODEL, name, MODEL, frames, value))
    browser.wait(SETTLED, 240)
    before = processor_seconds(server)
    delays = browser.run(FRAME % (MODEL, name, MODEL, frames, value))
    spent = 1000 * (processor_seconds(server) - before) / frames
    print(
        f"{words:26s} {late(drag, 0.5):23.0f} {late(drag, 0.95):5.0f}"
        f" {late(delays, 0.5):15.0f} {late(delays, 0.95):5.0f}   server's CPU {spent:.0f}"
    )


def late(times: list[float], share: float) -> float:
    """Quantile of some times."""
    return sorted(times)[min(int(share * len(times)), len(times) - 1)]


if __name__ == "__main__":
    main()
