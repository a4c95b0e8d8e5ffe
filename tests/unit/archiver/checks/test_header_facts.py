from __future__ import annotations

from datetime import date

import pytest

from archiver.checks.envelope import Opening
from archiver.checks.header_facts import head_of, header_is_in, named_accession, read_header_facts
from archiver.errors import IdentifierError
from archiver.streams.chunks import ChunkReader
from indexer.submission.submission import parse_submission
from tests.loopback import FIXTURES
from tests.unit.corpus import path_of, rows

LABELLED = b"""<SEC-DOCUMENT>0009000900-04-000101.txt : 20041223
<SEC-HEADER>0009000900-04-000101.hdr.sgml : 20041223
<ACCEPTANCE-DATETIME>20041222161352
ACCESSION NUMBER:\t\t0009000900-04-000101
CONFORMED SUBMISSION TYPE:\t8-K/A
FILED AS OF DATE:\t\t20041222

FILER:

\tCOMPANY DATA:\t
\t\tCOMPANY CONFORMED NAME:\t\t\tMERIDIAN LANTERN CORP
\t\tCENTRAL INDEX KEY:\t\t\t0009000001
FILER:
\t\tCOMPANY CONFORMED NAME:\t\t\tTIDEWATER SIGNAL INC
\t\tCENTRAL INDEX KEY:\t\t\t0009000004
\t\tCOMPANY CONFORMED NAME:\t\t\tMERIDIAN LANTERN CORP
\t\tCENTRAL INDEX KEY:\t\t\t0009000001
</SEC-HEADER>
<DOCUMENT>
<TYPE>10-K
COMPANY CONFORMED NAME:\t\t\tNOT IN THE HEADER
CENTRAL INDEX KEY:\t\t\t0009000099
"""
TAGGED = b"""<SUBMISSION>
<ACCESSION-NUMBER>0009000900-04-000101
<TYPE>8-K/A
<FILING-DATE>20041222
<FILER>
<COMPANY-DATA>
<CONFORMED-NAME>MERIDIAN LANTERN CORP
<CIK>0009000001
</COMPANY-DATA>
</FILER>
<FILER>
<COMPANY-DATA>
<CONFORMED-NAME>TIDEWATER SIGNAL INC
<CIK>0009000004
</COMPANY-DATA>
</FILER>
<DOCUMENT>
<TYPE>8-K/A
"""


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(("head", "opening"), [(LABELLED, Opening.SEC), (TAGGED, Opening.DISSEMINATION)])
def test_both_spellings_say_the_same(head: bytes, opening: Opening, line_end: bytes) -> None:
    """With any line ends; an entity once, and nothing that stands behind the header."""
    facts = read_header_facts(head.replace(b"\n", line_end))
    assert (facts.accession, facts.form, facts.filing_date) == ("0009000900-04-000101", "8-K/A", date(2004, 12, 22))
    assert facts.entities == ((9000001, "MERIDIAN LANTERN CORP"), (9000004, "TIDEWATER SIGNAL INC"))
    assert facts.opening is opening
    assert [(row.cik, row.company_name, row.form) for row in facts.rows()] == [
        (9000001, "MERIDIAN LANTERN CORP", "8-K/A"),
        (9000004, "TIDEWATER SIGNAL INC", "8-K/A"),
    ]


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"", "does not begin like"),
        (b"<html>", "does not begin like"),
        (LABELLED.replace(b"ACCESSION NUMBER:", b"ACCESSION:"), "no accession number"),
        (LABELLED.replace(b"CONFORMED SUBMISSION TYPE:", b"TYPE:"), "no form type"),
        (TAGGED.replace(b"<FILING-DATE>", b"<DATE>"), "no filing date"),
    ],
)
def test_what_is_no_submission_is_said(head: bytes, message: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(IdentifierError, match=message):
        read_header_facts(head)


def test_without_a_filing_date_the_opening_line_has_it() -> None:
    """As in the earliest headers."""
    head = LABELLED.replace(b"FILED AS OF DATE:", b"FILED:")
    assert read_header_facts(head).filing_date == date(2004, 12, 23)


def test_the_whole_header_is_looked_at_and_no_byte_is_lost() -> None:
    """A header of a thousand entities is longer than the first look, and what was looked at is still there to read."""
    entity = b"\t\tCOMPANY CONFORMED NAME:\t\t\tTHE %d COMPANY\n\t\tCENTRAL INDEX KEY:\t\t\t%d\n"
    many = b"".join(entity % (number, number) for number in range(1, 1001))
    data = LABELLED.replace(b"</SEC-HEADER>", many + b"</SEC-HEADER>") + b"x" * 100_000
    reader = ChunkReader(data[start : start + 777] for start in range(0, len(data), 777))
    head = head_of(reader)
    assert header_is_in(head)
    assert len(read_header_facts(head).entities) == 1002
    assert reader.read(len(data) + 1) == data


def test_our_fixtures_say_what_the_parser_says() -> None:
    """These few facts are those of the whole header."""
    for path in FIXTURES.glob("*.txt"):
        _agree(path.read_bytes())


@pytest.mark.parametrize("row", rows("submission", "dissemination"), ids=lambda row: row["file"])
@pytest.mark.slow
def test_noted_submissions_say_what_the_parser_says(row: dict[str, str]) -> None:
    """Of every year and spelling, invented and real."""
    _agree(path_of(row["file"]).read_bytes())


def _agree(data: bytes) -> None:
    facts, header = read_header_facts(data), parse_submission(data).header
    assert (facts.accession, facts.form, facts.filing_date) == (header.accession, header.form, header.filing_date)
    assert {cik for cik, _ in facts.entities} == {entity.cik for entity in header.entities if entity.cik}


@pytest.mark.parametrize(
    "before",
    [
        *("<ACCESSION-NUMBER>", "  <ACCESSION-NUMBER>", "\tACCESSION NUMBER: "),
        *("ACCESSION NUMBER :\v", "\fACCESSION-NUMBER: "),
    ],
)
@pytest.mark.parametrize("other", ["0009000900-04-000999", "Ann Example", "0009000900-04-000101 0009000900-04-000999"])
@pytest.mark.parametrize("head", [LABELLED, TAGGED])
def test_a_submission_is_known_by_the_number_that_its_reader_takes(head: bytes, before: str, other: str) -> None:
    """The first field counts, at any indentation: what is stored as one submission is never read as another one."""
    start = head.index(b"ACCESSION NUMBER") if head is LABELLED else head.index(b"<ACCESSION-NUMBER>")
    assert named_accession(head) == "0009000900-04-000101"
    assert named_accession(head[:start] + f"{before}{other}\n".encode() + head[start:]) != "0009000900-04-000101"
    assert named_accession(head[:start] + f"{before}\n".encode() + head[start:]) == "0009000900-04-000101"


@pytest.mark.parametrize("before", [b"", b"x" * 17_000 + b"\n", b"<DOCUMENT>\n"])
def test_the_line_that_opens_a_document_names_nothing_without_the_field(before: bytes) -> None:
    """The field may come later, where only its reader finds it, with another number."""
    line, field, rest = LABELLED.partition(b"ACCESSION NUMBER:\t\t0009000900-04-000101\n")
    other = field.replace(b"000101", b"000999")
    assert named_accession((line + before + other + rest)[: 1 << 14]) is None
