"""The page on this computer alone: a Bokeh server that listens on loopback and nowhere else."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    from bokeh.document import Document
    from bokeh.server.server import Server

HOST = "127.0.0.1"
_NAMES = (HOST, "localhost")
_TEMPLATE = Path(__file__).with_name("page.html")


def make_server(port: int) -> Server:
    """A server that is ready to run.

    Parameters
    ----------
    port : int
        0 takes any free one.

    Returns
    -------
    bokeh.server.server.Server
        On 127.0.0.1; only pages of its own may open a connection to it.

    Raises
    ------
    InputError
        If the port is taken or not allowed.
    """
    from bokeh.application import Application
    from bokeh.application.handlers import FunctionHandler
    from bokeh.server.server import Server

    # Long work beside the page gives way within half a millisecond when a slider moves.
    sys.setswitchinterval(5e-4)
    found = _free(port)
    return Server(
        {"/": Application(FunctionHandler(build))}, address=HOST, port=found,
        allow_websocket_origin=[f"{name}:{found}" for name in _NAMES],
        check_unused_sessions_milliseconds=10_000, unused_session_lifetime_milliseconds=15_000,
    )  # fmt: skip


def build(document: Document) -> None:
    """Fill the page of one visitor.

    Parameters
    ----------
    document : bokeh.document.Document
        An empty one, with the request it answers.
    """
    from convergen.figures.explorer.answers.state import State

    request = document.session_context.request if document.session_context else None
    document.title = "convergen explore"
    if request is None or not _is_ours(request):
        return
    from jinja2 import Template

    from convergen.figures.explorer.serving.page import Page

    document.template = Template(_TEMPLATE.read_text(encoding="utf-8"))
    query = {name: values[-1].decode() for name, values in request.arguments.items() if values}
    query.pop("bokeh-session-id", None)
    state, refusal = _read(State.from_query, query)
    Page(document, state, refusal)


def _read(read: Callable[[dict[str, str]], Any], query: dict[str, str]) -> tuple[Any, str]:
    """The state of a link, or the first one with a sentence that says why not."""
    try:
        return read(query), ""
    except InputError as error:
        return read({}), f"This link cannot be shown: {error}"


def _is_ours(request: Any) -> bool:
    """Whether the browser asked for this computer by its own name, not by one that leads here."""
    try:
        return urlsplit(f"//{request.headers.get('Host', '')}").hostname in _NAMES
    except ValueError:
        return False


def _free(port: int) -> int:
    """The port, if it can be had; 0 becomes a free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "is in use" if taken else f"cannot be had ({error.strerror})"
            raise InputError(
                f"port {port} {why}: choose another with --port, or --port 0 for any free one."
            ) from error
        return int(probe.getsockname()[1])
