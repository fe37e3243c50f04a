"""What a reader of a result should know of the files behind it, said on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from convergen.theory.data.record import Record
from convergen.theory.messages.terminal import one_line


def say_remarks(records: Iterable[Record | None]) -> None:
    """Say what was left out of the data, and what was done to them.

    Parameters
    ----------
    records : iterable of Record or None
        Of each set of points; None where nothing was read.
    """
    remarks = [remark for record in records if record is not None for remark in record.remarks()]
    for remark in dict.fromkeys(remarks):
        print(one_line(remark), file=sys.stderr)
