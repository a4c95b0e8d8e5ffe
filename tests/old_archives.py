"""Archives that earlier versions made, from tests/fixtures (its README says what is in them)."""

from __future__ import annotations

import tarfile
from pathlib import Path

from tests.paths import ROOT


def unpack_archive_of_0_1(folder: Path, *, engine: str = "whoosh") -> Path:
    """Unpack what a user of 0.1 had into `folder`, with an index of `engine`: ``archive`` and its settings file.

    Returns the archive's folder.
    """
    with tarfile.open(ROOT / "tests" / "fixtures" / "archive-0.1.tar.xz") as packed:
        packed.extractall(folder, filter="data")
    archive, other = folder / "archive", folder / "index-tantivy"
    if engine == "tantivy":
        (archive / "index").rename(folder / "index-whoosh")
        other.rename(archive / "index")
    return archive
