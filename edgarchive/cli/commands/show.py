"""``edgarchive show``: the header and documents of submissions, their text, or their exact bytes."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from archiver.edgar.endpoints import index_page
from archiver.errors import UsageError
from archiver.identifiers import AccessionNumber
from archiver.store.archive import Archive
from archiver.store.catalogue import CatalogueRecord
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import clean, human_bytes, plural, print_json, say
from indexer.entries import is_truncated
from indexer.submission.submission import Submission, parse_submission


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
    numbers = [AccessionNumber(accession) for accession in accessions]
    settings = common(context).settings()
    with Archive.open(settings.root) as archive:
        records = [archive.record(number) for number in numbers]
        if header or as_json:
            shown = (
                _as_dict(archive, record, settings.max_text_chars)
                if as_json
                else _submission(archive, record).header.fields
                for record in records
            )
            print_json(next(shown) if len(records) == 1 else list(shown))
            return 0
        for place, record in enumerate(records):
            if raw:
                data = archive.read(record.accession)
                _write(data if document is None else parse_submission(data).document(document).content())
                continue
            if place:
                say()
            submission = _submission(archive, record)
            if text:
                say(submission.text() if document is None else submission.document(document).text())
            else:
                _print_summary(submission)
    return 0


def _submission(archive: Archive, record: CatalogueRecord) -> Submission:
    return parse_submission(archive.read(record.accession))


def _write(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _as_dict(archive: Archive, record: CatalogueRecord, max_text_chars: int) -> dict[str, Any]:
    submission = _submission(archive, record)
    header = submission.header
    cik = next((entity.cik for entity in header.entities if entity.cik is not None), None)
    return {
        "accession": header.accession,
        "form": header.form,
        "filing_date": header.filing_date,
        "acceptance_datetime": header.acceptance_datetime,
        "period_of_report": header.period_of_report,
        "items": header.items,
        "entities": [{"cik": entity.cik, "name": entity.name, "role": entity.role} for entity in header.entities],
        "url": index_page(cik, header.accession) if cik is not None else None,
        "documents": [
            {
                "sequence": document.sequence,
                "type": document.type,
                "filename": document.filename,
                "description": document.description,
                "bytes": document.size,
                "kind": document.kind,
                **({"truncated": True} if is_truncated(document, max_text_chars=max_text_chars) else {}),
            }
            for document in submission.documents
        ],
        "header": header.fields,
        "source": record.source,
        "source_url": record.url,
        "sha256": record.sha256,
        "signature": record.signature,
        "withdrawn_at": record.withdrawn_at,
        "beside": [
            {
                "kind": other.kind,
                "source": other.source,
                "source_url": other.url,
                "sha256": other.sha256,
                "bytes": other.size,
                "stored_at": other.stored_at,
                "path": archive.layout.beside(other.accession, other.sha256).relative_to(archive.root),
            }
            for other in archive.catalogue.beside(record.accession)
        ],
    }


def _print_summary(submission: Submission) -> None:
    header = submission.header
    say(f"{header.accession}  {header.form}  filed {header.filing_date or 'without date'}")
    facts = (
        ("accepted", header.acceptance_datetime),
        ("period", header.period_of_report),
        ("items", ", ".join((*header.items, *map(clean, header.unknown_items)))),
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
