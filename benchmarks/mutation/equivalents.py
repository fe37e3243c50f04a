"""Changes that no test can notice, each with the reason: `equivalents.toml` beside this file.

An entry holds for the text of a line, not for its number: once that line changes, or stands twice
in its module, the entry is stale and serves no more. A rule holds for every line that it matches.
"""

from __future__ import annotations

import re
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


@dataclass(frozen=True)
class Rule:
    """A pattern of lines, what becomes of it, and why that is alike wherever it stands."""

    pattern: str
    becomes: str
    reason: str

    def holds(self, change: Change) -> bool:
        """Whether the change is the one that the rule describes, and no other."""
        old = change.old
        found = re.finditer(self.pattern, old)
        made = (old[: m.start()] + m.expand(self.becomes) + old[m.end() :] for m in found)
        return change.new in made


class Equivalents:
    """The entries that still match their modules, and those that do not."""

    def __init__(self, root: Path, listed: Path = LISTED) -> None:
        tables = tomllib.loads(listed.read_text())
        entries = [Equivalent(**entry) for entry in tables.get("equivalent", [])]
        self.rules = [Rule(**rule) for rule in tables.get("rule", [])]
        self.stale = [entry for entry in entries if entry.stale(root)]
        self._reasons = {
            (entry.path, entry.line, entry.becomes): entry.reason
            for entry in entries
            if entry not in self.stale
        }

    def reason(self, change: Change) -> str | None:
        """Why a change is no change; None where it is not listed."""
        listed = self._reasons.get((change.mutant.path, change.old, change.new))
        return listed or next((rule.reason for rule in self.rules if rule.holds(change)), None)
