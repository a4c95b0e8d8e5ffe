"""The folder of an index, with renames that last: Whoosh itself syncs nothing."""

from __future__ import annotations

import os
from pathlib import Path

from whoosh.filedb.filestore import FileStorage

from archiver.durable import fsync_directory


class DurableStorage(FileStorage):  # type: ignore[misc]  # Whoosh has no types
    """A folder in which a renamed file is whole and stays after a power cut."""

    def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:  # noqa: FBT001, FBT002 (Whoosh's own)
        """Sync the file, give it its name, sync the folder."""
        with (Path(self.folder) / oldname).open("rb") as file:
            os.fsync(file.fileno())
        super().rename_file(oldname, newname, safe=safe)
        fsync_directory(Path(self.folder))
