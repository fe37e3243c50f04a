"""Faces that scikit-image ships."""

from __future__ import annotations

from convergen.theory.sources.points import Points
from convergen.theory.sources.source import Source, data_source
from convergen.theory.sources.table import SourceKind, register


def load() -> Source:
    """Faces of the subset of Labelled Faces in the Wild in scikit-image: 100 grey (1, 25, 25).

    Returns
    -------
    Source

    Raises
    ------
    InputError
        When points are asked for, if scikit-image is not installed.
    """
    from convergen.theory.data.sets.scikit_image import face_patches

    return data_source("faces", lambda: Points("faces", face_patches()[:, None], (1, 25, 25)))


register(SourceKind("faces", "100 faces of 25 × 25 pixels, from scikit-image", (), load))
