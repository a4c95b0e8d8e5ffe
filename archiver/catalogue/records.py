"""The catalogue's rows as values."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from archiver.catalogue import values
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.startup.dataclass import dataclass

SOURCES = ("index", "feed", "import")


@dataclass(frozen=True, slots=True)
class CatalogueRecord:
    """The catalogue's row of one stored submission. `size` (bytes) and `sha256` are of the decoded bytes.

    `run` is the run that stored these bytes; `added` and `added_run` say when the submission was first added to the
    archive, even if its bytes were replaced since. A run is None if older than the journal.

    `listed`: EDGAR's full index has listed it, most recently that of `quarter`. `first_seen` is when any index first
    listed it, `missing_since` when the full index was first read without it, and `missing_in` the version of that
    index; both are None while it is listed.
    """

    accession: AccessionNumber
    form: FormType
    filing_date: date
    cik: Cik | None
    url: str | None
    source: str
    size: int
    stored_bytes: int
    sha256: str
    etag_md5: str | None
    signature: str | None
    stored_at: datetime
    added: datetime
    withdrawn_at: datetime | None = None
    indexed_sha256: str | None = None
    listed: bool = False
    run: int | None = None
    added_run: int | None = None
    quarter: str | None = None
    first_seen: datetime | None = None
    missing_since: datetime | None = None
    missing_in: str | None = None


COLUMNS = (
    "accession, form, filing_date, cik, url, source, size, stored_bytes, sha256, etag_md5, signature, stored_at,"
    " added, withdrawn_at, indexed_sha256, listed, run, added_run, quarter, first_seen, missing_since, missing_in"
)
"""Columns of the table ``submission`` in the order of the fields of `CatalogueRecord`."""


def submission_values(record: CatalogueRecord) -> tuple[Any, ...]:
    """The values of a row, in the order of `COLUMNS`."""
    return (
        record.accession,
        record.form,
        record.filing_date.isoformat(),
        record.cik,
        record.url,
        record.source,
        record.size,
        record.stored_bytes,
        record.sha256,
        record.etag_md5,
        record.signature,
        record.stored_at.isoformat(),
        record.added.isoformat(),
        _iso(record.withdrawn_at),
        record.indexed_sha256,
        int(record.listed),
        record.run,
        record.added_run,
        record.quarter,
        _iso(record.first_seen),
        _iso(record.missing_since),
        record.missing_in,
    )


def submission_record(row: tuple[Any, ...]) -> CatalogueRecord:
    """A record from a row in the order of `COLUMNS`. Raises ValueError for an impossible value."""
    (
        accession,
        form,
        filing_date,
        cik,
        url,
        source,
        size,
        stored_bytes,
        sha256,
        etag_md5,
        signature,
        stored_at,
        added,
        withdrawn_at,
        indexed_sha256,
        listed,
        run,
        added_run,
        quarter,
        first_seen,
        missing_since,
        missing_in,
    ) = row
    return CatalogueRecord(
        accession=_accession(accession),
        form=FormType(values.text(form)),
        filing_date=values.day(filing_date),
        cik=values.optional(lambda value: Cik(values.integer(value)), cik),
        url=values.optional(values.text, url),
        source=values.one_of(source, *SOURCES),
        size=values.integer(size),
        stored_bytes=values.integer(stored_bytes),
        sha256=values.sha256(sha256),
        etag_md5=values.optional(values.md5, etag_md5),
        signature=values.optional(lambda value: values.one_of(value, "valid", "invalid"), signature),
        stored_at=values.moment(stored_at),
        added=values.moment(added),
        withdrawn_at=values.optional(values.moment, withdrawn_at),
        indexed_sha256=values.optional(values.sha256, indexed_sha256),
        listed=values.flag(listed),
        run=values.optional(values.integer, run),
        added_run=values.optional(values.integer, added_run),
        quarter=values.optional(values.text, quarter),
        first_seen=values.optional(values.moment, first_seen),
        missing_since=values.optional(values.moment, missing_since),
        missing_in=values.optional(values.text, missing_in),
    )


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """Other bytes of a submission stored beside it: an ``older`` version, or a ``correction`` from the Feed.

    Sizes, hash, times and run are as in `CatalogueRecord`.
    """

    accession: AccessionNumber
    sha256: str
    kind: str
    source: str
    url: str | None
    size: int
    stored_bytes: int
    stored_at: datetime
    run: int | None = None


VERSION_COLUMNS = "accession, sha256, kind, source, url, size, stored_bytes, stored_at, run"
"""Columns of the table ``beside`` in the order of the fields of `VersionRecord`."""


def older_version(record: CatalogueRecord) -> VersionRecord:
    """The bytes of `record` as an older version beside newer ones."""
    return VersionRecord(
        accession=record.accession,
        sha256=record.sha256,
        kind="older",
        source=record.source,
        url=record.url,
        size=record.size,
        stored_bytes=record.stored_bytes,
        stored_at=record.stored_at,
        run=record.run,
    )


def version_values(record: VersionRecord) -> tuple[Any, ...]:
    """The values of a row, in the order of `VERSION_COLUMNS`."""
    return (
        record.accession,
        record.sha256,
        record.kind,
        record.source,
        record.url,
        record.size,
        record.stored_bytes,
        record.stored_at.isoformat(),
        record.run,
    )


def version_record(row: tuple[Any, ...]) -> VersionRecord:
    """A record from a row in the order of `VERSION_COLUMNS`. Raises ValueError for an impossible value."""
    accession, sha256, kind, source, url, size, stored_bytes, stored_at, run = row
    return VersionRecord(
        accession=_accession(accession),
        sha256=values.sha256(sha256),
        kind=values.one_of(kind, "older", "correction"),
        source=values.one_of(source, *SOURCES),
        url=values.optional(values.text, url),
        size=values.integer(size),
        stored_bytes=values.integer(stored_bytes),
        stored_at=values.moment(stored_at),
        run=values.optional(values.integer, run),
    )


@dataclass(frozen=True, slots=True)
class CatalogueTotals:
    """Sums over the catalogue. `by_form_and_year` counts submissions by form and filing year."""

    submissions: int
    size: int
    stored_bytes: int
    unindexed: int
    by_form_and_year: tuple[tuple[str, int, int], ...]


def _accession(value: object) -> AccessionNumber:
    number = AccessionNumber(values.text(value))
    if number != value:
        raise ValueError("the accession number is spelled without its dashes")
    return number


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
