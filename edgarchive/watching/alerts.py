"""Creating alerts for new filings: the JSON object that every sink gets, with a stable id."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from archiver.edgar.endpoints import index_page
from archiver.errors import DamageError, NotInArchiveError, QueryError, UsageError
from archiver.events import event
from archiver.identifiers import AccessionNumber, Cik
from archiver.startup.dataclass import dataclass
from edgarchive.watching.schedule import EASTERN
from edgarchive.watching.searches import NamedSearch
from indexer.matcher import FilingMatcher, Question
from indexer.search.hits import Hit
from indexer.search.library import Library
from indexer.search.options import SearchOptions

T = TypeVar("T")

_log = logging.getLogger(__name__)

_AT_ONCE = 25
"""Filings in one search of the index; a query has a limited number of terms."""


Entry = Mapping[str, Any]
"""An entry of EDGAR's feed, in plain JSON values."""


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
        self.unread: set[AccessionNumber] = set()
        """Filings whose stored bytes are damaged, to be matched once they are repaired."""

    def of(
        self, library: Library, accessions: Sequence[AccessionNumber], entries: Mapping[AccessionNumber, Entry]
    ) -> Iterator[Alert]:
        """The alerts of filings that are stored and, if possible, indexed.

        `entries` are those of the feed. No search finds a filing that cannot be indexed; without searches, its alert
        has what the feed says. Raises as `Library.run`.
        """
        accepted = {accession: entry["accepted"] for accession, entry in entries.items()}
        for some in _batched(accessions):
            whole = _found(library, some, None)
            yield from self._without_index(library, set(some).difference(hit.accession for hit in whole), entries)
            if self._searches is None:
                yield from (_alert_of_hit(hit, None, accepted.get(hit.accession)) for hit in whole)
                continue
            asked = [
                (search.name, question)
                for search in self._searches
                if (question := self._question_or_none(library, search)) is not None
            ]
            matched: dict[str, list[AccessionNumber]] = {}
            for hit in whole:
                matcher = self._undamaged(library.matcher, hit.accession)
                for name, question in asked if matcher else ():
                    if matcher and _finds(matcher, name, question, hit.accession):
                        matched.setdefault(name, []).append(hit.accession)
            for search in self._searches:
                wanted = [hit for hit in whole if hit.accession in matched.get(search.name, ())]
                for hit in _with_passages(library, wanted, search):
                    yield _alert_of_hit(hit, search, accepted.get(hit.accession))

    def _without_index(
        self, library: Library, accessions: Iterable[AccessionNumber], entries: Mapping[AccessionNumber, Entry]
    ) -> Iterator[Alert]:
        """The alerts of filings that the index does not have; those that are damaged wait."""
        for accession in sorted(accessions):
            if self._searches is None and accession in entries:
                yield _alert_of_entry(accession, entries[accession])
            if self._searches is None or self._undamaged(library.raw, accession) is not None:
                facts = event("alert-without-index", accession=accession)
                _log.warning("%s is not in the index, so no search finds it", accession, extra=facts)

    def _undamaged(self, read: Callable[[AccessionNumber], T], accession: AccessionNumber) -> T | None:
        """What `read` gives of a filing; None if the archive has it no more, or, with a warning, if it is damaged."""
        try:
            found: T | None = read(accession)
        except DamageError as error:
            if accession not in self.unread:
                facts = event("alert-waits", accession=accession, reason=str(error))
                _log.warning("%s will be matched once it is repaired: %s", accession, error, extra=facts)
            self.unread.add(accession)
            return None
        except NotInArchiveError:  # it was taken out
            found = None
        self.unread.discard(accession)
        return found

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
            _note_left_out(search.name, str(error))
            return None

    def _question(self, library: Library, search: NamedSearch) -> Question:
        """A search prepared for matching; one with a ticker is read again, since companies change theirs."""
        if search.name not in self._questions or _names_ticker(search):
            self._questions[search.name] = library.question(search.options)
        return self._questions[search.name]


def _finds(matcher: FilingMatcher, name: str, question: Question, accession: AccessionNumber) -> bool:
    """Whether a search finds a filing; no, with a warning, if that takes too long: others go ahead."""
    try:
        return bool(matcher.find(question))
    except QueryError as error:
        _note_left_out(name, f"{error} ({accession})")
        return False


def _note_left_out(search: str, reason: str) -> None:
    facts = event("saved-search-left-out", search=search, reason=reason)
    _log.warning("the saved search %s is left out: %s", search, reason, extra=facts)


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


def _alert(accession: AccessionNumber, search: str | None, **facts: Any) -> Alert:
    payload = {"id": alert_id(accession, search), "search": search, "accession": str(accession), **facts}
    return Alert(payload["id"], search, accession, payload)


def _alert_of_hit(hit: Hit, search: NamedSearch | None, accepted: str | None) -> Alert:
    moment = hit.acceptance_datetime
    if accepted is None and moment is not None:
        accepted = moment.replace(tzinfo=EASTERN).isoformat()
    return _alert(
        hit.accession,
        search.name if search else None,
        form=str(hit.form),
        filing_date=hit.filing_date.isoformat(),
        accepted=accepted,
        items=list(hit.items),
        entities=hit.to_dict()["entities"],
        snippet=hit.snippet if search and search.options.query else None,
        url=hit.url,
    )


def _alert_of_entry(accession: AccessionNumber, entry: Entry) -> Alert:
    """The alert of a filing of which only the feed's entry can be read."""
    parties = [
        {"cik": party["cik"], "name": party.get("name", ""), "role": party.get("role", "").upper() or None}
        for party in entry["parties"]
    ]
    return _alert(
        accession,
        None,
        form=entry["form"],
        filing_date=entry["filing_date"],
        accepted=entry["accepted"],
        items=list(entry.get("items", ())),
        entities=parties,
        snippet=None,
        url=index_page(Cik(parties[0]["cik"]), accession) if parties else None,
    )
