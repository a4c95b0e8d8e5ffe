"""``edgarchive show``: the header and documents of submissions, their text, or their exact bytes."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any

import typer

from archiver.errors import NotInArchiveError, UsageError
from archiver.startup.dataclass import dataclass
from edgarchive.cli.arguments.completion import complete_section
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import SOME_FAILED, plural, print_json, say
from edgarchive.cli.printing.pager import paged
from edgarchive.cli.printing.terminal import Style
from edgarchive.cli.printing.texts import print_text, print_title, title_of
from edgarchive.formats import clean, human_bytes
from indexer.entries import is_truncated
from indexer.search.library import Library
from indexer.search.records import Record
from indexer.sections.forms import find_section
from indexer.sections.model import Section
from indexer.sections.sections import sections
from indexer.submission.submission import Document, Submission, parse_submission

_ORIGIN = ("source", "source_url", "sha256", "signature", "added", "added_run", "withdrawn_at", "beside")
"""The keys of a submission's record in the JSON."""

_INVALID = "invalid: the SEC's signature does not match these bytes; read them with care"
_NO_TEXT = {"image": "an image", "pdf": "a PDF", "archive": "an archive", "spreadsheet": "a spreadsheet"}
"""Kinds of documents without text, in words."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What to show of a submission as text."""

    document: str | None
    section: str | None
    highlight: str | None
    xbrl: bool


