"""Comparing the files below ``submissions/`` with the catalogue. Read-only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from archiver.audit.findings import Finding, version_at
from archiver.errors import IdentifierError
from archiver.identifiers import AccessionNumber
from archiver.runtime.walking import walk
from archiver.store.archive import Archive
from archiver.store.layout import SUBMISSION_SUFFIX, VERSION_NAME

_MAX_NAMED = 1000
"""Files without a row that are listed individually; if the catalogue is lost, every file is one."""

_MISPLACED = "the file is not in the place of its accession number"


def files_without_row(archive: Archive) -> Iterator[Finding]:
    """Findings for files below ``submissions/`` that have no row or are not in their location. Raises `DamageError`.

    And for folders that cannot be read, since there may be more such files in them.
    """
    unread: list[OSError] = []
    for folder, names, error in walk(archive.layout.submissions):
        unread += [error] if error is not None else []
        placed: list[tuple[AccessionNumber, str]] = []
        for path in sorted(map(Path(folder).joinpath, names.files)):
            shown = str(path.relative_to(archive.root))
            version = VERSION_NAME.fullmatch(path.name)
            try:
                accession = AccessionNumber(version[1] if version else path.name.removesuffix(SUBMISSION_SUFFIX))
            except IdentifierError:
                yield Finding("misplaced", None, shown, "not a file of edgarchive")
                continue
            if path.parent != archive.layout.submission(accession).parent:
                yield Finding("misplaced", accession, shown, _MISPLACED)
            elif version:
                yield from _version_without_row(archive, accession, path)
            elif path != archive.layout.submission(accession):
                yield Finding("misplaced", accession, shown, _MISPLACED)
            else:
                placed.append((accession, shown))
        yield from _without_row(archive, placed)
    for error in unread:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):  # removed meanwhile
            shown = os.path.relpath(os.fsdecode(error.filename), archive.root)
            yield Finding("unreadable", None, shown, f"the folder cannot be read: {error.strerror}")


def _without_row(archive: Archive, placed: Sequence[tuple[AccessionNumber, str]]) -> Iterator[Finding]:
    known = archive.catalogue.stored_bytes_of([accession for accession, _ in placed])
    for accession, shown in placed:
        if accession not in known:
            yield Finding("uncatalogued", accession, shown, "the catalogue has no row for it")


def _version_without_row(archive: Archive, accession: AccessionNumber, path: Path) -> Iterator[Finding]:
    if version_at(archive, accession, path) is None:
        message = "the catalogue has no row for these bytes beside the submission"
        yield Finding("uncatalogued", accession, str(path.relative_to(archive.root)), message)


def summarized(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The findings, with uncatalogued files beyond the first ones replaced by their number."""
    uncatalogued = 0
    for finding in findings:
        uncatalogued += finding.kind == "uncatalogued"
        if finding.kind != "uncatalogued" or uncatalogued <= _MAX_NAMED:
            yield finding
    if (more := uncatalogued - _MAX_NAMED) > 0:
        yield Finding("uncatalogued", None, "submissions", f"the catalogue has no row for {more} more files")
