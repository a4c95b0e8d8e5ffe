"""Every noted submission, invented or real, is read and agrees with its note and with what its lines say."""

from __future__ import annotations

import base64
import dataclasses
import html
import re

import pytest

from indexer.submission.header import SubmissionHeader, parse_header
from indexer.submission.sgml import outline
from tests.paths import ODDITIES
from tests.unit.corpus import needs_corpus, path_of, read, rows
from tests.unit.spellings import in_both, in_labels, in_tags

_MAGIC = {"pdf": (b"%PDF",), "archive": (b"PK",), "spreadsheet": (b"PK",), "image": (b"\xff\xd8", b"\x89PNG", b"GIF8")}

_ITEMS = {
    "0000066740-24-000023.txt": ("8.01",),
    "0000925421-24-000007.txt": ("06c", "3C", "3C.1"),
    "0001045810-26-000024.txt": ("5.02", "9.01"),
    "0001193125-04-218426.txt": ("5.02", "9.01"),
    "0001193125-19-296610.txt": ("7.01", "9.01"),
    "0001193125-19-305505.txt": ("5.02", "9.01"),
    "0001193125-20-019650.txt": ("2.02", "9.01"),
    "0001193125-20-063075.txt": ("5.07",),
    "0001193125-23-048785.txt": ("5.02",),
    "0001213900-25-032135.txt": ("2.02", "4.02", "7.01", "9.01"),
    "0001398344-24-000491.nc": ("06b", "3C", "3C.1"),
    "0001493152-25-001317.nc": ("5.02", "9.01"),
    "0001553350-20-000008.txt": ("5.02", "9.01"),
    "0001553350-20-000080.txt": ("1.01", "8.01", "9.01"),
    "0001553350-20-000125.txt": ("8.01",),
    "0001553350-20-000184.txt": ("5.02", "5.07", "9.01"),
    "0001553350-20-000189.txt": ("8.01",),
    "0001553350-20-000196.txt": ("3.02", "8.01", "9.01"),
    "0001553350-20-000198.txt": ("8.01", "9.01"),
    "0001553350-20-000229.txt": ("8.01",),
    "0001553350-20-000250.txt": ("2.02", "9.01"),
    "0001628280-25-058337.txt": ("5.02",),
    "0001769628-26-000154.txt": ("7.01", "8.01", "9.01"),
    "0002002260-24-000001.nc": ("06b", "3C", "3C.7"),
}
"""The codes of every real file that states items, read off Form 8-K and Form D by hand."""


def items_of(row: dict[str, str]) -> tuple[str, ...]:
    """The codes that a file states: the manifest of the invented ones has them."""
    if (ODDITIES / row["file"]).exists():
        return tuple(filter(None, row["items"].split(",")))
    return _ITEMS.get(row["file"], ())


_ODD = {
    "0000004977-23-000055.hdr.txt",  # cut inside a value
    "0000049826-24-000020.hdr.txt",  # cut inside </SEC-HEADER>
    "0000912057-00-053623.hdr.txt",  # its tags taken off, so that the document runs on in the header
    "0001193125-19-278752__v2.txt",  # indented throughout
}


@pytest.mark.parametrize("row", rows("submission", "dissemination", "hdr"), ids=lambda row: row["file"])
@pytest.mark.slow
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
    stated = parse_header(submission.raw_header)  # without those that are read from headings
    assert (stated.items, stated.unknown_items) == (items_of(row), ())


