"""Standard streams that take every text: whatever their encoding, and even where they are closed.

A character that a stream cannot encode is replaced by plain ASCII that says the same: σ by sigma,
≥ by >=, a byte of a file name that is no UTF-8 by its code.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
from typing import TextIO, cast

_STAND_INS = {
    "–": "-", "—": "-", "−": "-", "±": "+-", "×": "x", "·": "*", "√": "sqrt ", "∞": "inf",
    "≈": "~", "≤": "<=", "≥": ">=", "→": "->", "’": "'", "“": '"', "”": '"', "⁄": "/",
}  # fmt: skip


def prepare_streams() -> None:
    """Make standard output and error accept every text from here on."""
    codecs.register_error("convergen", _replace)
    sys.stdout = _accepting(sys.stdout)
    sys.stderr = _accepting(sys.stderr)


def plain_ascii(text: str) -> str:
    """Say a text in ASCII.

    Parameters
    ----------
    text : str
        Any text; bytes that Python could not decode, as surrogates, may be in it.

    Returns
    -------
    str
    """
    return "".join(character if character.isascii() else _say(character) for character in text)


def one_line(text: str) -> str:
    """Spell out line breaks and control characters, as names of files may hold.

    Parameters
    ----------
    text : str
        A message.

    Returns
    -------
    str
    """
    return "".join(
        character if character.isprintable() or _is_raw_byte(character) else repr(character)[1:-1]
        for character in text
    )


def _accepting(stream: TextIO | None) -> TextIO:
    """The stream, or one that swallows everything where it was closed before we started."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="convergen")
        if codecs.lookup(stream.encoding).name == "ascii":
            return cast("TextIO", _TextOnly(stream))
    return stream


class _TextOnly:
    """An ASCII stream without its bytes, which typer would otherwise write UTF-8 to."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain_ascii(error.object[error.start : error.end]), error.end


def _is_raw_byte(character: str) -> bool:
    """Whether it stands for a byte that is no UTF-8, as `os.fsdecode` keeps it."""
    return 0xDC80 <= ord(character) <= 0xDCFF


def _say(character: str) -> str:
    if _is_raw_byte(character):
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character in _STAND_INS:
        return _STAND_INS[character]
    words = unicodedata.name(character, "").split()
    if words[:1] == ["GREEK"] and len(words) == 4:  # GREEK SMALL LETTER SIGMA
        return words[3].lower() if words[1] == "SMALL" else words[3].capitalize()
    parts = unicodedata.normalize("NFKD", character)
    return (
        "?"
        if parts == character
        else "".join(
            part if part.isascii() else _say(part)
            for part in parts
            if not unicodedata.combining(part)
        )
    )
