"""Archives on disk, for the tests of the rooms that keep them."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

from archiver.catalogue.listings import IndexFile
from archiver.catalogue.records import CatalogueRecord
from archiver.checks.body import BodyReader
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.listings.cache import IndexCache
from archiver.planning.plan import SubmissionRef
from archiver.store.archive import Archive
from tests.unit.submissions import submission_bytes

CIK = Cik(320)
FILED = date(2004, 12, 22)
STORED = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)

FEED_ENTRY: dict[str, object] = {
    "accession": "0001193125-04-000001", "form": "8-K", "filing_date": "2004-12-22", "accepted": None, "items": [],
    "parties": [{"cik": 1, "name": "", "role": ""}],
}  # fmt: skip
"""A filing as EDGAR's feed has it, as plain JSON values."""
PAYLOAD: dict[str, object] = {
    "id": "one", "search": None, "accession": "0001193125-04-000001", "form": "8-K", "filing_date": "2004-12-22",
    "accepted": None,
    "items": ["5.02"], "entities": [{"cik": None, "name": "TEAL", "role": "FILER"}], "snippet": None, "url": None,
}  # fmt: skip
"""What is delivered of a filing."""


def submission_ref(accession: str) -> SubmissionRef:
    """`accession` as a plan names it."""
    return SubmissionRef(AccessionNumber(accession), FormType("8-K"), FILED, CIK)


def catalogue_record(  # the keyword arguments are what tests vary
    accession: str,
    *,
    data: bytes = b"",
    stored_bytes: int = 0,
    filing_date: date = FILED,
    etag_md5: str | None = None,
    signature: str | None = None,
    indexed_sha256: str | None = None,
) -> CatalogueRecord:
    """The row of a submission with the decoded bytes `data`."""
    return CatalogueRecord(
        accession=AccessionNumber(accession),
        form=FormType("8-K"),
        filing_date=filing_date,
        cik=CIK,
        url=None,
        source="index",
        size=len(data),
        stored_bytes=stored_bytes,
        sha256=hashlib.sha256(data).hexdigest(),
        etag_md5=etag_md5,
        signature=signature,
        stored_at=STORED,
        added=STORED,
        indexed_sha256=indexed_sha256,
    )


def keep(archive: Archive, accession: str, data: bytes, *, etag_md5: str | None = None) -> CatalogueRecord:
    """Store `data` with its row, whole or not."""
    packed = gzip.compress(data, mtime=0)
    path = archive.layout.submission(AccessionNumber(accession))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed)
    reader = BodyReader(AccessionNumber(accession))
    reader.feed(data)
    signature = reader.facts().signature
    record = catalogue_record(accession, data=data, stored_bytes=len(packed), etag_md5=etag_md5, signature=signature)
    archive.catalogue.add(record)
    return record


def tree(folder: Path) -> dict[str, str]:
    """The sha256 of every file below `folder`, by its path.

    Left out is what SQLite's readers leave: the memory they share (``-shm``) and a log (``-wal``) without a byte in it.
    """
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not (path.name.endswith("-shm") or (path.name.endswith("-wal") and not path.stat().st_size))
    }


def keep_tickers(root: Path, **ciks: int) -> None:
    """Keep a list of tickers in the archive, as a sync with tickers does."""
    rows = [{"cik_str": cik, "ticker": name, "title": name} for name, cik in ciks.items()]
    body = json.dumps(dict(enumerate(rows))).encode()
    file = IndexFile("company_tickers.json", hashlib.sha256(body).hexdigest(), None, None, None)
    with Archive.open(root, writable=True) as archive:
        IndexCache(archive).keep(file, body)


def store(archive: Archive, number: int, data: bytes | None = None) -> AccessionNumber:
    """Put a made-up submission, or `data` as it, into the archive without indexing it."""
    accession = AccessionNumber(f"0001193125-04-{number:06d}")
    keep(archive, accession, submission_bytes(accession) if data is None else data)
    return accession
