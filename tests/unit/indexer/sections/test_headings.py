"""Headings in every spelling that filings have, and lines that look like headings and are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.sections.headings import find_headings
from indexer.sections.sections import sections
from tests.unit.indexer.sections.reports import SIGNATURES, annual, endings, html, outline, plain, words

SPELLINGS = [
    "Item 1A. Risk Factors", "ITEM 1A. RISK FACTORS", "Item 1A Risk Factors", "Item 1A.Risk Factors",
    "Item 1ARisk Factors", "ITEM 1ARISK FACTORS", "Item 1A—Risk Factors", "ITEM 1A – RISK FACTORS",
    "Item 1A: Risk Factors", "Item 1A; Risk Factors", "Item 1A, Risk Factors", "Item 1A | Risk Factors",
    "Item 1A / Risk Factors", "Item 1A) Risk Factors", "Item 1A . Risk Factors", "Item 1 A. Risk Factors",
    "Item 1 A Risk Factors", "Item 1.A. Risk Factors", "Item 1-A. Risk Factors", "Item 1(A). Risk Factors",
    "ITEM 1(a) RISK FACTORS", "Item 1a. Risk Factors", "item 1a. risk factors", "I T E M 1A. RISK FACTORS",
    "Item #1A. Risk Factors", "Item No. 1A. Risk Factors", "Item - 1A. Risk Factors",
    "Part I, Item 1A. Risk Factors", "PART I – ITEM 1A. RISK FACTORS", "• Item 1A. Risk Factors",
    "[Item 1A. Risk Factors]", "“Item 1A. Risk Factors”", "Item\u00a01A.\u00a0Risk\u00a0Factors",
    "Item 1A.\tRisk Factors", "Item\t1A.\tRisk Factors", "Item 1A.\nRisk Factors", "Item\n1A.\nRisk Factors",
    "Item 1A. Risk Factors. Not required for smaller reporting companies.", "Item 1 (A). Risk Factors",
    "Item 1 - A. Risk Factors", "Item 1 – A Risk Factors", "Item 1.(A) Risk Factors", "Item 1–A Risk Factors",
    "Item 1\u2011A Risk Factors", "Item “1A” Risk Factors", "Item [1A] Risk Factors", "Item (1A) Risk Factors",
    "I T E M  1 A .  RISK FACTORS", "Item Number 1A. Risk Factors", "Item. 1A Risk Factors", "Item 01A. Risk Factors",
    "_Item 1A. Risk Factors_", "** Item 1A. Risk Factors **", "§ Item 1A. Risk Factors", "► Item 1A. Risk Factors",
    "Item 1A. “Risk Factors”", 'Item 1A. "Risk Factors."', "Item 1A: ‘Risk Factors’", "Item 1A.\n“Risk Factors”",
    "Item 1A. RISK FACTORS You should read all of this report.", "ITEM 1A. RISK FACTORS - There are some risks.",
    "Ｉｔｅｍ １Ａ． Risk Factors", "Item 1A. risk factors", "item 1a. risk factors.", "item 1a: [risk factors]",
    "(Item 1A) Risk Factors", "(ITEM 1A.) RISK FACTORS", "(Item 1(a)). Risk Factors", "(Item 1A. Risk Factors)",
    "[Item 1A] Risk Factors", "(Item 1A)\nRisk Factors",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_a_heading(spelling: str) -> None:
    """However number and title are written, the item begins there and the one before ends."""
    text = html([*annual("1"), spelling, *words("1A"), *annual("2", "3")])
    assert outline(text) == ["I 1", "I 1A", "I 2", "I 3"]
    assert endings(text) == {item: f"So much for item {item}." for item in ("1", "1A", "2", "3")}


@pytest.mark.parametrize(
    "spelling", [spelling for spelling in SPELLINGS if "\n" not in spelling and "\t" not in spelling]
)
def test_every_spelling_is_a_heading_in_plain_text(spelling: str) -> None:
    """The same where lines are broken and paragraphs stand apart."""
    text = plain([*annual("1"), spelling, *words("1A"), *annual("2", "3")])
    assert outline(text) == ["I 1", "I 1A", "I 2", "I 3"]


@pytest.mark.parametrize(
    ("spelling", "form", "item"),
    [
        ("Item I. Business", "10-K", "1"),
        ("ITEM IV. SUBMISSION OF MATTERS", "10-K", "4"),
        ("Item Two. Properties", "10-K", "2"),
        ("ITEM FIFTEEN. EXHIBITS", "10-K", "15"),
        ("Item l. Business", "10-K", "1"),
        ("Item 1BUSINESS", "10-K", "1"),
        ("Item 1Business", "10-K", "1"),
        ("Item 1 A Business of Candles", "10-K", "1"),
        ("Item 9A(T). Controls and Procedures", "10-K", "9A(T)"),
        ("Item 9AControls and Procedures", "10-K", "9A"),
        ("Item 1(a) General Development of Business", "10-K", "1"),
        ("Item 6 - 5 Year Summary of Selected Data", "10-K", "6"),
        ("Item 5 .02 Departure of Directors", "8-K", "5.02"),
        ("Item 7. 01 Regulation FD Disclosure", "8-K", "7.01"),
        ("Item - 5.02 Departure of Directors", "8-K", "5.02"),
        ("Item 5.02(b) Departure of Directors", "8-K", "5.02"),
        ("Item 5.02. (b), (c) Departure of Directors", "8-K", "5.02"),
        ("Section 5 – Corporate Governance Item 5.02 Departure of Directors", "8-K", "5.02"),
        ("I T E M  1 0. D I R E C T O R S", "10-K", "10"),
        ("I T E M 5 . 0 2 Departure of Directors", "8-K", "5.02"),
        ("Item 7,01 Regulation FD Disclosure", "8-K", "7.01"),
        ("Item 7-01 Regulation FD Disclosure", "8-K", "7.01"),
        ("Item 7:01. Regulation FD Disclosure", "8-K", "7.01"),
        ("Item 7.1 Regulation FD Disclosure", "8-K", "7.01"),
        ("Item 701. Regulation FD Disclosure", "8-K", "7.01"),
        ("Item 07.01 Regulation FD Disclosure", "8-K", "7.01"),
        ("Item 7-5 Exhibits and Financial Statements", "8-K", "7"),
        ("Item 7A. Financial Statements and Exhibits", "8-K", "7"),
        ("Item 1 - A Business of Candles", "10-K", "1"),
        ("Item 6.1 Selected Financial Data", "10-K", "6"),
        ("Item 9A(T) - Controls and Procedures", "10-K", "9A(T)"),
    ],
)
def test_a_number_is_read_as_the_form_has_it(spelling: str, form: str, item: str) -> None:
    """Roman and spelt-out numbers, letters and hundredths apart: the item is in the form's own spelling."""
    assert [section.item for section in sections(f"{spelling}\nText stands here.\n", form=form)] == [item]


