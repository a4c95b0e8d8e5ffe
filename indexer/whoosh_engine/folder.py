"""The folder of an index as Whoosh's storage."""

from __future__ import annotations

from pathlib import Path

from whoosh.filedb.filestore import FileStorage


class FolderStorage(FileStorage):  # type: ignore[misc]  # Whoosh has no types
    """Whoosh's storage, except that a folder that cannot be listed is an error and not an empty folder."""

    def list(self) -> list[str]:
        """The names of the files; none if the folder is missing. Raises OSError if it cannot be listed."""
        try:
            return [path.name for path in Path(self.folder).iterdir()]
        except FileNotFoundError:
            return []
