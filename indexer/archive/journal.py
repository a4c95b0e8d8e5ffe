"""The journal of an archive: the runs, and what each stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from archiver.catalogue.records import CatalogueRecord
from archiver.catalogue.runs import Run
from archiver.errors import NotInArchiveError
from archiver.identifiers import AccessionNumber, FormType
from archiver.startup.dataclass import dataclass
from archiver.store.archive import Archive


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """The bytes of a submission that a run stored. `path` is relative to the archive.

    `sha256` and `size` are of the decoded bytes, `added` is in UTC.
    """

    accession: AccessionNumber
    form: FormType
    filing_date: date
    size: int
    sha256: str
    path: Path
    added: datetime

    def to_dict(self) -> dict[str, Any]:
        """The submission as a JSON object."""
        return {
            "accession": str(self.accession),
            "form": str(self.form),
            "filing_date": self.filing_date.isoformat(),
            "bytes": self.size,
            "sha256": self.sha256,
            "path": str(self.path),
            "added": self.added.isoformat(),
        }


def run_of(archive: Archive, number: int) -> Run:
    """The run `number`. Raises `NotInArchiveError`."""
    run = archive.catalogue.runs.get(number)
    if run is None:
        raise NotInArchiveError(f"there is no run {number}", "`edgarchive log` lists the runs")
    return run


def run_values(run: Run) -> dict[str, Any]:
    """A run as a JSON object. Times are in UTC; ``bytes`` counts decoded bytes."""
    return {
        "run": run.number,
        "verb": run.verb,
        "selection": run.selection,
        "began": run.began.isoformat(),
        "ended": run.ended.isoformat() if run.ended else None,
        "outcome": run.outcome,
        "message": run.message,
        "stored": run.stored,
        "failed": run.failed,
        "bytes": run.bytes,
        "requests": run.requests,
        "failures": [str(accession) for accession in run.failures],
    }


def stored_by(archive: Archive, number: int) -> Iterator[StoredRecord]:
    """What a run stored and the archive still has, by accession number.

    Bytes that a later run replaced, and corrections, are stored beside the submission, and are listed after all others.
    """
    layout = archive.layout
    for record in archive.catalogue.runs.stored(number):
        if isinstance(record, CatalogueRecord):
            filing, path = record, layout.submission(record.accession)
        else:
            found = archive.catalogue.get(record.accession)
            if found is None:  # only in a damaged catalogue
                continue
            filing, path = found, layout.version_path(record.accession, record.sha256)
        yield StoredRecord(
            accession=record.accession,
            form=filing.form,
            filing_date=filing.filing_date,
            size=record.size,
            sha256=record.sha256,
            path=path.relative_to(archive.root),
            added=record.stored_at,
        )
