"""``edgarchive show``: the header and documents of submissions, their text, or their exact bytes."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from archiver.errors import UsageError
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import human_bytes, plural, print_json, say
from edgarchive.formats import clean
from indexer.entries import is_truncated
from indexer.search.library import Library
from indexer.search.records import Record
from indexer.submission.submission import Submission, parse_submission

_ORIGIN = ("source", "source_url", "sha256", "signature", "withdrawn_at", "beside")
"""What the JSON has of the record of a submission."""

_SIGNATURES = {"invalid": "invalid: the SEC's signature does not match these bytes; read them with care"}
"""What is said of a signature. A valid one goes without saying."""


def show(
    context: typer.Context,
    accessions: Annotated[
        list[str], typer.Argument(metavar="ACCESSION", help="With or without dashes; several, as xargs gives them.")
    ],
    *,
    header: Annotated[bool, typer.Option("--header", help="Every label of the header.")] = False,
    text: Annotated[bool, typer.Option("--text", help="The text of all documents, or of one.")] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="The exact bytes that EDGAR sent; of one document, its content.")
    ] = False,
    document: Annotated[
        int | None, typer.Option(metavar="N", help="Only the document with this sequence number.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show stored submissions: header and documents, their text, or their exact bytes."""
    if header + text + raw + as_json > 1:
        raise UsageError("--header, --text, --raw and --json exclude each other", "give one of them")
    if document is not None and not (text or raw):
        raise UsageError("--document goes with --text or --raw", "add one of them")
    settings = common(context).settings()
    with Library(settings=settings) as library:
        records = [library.record(accession) for accession in accessions]
        if header or as_json:
            shown = (
                _as_dict(library, record, settings.max_text_chars)
                if as_json
                else library.submission(record.accession).header.fields
                for record in records
            )
            print_json(next(shown) if len(records) == 1 else list(shown))
            return 0
        for place, record in enumerate(records):
            if raw:
                data = library.raw(record.accession)
                _write(data if document is None else parse_submission(data).document(document).content())
                continue
            if place:
                say()
            submission = library.submission(record.accession)
            if text:
                say(submission.text() if document is None else submission.document(document).text())
            else:
                _print_summary(submission, record)
    return 0


def _write(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _as_dict(library: Library, record: Record, max_text_chars: int) -> dict[str, Any]:
    submission = library.submission(record.accession)
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
        ("items", ", ".join((*header.items, *map(clean, header.unknown_items)))),
        ("signature", _SIGNATURES.get(record.signature or "")),
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