def _flat(header: SubmissionHeader) -> dict[str, list[str]]:
    """The typed values by the label they come from, in the order in which a header prints them."""
    entities = header.entities
    filings = [values for entity in entities for values in entity.filing_values]
    addresses = [
        address for entity in entities for address in (entity.business_address, entity.mail_address) if address
    ]
    former = [name for entity in entities for name in entity.former_names]
    days = [header.filing_date, header.date_as_of_change, header.period_of_report, header.effectiveness_date]
    values: dict[str, list[str | None]] = {
        "COMPANY CONFORMED NAME": [entity.name for entity in entities],
        "CENTRAL INDEX KEY": [entity.cik.padded if entity.cik else None for entity in entities],
        "STANDARD INDUSTRIAL CLASSIFICATION": [
            f"{entity.sic:04}" if entity.sic is not None else None for entity in entities
        ],
        "IRS NUMBER": [entity.irs_number for entity in entities],
        "STATE OF INCORPORATION": [entity.state_of_incorporation for entity in entities],
        "FISCAL YEAR END": [entity.fiscal_year_end for entity in entities],
        "ORGANIZATION NAME": [entity.organization_name for entity in entities],
        "FORM TYPE": [filing.form for filing in filings],
        "SEC ACT": [filing.act for filing in filings],
        "SEC FILE NUMBER": [filing.file_number for filing in filings],
        "FILM NUMBER": [filing.film_number for filing in filings],
        "STREET 1": [address.street1 for address in addresses],
        "STREET 2": [address.street2 for address in addresses],
        "CITY": [address.city for address in addresses],
        "STATE": [address.state for address in addresses],
        "ZIP": [address.zip for address in addresses],
        "BUSINESS PHONE": [address.phone for address in addresses],
        "FORMER CONFORMED NAME": [name.name for name in former],
        "DATE OF NAME CHANGE": [f"{name.changed:%Y%m%d}" if name.changed else None for name in former],
        "GROUP MEMBERS": [*header.group_members],
        "PUBLIC DOCUMENT COUNT": [str(header.public_document_count)],
        "ACCEPTANCE-DATETIME": [f"{header.acceptance_datetime:%Y%m%d%H%M%S}" if header.acceptance_datetime else None],
        "CONFORMED SUBMISSION TYPE": [header.form],
        **{label: [f"{day:%Y%m%d}" if day else None] for label, day in zip(_DATES, days, strict=True)},
        "SERIES-ID": [series.id for series in header.series],
        "SERIES-NAME": [series.name for series in header.series],
        "OWNER-CIK": [series.owner_cik.padded if series.owner_cik else None for series in header.series],
        "CLASS-CONTRACT-ID": [share.id for series in header.series for share in series.classes],
        "CLASS-CONTRACT-NAME": [share.name for series in header.series for share in series.classes],
        "CLASS-CONTRACT-TICKER-SYMBOL": [share.ticker for series in header.series for share in series.classes],
    }
    return {label: [text for text in texts if text] for label, texts in values.items()}


_DATES = ("FILED AS OF DATE", "DATE AS OF CHANGE", "CONFORMED PERIOD OF REPORT", "EFFECTIVENESS DATE")
_TAG_OF_LABEL = {
    "COMPANY CONFORMED NAME": "CONFORMED-NAME",
    "CENTRAL INDEX KEY": "CIK",
    "STANDARD INDUSTRIAL CLASSIFICATION": "ASSIGNED-SIC",
    "SEC ACT": "ACT",
    "SEC FILE NUMBER": "FILE-NUMBER",
    "STREET 1": "STREET1",
    "STREET 2": "STREET2",
    "BUSINESS PHONE": "PHONE",
    "DATE OF NAME CHANGE": "DATE-CHANGED",
    "CONFORMED SUBMISSION TYPE": "TYPE",
    "CONFORMED PERIOD OF REPORT": "PERIOD",
    "FILED AS OF DATE": "FILING-DATE",
    "DATE AS OF CHANGE": "DATE-OF-FILING-DATE-CHANGE",
}


@pytest.mark.parametrize("row", rows("submission", "dissemination", "hdr"), ids=lambda row: row["file"])
def test_every_line_of_a_header_is_a_typed_value(row: dict[str, str]) -> None:
    """What a search for each label or tag finds in the header's lines is what the types hold, all and in order."""
    text = outline(path_of(row["file"]).read_bytes()).header.decode("cp1252")
    if row["file"] == "0000912057-00-053623.hdr.txt":
        text = text.partition("10-K\r\n1\r\n")[0]
    for label, values in _flat(parse_header(text.encode())).items():
        spelt = [label, _TAG_OF_LABEL.get(label, label.replace(" ", "-")), *(["EIN"] if label == "IRS NUMBER" else [])]
        name = "|".join(f"<{re.escape(name)}>|{re.escape(name)}:" for name in spelt)
        found = re.findall(rf"(?:^|[\r\n])[\] \t]*(?:{name})[ \t]*([^\r\n]*[^\s])", text)
        if label == "STANDARD INDUSTRIAL CLASSIFICATION":
            found = [code[1] for code in (re.search(r"\[?([0-9]{4})\]?$", value) for value in found) if code]
        elif label == "SEC ACT":
            found = [value if "Act" in value else f"19{value} Act" for value in found]
        assert [value.strip() for value in found] == values, label


@pytest.mark.parametrize("row", rows("submission", "dissemination", "hdr"), ids=lambda row: row["file"])
@pytest.mark.slow
def test_the_other_spelling_of_a_real_header_gives_the_same(row: dict[str, str]) -> None:
    """Each header, written in EDGAR's other spelling line by line, gives the same values."""
    text = outline(path_of(row["file"]).read_bytes()).header.decode("cp1252")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if row["file"] in _ODD or "\n]" in text or "</SERIAL-COMPANY>" in text:
        pytest.skip("not as EDGAR writes it, so that the other spelling cannot be made of it line by line")
    header = parse_header(text.encode())
    items = items_of(row)
    other = in_labels(text, items) if row["header_style"] == "SUBMISSION" else in_tags(text, items)
    assert other != text
    assert in_both(parse_header(other.encode())) == in_both(header)


