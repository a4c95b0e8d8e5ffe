"""What a check of an archive finds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from archiver.catalogue.records import CatalogueRecord
from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from archiver.store.archive import Archive
from archiver.store.layout import SUBMISSION_SUFFIX

BESIDE = re.compile(rf"(\d{{10}}-\d{{2}}-\d{{6}})\.[0-9a-f]{{16}}{re.escape(SUBMISSION_SUFFIX)}")
"""The name of a file with other bytes of a submission, to stand beside it."""
ROW_KINDS = frozenset(
    {"missing", "truncated", "damaged", "incomplete", "unreadable", "catalogue-wrong", "signature", "misplaced"}
)
"""Kinds of findings about the file of a row."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be; `path` is below the archive's root.

    Kinds: ``missing``, ``truncated``, ``damaged``, ``incomplete``, ``unreadable``, ``signature`` (a file);
    ``uncatalogued``, ``misplaced`` (a file without a row, or the file of another submission); ``catalogue-damaged``,
    ``catalogue-wrong`` (all of the catalogue, or one row); ``index-missing``, ``index-extra``, ``index-stale``,
    ``index-damaged`` (the full-text index); ``texts-damaged``, ``texts-extra`` (the text store).
    """

    kind: str
    accession: AccessionNumber | None
    path: str | None
    message: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """What a check of the files found: `checked` rows, `ok` without a finding, `signed` validly by the SEC.

    `acknowledged` counts invalid signatures that a person knows of; they are no findings.
    """

    checked: int
    ok: int
    signed: int
    findings: tuple[Finding, ...]
    acknowledged: int = 0


def catalogue_finding(archive: Archive, error: DamageError) -> Finding:
    """The finding that the catalogue cannot be read."""
    return Finding("catalogue-damaged", None, archive.layout.catalogue.name, error.message)


def row_finding(archive: Archive, kind: str, record: CatalogueRecord, message: str) -> Finding:
    """A finding about the file of a row."""
    path = archive.layout.submission(record.accession).relative_to(archive.root)
    return Finding(kind, record.accession, str(path), message)


def is_beside(path: str | None) -> bool:
    """Whether a file of this name has other bytes of a submission, to stand beside it."""
    return path is not None and BESIDE.fullmatch(Path(path).name) is not None


def is_of_row(finding: Finding) -> bool:
    """Whether a finding is about the file of a row of a submission, so that it is not counted as ok."""
    return finding.accession is not None and finding.kind in ROW_KINDS and not is_beside(finding.path)
