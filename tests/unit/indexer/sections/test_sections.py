"""Item sections: real headings, not the table of contents, not references, not the heads of later pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.sections.sections import sections
from indexer.submission.submission import Document
from tests.paths import ODDITIES
from tests.unit.corpus import needs_corpus, read, rows
from tests.unit.indexer.sections.reports import outline

ANNUAL_REPORT = """PART I
Item 1. Business
We make candles. See Item 1A. Risk Factors.
Item 1A. Risk Factors
Much can go wrong.
Item 7 of this report has more.
Item 1B. Unresolved Staff Comments
None.
Item 2. Properties
We own a barn.
PART II
Item 7. Management’s Discussion and Analysis
Sales rose.
Item 7. Management’s Discussion and Analysis (continued)
They rose further.
SIGNATURES
Pursuant to the requirements of the Act, she has signed.
"""
QUARTERLY_REPORT = """Item 1. Financial Statements
Numbers.
Item 2. Management's Discussion and Analysis
Words.
Item 4. Controls and Procedures
Fine.
Item 1. Legal Proceedings
None.
Item 1A. Risk Factors
No changes.
Item 2. Unregistered Sales of Equity Securities and Use of Proceeds
None.
Item 6. Exhibits
31.1
"""
CONTENTS = {
    "rows of a table": """TABLE OF CONTENTS
PART I
Item 1.\tBusiness\t3
Item 1A.\tRisk Factors\t9
PART II
Item 7.\tMD&A\t22
""",
    "cells on lines": "PART I\nItem 1.\nBusiness\n3\nItem 1A.\nRisk Factors\n9\nItem 2.\nProperties\n20\n",
    "leaders": """PART I

Item 1.   Business.........................   3

Item 7.   Management's Discussion
            and Analysis ..................  22

""",
    "no pages": """PART I
Item 1. Business
Item 1A. Risk Factors
Item 2. Properties
PART II
Item 7. MD&A
SIGNATURES
""",
}


def contents(text: str, form: str) -> list[str]:
    """The text of each section after its heading."""
    return [text[part.start : part.end].partition(part.heading)[2].strip() for part in sections(text, form=form)]


def test_each_section_runs_from_its_heading_to_the_next() -> None:
    """A section has its text and no other's: it ends where the next item, the next part or the signatures begin."""
    assert outline(ANNUAL_REPORT, "10-K") == ["I 1", "I 1A", "I 1B", "I 2", "II 7"]
    assert contents(ANNUAL_REPORT, "10-K") == [
        "We make candles. See Item 1A. Risk Factors.",
        "Much can go wrong.\nItem 7 of this report has more.",
        "None.",
        "We own a barn.",
        "Sales rose.\nItem 7. Management’s Discussion and Analysis (continued)\nThey rose further.",
    ]


@pytest.mark.parametrize("table", CONTENTS.values(), ids=CONTENTS)
def test_the_table_of_contents_is_not_taken_for_the_sections(table: str) -> None:
    """A table of contents before the report changes nothing, with page numbers or without, whatever its layout."""
    expected = [part.heading for part in sections(ANNUAL_REPORT, form="10-K")]
    found = sections(table + ANNUAL_REPORT, form="10-K")
    assert [part.heading for part in found] == expected
    assert all(part.start >= len(table) for part in found)


def test_a_text_that_only_lists_its_items_has_no_sections() -> None:
    """An index of items with their pages, as of an annual report bound otherwise, gives nothing."""
    assert sections("Item 1. Business 3-9\nItem 2. Properties 12\nItem 3. Legal Proceedings F-7\n", form="10-K") == ()


def test_short_items_one_below_the_other_are_sections() -> None:
    """Items that are only incorporated by reference stand as close as in a table of contents, and are none."""
    text = "PART III\nItem 10. Directors\nSee the proxy.\nItem 11. Pay\nSee it.\nPART IV\nItem 14. Exhibits\n"
    assert outline(text, "10-K405") == ["III 10", "III 11", "IV 14"]


@pytest.mark.parametrize(
    "reference",
    [
        "Item 3 of this report tells of lawsuits.",
        'Item 3, "Legal Proceedings", tells of lawsuits.',
        "Item 3 and Item 7A tell more.",
        "Items 3 through 6 are not applicable.",
        "item 3. Legal Proceedings",
        "It is told in that other section of this report, the one that is called\nItem 3. Legal Proceedings.",
        "It is told under\nItem 3. Legal Proceedings.",
        "Item 3. Legal Proceedings and Item 7. Management’s Discussion describe more, and should be read.",
        "Item 3. Legal Proceedings and Item 7. Management’s Discussion and\nAnalysis describe more, and much.",
        "Item 3. Legal Proceedings, with the Discussion of our 2022 Annual\nReport on Form 10-K, describes it.",
        "Item 3.  Legal  Proceedings, with the  Discussion  of our 2022  Annual\nReport  on Form 10-K, describes it.",
    ],
)
def test_references_are_not_headings(reference: str) -> None:
    """A sentence about an item begins no section, also where a line of plain text was broken before the item."""
    text = (
        f"Item 1. Business\n\nA company of candle makers stands here.\n{reference}\n\nItem 2. Properties\n\nA barn.\n"
    )
    assert outline(text, "10-K") == ["I 1", "I 2"]


