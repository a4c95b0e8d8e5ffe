"""Index entries: one a document, each with the facts of its submission."""

from __future__ import annotations

import json
import time
from datetime import date, datetime

import pytest

from indexer.entries import SectionSpan, entries_of, exact, is_truncated, section_spans
from indexer.sections.model import Section
from indexer.submission.submission import parse_submission
from indexer.text.broken_words import Copy, Searchable, searchable
from tests.unit.submissions import ACCESSION, DOCUMENTS, RENDERING, submission_bytes

FILED = date(2004, 12, 22)


def test_every_document_is_an_entry_with_the_facts_of_its_submission() -> None:
    """Two documents are two entries, and both can be found by form, items, CIK, current and former names."""
    first, second = entries_of(parse_submission(submission_bytes()), sha256="ab", filing_date=FILED)
    assert (first.position, first.sequence, first.type) == (0, 1, "8-K")
    assert (second.position, second.sequence, second.type, second.description) == (1, 2, "EX-99.1", "PRESS RELEASE")
    assert "left the board" in first.text
    assert "press release" in second.text
    for entry in (first, second):
        assert entry.accession == ACCESSION
        assert entry.sha256 == "ab"
        assert entry.form == "8-K"
        assert entry.filing_date == FILED
        assert entry.acceptance_datetime == datetime(2004, 12, 22, 16, 13, 52)  # noqa: DTZ001 (EDGAR writes no zone)
        assert entry.items == ("5.02", "9.01")
        assert [(entity.cik, entity.name, entity.role) for entity in entry.entities] == [
            (320, "ACME WIDGETS INC", "FILER")
        ]
        assert entry.names == ("ACME WIDGETS INC", "ACME NETWORK CORP/WA")
        assert entry.sics == (7389,)
        assert entry.states == ("DE",)
        assert entry.file_numbers == ("000-27265",)


_LAST = """<DOCUMENT>
<TYPE>EX-99.2
<SEQUENCE>4
<FILENAME>dex992.htm
<TEXT>
<HTML><BODY><P>After the rendering.</P></BODY></HTML>
</TEXT>
</DOCUMENT>
"""


def test_xbrl_has_no_entry_and_moves_no_other() -> None:
    """EDGAR's renderings are not searched twice; the place of a document behind them is its own."""
    submission = parse_submission(submission_bytes(documents=DOCUMENTS + RENDERING + _LAST))
    entries = list(entries_of(submission, sha256="ab", filing_date=FILED))
    assert [(entry.position, entry.sequence) for entry in entries] == [(0, 1), (1, 2), (3, 4)]


def test_a_submission_of_xbrl_alone_can_still_be_found() -> None:
    """Its facts are searched, as those of a submission without documents."""
    (entry,) = entries_of(parse_submission(submission_bytes(documents=RENDERING)), sha256="ab", filing_date=FILED)
    assert (entry.accession, entry.position, entry.text) == (ACCESSION, None, "")


def test_a_submission_without_documents_can_still_be_found() -> None:
    """A submission without documents is one entry without a document."""
    (entry,) = entries_of(parse_submission(submission_bytes(documents="")), sha256="ab", filing_date=FILED)
    assert (entry.accession, entry.position, entry.sequence, entry.type, entry.text) == (
        ACCESSION,
        None,
        None,
        None,
        "",
    )


def test_the_catalogue_gives_the_filing_date_that_a_header_lacks() -> None:
    """Every entry has a filing date, so that each can be sorted and selected by it."""
    data = submission_bytes().replace(b"FILED AS OF DATE:\t\t20041222\n", b"")
    assert {
        entry.filing_date for entry in entries_of(parse_submission(data), sha256="ab", filing_date=date(2005, 1, 1))
    } == {date(2005, 1, 1)}


def test_what_an_engine_stores_makes_a_hit_without_the_archive() -> None:
    """The stored JSON has all that a hit shows, and the sha256 that ties it to the archive."""
    entry = next(entries_of(parse_submission(submission_bytes()), sha256="ab", filing_date=FILED))
    stored = json.loads(entry.stored())
    assert stored == {
        "accession": ACCESSION,
        "sha256": "ab",
        "form": "8-K",
        "filing_date": "2004-12-22",
        "acceptance_datetime": "2004-12-22T16:13:52",
        "period_of_report": "2004-12-17",
        "items": ["5.02", "9.01"],
        "entities": [[320, "ACME WIDGETS INC", "FILER"]],
        "position": 0,
        "sequence": 1,
        "type": "8-K",
        "filename": "d8k.htm",
        "description": "FORM 8-K",
        "added": None,
    }


