"""A headless Chromium that opens a page, runs JavaScript in it and takes pictures of it.

Speaks the DevTools protocol through the client of tornado, which Bokeh brings along.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--no-first-run", "--remote-debugging-port=0", "--hide-scrollbars",
)  # fmt: skip


def find_chromium() -> str | None:
    """Path of a browser, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page of a browser; use it as a context.

    Parameters
    ----------
    width, height : int
        Of the window, pixels.
    """

    def __init__(self, width: int = 1280, height: int = 900) -> None:
        self.size = width, height
        self.loop = asyncio.new_event_loop()
        self.sent = 0

    def __enter__(self) -> Browser:
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            [find_chromium() or NAMES[0], *_FLAGS, f"--user-data-dir={self.folder.name}",
             f"--window-size={self.size[0]},{self.size[1]}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self.loop.run_until_complete(self._attach())
        self.ask("Page.enable")
        self.ask("Runtime.enable")
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            self.ask("Browser.close")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        self.loop.close()
        self.folder.cleanup()

    async def _attach(self) -> None:
        from tornado.httpclient import AsyncHTTPClient
        from tornado.websocket import websocket_connect

        port = Path(self.folder.name) / "DevToolsActivePort"
        for _ in range(300):
            if port.exists() and port.read_text().strip():
                break
            await asyncio.sleep(0.1)
        address = f"http://127.0.0.1:{port.read_text().split()[0]}/json/list"
        for _ in range(100):
            found = json.loads((await AsyncHTTPClient().fetch(address)).body)
            pages = [each for each in found if each["type"] == "page"]
            if pages:
                break
            await asyncio.sleep(0.1)
        self.socket = await websocket_connect(
            pages[0]["webSocketDebuggerUrl"], max_message_size=2**28
        )

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        return self.loop.run_until_complete(asyncio.wait_for(self._ask(method, parameters), 60))

    async def _ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self.sent += 1
        number = self.sent
        await self.socket.write_message(
            json.dumps({"id": number, "method": method, "params": parameters})
        )
        while True:
            text = await self.socket.read_message()
            if text is None:
                raise RuntimeError("the browser went away")
            answer = json.loads(text)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(answer["error"]["message"])
                return answer["result"]

    def open(self, address: str) -> None:
        """Go to a page; does not wait for it."""
        self.ask("Page.navigate", url=address)

    def run(self, code: str) -> Any:
        """Value of an expression in the page; a promise is awaited."""
        found = self.ask("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(json.dumps(found["exceptionDetails"])[:2000])
        return found["result"].get("value")

    def wait(self, condition: str, seconds: float = 30.0) -> Any:
        """Wait until an expression is true, and give its value."""
        code = (
            f"new Promise((done, fail) => {{ const end = performance.now() + {1000 * seconds};"
            f"(function look() {{ let v; try {{ v = ({condition}) }} catch (e) {{ v = false }}"
            "if (v) done(v); else if (performance.now() > end) fail(new Error('waited in vain'));"
            "else setTimeout(look, 20) })() })"
        )
        return self.run(code)

    def picture(self, path: Path, width: int, height: int = 0, scale: float = 1.0) -> None:
        """Save a picture of the page, whole unless a height is given."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height or 900,
            deviceScaleFactor=scale, mobile=width < 600,
        )  # fmt: skip
        self.run("new Promise(done => setTimeout(done, 600))")
        whole = self.run("document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": width, "height": height or whole, "scale": 1}
        found = self.ask(
            "Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True
        )
        path.write_bytes(base64.b64decode(found["data"]))
