"""The catalogue's row of a newly stored submission: the only constructor of such rows."""

from __future__ import annotations

from datetime import datetime

from archiver.catalogue.records import CatalogueRecord
from archiver.checks.body import BodyFacts
from archiver.checks.header_facts import HeaderFacts
from archiver.planning.plan import SubmissionRef


def new_record(
    ref: SubmissionRef,
    body: BodyFacts,
    *,
    stored_bytes: int,
    source: str,
    moment: datetime,
    run: int | None,
    url: str | None = None,
    etag_md5: str | None = None,
) -> CatalogueRecord:
    """The row of the submission `ref` with the bytes `body`, stored at `moment` by the run `run`.

    `stored_bytes` is the size of its file; `source` is ``index``, ``feed`` or ``import``.
    """
    return CatalogueRecord(
        accession=ref.accession,
        form=ref.form,
        filing_date=ref.filing_date,
        cik=ref.cik or None,
        url=url,
        source=source,
        size=body.size,
        stored_bytes=stored_bytes,
        sha256=body.sha256,
        etag_md5=etag_md5,
        signature=body.signature,
        stored_at=moment,
        added=moment,
        listed=ref.listed,
        run=run,
        added_run=run,
        quarter=ref.quarter if ref.listed else None,
        first_seen=moment if source == "index" else None,
    )


def ref_of(header: HeaderFacts) -> SubmissionRef:
    """A reference to a submission, built from its own header."""
    return SubmissionRef(header.accession, header.form, header.filing_date, header.any_cik, listed=False)
