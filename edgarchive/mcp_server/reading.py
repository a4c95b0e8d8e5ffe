"""Selecting part of a filing's text: a document, a section of it, and a page of that."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.errors import NotInArchiveError
from archiver.startup.dataclass import dataclass
from edgarchive.mcp_server.models import shortened
from indexer.sections.forms import find_section
from indexer.sections.sections import Section
from indexer.submission.submission import documents_named
from indexer.texts.model import StoredDocument, StoredSubmission

_NAMED = 20
"""Documents or sections listed in an error."""

_LABEL_CHARS = 20
"""The longest type of a document on EDGAR; a longer one could talk to the model, and an error has no notice."""

_BEFORE = 4
"""This fraction of a page is before the requested match."""

_TAIL = 8
"""A page ends at a line or word end if there is one in this last fraction of it."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Page:
    """Characters `start` to `end` of a text; `next_offset` is None at its end."""

    start: int
    end: int
    next_offset: int | None


def choose(
    submission: StoredSubmission, document: str | None, section: str | None
) -> tuple[StoredDocument, Section | None]:
    """The requested document and section; by default the first readable document, or the first with the section.

    `document` is one that `documents_named` finds; of several, the first. `section` is
    as in `Document.section`. Raises `NotInArchiveError` if there is none, `UsageError`.
    """
    documents = submission.documents
    if not documents:
        raise NotInArchiveError(f"{submission.accession} has no documents", "it was filed on paper")
    if document is not None:
        documents = (_named(submission, document),)
    if section is None:
        return next((one for one in documents if document or not one.is_xbrl), documents[0]), None
    for one in documents:
        found = find_section(one.sections(), section, form=one.type)
        if found is not None:
            return one, found
    known = [" ".join(filter(None, (each.part, each.item))) for one in documents for each in one.sections()]
    hint = f"it has: {_listed(known)}" if known else "it has none; leave `section` out, or use `around`"
    raise NotInArchiveError(f"{submission.accession} has no section {section[:40]!r} there", hint)


def _named(submission: StoredSubmission, which: str) -> StoredDocument:
    found = documents_named(submission.documents, which)
    if not found:
        known = [f"{one.sequence} {shortened(one.type, _LABEL_CHARS)}" for one in submission.documents]
        raise NotInArchiveError(f"{submission.accession} has no document {which[:40]!r}", f"it has: {_listed(known)}")
    return found[0]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def page(text: str, *, offset: int, max_chars: int) -> Page:
    """The page of at most `max_chars` from `offset` on; consecutive pages give the whole text."""
    start = min(offset, len(text))
    end = min(start + max_chars, len(text))
    if end < len(text):
        end = _good_end(text, end - max_chars // _TAIL, end)
    return Page(start, end, end if end < len(text) else None)


def page_around(text: str, marks: Sequence[Span], *, offset: int, max_chars: int) -> Page | None:
    """The page with the first of `marks` at or after `offset`; None if there is none.

    Its `next_offset` leads to the next match that is not on this page; None if there is none.
    """
    mark = next((begin for begin, _ in marks if begin >= offset), None)
    if mark is None:
        return None
    shown = page(text, offset=max(0, mark - max_chars // _BEFORE), max_chars=max_chars)
    following = next((begin for begin, _ in marks if begin >= shown.end), None)
    return Page(shown.start, shown.end, following)


def _good_end(text: str, least: int, most: int) -> int:
    for sign in ("\n", " "):
        place = text.rfind(sign, least, most)
        if place >= 0:
            return place + 1
    return most