@pytest.mark.parametrize(
    ("spelling", "heading"),
    [
        ("(Item 1A) Risk Factors", "(Item 1A) Risk Factors"),
        ("[Item 1A]. Risk Factors [None]", "[Item 1A]. Risk Factors [None]"),
        ("(Item 1A. Risk Factors)", "Item 1A. Risk Factors"),
        ("Item 1A.\n“Risk Factors”", "Item 1A. “Risk Factors”"),
        ("Item 1A.\n“Of Wind and Weather”", "Item 1A. “Of Wind and Weather”"),
    ],
)
def test_brackets_and_quotes_belong_to_a_heading(spelling: str, heading: str) -> None:
    """Brackets around a number and quotes around a title are kept, brackets around the whole heading are not."""
    text = f"{spelling}\nText stands here.\n"
    (found,) = sections(text, form="10-K")
    assert (found.item, found.heading, text[found.start]) == ("1A", heading, heading[0])


@pytest.mark.parametrize(
    ("spelling", "form", "item", "also"),
    [
        ("Items 1 and 2. Business and Properties", "10-K", "1", ("2",)),
        ("Items 1 & 2. Business and Properties", "10-K", "1", ("2",)),
        ("Items 1. and 2. Business and Properties", "10-K", "1", ("2",)),
        ("Item 7 and 7A. Management’s Discussion", "10-K", "7", ("7A",)),
        ("Item 7/7A. Management’s Discussion", "10-K", "7", ("7A",)),
        ("ITEM(S) 1 AND 2. BUSINESS", "10-K", "1", ("2",)),
        ("Items 10, 11, 12, 13 and 14.", "10-K", "10", ("11", "12", "13", "14")),
        ("Items 10, 11, 12, 13, and 14", "10-K", "10", ("11", "12", "13", "14")),
        ("Items 10 thru 14. Directors", "10-K", "10", ("11", "12", "13", "14")),
        ("Part III – Items 10, 11 and 12", "10-K", "10", ("11", "12")),
        ("Item 1. Business and Item 2. Properties", "10-K", "1", ("2",)),
        ("Item 10. Directors; Item 11. Executive Compensation; Item 12. Ownership", "10-K", "10", ("11", "12")),
        ("Item 2.02 Results of Operations and Item 7.01 Regulation FD Disclosure", "8-K", "2.02", ("7.01",)),
        ("Item 1.01. Entry into an Agreement; Item 2.03. Creation of an Obligation", "8-K", "1.01", ("2.03",)),
        ("Item 2.02 Results of Operations (see Item 7.01 Regulation FD)", "8-K", "2.02", ()),
        ("Item 7. Management’s Discussion – Item 1. Business", "10-K", "7", ()),
        ("Items 10 through 14. Directors", "10-K", "10", ("11", "12", "13", "14")),
        ("Items 10–14. Directors", "10-K", "10", ("11", "12", "13", "14")),
        ("ITEMS 10 TO 13: DIRECTORS", "10-K", "10", ("11", "12", "13")),
        ("Item 10 and Item 11. Directors", "10-K", "10", ("11",)),
        ("Items 1.01(a) and 5.02(e) Amendment", "8-K", "1.01", ("5.02",)),
        ("Item 5.02(b) and Item 5.02(c). Departure", "8-K", "5.02", ()),
        ("Item 2.02 and Item 7.01. Results of Operations", "8-K", "2.02", ("7.01",)),
        ("Items 5 and 9. Other Events", "8-K", "5", ("9",)),
    ],
)
def test_one_heading_stands_for_several_items(spelling: str, form: str, item: str, also: tuple[str, ...]) -> None:
    """The section has the number of the first, and names the others."""
    (found,) = sections(f"{spelling}\nText stands here.\n", form=form)
    assert (found.item, found.also) == (item, also)


