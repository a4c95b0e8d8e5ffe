"""Findings: the problems that a check of an archive reports."""

from __future__ import annotations

from pathlib import Path

from archiver.catalogue.records import CatalogueRecord, VersionRecord
from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from archiver.store.archive import Archive
from archiver.store.layout import VERSION_NAME

ROW_KINDS = frozenset(
    {"missing", "truncated", "damaged", "incomplete", "unreadable", "catalogue-wrong", "signature", "misplaced"}
)
"""Kinds of findings about the file of a row."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem found in an archive; `path` is relative to the archive's root.

    Kinds: ``missing``, ``truncated``, ``damaged``, ``incomplete``, ``unreadable``, ``signature`` (a file);
    ``uncatalogued``, ``misplaced`` (a file without a row, or the file of another submission); ``format-damaged``
    (``format.json``); ``catalogue-damaged``, ``catalogue-wrong`` (the whole catalogue, or one row); ``index-missing``,
    ``index-extra``, ``index-stale``, ``index-damaged`` (the full-text index); ``texts-damaged``, ``texts-extra`` (the
    text store).
    """

    kind: str
    accession: AccessionNumber | None
    path: str | None
    message: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """The result of checking the files: rows `checked`, rows `ok`, files with a valid SEC signature (`signed`).

    `acknowledged` counts invalid signatures that a user has accepted; they are not findings.
    """

    checked: int
    ok: int
    signed: int
    findings: tuple[Finding, ...]
    acknowledged: int = 0


def catalogue_finding(archive: Archive, error: DamageError) -> Finding:
    """A finding that the catalogue cannot be read."""
    return Finding("catalogue-damaged", None, archive.layout.catalogue.name, error.message)


def row_finding(archive: Archive, kind: str, record: CatalogueRecord, message: str) -> Finding:
    """A finding about the file of a row."""
    path = archive.layout.submission(record.accession).relative_to(archive.root)
    return Finding(kind, record.accession, str(path), message)


def version_at(archive: Archive, accession: AccessionNumber, path: Path) -> VersionRecord | None:
    """The row of the bytes beside the submission `accession` that belong at `path`. Raises `DamageError`."""
    rows = archive.catalogue.versions(accession)
    return next((row for row in rows if archive.layout.version_path(accession, row.sha256) == path), None)


def is_version(path: str | None) -> bool:
    """Whether `path` has the name of a file with other bytes of a submission."""
    return path is not None and VERSION_NAME.fullmatch(Path(path).name) is not None


def is_of_row(finding: Finding) -> bool:
    """Whether a finding is about the file of a row, so that the row does not count as ok."""
    return finding.accession is not None and finding.kind in ROW_KINDS and not is_version(finding.path)
