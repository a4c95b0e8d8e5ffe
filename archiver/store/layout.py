"""The paths in an archive. Those of submissions are computed from accession numbers alone (docs/format.md)."""

from __future__ import annotations

import re
from pathlib import Path

from archiver.errors import StorageError, UsageError
from archiver.identifiers import AccessionNumber
from archiver.runtime.paths import is_symlink
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern

SUBMISSION_SUFFIX = ".txt.gz"
QUARANTINE = "quarantine"
VERSION_NAME = lazy_pattern(rf"(\d{{10}}-\d{{2}}-\d{{6}})\.[0-9a-f]{{16}}{re.escape(SUBMISSION_SUFFIX)}")
"""The name of a file with other bytes of a submission (`Layout.version_path`)."""
IN_QUARANTINE = lazy_pattern(r"\d{10}-\d{2}-\d{6}\.")
"""The beginning of the name of a refused body in the quarantine."""
SET_ASIDE = lazy_pattern(rf"(\d{{10}}-\d{{2}}-\d{{6}})\.\d{{1,2}}{re.escape(SUBMISSION_SUFFIX)}")
"""The name of a file in the quarantine that a repair has set aside (`Archive.quarantined_copies`)."""

_OURS = frozenset(
    {
        *("format.json", "catalogue.sqlite3", "catalogue.sqlite3-wal", "catalogue.sqlite3-shm"),
        *("submissions", "index", "index.new", "index.old", "texts", "indexes", "incoming", "quarantine"),
    }
)


def require_outside(root: Path, out: Path) -> None:
    """Raise `UsageError` where `out`, a file or folder to write to, is one of the archive's own or lies in one."""
    circular = UsageError(f"{out} is a circular link", "remove it, or name another file")
    try:
        resolved = out.resolve()
        below = resolved.relative_to(root.resolve()).parts
    except ValueError:
        below = ()
    except (OSError, RuntimeError):  # a link that leads to itself, up to Python 3.12
        raise circular from None
    if any(is_symlink(path) for path in (resolved, *resolved.parents)):  # Python 3.13 leaves it in the path
        raise circular
    if below and below[0] in _OURS:
        raise UsageError(f"{out} is inside the archive", "write outside it")


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and files of one archive."""

    root: Path

    @classmethod
    def of(cls, root: Path) -> Layout:
        """The layout of the archive in the folder `root`, which may be relative or begin with ``~``.

        Raises `StorageError` if it is relative and the working folder was deleted.
        """
        try:
            return cls(root.expanduser().absolute())
        except FileNotFoundError as error:
            raise StorageError(f"{root} is in a working folder that was deleted", "change to another folder") from error

    @property
    def format_file(self) -> Path:
        """``format.json``: the format version, and the file that a writing process locks."""
        return self.root / "format.json"

    @property
    def catalogue(self) -> Path:
        """The SQLite catalogue."""
        return self.root / "catalogue.sqlite3"

    @property
    def submissions(self) -> Path:
        """The tree of stored submissions."""
        return self.root / "submissions"

    @property
    def index(self) -> Path:
        """The full-text index."""
        return self.root / "index"

    @property
    def indexes(self) -> Path:
        """Copies of EDGAR's index files."""
        return self.root / "indexes"

    @property
    def quarantine(self) -> Path:
        """Bodies that failed a check, for people to read."""
        return self.root / QUARANTINE

    @property
    def incoming(self) -> Path:
        """Files being written; deleted when the next writer opens the archive."""
        return self.root / "incoming"

    def submission(self, accession: AccessionNumber) -> Path:
        """The path of a submission: ``submissions/0001193125/04/218/0001193125-04-218426.txt.gz``.

        The last folder is named after the first three digits of the sequence, so that none has more than 1,000
        submissions.
        """
        return Path(self.submission_path(accession))

    def submission_path(self, accession: str) -> str:
        """The same as text, for millions of paths."""
        submitter, year, sequence = accession.split("-")
        return f"{self.root}/submissions/{submitter}/{year}/{sequence[:3]}/{accession}{SUBMISSION_SUFFIX}"

    def version_path(self, accession: AccessionNumber, sha256: str) -> Path:
        """The path of other bytes of a submission, beside it: ``0001193125-04-218426.0a1b2c3d4e5f6071.txt.gz``."""
        return self.submission(accession).with_name(f"{accession}.{sha256[:16]}{SUBMISSION_SUFFIX}")
