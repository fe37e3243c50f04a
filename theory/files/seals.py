"""Files that hold the digest of themselves, so that damage is noticed before anything is read.

A sealed file has 64 digits after a mark: the SHA-256 of the file with zeros in their place.
"""

from __future__ import annotations

import hashlib

_MARK = b"convergen-sha256:"
_ZEROS = b"0" * 64
# What a format that can be sealed puts where its digest shall stand.
EMPTY_SEAL = (_MARK + _ZEROS).decode()


def sealed(content: bytes) -> bytes:
    """Put the digest of a file into it.

    Parameters
    ----------
    content : bytes
        Of the file, with `EMPTY_SEAL` in it once.

    Returns
    -------
    bytes
    """
    start = content.index(_MARK) + len(_MARK)
    digest = hashlib.sha256(content).hexdigest().encode()
    return content[:start] + digest + content[start + len(digest) :]


def has_seal(content: bytes) -> bool:
    """Whether a file claims to hold its own digest.

    Parameters
    ----------
    content : bytes
        Of the file.

    Returns
    -------
    bool
    """
    return _MARK in content


def is_sound(content: bytes) -> bool:
    """Whether the digest in a file is that of the file.

    Parameters
    ----------
    content : bytes
        Of the file.

    Returns
    -------
    bool
        False, too, if there is no digest in it, or more than one.
    """
    if content.count(_MARK) != 1:
        return False
    start = content.index(_MARK) + len(_MARK)
    whole = memoryview(content)
    digest = hashlib.sha256(whole[:start])
    digest.update(_ZEROS)
    digest.update(whole[start + len(_ZEROS) :])
    return digest.hexdigest().encode() == content[start : start + len(_ZEROS)]
