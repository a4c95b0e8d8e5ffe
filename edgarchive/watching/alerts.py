"""Creating alerts for new filings: the JSON object that every sink gets, with a stable id."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archiver.errors import QueryError, UsageError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from edgarchive.watching.schedule import EASTERN
from edgarchive.watching.searches import NamedSearch
from indexer.matcher import Question
from indexer.search.hits import Hit
from indexer.search.library import Library
from indexer.search.options import SearchOptions

_log = logging.getLogger(__name__)

_AT_ONCE = 25
"""Filings in one search of the index; a query has a limited number of terms."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert for one filing, and for one saved search or (None) none in particular."""

    id: str
    search: str | None
    accession: AccessionNumber
    payload: dict[str, Any]


class Alerts:
    """Creates the alerts of new filings: of those that `searches` match, or, without searches (None), of all.

    Each search is parsed once and matched against a filing's own entries; the index is queried only for the hits.
    """

    def __init__(self, searches: Sequence[NamedSearch] | None) -> None:
        self._searches = None if searches is None else tuple(searches)
        self._questions: dict[str, Question] = {}

    def of(
        self, library: Library, accessions: Sequence[AccessionNumber], accepted: Mapping[AccessionNumber, str]
    ) -> Iterator[Alert]:
        """The alerts of indexed filings; there are none for others.

        `accepted` has the feed's acceptance times. Raises as `Library.run`.
        """
        for some in _batched(accessions):
            whole = _found(library, some, None)
            if self._searches is None:
                yield from (_alert(hit, None, accepted.get(hit.accession)) for hit in whole)
                continue
            asked = [
                (search.name, question)
                for search in self._searches
                if (question := self._question_or_none(library, search)) is not None
            ]
            matched: dict[str, list[AccessionNumber]] = {}
            for hit in whole:
                matcher = library.matcher(hit.accession)
                for name, question in asked:
                    if matcher.find(question):
                        matched.setdefault(name, []).append(hit.accession)
            for search in self._searches:
                wanted = [hit for hit in whole if hit.accession in matched.get(search.name, ())]
                for hit in _with_passages(library, wanted, search):
                    yield _alert(hit, search, accepted.get(hit.accession))

    @property
    def name_tickers(self) -> bool:
        """Whether a search needs EDGAR's list of tickers."""
        return any(map(_names_ticker, self._searches or ()))

    def check(self, library: Library) -> None:
        """Raise `UsageError` or `QueryError` for a search that cannot be run, such as one with an unknown ticker."""
        for search in self._searches or ():
            try:
                self._question(library, search)
            except UsageError as error:
                raise UsageError(f"the saved search {search.name}: {error.message}", error.hint) from None

    def _question_or_none(self, library: Library, search: NamedSearch) -> Question | None:
        """The prepared search; None, with a warning, if it can no longer be run: others go ahead."""
        try:
            return self._question(library, search)
        except (UsageError, QueryError) as error:
            facts = event("saved-search-left-out", search=search.name, reason=str(error))
            _log.warning("the saved search %s is left out: %s", search.name, error, extra=facts)
            return None

    def _question(self, library: Library, search: NamedSearch) -> Question:
        """A search prepared for matching; one with a ticker is read again, since companies change theirs."""
        if search.name not in self._questions or _names_ticker(search):
            self._questions[search.name] = library.question(search.options)
        return self._questions[search.name]


def _names_ticker(search: NamedSearch) -> bool:
    return search.options.ticker is not None or "ticker:" in (search.options.query or "").lower()


def _batched(accessions: Sequence[AccessionNumber]) -> Iterator[Sequence[AccessionNumber]]:
    for start in range(0, len(accessions), _AT_ONCE):
        yield accessions[start : start + _AT_ONCE]


def _found(library: Library, accessions: Sequence[AccessionNumber], search: NamedSearch | None) -> Sequence[Hit]:
    if not accessions:
        return ()
    among = " OR ".join(f"accession:{accession}" for accession in accessions)
    options = search.options if search else SearchOptions(snippets=False)
    words = f"({options.query}) ({among})" if options.query else f"({among})"
    found = library.run(options.replace(query=words, limit=None))
    return sorted(found.hits, key=lambda hit: hit.accession)


def _with_passages(library: Library, matched: Sequence[Hit], search: NamedSearch) -> Sequence[Hit]:
    """`matched` with the passages of `search`; without, if a pattern matches too many words of the archive."""
    try:
        shown = {hit.accession: hit for hit in _found(library, [hit.accession for hit in matched], search)}
    except QueryError:
        return matched
    return [shown.get(hit.accession, hit) for hit in matched]


def alert_id(accession: AccessionNumber, search: str | None) -> str:
    """The id of an alert: the same for the same filing and search in every run."""
    return "alert_" + hashlib.sha256(f"{accession}\n{search or ''}".encode()).hexdigest()[:32]


def _alert(hit: Hit, search: NamedSearch | None, accepted: str | None) -> Alert:
    name = search.name if search else None
    moment = hit.acceptance_datetime
    if accepted is None and moment is not None:
        accepted = moment.replace(tzinfo=EASTERN).isoformat()
    whole = hit.to_dict()
    payload = {
        "id": alert_id(hit.accession, name),
        "search": name,
        "accession": str(hit.accession),
        "form": str(hit.form),
        "filing_date": hit.filing_date.isoformat(),
        "accepted": accepted,
        "items": list(hit.items),
        "entities": whole["entities"],
        "snippet": hit.snippet if search and search.options.query else None,
        "url": hit.url,
    }
    return Alert(payload["id"], name, hit.accession, payload)