def show(
    context: typer.Context,
    accessions: Annotated[
        list[str], typer.Argument(metavar="ACCESSION", help="Accession numbers, file names, paths or sec.gov URLs.")
    ],
    *,
    header: Annotated[bool, typer.Option("--header", help="Print the whole header as JSON.")] = False,
    text: Annotated[
        bool, typer.Option("--text", help="Print the text of all documents, or of the one of --document.")
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Print the exact bytes; of one document, the file as filed.")
    ] = False,
    document: Annotated[
        str | None, typer.Option(metavar="N|TYPE|NAME", help="Show one document, by number, type or file name.")
    ] = None,
    section: Annotated[
        str | None,
        typer.Option(
            "--section",
            "--item",
            metavar="S",
            help="Show one section: 1A, 5.02, risk-factors, mda.",
            autocompletion=complete_section,
        ),
    ] = None,
    highlight: Annotated[
        str | None, typer.Option(metavar="QUERY", help="Print the text with matches of QUERY highlighted.")
    ] = None,
    xbrl: Annotated[
        bool, typer.Option("--xbrl", help="With --text: also XBRL data and EDGAR's renderings of it.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Show stored submissions: header and documents, their text, or their exact bytes."""
    if header + text + raw > 1 or (as_json and (header or raw)):
        raise UsageError(
            "--header, --text and --raw cannot be combined, and --json only with --text", "give one of them"
        )
    if section is not None and (header or raw):
        raise UsageError("--section shows text", "leave --header and --raw out")
    if document is not None and header:
        raise UsageError("--document shows text", "leave --header out")
    if highlight is not None and (header or raw or as_json):
        raise UsageError("--highlight shows text", "leave --header, --raw and --json out")
    text = text or section is not None or highlight is not None or (document is not None and not raw)
    if xbrl and not text:
        raise UsageError("--xbrl goes with --text", "add it")
    settings = common(context).settings()
    with Library(settings=settings) as library:
        records = [library.record(accession) for accession in accessions]
        wanted = _Wanted(document, section, highlight, xbrl) if text else None
        if header or as_json:
            shown = partial(_shown, library, max_text_chars=settings.max_text_chars, wanted=wanted, header=header)
            return _print_json(records, shown)
        if wanted is not None:
            return _print_texts(library, records, wanted)
        if raw:
            for record in records:
                _write_raw(library, record, document)
        else:
            _print_summaries(library, records)
    return 0


def _print_json(records: Sequence[Record], shown: Callable[[Record], object]) -> int:
    """Print what is `shown` of each filing; of several, an error in place of what one lacks. Returns the exit code."""
    if len(records) == 1:
        print_json(shown(records[0]))
        return 0
    faults = 0
    found: list[object] = []
    for record in records:
        try:
            found.append(shown(record))
        except (NotInArchiveError, UsageError) as error:
            faults += 1
            found.append({"accession": str(record.accession), "error": str(error)})
    print_json(found)
    return SOME_FAILED if faults else 0


def _print_summaries(library: Library, records: Sequence[Record]) -> None:
    with paged():
        for place, record in enumerate(records):
            if place:
                say()
            _print_summary(library.submission(record.accession), record)


def _print_one_text(library: Library, record: Record, wanted: _Wanted) -> None:
    """The text alone. An error is for the terminal, not for the pager, and comes before any output."""
    found = _texts(library.submission(record.accession), wanted)
    with paged():
        _print_text(library, found, wanted)


def _print_texts(library: Library, records: Sequence[Record], wanted: _Wanted) -> int:
    """Of several filings, each text below a title that names it, then those without one. Returns the exit code."""
    if wanted.highlight is not None:
        library.marks("", wanted.highlight)  # an error in it comes before any output
    if len(records) == 1:
        _print_one_text(library, records[0], wanted)
        return 0
    faults: list[str] = []
    with paged():
        for place, record in enumerate(records):
            submission = library.submission(record.accession)
            try:
                found = _texts(submission, wanted)
            except (NotInArchiveError, UsageError) as error:
                named = str(record.accession) in error.message
                faults.append(str(error) if named else f"{record.accession}: {error}")
                continue
            if place > len(faults):
                say()
            print_title(_title(submission), Style.of_stdout())
            _print_text(library, found, wanted)
        for fault in faults:
            say(f"failed: {clean(fault)}")
    return SOME_FAILED if faults else 0


def _title(submission: Submission) -> str:
    header = submission.header
    filed = f"filed {header.filing_date or 'without date'}"
    names = [entity.name for entity in header.entities[:1]]
    return "  ".join(clean(part) for part in (str(header.accession), str(header.form), filed, *names))


def _write_raw(library: Library, record: Record, which: str | None) -> None:
    data = library.raw(record.accession)
    if which is not None:
        submission = parse_submission(data)
        document = submission.document(which)
        if document.kind in _NO_TEXT and sys.stdout.isatty():
            raise UsageError(
                f"{_what(document)} cannot be shown on a terminal", f"save it: add `> {shlex.quote(_name(document))}`"
            )
        data = document.content()
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _check_has_text(submission: Submission, wanted: _Wanted) -> None:
    """Raise `UsageError` for a document without text, saying how to get it."""
    if wanted.document is None:
        return
    document = submission.document(wanted.document)
    if document.kind in _NO_TEXT:
        accession = submission.header.accession
        command = f"edgarchive show {accession} --raw --document {document.sequence} > {shlex.quote(_name(document))}"
        raise UsageError(f"{_what(document)} has no text", f"save it: `{command}`")


def _what(document: Document) -> str:
    kind = _NO_TEXT[document.kind]
    return f"document {document.sequence} is {kind} ({clean(_name(document))}, {human_bytes(document.size)}), which"


def _name(document: Document) -> str:
    """A file name for saving a document: the filer's, without anything that leads elsewhere."""
    name = (document.filename or "").replace("\\", "/").rpartition("/")[2].strip(".")
    return name or f"document-{document.sequence}"


@dataclass(frozen=True, slots=True)
class _Text:
    """A document and its text, or that of the section asked for."""

    document: Document
    text: str
    section: Section | None = None


def _texts(submission: Submission, wanted: _Wanted) -> list[_Text]:
    """The documents to show, or the first that has the section.

    Raises `NotInArchiveError` if there is none, `UsageError` if the document asked for has no text.
    """
    _check_has_text(submission, wanted)
    if wanted.document is None:
        documents = tuple(one for one in submission.documents if wanted.xbrl or not one.is_xbrl)
    else:
        documents = (submission.document(wanted.document),)
    if wanted.section is None:
        return [_Text(document, text) for document in documents if (text := document.text())]
    for document in documents:
        text = document.text()
        section = find_section(sections(text, form=document.type), wanted.section, form=document.type)
        if section is not None:
            return [_Text(document, text[section.start : section.end].rstrip("\n"), section)]
    where = submission.header.accession if wanted.document is None else f"document {wanted.document}"
    raise NotInArchiveError(f"{where} has no section {wanted.section}", _sections(documents))


def _print_text(library: Library, found: Sequence[_Text], wanted: _Wanted) -> None:
    style = Style.of_stdout()
    for place, one in enumerate(found):
        if place:
            say()
        if len(found) > 1 or style.width is not None:
            print_title(title_of(one.document), style)
        print_text(one.text, style, () if wanted.highlight is None else library.marks(one.text, wanted.highlight))


def _sections(documents: Sequence[Document]) -> str:
    names = [
        " ".join(part for part in (one.part, one.item) if part) for document in documents for one in document.sections()
    ]
    return f"it has {', '.join(names)}" if names else "no sections were found in it; see --text"


def _shown(library: Library, record: Record, *, max_text_chars: int, wanted: _Wanted | None, header: bool) -> object:
    """What to print of a submission as JSON: its header, its texts, or its facts."""
    submission = library.submission(record.accession)
    if header:
        return submission.header.fields
    if wanted is None:
        return _as_dict(submission, record, max_text_chars)
    texts = [_text_as_dict(one) for one in _texts(submission, wanted)]
    facts: dict[str, Any] = {"accession": str(record.accession), "form": str(submission.header.form)}
    if wanted.document is None and wanted.section is None:
        return facts | {"documents": texts}
    return facts | (texts[0] if texts else _text_as_dict(_Text(submission.document(wanted.document or ""), "")))


def _text_as_dict(one: _Text) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "sequence": one.document.sequence,
        "type": one.document.type,
        "filename": one.document.filename,
        "description": one.document.description,
    }
    if (section := one.section) is not None:
        shown["section"] = {"part": section.part, "item": section.item, "heading": section.heading}
        shown["is_reference"] = section.is_reference
    return shown | {"text": one.text}


def _as_dict(submission: Submission, record: Record, max_text_chars: int) -> dict[str, Any]:
    shown = submission.to_dict()
    for document, as_dict in zip(submission.documents, shown["documents"], strict=True):
        if is_truncated(document, max_text_chars=max_text_chars):
            as_dict["truncated"] = True
    facts = record.to_dict()
    return shown | {key: facts[key] for key in _ORIGIN}


def _print_summary(submission: Submission, record: Record) -> None:
    header = submission.header
    say(f"{header.accession}  {header.form}  filed {header.filing_date or 'without date'}")
    facts = (
        ("accepted", header.acceptance_datetime),
        ("period", header.period_of_report),
        ("items", ", ".join(filter(None, (header.items_as_text(), *map(clean, header.unknown_items))))),
        ("signature", record.signature == "invalid" and _INVALID),
        ("withdrawn", record.withdrawn_at and f"EDGAR no longer lists it (seen {record.withdrawn_at:%Y-%m-%d})"),
    )
    for label, value in facts:
        if value:
            say(f"  {label:<9} {value}")
    for entity in header.entities:
        say(f"  {entity.role.lower():<9} {clean(entity.name)} (CIK {entity.cik})")
        for former in entity.former_names:
            say(f"  {'':<9} formerly {clean(former.name)}" + (f" until {former.changed}" if former.changed else ""))
    say(plural(len(submission.documents), "document"))
    for document in submission.documents:
        about = "  ".join(clean(x) for x in (document.type, document.filename, document.description) if x)
        say(f"  {document.sequence or '-':>4}  {human_bytes(document.size):>9}  {document.kind:<11}  {about}")
