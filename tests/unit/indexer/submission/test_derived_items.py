"""Items that the header of an 8-K left blank are read from the headings of its main document."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from indexer.entries import entries_of
from indexer.submission.derived_items import has_blank_items, items_in
from indexer.submission.submission import Submission, parse_submission
from indexer.texts.model import extract
from indexer.texts.store import TextStore
from tests.unit.corpus import needs_corpus, read
from tests.unit.indexer.texts.kept import add

OLD = date(1999, 4, 12)
NEW = date(2011, 7, 29)


def submission(*stated: str, text: str, form: str = "8-K", filed: str = "19990412") -> Submission:
    """An 8-K whose header has a line for each of the `stated` items, and `text` as its main document."""
    items = "".join(f"ITEM INFORMATION:\t\t{item}\n" for item in stated)
    return parse_submission(
        f"<SEC-DOCUMENT>0009000900-99-000005.txt : {filed}\n<SEC-HEADER>0009000900-99-000005.hdr.sgml : {filed}\n"
        f"ACCESSION NUMBER:\t\t0009000900-99-000005\nCONFORMED SUBMISSION TYPE:\t{form}\n{items}"
        f"FILED AS OF DATE:\t\t{filed}\n\nFILER:\n\n\tCOMPANY DATA:\t\n\t\tCOMPANY CONFORMED NAME:\t\t\tLANTERN CORP\n"
        f"\t\tCENTRAL INDEX KEY:\t\t\t0009000001\n</SEC-HEADER>\n<DOCUMENT>\n<TYPE>{form}\n<SEQUENCE>1\n<TEXT>\n{text}"
        "</TEXT>\n</DOCUMENT>\n</SEC-DOCUMENT>\n".encode()
    )


EVENT = "Item 5. Other Events.\n\nWe sold a wick works.\n\nItem 7. Exhibits.\n\n(c) None filed.\n\nSIGNATURES\n"


def test_blank_items_are_derived() -> None:
    """Where every line of the header is blank, the items are those of the main document."""
    header = submission("", "", text=EVENT).header
    assert (header.items, header.items_derived) == (("5", "7"), True)


def test_only_what_the_header_lacks_is_derived() -> None:
    """An item that the header states is not derived again, and stays the first; the blank one is."""
    text = EVENT.replace("Item 5. Other Events", "Item 12. Results of Operations")
    header = submission("", "Financial statements and exhibits", text=text).header
    assert (header.items, header.items_derived) == (("7", "12"), True)


def test_a_header_that_leaves_nothing_blank_is_believed() -> None:
    """Without a blank line the header is right, whatever headings the document has."""
    for header, items in ((submission("Other events", text=EVENT).header, ("5",)), (submission(text=EVENT).header, ())):
        assert (header.items, header.items_derived) == (items, False)


def test_only_current_reports_have_derived_items() -> None:
    """In other forms the headings are other items."""
    other = submission("", text=EVENT, form="10-Q")
    assert not has_blank_items(other.header)
    assert (other.header.items, other.header.items_derived) == ((), False)


def test_blank_items_of_a_document_without_headings_stay_blank() -> None:
    """Where the main document names no item, nothing is derived and nothing is marked."""
    header = submission("", text="We have nothing to tell.\n").header
    assert (header.items, header.items_derived) == ((), False)


def test_readers_are_told_what_is_derived() -> None:
    """In JSON, text and entries alike; where nothing is derived, JSON has no mark."""
    blank, stated = submission("", text=EVENT), submission("Other events", text=EVENT)
    assert blank.to_dict()["items_derived"] is True
    assert "items_derived" not in stated.to_dict()
    assert blank.header.items_as_text() == "5, 7 (from the headings)"
    assert stated.header.items_as_text() == "5"
    for one, expected in ((blank, {"items": ["5", "7"], "items_derived": True}), (stated, {"items": ["5"]})):
        (entry,) = entries_of(one, sha256="ab", filing_date=OLD)
        record = json.loads(entry.stored())
        assert {name: record[name] for name in ("items", "items_derived") if name in record} == expected


def test_kept_texts_give_the_same_header(tmp_path: Path) -> None:
    """What the text store gives has the derived items too, though it keeps the header as it was filed."""
    blank = submission("", text=EVENT)
    add(tmp_path, [extract(blank, sha256="ab")])
    with TextStore.open(tmp_path) as store:
        kept = store.submission(blank.header.accession, sha256="ab")
    assert kept is not None
    assert kept.header == blank.header


@pytest.mark.parametrize(
    ("text", "filed", "expected"),
    [
        (EVENT, OLD, ("5", "7")),
        (EVENT, NEW, ()),
        (EVENT, None, ("5", "7")),
        (EVENT.replace("Item 5.", "Item 8.01").replace("Item 7.", "Item 9.01"), NEW, ("8.01", "9.01")),
        (EVENT.replace("Item 5.", "Item 8.01"), OLD, ()),
        (
            "Item 7. Exhibits\n\nOne.\n\nItem 2. Acquisition\n\nA mill.\n\nItem 12. Results\n\nUp.\n",
            OLD,
            ("2", "7", "12"),
        ),
        ("Item 3. Bankruptcy or Receivership.\n\nNot applicable.\n\n" + EVENT, OLD, ("5", "7")),
        ("Item 3. Bankruptcy or Receivership. Not applicable.\n\n" + EVENT, OLD, ("5", "7")),
        ("Item 3. Bankruptcy or Receivership - None\n\n" + EVENT, OLD, ("5", "7")),
        ("Items 1 through 4, 6 and 8 Not Applicable.\n\n" + EVENT, OLD, ("5", "7")),
        (EVENT.replace("Item 5.", "Items 5 and 9."), OLD, ("5", "7", "9")),
        ("We have nothing to tell.\n", OLD, ()),
    ],
)
def test_the_items_of_a_text(text: str, filed: date | None, expected: tuple[str, ...]) -> None:
    """Items by number, in the numbering of the filing date, and only those that something is told of."""
    assert items_in(text, form="8-K", filing_date=filed) == expected


@needs_corpus
@pytest.mark.parametrize(
    ("file", "expected"), [("0000912057-00-002128.txt", ("5", "7")), ("0001011438-98-000429.txt", ("7",))]
)
def test_the_blank_items_of_real_reports(file: str, expected: tuple[str, ...]) -> None:
    """What a person reads in a real 8-K with blank lines."""
    header = read(file).header
    assert (header.items, header.items_derived) == (expected, True)