@pytest.mark.parametrize(
    ("max_text_chars", "text"),
    [(23, "Mr. Rossi left the"), (24, "Mr. Rossi left the board"), (25, "Mr. Rossi left the board")],
)
def test_a_text_over_the_limit_is_cut_at_a_word_and_flagged(
    max_text_chars: int, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The entry has the words that are whole within the limit, says that there are more, and so does the log, once."""
    documents = DOCUMENTS.replace("This press release tells of a zebra &amp; of Mr. Rossi.", "Short.")
    submission = parse_submission(submission_bytes(documents=documents))
    long, short = entries_of(submission, sha256="ab", filing_date=FILED, max_text_chars=max_text_chars)
    assert (long.text.rstrip(), long.truncated, json.loads(long.stored())["truncated"]) == (text, True, True)
    assert (short.text, short.truncated) == ("Short.", False)
    assert "truncated" not in json.loads(short.stored())
    assert [is_truncated(document, max_text_chars=max_text_chars) for document in submission.documents] == [True, False]
    (record,) = caplog.records
    assert record.getMessage() == (
        f"{ACCESSION}: document 1 has 53 characters of text, of which {max_text_chars} are indexed (max_text_chars)"
    )


def test_a_text_as_long_as_the_limit_is_whole(caplog: pytest.LogCaptureFixture) -> None:
    """The limit is the longest text that is indexed whole, whatever markup stands around it."""
    submission = parse_submission(submission_bytes())
    for entry, document in zip(
        entries_of(submission, sha256="ab", filing_date=FILED, max_text_chars=53), submission.documents, strict=True
    ):
        assert (entry.text, entry.truncated) == (document.text(), False)
        assert not is_truncated(document, max_text_chars=53)
    assert not caplog.records


def test_an_item_without_a_code_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """An item that nobody can search for is named in the log, and costs the others nothing."""
    data = submission_bytes().replace(b"Financial Statements and Exhibits", b"Something New")
    entry, _ = entries_of(parse_submission(data), sha256="ab", filing_date=FILED)
    assert entry.items == ("5.02",)
    (record,) = caplog.records
    assert record.getMessage() == f"{ACCESSION}: no code is known for the item 'Something New'"


def test_unknown_items_do_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A header may have a hundred thousand, each as long as a text."""
    more = b"".join(b"ITEM INFORMATION:\t\tNew %d %s\n" % (number, b"x" * 1000) for number in range(1000))
    data = submission_bytes().replace(b"FILED AS OF DATE", more + b"FILED AS OF DATE")
    list(entries_of(parse_submission(data), sha256="ab", filing_date=FILED))
    assert 0 < len(caplog.text) < 3000


def test_xml_is_measured_by_its_text() -> None:
    """Short names stand before each value, so XML's text may be longer than its bytes, and is measured itself."""
    body = "<a_long_name>" + "1<b/>" * 9 + "</a_long_name>"
    documents = f"<DOCUMENT>\n<TYPE>4\n<SEQUENCE>1\n<FILENAME>a.xml\n<TEXT>\n{body}\n</TEXT>\n</DOCUMENT>\n"
    (document,) = parse_submission(submission_bytes(documents=documents)).documents
    (entry,) = entries_of(
        parse_submission(submission_bytes(documents=documents)), sha256="ab", filing_date=FILED, max_text_chars=100
    )
    assert is_truncated(document, max_text_chars=100)
    assert entry.truncated


def test_whole_values_are_folded() -> None:
    """Case, accents and runs of white space do not keep a value from being found."""
    assert exact("  SC  13D/A ") == exact("sc 13d/a") == "sc 13d/a"


def test_sections_are_spans_of_words() -> None:
    """Each section says from which word of the text to which it goes, under the key of each of its items."""
    text = "PART I Item 1. Business We make it. Item 1A. Risk Factors It may break."
    indexed = searchable(text)
    first, second = text.index("Item 1."), text.index("Item 1A")
    found = (
        Section("I", "1", "Item 1. Business", first, second, also=("2",)),
        Section("I", "1A", "Item 1A. Risk Factors", second, len(text)),
    )
    assert section_spans(indexed, found, form="10-K") == (
        SectionSpan("10-K 1", 2, 8),
        SectionSpan("10-K 2", 2, 8),
        SectionSpan("10-K 1A", 8, 15),
    )
    assert section_spans(indexed, found, form="EX-99.1") == ()


def test_many_sections_with_many_copies_are_not_compared_one_by_one() -> None:
    """A filer decides on the number of both."""
    count, word = 20_000, "word "
    size = count * len(word)
    places = range(0, size, len(word))
    found = [Section("", "5.02", "", place, place + len(word)) for place in places]
    copies = tuple(Copy(size + place, place, place + len(word)) for place in places)
    began = time.process_time()
    spans = section_spans(Searchable(word * (2 * count), size, copies), found, form="8-K")
    assert time.process_time() - began < 5
    assert [(span.first, span.end) for span in spans] == [(number, number + 1) for number in range(2 * count)]
