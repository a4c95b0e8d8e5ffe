"""Excerpts: the best passages of a found document, its number of matches, and the section they are in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archiver.errors import DamageError, NotInArchiveError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from indexer.entries import exact
from indexer.passages.cutting import Snippet
from indexer.passages.needles import Span
from indexer.passages.snippets import Found, Highlighter
from indexer.query.nodes import Node
from indexer.query.scopes.sections import bound_sections
from indexer.sections.forms import section_keys
from indexer.texts.model import StoredDocument, StoredSubmission, encode_text

_log = logging.getLogger(__name__)

_MOST_SPACE_BYTES = 160
"""Between two words of a heading: a title may stand in the middle of the next line."""

ReadTexts = Callable[[AccessionNumber], StoredSubmission]


@dataclass(frozen=True, slots=True)
class HitSection:
    """The section of a report that a passage is in. `part` is ``I`` to ``IV``, None in an 8-K."""

    part: str | None
    item: str
    heading: str


@dataclass(frozen=True, slots=True)
class Excerpts:
    """The excerpts of a found document.

    `excerpt` is the best passage, None if the query matches neither text nor description; `section` is the section it
    is in, or the requested section if the query has no words. `passages` are the best ones, None if not requested.
    `matches` counts the words and phrases of the query, None if it has none.
    """

    excerpt: Snippet | None
    matches: int | None
    section: HitSection | None
    passages: tuple[Snippet, ...] | None


class ExcerptMaker:
    """Creates the excerpts of one search; consecutive hits of one submission share its parsing.

    If `query` asks for sections (`indexer.query.scopes.sections.bound_query`), excerpts come from these sections. Each
    hit gets `passages` passages, with `context_words` on each side of their matches.
    """

    def __init__(self, read: ReadTexts, query: Node, *, passages: int = 0, context_words: int | None = None) -> None:
        self.query = query
        self._read = read
        self._highlighter = Highlighter(query)
        self._asked = bound_sections(query)
        self._passages = passages
        self._context_words = context_words
        self._last: StoredSubmission | None = None

    def __call__(self, accession: AccessionNumber, position: int, stored: Mapping[str, Any]) -> Excerpts | None:
        """The excerpts of the document at `position`; `stored` has its indexed facts.

        None if the query has neither words to show nor sections, or if the submission cannot be read, which is logged.
        """
        if not self._highlighter.looks_for_text and not self._asked:
            return None
        try:
            submission = self._last  # threads may share the results; each continues with its own
            if submission is None or submission.accession != accession:
                submission = self._last = self._read(accession)
            if position < len(submission.documents):  # otherwise the bytes changed and are not indexed yet
                document = submission.documents[position]
                if not self._highlighter.looks_for_text:
                    first = next(iter(self._asked_of(document)), None)
                    return Excerpts(None, None, None if first is None else first[0], None)
                found = self.find(document)
                if found.passages:
                    return self._excerpts(found, self._section_at(document, found.passages[0].place))
        except (DamageError, NotInArchiveError) as error:
            facts = event("snippet-missing", accession=accession, error=type(error).__name__)
            _log.warning("no snippet of %s: %s", accession, error, extra=facts)  # the hit stays; `verify` reports it
            return None
        if not self._highlighter.looks_for_text:
            return None
        description = encode_text(stored["description"] or "")
        return self._excerpts(self._highlighter.find(description, context_words=self._context_words), None)

    def find(self, document: StoredDocument) -> Found:
        """The passages of `document`, within the requested sections if they have a match. Raises `DamageError`."""
        asked = [span for _, span in self._asked_of(document)]
        found = self._find(document, asked) if asked else None
        return found if found is not None and found.passages else self._find(document, None)

    def _find(self, document: StoredDocument, within: Sequence[Span] | None) -> Found:
        text = document.encoded_text()
        return self._highlighter.find(
            text,
            n=max(1, self._passages),
            context_words=self._context_words,
            headings=_headings(document, text),
            within=within,
        )

    def _asked_of(self, document: StoredDocument) -> list[tuple[HitSection, Span]]:
        """The sections of `document` that the query asks for, and their spans in its text, in bytes."""
        if not self._asked:
            return []
        return [
            (HitSection(section.part, section.item, section.heading), span)
            for section, span in zip(document.sections(), document.section_spans(), strict=True)
            if not self._asked.isdisjoint(exact(key) for key in section_keys(section, form=document.type))
        ]

    def _section_at(self, document: StoredDocument, place: int) -> HitSection | None:
        """The section of the passage at byte `place`, preferring a requested one."""
        asked = (section for section, (begin, end) in self._asked_of(document) if begin <= place < end)
        return next(asked, None) or section_at(document, place)

    def _excerpts(self, found: Found, section: HitSection | None) -> Excerpts:
        snippets = tuple(passage.snippet for passage in found.passages)
        return Excerpts(snippets[0] if snippets else None, found.matches, section, snippets if self._passages else None)


def section_at(document: StoredDocument, place: int) -> HitSection | None:
    """The section that contains the byte at `place` of the document's text; the innermost of several."""
    for section, (begin, end) in zip(reversed(document.sections()), reversed(document.section_spans()), strict=True):
        if begin <= place < end:
            return HitSection(section.part, section.item, section.heading)
    return None


def _headings(document: StoredDocument, text: bytes) -> list[Span]:
    """The spans of the sections' headings: every 10-K has the words of the form's own headings."""
    return [
        (begin, _end_of(encode_text(section.heading), text, begin))
        for section, (begin, _) in zip(document.sections(), document.section_spans(), strict=True)
    ]


def _end_of(heading: bytes, text: bytes, begin: int) -> int:
    """Where a heading ends that begins in `text` at `begin`, there perhaps with other space between its words."""
    end = begin + len(heading)
    if text[begin:end] == heading:
        return end
    at = begin
    for word in heading.split():
        found = text.find(word, at, at + len(word) + _MOST_SPACE_BYTES)
        if found < 0:
            return end
        at = found + len(word)
    return at
