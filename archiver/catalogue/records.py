"""The catalogue's rows as values."""

from __future__ import annotations

from datetime import date, datetime

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


def _accession(value: object) -> AccessionNumber:
    number = AccessionNumber(values.text(value))
    if number != value:
        raise ValueError("the accession number is spelled without its dashes")
    return number


SUBMISSION = values.Columns(
    CatalogueRecord,
    accession=_accession,
    form=lambda value: FormType(values.text(value)),
    filing_date=values.day,
    cik=values.optional(lambda value: Cik(values.integer(value))),
    url=values.optional(values.text),
    source=lambda value: values.one_of(value, *SOURCES),
    size=values.integer,
    stored_bytes=values.integer,
    sha256=values.sha256,
    etag_md5=values.optional(values.md5),
    signature=values.optional(lambda value: values.one_of(value, "valid", "invalid")),
    stored_at=values.moment,
    added=values.moment,
    withdrawn_at=values.optional(values.moment),
    indexed_sha256=values.optional(values.sha256),
    listed=values.flag,
    run=values.optional(values.integer),
    added_run=values.optional(values.integer),
    quarter=values.optional(values.text),
    first_seen=values.optional(values.moment),
    missing_since=values.optional(values.moment),
    missing_in=values.optional(values.text),
)
"""The table ``submission``."""


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


VERSION = values.Columns(
    VersionRecord,
    accession=_accession,
    sha256=values.sha256,
    kind=lambda value: values.one_of(value, "older", "correction"),
    source=lambda value: values.one_of(value, *SOURCES),
    url=values.optional(values.text),
    size=values.integer,
    stored_bytes=values.integer,
    stored_at=values.moment,
    run=values.optional(values.integer),
)
"""The table ``beside``."""


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


@dataclass(frozen=True, slots=True)
class CatalogueTotals:
    """Sums over the catalogue. `by_form_and_year` counts submissions by form and filing year."""

    submissions: int
    size: int
    stored_bytes: int
    unindexed: int
    by_form_and_year: tuple[tuple[str, int, int], ...]
