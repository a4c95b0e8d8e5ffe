"""Hits for the tests of what shows them."""

from __future__ import annotations

from datetime import date

from archiver.identifiers import AccessionNumber, Cik, FormType
from indexer.entries import HitEntity
from indexer.passages.cutting import Snippet
from indexer.search.hits import FromLibrary, Hit, HitDocument
from indexer.submission.submission import parse_submission
from tests.unit.submissions import ACCESSION, submission_bytes


def made_up_hit(
    *, position: int | None = 0, document: HitDocument | None = None, excerpt: Snippet | None = None
) -> Hit:
    """A made-up hit in the submission of the tests."""
    return Hit(
        accession=AccessionNumber(ACCESSION),
        form=FormType("8-K"),
        filing_date=date(2004, 12, 22),
        acceptance_datetime=None,
        period_of_report=None,
        items=("5.02",),
        entities=(HitEntity(Cik(320), "ACME WIDGETS INC", "FILER"), HitEntity(None, "NOBODY", "ISSUER")),
        document=document,
        score=None,
        excerpt=excerpt,
        url=None,
        _read=FromLibrary(lambda _: parse_submission(submission_bytes())),
        _position=position,
    )