def test_a_line_out_of_order_is_not_a_heading() -> None:
    """What looks like the heading of a later or earlier item amid a section stays in it."""
    report = ANNUAL_REPORT.replace("We make candles.", "We make candles. " * 20)
    amid = "Item 7. Management’s Discussion and Analysis\n• Item 1. Business\n" + "Much can go wrong.\n" * 20
    text = report.replace("Much can go wrong.\n", amid)
    assert outline(text, "10-K") == ["I 1", "I 1A", "I 1B", "I 2", "II 7"]


@pytest.mark.parametrize("running", ["Item 1A. Risk Factors (continued)", "ITEM 1A. RISK FACTORS", "Item 1A (Cont’d)"])
def test_an_item_begins_with_its_first_heading_though_a_reference_is_before_a_running_title(running: str) -> None:
    """The text above the reference is as much of the item as that below the running title."""
    risks = "Much can go wrong.\n" * 20
    amid = f"{risks}Item 1. Business – Candles and more\n{risks}{running}\n{risks * 3}"
    text = ANNUAL_REPORT.replace("We make candles.", "We make candles. " * 20).replace("Much can go wrong.\n", amid)
    assert outline(text, "10-K") == ["I 1", "I 1A", "I 1B", "I 2", "II 7"]
    assert text[sections(text, form="10-K")[1].start :].startswith(f"Item 1A. Risk Factors\n{risks}")


def test_the_parts_of_a_quarterly_report_are_told_without_their_headings() -> None:
    """Items 1 and 2 stand in both parts of a 10-Q: their titles say in which."""
    expected = ["I 1", "I 2", "I 4", "II 1", "II 1A", "II 2", "II 6"]
    table = "PART I\nItem 1. Statements 3\nItem 2. MD&A 9\nPART II\nItem 1. Legal Proceedings 13\nItem 6. Exhibits 14\n"
    assert outline(QUARTERLY_REPORT, "10-Q") == expected
    assert outline(table + QUARTERLY_REPORT, "10-Q") == expected


def test_the_parts_of_a_quarterly_report_are_told_by_their_headings() -> None:
    """Where titles are the company's own, the part is the one that stands above."""
    text = "PART I. FINANCIAL\nItem 1. Our Numbers\nx\nItem 2. Our View\nx\nPart II - Other\nItem 1. Courts\nx\n"
    assert outline(text, "10-Q/A") == ["I 1", "I 2", "II 1"]
    assert outline(text.replace("Part II - Other\n", ""), "10-Q/A") == ["I 1", "I 2"]


