"""``edgarchive show``: the header and documents of one submission, its text, or its exact bytes."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from archiver.archive import Archive
from archiver.endpoints import index_page
from archiver.errors import UsageError
from archiver.identifiers import AccessionNumber
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import clean, human_bytes, plural, print_json, say
from indexer.submission import Submission, parse_submission


def show(
    context: typer.Context,
    accession: Annotated[str, typer.Argument(metavar="ACCESSION", help="With or without dashes.")],
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
    """Show one stored submission: header and documents, its text, or its exact bytes."""
    if header + text + raw + as_json > 1:
        raise UsageError("--header, --text, --raw and --json exclude each other", "give one of them")
    number = AccessionNumber(accession)
    with Archive.open(common(context).settings().root) as archive:
        data = archive.read(number)
        if raw and document is None:
            _write(data)
            return 0
        submission = parse_submission(data)
        if raw and document is not None:
            _write(submission.document(document).content())
        elif text:
            say(submission.text() if document is None else submission.document(document).text())
        elif header:
            say(json.dumps(submission.header.fields, indent=2, ensure_ascii=False))
        elif as_json:
            print_json(_as_dict(archive, submission))
        else:
            _print_summary(submission)
    return 0


def _write(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _as_dict(archive: Archive, submission: Submission) -> dict[str, Any]:
    header = submission.header
    record = archive.record(header.accession)
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
            }
            for document in submission.documents
        ],
        "header": header.fields,
        "source_url": record.url,
        "sha256": record.sha256,
        "signature": record.signature,
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