@pytest.mark.parametrize(
    "line",
    [
        "Item 1A of this report tells of risks.",
        "Item 1A, “Risk Factors,” tells of them.",
        "Item 1A. “Risk Factors” tells of them.",
        "Item 1A, “Risk Factors”",
        "Item 1A, Risk Factors, of our last report tells of them.",
        "Item 1A and Item 7A tell more.",
        "Items 1A through 7 are not applicable.",
        "item 1A. Risk Factors",
        "“Item 1A. Risk Factors” tells of them.",
        "Item X. Executive Officers of the Registrant",
        "Item 17. Risk Factors",
        "Item 1A’s risks are told of there.",
        "Items 1A? Risk Factors",
        "Itemized Risk Factors",
        "(Item 1A)",
        "(Item 1A) of this report tells of risks.",
        "(Item 1A. Risk Factors) tells of them.",
        "(see Item 1A) Risk Factors",
        "(Item 1A) contains our risk factors.",
        "Item 101. Description of Business",
        "Item 1A. Risk Factors of our Annual Report on Form 10-K describes them.",
        "Item 1A – Risk Factors, page 12, of this report describes them.",
        "Item 1A. Risk Factors in our Form 10-K for last year describes them.",
    ],
)
def test_a_line_about_an_item_is_no_heading(line: str) -> None:
    """A reference, or what only looks like an item, begins no section."""
    assert outline(html([*annual("1"), line, *words("x"), *annual("2")])) == ["I 1", "I 2"]