@pytest.mark.parametrize(
    ("form", "lines", "part", "item", "heading"),
    [
        ("10-K", "Item 1.\nBusiness", "I", "1", "Item 1. Business"),
        ("10-K", "ITEM\n1.\tBUSINESS", "I", "1", "ITEM 1. BUSINESS"),
        ("10-K", "   Item  1a - Risk  Factors", "I", "1A", "Item 1a - Risk Factors"),
        ("10-K", "ITEM 1.A. RISK FACTORS", "I", "1A", "ITEM 1.A. RISK FACTORS"),
        ("10-K", "Items 1 and 2. Business and Properties", "I", "1", "Items 1 and 2. Business and Properties"),
        ("10-K", "• Item 4 (Removed and Reserved)", "I", "4", "Item 4 (Removed and Reserved)"),
        ("10-K", "Item 1D. Information About Our Officers", "I", "1D", "Item 1D. Information About Our Officers"),
        ("10-K", "ITEM 1DESCRIPTION OF BUSINESS", "I", "1", "ITEM 1DESCRIPTION OF BUSINESS"),
        ("10-K", "Item 9A(T): Controls", "II", "9A(T)", "Item 9A(T): Controls"),
        ("10-K", "PART I, Item 3. Legal Proceedings", "I", "3", "Item 3. Legal Proceedings"),
        ("10-K", "Item 3. Legal Proceedings. Acme Co. is sued. So it is.", "I", "3", "Item 3. Legal Proceedings."),
        ("10-K", "Item 12. Ownership of\nCertain Owners\n\nx", "III", "12", "Item 12. Ownership of Certain Owners"),
        ("10-K/A", "Item 14. Exhibits and Reports\nx", "IV", "14", "Item 14. Exhibits and Reports"),
        ("10-K", "Item 14. Exhibits and Form\n8-K\n\nx", "IV", "14", "Item 14. Exhibits and Form 8-K"),
        ("10-KSB", "Item 9. Directors\nx", "III", "9", "Item 9. Directors"),
        ("10-KSB", "Item 9. Directors; Section 16(a)\n\nx", "III", "9", "Item 9. Directors; Section 16(a)"),
        ("10-KSB", "Item 9. Directors;  Section  16(a)\n\nx", "III", "9", "Item 9. Directors; Section 16(a)"),
        ("10KSB40", "Item 7. Financial Statements\nx", "II", "7", "Item 7. Financial Statements"),
        ("10-QSB", "Item 3. Controls and Procedures\nx", "I", "3", "Item 3. Controls and Procedures"),
        ("8-K", "ITEM 5.02. Departure;\nElection\nx", None, "5.02", "ITEM 5.02. Departure; Election"),
        ("8-K", "Item 5.02\tDeparture\nx", None, "5.02", "Item 5.02 Departure"),
        ("8-K/A", "Item 9.01(d) Exhibits\nx", None, "9.01", "Item 9.01(d) Exhibits"),
        ("8-K", "Item 5.02(b), (c). Departure\nx", None, "5.02", "Item 5.02(b), (c). Departure"),
        ("8-K", "ITEM 5.02 (b), (c) and (e). DEPARTURE\nx", None, "5.02", "ITEM 5.02 (b), (c) and (e). DEPARTURE"),
        ("8-K", "Item 5.02(b)-(d): Departure\nx", None, "5.02", "Item 5.02(b)-(d): Departure"),
        ("8-K", "Item 9.01 (d) Exhibits\nx", None, "9.01", "Item 9.01 (d) Exhibits"),
        ("8-K12G3", "Item 5. Other Events.", None, "5", "Item 5. Other Events."),
    ],
)  # fmt: skip
def test_a_heading_is_read_as_it_is_written(form: str, lines: str, part: str | None, item: str, heading: str) -> None:
    """Item, part and heading of every spelling that filings have; the span begins with the heading."""
    (found,) = sections(f"Cover\n{lines}", form=form)
    assert (found.part, found.item, found.heading) == (part, item, heading)
    assert f"Cover\n{lines}"[found.start : found.end] == lines.lstrip(" •")


def test_item_14_is_in_the_part_that_stands_above_it() -> None:
    """Until 2003 the exhibits of a 10-K were item 14 of part IV; since then item 14 is the fees of part III."""
    assert outline("PART IV\nItem 14. Exhibits\nx", "10-K") == ["IV 14"]
    assert outline("PART III\nItem 14. Principal Accountant Fees\nx\nPART IV\nItem 15. Exhibits\n", "10-K") == [
        "III 14",
        "IV 15",
    ]


def test_a_current_report_has_its_items_in_any_order() -> None:
    """The items of an 8-K need not rise, and the filer's own numbering beside them is none of EDGAR's."""
    text = "Item 7.01 Regulation FD\nx\nItem 2.02 Results of Operations\ny\nItem 1: Election\nz\n"
    assert outline(text, "8-K") == ["7.01", "2.02"]


@pytest.mark.parametrize(
    "line", ["Item 1A. Risk Factors", "PART I ITEM 1. BUSINESS", "            I T E M  7B", "ITEM 9"]
)
@pytest.mark.parametrize("form", ["10-K", "10-Q", "8-K"])
def test_a_text_of_headings_has_none(line: str, form: str) -> None:
    """Each takes long to judge, and a filer decides how many there are."""
    assert sections(f"{line}\nMuch can go wrong.\n" * 20_001, form=form) == ()
    assert sections(ANNUAL_REPORT + "We make candles.\n" * 50_000, form="10-K") != ()


def test_other_forms_have_no_sections() -> None:
    """Where no form fixes the items, none are looked for."""
    assert sections(ANNUAL_REPORT, form="S-1") == ()
    assert sections(ANNUAL_REPORT, form="EX-10.K") == ()


_PIECES = st.sampled_from(
    ["Item 1. Business", "ITEM 7A", "Items 1 and 2.", "Item 5.02", "PART II", "part i", "SIGNATURES", "\n", "\n\n", " ",
     "\t", "• ", "12", "...", "Item", "ITEM 9A(T).", "Exhibits", "see", "\x0c", "’", "x" * 300]
)  # fmt: skip


