"""Every real submission at hand is read, and agrees with what its collectors noted about it."""

from __future__ import annotations

import dataclasses
import html

import pytest

from indexer.header import Entity, parse_header
from indexer.items import item_codes
from tests.unit.corpus import CORPUS, needs_corpus, read, rows

_MAGIC = {"pdf": (b"%PDF",), "archive": (b"PK",), "spreadsheet": (b"PK",), "image": (b"\xff\xd8", b"\x89PNG", b"GIF8")}

pytestmark = needs_corpus


@pytest.mark.parametrize("row", rows("submission", "dissemination", "hdr"), ids=lambda row: row["file"])
def test_the_manifest_agrees(row: dict[str, str]) -> None:
    """Accession number, form, date, entities, documents and items are those noted for the file."""
    submission = read(row["file"])
    header = submission.header
    assert header.accession == row["accession"]
    assert header.form == row["form"]
    assert header.filing_date is not None
    assert header.filing_date.strftime("%Y%m%d") == row["filing_date"]
    assert len(submission.documents) == int(row["n_documents"])
    if row["n_filers"] != "0":  # one file was indented again by whoever kept it, and its note has no entities
        assert int(row["n_filers"]) in (len(header.entities), len({entity.cik for entity in header.entities}))
    assert header.unknown_items == ()
    noted = [part.strip() for part in row["items"].split("; ")]
    if "Departure" not in row["items"]:  # the one description that holds the note's own separator
        assert header.items == item_codes(noted, form=header.form, filing_date=header.filing_date).codes
    else:
        assert "5.02" in header.items


@pytest.mark.parametrize("row", rows("submission", "dissemination"), ids=lambda row: row["file"])
def test_documents_have_text_or_content(row: dict[str, str]) -> None:
    """What should hold words does, without tags or marks left in it; what is encoded decodes to a file of its kind."""
    for document in read(row["file"]).documents:
        text = document.text()
        if document.kind in ("html", "text", "xml"):
            assert text.strip() or not document.size
            assert not {"\x01", "\x02", "\x04", "\x05"} & set(text) or document.kind == "text"
        else:
            assert text == ""
        if document.kind in _MAGIC:
            assert document.content().startswith(_MAGIC[document.kind])
        if document.kind == "pdf":
            assert b"%%EOF" in document.content()[-1024:]


def test_both_spellings_of_real_headers_give_the_same() -> None:
    """EDGAR's index-headers pages hold one header twice, in tags and in labels."""

    def without_words(entities: tuple[Entity, ...]) -> list[Entity]:
        return [dataclasses.replace(entity, sic_description=None) for entity in entities]

    compared = 0
    for row in rows("index-headers-html"):
        page = (CORPUS / row["file"]).read_bytes().decode("latin-1")
        in_tags, _, rest = page[page.index("<SEC-HEADER>") :].partition("</SEC-HEADER>")
        in_labels = html.unescape(rest).partition("<SEC-HEADER>")[2].partition("</SEC-HEADER>")[0]
        if not in_labels:
            continue
        tagged, labelled = parse_header(in_tags.encode("latin-1")), parse_header(in_labels.encode("latin-1"))
        assert without_words(tagged.entities) == without_words(labelled.entities)
        assert dataclasses.replace(tagged, fields={}, entities=()) == dataclasses.replace(
            labelled, fields={}, entities=()
        )
        compared += 1
    assert compared >= 5


def test_a_known_filing_field_by_field() -> None:
    """The filing that the project's first search was for."""
    header = read("0001193125-04-218426.txt").header
    assert header.items == ("5.02", "9.01")
    (filer,) = header.entities
    assert (filer.role, filer.cik, filer.name) == ("FILER", 1056386, "INTERNAP NETWORK SERVICES CORP")
    assert "INTERNAP NETWORK SERVICES CORP/WA" in {former.name.upper() for former in filer.former_names}
    assert "Robert D. Shurtleff, Jr. resigned" in read("0001193125-04-218426.txt").document(1).text()
