"""What shows why a document was found: its best passages, how many matches it has, and the item they stand in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from archiver.errors import DamageError, NotInArchiveError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from indexer.passages.snippets import Found, Highlighter, Snippet
from indexer.query.nodes import Node
from indexer.texts.model import StoredDocument, StoredSubmission, encode_text

_log = logging.getLogger(__name__)

ReadTexts = Callable[[AccessionNumber], StoredSubmission]


@dataclass(frozen=True, slots=True)
class HitSection:
    """The item of a report that a passage lies in. `part` is ``I`` to ``IV``, None in an 8-K."""

    part: str | None
    item: str
    heading: str


@dataclass(frozen=True, slots=True)
class Excerpts:
    """What shows why one document was found.

    `excerpt` is the best passage, None where the query stands neither in the text nor in the description; `section` is
    the item that it lies in. `passages` are the best ones, None where none were asked for. `matches` counts the words
    and phrases of the query.
    """

    excerpt: Snippet | None
    matches: int
    section: HitSection | None
    passages: tuple[Snippet, ...] | None


class ExcerptMaker:
    """Makes the excerpts of one search; hits of one submission that follow each other share its reading.

    `passages` are made of each hit where that is not 0, with `context_words` on each side of their matches.
    """

    def __init__(self, read: ReadTexts, query: Node, *, passages: int = 0, context_words: int | None = None) -> None:
        self.query = query
        self._read = read
        self._highlighter = Highlighter(query)
        self._passages = passages
        self._context_words = context_words
        self._last: StoredSubmission | None = None

    def __call__(self, accession: AccessionNumber, position: int, stored: Mapping[str, Any]) -> Excerpts | None:
        """The excerpts of the document at `position`; `stored` are its facts in the index.

        None where the query has no words that could be shown, or the submission cannot be read, which is logged.
        """
        if not self._highlighter.looks_for_text:
            return None
        try:
            submission = self._last  # threads may share the results; each goes on with what it has
            if submission is None or submission.accession != accession:
                submission = self._last = self._read(accession)
            if position < len(submission.documents):  # else bytes changed, and wait to be indexed
                document = submission.documents[position]
                found = self.find(document)
                if found.passages:
                    return self._excerpts(found, section_at(document, found.passages[0].place))
        except (DamageError, NotInArchiveError) as error:
            facts = event("snippet-missing", accession=accession, error=type(error).__name__)
            _log.warning("no snippet of %s: %s", accession, error, extra=facts)  # the hit stands; `verify` reports it
            return None
        description = encode_text(stored["description"] or "")
        return self._excerpts(self._highlighter.find(description, context_words=self._context_words), None)

    def find(self, document: StoredDocument) -> Found:
        """The passages of `document`. Raises `DamageError`."""
        return self._highlighter.find(
            document.encoded_text(),
            n=max(1, self._passages),
            context_words=self._context_words,
            headings=_headings(document),
        )

    def _excerpts(self, found: Found, section: HitSection | None) -> Excerpts:
        snippets = tuple(passage.snippet for passage in found.passages)
        return Excerpts(snippets[0] if snippets else None, found.matches, section, snippets if self._passages else None)


def section_at(document: StoredDocument, place: int) -> HitSection | None:
    """The item that has the byte at `place` of the document's text; the innermost of several."""
    for section, (begin, end) in zip(reversed(document.sections()), reversed(document.section_spans()), strict=True):
        if begin <= place < end:
            return HitSection(section.part, section.item, section.heading)
    return None


def _headings(document: StoredDocument) -> list[tuple[int, int]]:
    """Where the headings of the items stand: every 10-K has the words of the form's own headings."""
    return [
        (begin, begin + len(encode_text(section.heading)))
        for section, (begin, _) in zip(document.sections(), document.section_spans(), strict=True)
    ]