@given(
    st.lists(_PIECES | st.text(max_size=5), max_size=60).map("".join),
    st.sampled_from(["10-K", "10-Q", "10-KSB", "8-K"]),
)
def test_any_text_gives_spans_in_order(text: str, form: str) -> None:
    """Whatever the text, nothing is raised; the spans are in it, in order and apart, each with its heading."""
    end = 0
    for part in sections(text, form=form):
        assert end <= part.start < part.end <= len(text)
        assert "item" in text[part.start : part.end].lower()
        end = part.end


def main_document(file: str) -> Document:
    """The first document of a corpus file."""
    return read(file).documents[0]


_KSB = "I 1, I 2, I 3, I 4, II 5, II 6, II 7, II 8, II 8A(T), II 8B, III 9, III 10, III 11, III 12, III 13, III 14"
_K_2010 = (
    "I 1, I 1A, I 2, I 3, I 4, II 5, II 6, II 7, II 7A, II 8, II 9, II 9A, II 9B, "
    "III 10, III 11, III 12, III 13, III 14, IV 15"
)
_K_1994 = "I 1, I 2, I 3, I 4, II 5, II 6, II 7, II 8, II 9, III 10, III 11, III 12, III 13, IV 14"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("0009000910-23-000028.txt", "I 1, I 1A, I 3, II 7"),
        ("0009000910-24-000001.txt", "5.02, 9.01"),
        *(
            pytest.param(*case, marks=needs_corpus)
            for case in [
                ("0000320193-94-000016.txt", _K_1994),
                ("0000950131-94-000440.txt", _K_1994),
                ("0001047469-98-012291.txt", _K_1994.replace("II 8,", "II 7A, II 8,")),
                ("0000930413-08-001093.txt", _KSB),
                ("0001010412-10-000078.txt", _K_2010),
                ("0000320193-97-000011.txt", "I 1, I 2, II 1, II 6"),
                ("0000320193-97-000021.txt", "II 4"),
                ("0000320193-98-000006.txt", "I 1, I 2, II 1, II 4, II 6"),
                ("0000732715-99-000042.nc", "I 1, I 2"),
                ("0000912057-00-003201.txt", "I 1, I 2, I 3, II 1, II 6"),
                ("0000912057-00-033901.txt", "I 1, I 2, I 3, II 1, II 4, II 6"),
                ("0000912057-00-002128.txt", "5, 7"),
                ("0001011438-98-000429.txt", "7"),
                ("0001193125-20-019650.txt", "2.02, 9.01"),
                ("0001193125-20-063075.txt", "5.07"),
                ("0001213900-25-032135.txt", "2.02, 4.02, 7.01, 9.01"),
            ]
        ),
    ],
)
def test_the_sections_of_reports(file: str, expected: str) -> None:
    """The items that a person finds in a report, and no others."""
    document = main_document(file)
    assert ", ".join(outline(document.text(), document.type)) == expected


@needs_corpus
def test_where_a_real_section_begins_and_ends() -> None:
    """A section of a real report has its own first words and its own last ones, not those of the contents."""
    document = main_document("0000930413-08-001093.txt")
    text = document.text()
    properties = next(part for part in document.sections() if part.item == "2")
    assert text[properties.start : properties.end].startswith("ITEM 2.  PROPERTIES\n")
    assert text[properties.start : properties.end].rstrip().endswith("in real estate\nactivities.")
    assert properties.part == "I"
    (_, exhibits) = main_document("0001193125-20-019650.txt").sections()
    assert exhibits.heading == "Item 9.01. Financial Statements and Exhibits."


@needs_corpus
def test_every_item_of_a_real_current_report_has_its_section() -> None:
    """The sections of today's 8-Ks are the items that their headers state, but for one that states too few."""
    compared = differ = 0
    for row in rows("submission", "dissemination"):
        if (ODDITIES / row["file"]).exists():
            continue
        header = read(row["file"]).header
        if header.form.base == "8-K" and any("." in item for item in header.items):
            compared += 1
            differ += {part.item for part in main_document(row["file"]).sections()} != set(header.items)
    assert compared >= 15
    assert differ <= 1


@pytest.mark.parametrize(
    "section",
    ["Section 9 – Financial Statements and Exhibits", "SECTION 9", "Section 9\nFinancial Statements and Exhibits"],
)
def test_the_heading_of_a_section_of_form_8_k_is_in_no_item(section: str) -> None:
    """The form groups its items in sections, and many filers repeat the name of each above its items."""
    text = f"Section 5 - Corporate\nItem 5.02 Departure\nHe left.\n2\n{section}\nItem 9.01 Exhibits\n99 A letter\n"
    assert contents(text, "8-K") == ["He left.", "99 A letter"]
