"""Creating hits from an engine's results: the stored facts and the excerpts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from archiver.edgar.endpoints import index_page
from archiver.errors import IndexMissingError
from archiver.identifiers import AccessionNumber, Cik, FormType
from indexer.engine import EngineHit
from indexer.entries import HitEntity
from indexer.passages.excerpts import ExcerptMaker
from indexer.search.hits import FromLibrary, Hit, HitDocument

if TYPE_CHECKING:
    from indexer.submission.submission import Submission


class HitMaker:
    """Creates the hits of one search.

    `read` returns a stored submission, `excerpts` the excerpts of a document; without it there are none.
    """

    def __init__(self, read: Callable[[str], Submission], excerpts: ExcerptMaker | None) -> None:
        self._read = FromLibrary(read)
        self._excerpts = excerpts

    def __call__(self, found: EngineHit) -> Hit:
        """Create the hit. Raises `IndexMissingError` if what the index stores of it is damaged."""
        try:
            stored: dict[str, Any] = json.loads(found.stored)
            facts = _facts(stored)
            accession, position, entities = facts["accession"], stored["position"], facts["entities"]
            document = None if position is None else _document(stored)
        except _MISREAD as error:
            raise IndexMissingError(
                f"the index has a damaged record: {error}", "run `edgarchive verify`, then `edgarchive index --rebuild`"
            ) from error
        cik = next((entity.cik for entity in entities if entity.cik is not None), None)
        shown = None if position is None or not self._excerpts else self._excerpts(accession, position, stored)
        return Hit(
            **facts,
            document=document,
            score=found.score,
            excerpt=None if shown is None else shown.excerpt,
            url=None if cik is None else index_page(cik, accession),
            _read=self._read,
            _position=position,
            section=None if shown is None else shown.section,
            matches=None if shown is None else shown.matches,
            passages=None if shown is None else shown.passages,
            _query=None if self._excerpts is None else self._excerpts.query,
        )


_MISREAD = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a record raises that is not JSON, or has a missing or wrong value."""


def _facts(stored: dict[str, Any]) -> dict[str, Any]:
    """The facts of a hit that its record has. Raises `_MISREAD`."""
    accepted, period, added = stored["acceptance_datetime"], stored["period_of_report"], stored["added"]
    return {
        "accession": AccessionNumber(stored["accession"]),
        "form": FormType(stored["form"]),
        "filing_date": date.fromisoformat(stored["filing_date"]),
        "acceptance_datetime": datetime.fromisoformat(accepted) if accepted else None,
        "period_of_report": date.fromisoformat(period) if period else None,
        "items": tuple(stored["items"]),
        "items_derived": stored.get("items_derived", False),
        "added": datetime.fromisoformat(added) if added else None,
        "entities": tuple(
            HitEntity(None if cik is None else Cik(cik), name, role) for cik, name, role in stored["entities"]
        ),
        "entities_left_out": stored.get("entities_left_out", 0),
    }


def _document(stored: dict[str, Any]) -> HitDocument:
    """The document of a hit. Raises `_MISREAD`."""
    return HitDocument(
        stored["type"],
        stored["sequence"],
        stored["filename"],
        stored["description"],
        truncated=stored.get("truncated", False),
    )