SENTENCES = [
    "Item 7. Management’s Discussion and Analysis contains a table of sales.",
    "Item 7. Management’s Discussion—Liquidity includes a table of sales.",
    "Part II, Item 7. Management’s Discussion and Analysis, Table 3, has more.",
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_a_heading_only_if_the_item_has_no_other(sentence: str) -> None:
    """A line that begins like the heading of an item and goes on as a sentence refers to the item."""
    lines = [*annual("1"), sentence, *words("x"), *annual("1A")]
    assert outline(html([*lines, *annual("7", "8")])) == ["I 1", "I 1A", "II 7", "II 8"]
    assert endings(html([*lines, *annual("7", "8")]))["1"] == "So much for item x."
    assert outline(html([*annual("1", "1A"), sentence, *words("x")])) == ["I 1", "I 1A", "II 7"]


def test_a_sentence_is_a_heading_if_the_item_is_only_in_the_contents() -> None:
    """A title may run into its text without a sign between them."""
    contents = ["TABLE OF CONTENTS", "Item 1. Business", "Item 7. Management’s Discussion", "Item 8. Statements"]
    assert outline(html([*contents, *annual("1"), SENTENCES[0], *words("x"), *annual("8")])) == ["I 1", "II 7", "II 8"]


@pytest.mark.parametrize(
    "line",
    [
        "Item 7. Management's Discussion and Analysis of Financial Condition, in the 10-K.",
        "Item 1. Business - General, in the Annual Report for 1999, describes the business.",
        "Item 9. Changes in and Disagreements with Accountants was answered in Form 10-K.",
        "Item 3. Legal Proceedings was amended.",
        "Item 2. Purchases under Regulation S-K.",
    ],
)
def test_an_item_of_another_form_is_no_heading_of_a_current_report(line: str) -> None:
    """Before 2004 an 8-K numbered its items as an annual report does, which it may refer to."""
    text = html(["Item 5. Other Events.", *words("5"), line, *words("x"), "Item 7. Exhibits.", *words("7")])
    assert outline(text, "8-K") == ["5", "7"]


@pytest.mark.parametrize(
    ("heading", "item"),
    [("Item 8.01 Amended Annual Report on Form 10-K", "8.01"), ("ITEM 5. RESTATED ANNUAL REPORT", "5")],
)
def test_a_heading_of_a_current_report_may_name_a_report(heading: str, item: str) -> None:
    """An item that only an 8-K has, or a title in capitals, refers to no other form."""
    assert outline(html([heading, *words("x"), *SIGNATURES]), "8-K") == [item]


def test_a_reference_to_a_part_does_not_move_the_items_after_it() -> None:
    """Only a heading says in which part the items below are."""
    text = "PART II\nItem 1. Courts\nx\nPart I, Item 2, of our annual report tells more.\nItem 2. Our Shares\ny\n"
    assert outline(text, "10-Q") == ["II 1", "II 2"]


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        (["PART III", "Item 14. Principal Accountant Fees 9", "PART IV", "Item 15. Exhibits 10"], ["III 14", "IV 15"]),
        (["PART III", "14. Principal Accountant Fees 9", "PART IV", "15. Exhibits 10"], ["III 14", "IV 15"]),
        ([], ["III 14", "IV 15"]),
    ],
    ids=["with items", "bare numbers", "no contents"],
)
def test_a_table_of_contents_does_not_tell_the_parts_of_the_body(contents: list[str], expected: list[str]) -> None:
    """Where the body has no headings of parts, item 14 is in the part that the form has it in."""
    items = {"1": "Business", "9": "Changes in Accountants", "14": "Principal Accountant Fees", "15": "Exhibits"}
    rows = (
        ["PART I", "Item 1. Business 1", "PART II", "Item 9. Changes in Accountants 5", *contents] if contents else []
    )
    body = [line for item, title in items.items() for line in (f"Item {item}. {title}", *words(item))]
    assert outline(html([*rows, *body, *SIGNATURES])) == ["I 1", "II 9", *expected]


