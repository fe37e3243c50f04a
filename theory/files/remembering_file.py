"""An HDF5 file that is read, and finds each of its members once.

h5netcdf looks a variable up by its path for every question about it, some forty times.
"""

from __future__ import annotations

from typing import Any

import h5py


class RememberingFile(h5py.File):  # type: ignore[misc]
    """As `h5py.File`, opened for reading."""

    def __init__(self, content: Any) -> None:
        super().__init__(content, "r")
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: Any) -> Any:
        """Member by its path, or what a reference points to."""
        if not isinstance(name, str):
            return super().__getitem__(name)
        if name not in self._found:
            self._found[name] = super().__getitem__(name)
        return self._found[name]
