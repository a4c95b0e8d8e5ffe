"""From what an engine found to hits: the stored facts, and the best passage of the text."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from archiver.edgar.endpoints import index_page
from archiver.errors import DamageError, NotInArchiveError
from archiver.events import event
from archiver.identifiers import AccessionNumber, Cik, FormType
from indexer.engine import EngineHit
from indexer.entries import HitEntity
from indexer.query.nodes import Node
from indexer.search.hits import FromLibrary, Hit, HitDocument
from indexer.search.snippets import Highlighter, Snippet
from indexer.submission.submission import Submission

_log = logging.getLogger(__name__)


class HitMaker:
    """Makes the hits of one search; hits of one submission that follow each other share its reading.

    `read` gives a stored submission; without a `query` there are no excerpts.
    """

    def __init__(self, read: Callable[[str], Submission], query: Node | None) -> None:
        self._read = FromLibrary(read)
        highlighter = None if query is None else Highlighter(query)
        self._highlighter = highlighter if highlighter and highlighter.looks_for_text else None
        self._last: Submission | None = None

    def __call__(self, found: EngineHit) -> Hit:
        """The hit."""
        stored: dict[str, Any] = json.loads(found.stored)
        accession = AccessionNumber(stored["accession"])
        entities = tuple(
            HitEntity(None if cik is None else Cik(cik), name, role) for cik, name, role in stored["entities"]
        )
        cik = next((entity.cik for entity in entities if entity.cik is not None), None)
        accepted, period, position = stored["acceptance_datetime"], stored["period_of_report"], stored["position"]
        return Hit(
            accession=accession,
            form=FormType(stored["form"]),
            filing_date=date.fromisoformat(stored["filing_date"]),
            acceptance_datetime=datetime.fromisoformat(accepted) if accepted else None,
            period_of_report=date.fromisoformat(period) if period else None,
            items=tuple(stored["items"]),
            entities=entities,
            document=None
            if position is None
            else HitDocument(
                stored["type"],
                stored["sequence"],
                stored["filename"],
                stored["description"],
                truncated=stored.get("truncated", False),
            ),
            score=found.score,
            excerpt=self._excerpt(accession, position, stored["description"]),
            url=None if cik is None else index_page(cik, accession),
            _read=self._read,
            _position=position,
        )

    def _excerpt(self, accession: AccessionNumber, position: int | None, description: str | None) -> Snippet | None:
        """The best passage of a document's text, else of its description; None where the query stands in neither."""
        if self._highlighter is None or position is None:
            return None
        try:
            submission = self._last  # threads may share the results; each goes on with what it has
            if submission is None or submission.header.accession != accession:
                submission = self._last = self._read(accession)
            found = submission.documents[position : position + 1]  # none, where bytes changed and wait to be indexed
            snippet = self._highlighter.snippet(found[0].text()) if found else None
        except (DamageError, NotInArchiveError) as error:
            facts = event("snippet-missing", accession=accession, error=type(error).__name__)
            _log.warning("no snippet of %s: %s", accession, error, extra=facts)  # the hit stands; `verify` reports it
            return None
        return snippet or self._highlighter.snippet(description or "")
