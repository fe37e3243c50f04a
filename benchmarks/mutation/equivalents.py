"""Changes that no test can notice, each with the reason: `equivalents.toml` beside this file.

An entry holds for the text of a line, not for its number: once that line changes, or stands twice
in its module, the entry is stale and serves no more.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from benchmarks.mutation.changes import Change

LISTED = Path(__file__).with_name("equivalents.toml")


@dataclass(frozen=True)
class Equivalent:
    """A line of a module (or some, one after the other), what it becomes, and why that is alike."""

    path: str
    line: str
    becomes: str
    reason: str

    def stale(self, root: Path) -> bool:
        """Whether its line is no longer there, or cannot be told from another."""
        module = root / self.path
        text = f"\n{module.read_text()}\n" if module.is_file() else ""
        return text.count(f"\n{self.line}\n") != 1


class Equivalents:
    """The entries that still match their modules, and those that do not."""

    def __init__(self, root: Path, listed: Path = LISTED) -> None:
        entries = [
            Equivalent(**entry) for entry in tomllib.loads(listed.read_text()).get("equivalent", [])
        ]
        self.stale = [entry for entry in entries if entry.stale(root)]
        self._reasons = {
            (entry.path, entry.line, entry.becomes): entry.reason
            for entry in entries
            if entry not in self.stale
        }

    def reason(self, change: Change) -> str | None:
        """Why a change is no change; None where it is not listed."""
        return self._reasons.get((change.mutant.path, change.old, change.new))
