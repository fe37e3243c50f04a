"""Which of several arrays in a file is meant, and how much may be unpacked into memory."""

from __future__ import annotations

from collections.abc import Collection

from convergen.theory.common.checks import InputError
from convergen.theory.data.regular_files import printable
from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.messages.sizes import size_words

# What is not mapped is unpacked into memory.
LARGEST = 2**32
_SHOWN = 8
# Arrays above this size must not be much larger than the bytes that they are stored in.
_SUSPICIOUS, _RATIO = 2**26, 200


def choose(members: Collection[str], key: str | None, name: str, what: str = "array") -> str:
    """The member that is meant: the only one, or the one that was named.

    Parameters
    ----------
    members : collection of str
        What there is.
    key : str or None
        What was asked for.
    name : str
        What messages call the file.
    what : str
        What messages call a member.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If there is none, none of that name, or several and no key.
    """
    if not members:
        raise InputError(f"{name} holds no {what} of numbers: give another file.")
    chosen = next(iter(members)) if key is None and len(members) == 1 else key
    if chosen in members:
        return str(chosen)
    given = "no key was given" if key is None else f"no {what} {printable(key)!r}"
    shown = ", ".join(printable(member) for member in list(members)[:_SHOWN])
    more = f" and {len(members) - _SHOWN} more" if len(members) > _SHOWN else ""
    raise OptionError(
        f"{name} holds {shown}{more}, but {given}: give one as ", OptionName("key"), "."
    )


def check_expansion(declared: int, stored: int, name: str, what: str) -> None:
    """Refuse what would expand without bound, before anything is allocated.

    Parameters
    ----------
    declared : int
        Bytes that it says it unpacks to.
    stored : int
        Bytes that it takes in the file.
    name, what : str
        What messages call the file, and the part.

    Raises
    ------
    InputError
        If it declares more than 4.3 GB, or more than 67 MB and 200 times what is stored.
    """
    if declared > LARGEST:
        raise InputError(
            f"{name} declares {size_words(declared)} for {printable(what)}, but at most "
            f"{size_words(LARGEST)} are unpacked into memory: save the array with numpy.save, "
            "since .npy files may be larger than memory."
        )
    if declared > _SUSPICIOUS and declared > _RATIO * stored:
        raise InputError(
            f"{name} declares {size_words(declared)} for {printable(what)}, but stores "
            f"{size_words(stored)}, as files that fill the memory do: if it is sound, save the "
            "array with numpy.save."
        )
