"""The page of a filing, and the reader of its documents."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aiohttp import web
from yarl import URL

from archiver.errors import UsageError
from edgarchive.web.api.filings import read_document, read_submission
from edgarchive.web.archive import ServedArchive
from edgarchive.web.edgar.answers import file_link
from edgarchive.web.edgar.filing.index_page import role_name
from edgarchive.web.facts import FilingFacts
from edgarchive.web.keys import ARCHIVE
from edgarchive.web.pages.render import marked, page, shortened
from edgarchive.web.params import WORDS, reader_url
from indexer.sections.sections import Section
from indexer.submission.items import item_description
from indexer.submission.submission import Document, Submission

_FRAMED = (".htm", ".html", ".txt")
"""Types shown in a sandboxed frame: browsers disable their PDF viewer there, and show XML without tags."""

_IMAGES = (".jpg", ".jpeg", ".gif", ".png")
_LABEL_CHARS = 120
_MAX_MARKS = 5_000
"""Matches that are marked in a text: browsers take seconds for more."""

_SOURCES = {"index": "EDGAR", "feed": "EDGAR's Feed", "import": "an import"}


async def filing_page(request: web.Request) -> web.Response:
    """``/filing/ACCESSION``: header, parties, documents, sections, and how the bytes were verified."""
    archive: ServedArchive = request.app[ARCHIVE]
    submission = await read_submission(request)
    accession = submission.header.accession
    facts = await archive.facts(accession)
    sections = []
    for number, document in zip(_numbers(submission)[:1], submission.documents, strict=False):
        sections = _links(await archive.do(document.sections), reader_url(accession, number, 1))
    proof = await _proof(archive, facts)
    return await archive.do(
        lambda: page(
            request,
            "filing.html",
            facts=facts,
            form=_form(facts),
            names=_names(facts),
            citation=_citation(facts),
            items=[(code, item_description(code, facts.form)) for code in facts.header.items],
            items_derived=facts.header.items_derived,
            documents=[
                {
                    "number": number,
                    "type": document.type,
                    "description": document.description,
                    "filename": named.filename,
                    "size": named.size,
                    "is_data": named.is_data,
                    "url": str(reader_url(accession, number, place)),
                }
                for place, (number, document, named) in enumerate(
                    zip(_numbers(submission), submission.documents, facts.documents, strict=True), start=1
                )
            ],
            sections=sections,
            role_name=role_name,
            proof=proof,
        )
    )


async def reader_page(request: web.Request) -> web.Response:
    """``/filing/ACCESSION/SEQ``: a document as filed, or as text with its matches and sections."""
    archive: ServedArchive = request.app[ARCHIVE]
    submission = await read_submission(request)
    position, document = read_document(request, submission)
    accession = submission.header.accession
    facts = await archive.facts(accession)
    named = facts.documents[position]
    number = document.sequence or position + 1
    words, wanted = request.query.get(WORDS, "").strip(), request.query.get("section", "").strip()
    sections = await archive.do(document.sections)
    suffix = f".{named.filename.rpartition('.')[2].lower()}"
    view = request.query.get("view")
    text_view = suffix == ".xml" or view == "text" or (view != "filed" and bool(words or wanted))
    own = reader_url(accession, number, position + 1)
    kept = {name: text for name in (WORDS, "stem") if (text := request.query.get(name, "").strip())}
    filed = {"view": "filed", **kept} if words else kept
    values: dict[str, Any] = {
        "facts": facts,
        "form": _form(facts),
        "names": _names(facts),
        "citation": _citation(facts),
        "document": named,
        "number": number,
        "text_file_url": str(own.with_path(f"{own.path}.txt", keep_query=True)),
        "title": _title(document),
        "words": words,
        "view": "text" if text_view else "filed",
        "filed_url": str(own.update_query(filed)),
        "text_url": str(own.update_query({"view": "text", **kept})),
        "raw_url": f"{facts.folder}/{file_link(named.filename)}",
        "is_image": suffix in _IMAGES,
        "framed": suffix in _FRAMED,
        "typed": suffix == ".txt",  # columns stand under each other by blanks alone
        "wanted": wanted,
        "sections": _links(sections, own, current=wanted, kept=kept),
        **_beside(submission, facts, position, kept if text_view else filed),
        "matches": 0,
        "text": "",
    }
    if text_view:
        text = await archive.text(document, wanted)
        spans = await _spans(request, text, words)
        shown = await archive.do(marked, text, spans[:_MAX_MARKS], numbered=True)  # of megabytes, it takes a second
        values |= {"matches": len(spans), "most_marks": _MAX_MARKS, "text": shown}
    return await archive.do(lambda: page(request, "reader.html", **values))


async def _spans(request: web.Request, text: str, words: str) -> list[tuple[int, int]]:
    """The spans of a query's words in a text; none if the query is invalid."""
    if not words:
        return []
    try:
        return await request.app[ARCHIVE].spans(text, words, stem=request.query.get("stem") == "1")
    except UsageError:
        return []


