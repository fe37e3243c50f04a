"""The page is on loopback alone, under its own name, for pages of its own."""

import socket
from types import SimpleNamespace

import pytest
from bokeh.document import Document

from convergen.figures.explorer.serving import server
from convergen.theory.common.checks import InputError


@pytest.fixture
def running():
    made = server.make_server(0)
    yield made
    made.stop()


def test_the_server_listens_on_loopback_alone_and_knows_its_own_pages(running):
    sockets = running._http._sockets.values()
    assert [each.getsockname() for each in sockets] == [("127.0.0.1", running.port)]
    allowed = running._tornado.websocket_origins
    assert allowed == {f"127.0.0.1:{running.port}", f"localhost:{running.port}"}


def test_a_port_that_is_taken_is_said(convergen):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"port {port} is in use: choose another with"):
            server.make_server(port)
        code, out, err = convergen("explore", "--no-browser", "--port", port)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert f"error: port {port} is in use" in err


def visit(host, **arguments):
    document = Document()
    query = {name: [text.encode()] for name, text in arguments.items()}
    request = SimpleNamespace(headers={"Host": host}, arguments=query)
    document._session_context = lambda: SimpleNamespace(request=request)
    server.build(document)
    return document


@pytest.mark.parametrize("host", ["127.0.0.1:5006", "localhost:1", "localhost"])
def test_the_page_is_shown_under_the_names_of_this_computer(host):
    assert visit(host).get_model_by_name("numbers") is not None


@pytest.mark.parametrize("host", ["evil.example:5006", "127.0.0.1.evil.example", "", "[::1"])
def test_other_names_get_an_empty_page(host):
    assert visit(host).roots == []


def test_a_bad_link_shows_a_sentence_and_the_first_state():
    document = visit("localhost", dim="-3")
    text = document.get_model_by_name("message").text
    assert "This link cannot be shown: dim must be a whole number, at least 1, not -3." in text
    assert visit("localhost", dim="30").get_model_by_name("message").text == ""
