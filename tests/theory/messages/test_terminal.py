import io
import sys

import pytest

from convergen.theory.messages.terminal import one_line, plain_ascii, prepare_streams


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("σ_c(n), Σ − 1 ≥ ½ ± 2²…", "sigma_c(n), Sigma - 1 >= 1/2 +- 22..."),
        ("8 × 8 – é, 日", "8 x 8 - e, ?"),
        ("\xe9\u212b \u03c2 \u00df", "eA ? ?"),
        # A micro sign; Latin and Cyrillic letters whose names have four words; a Greek accent.
        ("5 \xb5m \xf0\u0430[\u0384]", "5 mum ??[ ]"),
        ("\udc7f\udc80\udcff\udd00", r"?\x80\xff?"),
        (b"bad\xff.npy".decode("utf-8", "surrogateescape"), r"bad\xff.npy"),
    ],
)
def test_every_text_can_be_said_in_ascii(text, said):
    assert plain_ascii(text) == said


def test_messages_stay_on_one_line_whatever_a_file_is_called():
    assert one_line("a\nb\x1b[31m.npy, σ") == r"a\nb\x1b[31m.npy, σ"
    for name in ("C:\\data", "bad\udcff.npy", "\udc80"):
        assert one_line(name) == name


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("ascii", b"sigma - \\xff\n"),
        ("cp1252", b"sigma \x96 \\xff\n"),
        ("utf-8", "σ – \\xff\n".encode()),
    ],
)
def test_streams_take_what_they_cannot_encode(monkeypatch, encoding, written):
    raw = io.BytesIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
        patched.setattr(sys, "stderr", None)
        prepare_streams()
        print("σ – \udcff", flush=True)
        with sys.stderr as closed:
            print("nobody hears it", file=closed)
        # Else typer writes UTF-8 to the bytes below.
        assert hasattr(sys.stdout, "buffer") == (encoding != "ascii")
        assert raw.getvalue() == written