@pytest.mark.parametrize(
    ("heading", "expected"),
    [("Item 14. Exhibits and Reports on Form 8-K", "IV 14"), ("Item 14. Controls and Procedures", "III 14"),
     ("PART IV. Item 14. Accountant Fees", "IV 14"), ("Part III, Item 14. Exhibits", "III 14")],
)  # fmt: skip
def test_item_14_is_in_the_part_of_its_title_if_no_part_is_named(heading: str, expected: str) -> None:
    """It was the exhibits of part IV until 2003."""
    assert outline(html(["Item 13. Certain Relationships", *words("13"), heading, *words("14"), *SIGNATURES]))[1:] == [
        expected
    ]


WRAPPED = "Acme Corp.\n\nIt makes candles of wax, and sells them in all the shops of the towns.\n\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Registrant is not a shell company as the rules define one. Yes x No o\nItem 1. Business\n\nx\n", ["I 1"]),
        (
            "Item 12. Security Ownership of Certain Beneficial Owners\nThe information is in the proxy\nstatement.\n\n",
            ["III 12"],
        ),
        ("It is told at greater length than here in the section called\nItem 1. Business of the report.\n\n", []),
    ],
    ids=["check box", "text without a blank line", "broken sentence"],
)
def test_the_lines_around_a_heading_of_plain_text(lines: str, expected: list[str]) -> None:
    """The line above is an open sentence only if it ends with a word; a sentence below is not part of the heading."""
    assert outline(WRAPPED + lines) == expected


@pytest.mark.parametrize("above", ["This is told under", "See Part I,", "as we say in", "of the report and"])
def test_an_open_sentence_above_makes_a_line_no_heading(above: str) -> None:
    """A line that goes on with the sentence above it begins no section."""
    assert outline(html([*annual("1"), above, "Item 1A. Risk Factors", *words("x"), *annual("2")])) == ["I 1", "I 2"]


@given(
    st.lists(
        st.sampled_from(
            ["Item ", "1", "A", ".", " ", "\n", "and ", "(", ")", ", ", "10", "-", "Risk", "02", "I", "PART "]
        )
    )
    .map("".join)
    .map(lambda text: text * 3),
    st.sampled_from(["10-K", "10-Q", "8-K"]),
)
def test_any_line_is_read(text: str, form: str) -> None:
    """Whatever stands there, places are in the text and rise, and each heading is a line that begins with its item."""
    lines = find_headings(text, form)  # type: ignore[arg-type]
    assert [heading.start for heading in lines.headings] == sorted({heading.start for heading in lines.headings})
    for heading in lines.headings:
        assert 0 <= heading.start < heading.body <= len(text)
        assert heading.heading.startswith("I")


@pytest.mark.parametrize(
    "title", ["Security Ownership of Certain Beneficial Owners and", "Market for Registrant’s Common Equity,"]
)
def test_a_title_that_goes_on_below_a_blank_line_is_no_row_of_a_list(title: str) -> None:
    """Plain text with blank lines between its lines breaks titles there."""
    item = "12" if "Owners" in title else "5"
    (heading,) = find_headings(f"\n\nItem {item}. {title}\n\nRelated Stockholder Matters\n\n", "10-K").headings
    assert heading.fits