@pytest.mark.parametrize("row", rows("submission", "dissemination"), ids=lambda row: row["file"])
@pytest.mark.slow
def test_documents_are_those_of_a_plain_split(row: dict[str, str]) -> None:
    """Cutting the file at its tags gives the same documents: heads, and bodies byte for byte."""
    data = path_of(row["file"]).read_bytes()
    starts = [at.start() for at in re.finditer(rb"<DOCUMENT>\s+<TYPE>", data)]
    spans = outline(data).documents
    assert len(spans) == len(starts)
    for span, begin, end in zip(spans, starts, [*starts, len(data)][1:], strict=True):
        piece = data[begin:end]
        head, _, rest = piece.partition(b"<TEXT>")
        head = re.sub(rb"[ \t]*[\r\n]\s*(?![<\s])", b" ", head)  # a description may go on in the next line
        values = dict(re.findall(r"<([A-Z]+)>[ \t]*([^\r\n]*[^\s])", head.decode("cp1252")))
        assert (span.type, span.filename) == (values["TYPE"], values.get("FILENAME"))
        assert span.sequence == (int(values["SEQUENCE"]) if "SEQUENCE" in values else None)
        assert span.description == values.get("DESCRIPTION")
        body = rest.rpartition(b"</TEXT>")[0] if b"</TEXT>" in rest else rest
        assert data[span.start : span.end] == re.sub(rb"^[ \t]*(?:\r\n|\r|\n)", b"", body)


def _decoded_as_base64(encoded: bytes) -> bytes:
    """Uuencoded bytes by another road: each line as base64, of which it differs by its alphabet only."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    table = bytes.maketrans(bytes(range(32, 96)) + b"`", alphabet + b"A")
    decoded = bytearray()
    for line in encoded.splitlines()[1:-1]:
        size = line[0] - 32 & 63 if line else 0
        width = -(-size // 3) * 4
        decoded += base64.b64decode(line[1 : 1 + width].ljust(width).translate(table))[:size]
    return bytes(decoded)


@pytest.mark.parametrize("row", rows("submission", "dissemination"), ids=lambda row: row["file"])
@pytest.mark.slow
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
            encoded = re.search(rb"begin [0-7]+ .*?^end", document.body(), re.DOTALL | re.MULTILINE)
            if encoded and b"\n.." not in encoded[0]:
                assert document.content() == _decoded_as_base64(encoded[0])
        if document.kind == "pdf":
            assert b"%%EOF" in document.content()[-1024:]


@pytest.mark.parametrize(
    ("accession", "members"),
    [("0009000910-24-000001", 0), pytest.param("0001104659-25-002604", 6, marks=needs_corpus)],
)
def test_a_submission_served_and_disseminated_is_the_same(accession: str, members: int) -> None:
    """One submission in both spellings: all but the acceptance time, which only the served file has."""
    served = in_both(read(f"{accession}.txt").header)
    disseminated = in_both(read(f"{accession}.nc").header)
    assert served == dataclasses.replace(disseminated, acceptance_datetime=served.acceptance_datetime)
    assert len(served.group_members) == members


@needs_corpus
def test_both_spellings_of_real_headers_give_the_same() -> None:
    """EDGAR's index-headers pages hold one header twice, in tags and in labels."""
    compared = 0
    for row in rows("index-headers-html"):
        page = path_of(row["file"]).read_bytes().decode("latin-1")
        in_tags, _, rest = page[page.index("<SEC-HEADER>") :].partition("</SEC-HEADER>")
        in_labels = html.unescape(rest).partition("<SEC-HEADER>")[2].partition("</SEC-HEADER>")[0]
        if not in_labels:
            continue
        tagged, labelled = parse_header(in_tags.encode("latin-1")), parse_header(in_labels.encode("latin-1"))
        assert in_both(tagged) == in_both(labelled)
        compared += 1
    assert compared >= 5


@needs_corpus
def test_a_known_filing_field_by_field() -> None:
    """The filing that the project's first search was for."""
    header = read("0001193125-04-218426.txt").header
    assert header.items == ("5.02", "9.01")
    (filer,) = header.entities
    assert (filer.role, filer.cik, filer.name) == ("FILER", 1056386, "INTERNAP NETWORK SERVICES CORP")
    assert "INTERNAP NETWORK SERVICES CORP/WA" in {former.name.upper() for former in filer.former_names}
    assert "Robert D. Shurtleff, Jr. resigned" in read("0001193125-04-218426.txt").document(1).text()