def _numbers(submission: Submission) -> list[int]:
    """The number of each document in its URL: EDGAR's, or its place if EDGAR gives none."""
    return [one.sequence or place for place, one in enumerate(submission.documents, start=1)]


def _names(facts: FilingFacts) -> list[str]:
    return list(dict.fromkeys(entity.name for entity in facts.header.entities))


def _form(facts: FilingFacts) -> str:
    """The form type, with the word before a mere number: ``8-K``, ``Form 4``."""
    return f"Form {facts.form}" if facts.form[:1].isdigit() and "-" not in facts.form else facts.form


def _citation(facts: FilingFacts) -> str:
    """What a reader needs to find the filing on EDGAR and to check it."""
    parts = (*_names(facts)[:1], f"Form {facts.form}", f"filed {facts.filing_date}", str(facts.accession))
    return ", ".join((*parts, _edgar_url(facts)))


def _edgar_url(facts: FilingFacts) -> str:
    return f"https://www.sec.gov{facts.folder}/{facts.accession}-index.htm"


def _title(document: Document) -> str:
    """Type and description, without repeating the type."""
    description = document.description or ""
    return description if document.type in description.split() else f"{document.type} {description}".strip()


def _beside(
    submission: Submission, facts: FilingFacts, position: int, kept: Mapping[str, str]
) -> dict[str, dict[str, str] | None]:
    """The previous and next document for a reader, with the `kept` parameters."""
    numbers = _numbers(submission)

    def link(place: int) -> dict[str, str] | None:
        if not 0 <= place < len(numbers):
            return None
        url = reader_url(facts.accession, numbers[place], place + 1).update_query(kept)
        return {"url": str(url), "label": _title(submission.documents[place])}

    return {"before": link(position - 1), "after": link(position + 1)}


def _links(
    sections: tuple[Section, ...], own: URL, *, current: str = "", kept: Mapping[str, str] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """The sections, each with the URL of its text, with the `kept` parameters of the search that led here."""
    found = []
    for section in sections:
        key = f"{section.part} {section.item}" if section.part else section.item
        label = " ".join(section.heading.split()) or f"Item {key}"
        url = str(own.update_query({"section": key, **kept}))
        found.append({"label": shortened(label, _LABEL_CHARS), "url": url, "current": current in {key, section.item}})
    return found


async def _proof(archive: ServedArchive, facts: FilingFacts) -> dict[str, Any]:
    """Where the bytes came from, and how they were verified."""
    record = await archive.record(facts.accession)
    checks = ["its closing tag"]
    if record.source == "index":
        checks.append("EDGAR's MD5")
    if record.signature is not None:
        checks.append(f"the SEC's signature ({record.signature})")
    return {
        "source": _SOURCES.get(record.source, record.source),
        "url": record.source_url if record.source == "index" else None,
        "added": record.added.strftime("%Y-%m-%d %H:%M UTC"),
        "run": record.added_run,
        "stored": record.stored_at.strftime("%Y-%m-%d %H:%M UTC"),
        "withdrawn": record.withdrawn_at.strftime("%Y-%m-%d") if record.withdrawn_at else None,
        "checks": checks,
        "sha256": record.sha256,
        "raw": f"{facts.folder}/{facts.accession}.txt",
        "edgar": _edgar_url(facts),
    }
