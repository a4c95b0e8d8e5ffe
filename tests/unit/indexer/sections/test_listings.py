"""Lists of items are no sections, wherever they stand, and take none of their text away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.sections.sections import sections
from tests.unit.indexer.sections.reports import (
    ALL,
    ENDINGS,
    PARTS,
    SIGNATURES,
    TITLES,
    annual,
    endings,
    heading,
    html,
    listing,
    outline,
    plain,
    words,
)  # fmt: skip

LAYOUTS = {"html": html, "plain": plain}
in_both_layouts = pytest.mark.parametrize("laid_out", LAYOUTS.values(), ids=LAYOUTS)
Layout = Callable[[list[str]], str]

WITH_LISTS = {
    "no list": [*annual(), *SIGNATURES],
    "contents with pages": ["TABLE OF CONTENTS", *listing(pages=True), *annual(), *SIGNATURES],
    "contents without pages": ["TABLE OF CONTENTS", *listing(), *annual(), *SIGNATURES],
    "contents without a title": [*listing(), "SIGNATURES", *annual(), *SIGNATURES],
    "index after the signatures": [*annual(), *SIGNATURES, "By: A. Person", *listing()],
    "index before the signatures": [*annual(), "CROSS REFERENCE INDEX", *listing(), *SIGNATURES],
    "index with pages": [*annual(), "Form 10-K Cross-Reference Index", *listing(pages=True), *SIGNATURES],
    "both": ["INDEX", *listing(pages=True), *annual(), *SIGNATURES, *listing()],
}


@pytest.mark.parametrize("lines", WITH_LISTS.values(), ids=WITH_LISTS)
@in_both_layouts
def test_a_list_of_all_items_changes_nothing(lines: list[str], laid_out: Layout) -> None:
    """A table of contents or an index, with pages or without, leaves each item its own text, also one of a word."""
    text = laid_out(lines)
    assert outline(text) == ALL
    assert endings(text) == ENDINGS


@in_both_layouts
def test_a_list_at_the_start_of_each_part_changes_nothing(laid_out: Layout) -> None:
    """A part may open with a list of its items, right below a short item of the part before."""
    parts = ("1 1A 1B 2 3 4", "5 6 7 7A 8 9 9A 9B 9C", "10 11 12 13 14")
    lines = [line for part in parts for line in (*listing(*part.split()), *annual(*part.split()))]
    text = laid_out([*lines, *SIGNATURES])
    assert outline(text) == ALL[:-2]
    assert endings(text) == {item: ending for item, ending in ENDINGS.items() if item not in ("15", "16")}


@given(
    st.sets(st.sampled_from([item for item in TITLES if item != "6"]), min_size=2),
    st.booleans(),
    st.sampled_from([html, plain]),
)
def test_any_items_of_any_report_are_found_beside_a_list_of_all(items: set[str], pages: bool, laid_out: Layout) -> None:  # noqa: FBT001
    """Whichever items a report has and its list names, the sections are those that have text."""
    chosen = [item for item in TITLES if item in items]
    text = laid_out(["CONTENTS", *listing(pages=pages), *annual(*chosen, short=()), *SIGNATURES])
    assert [name.partition(" ")[2] for name in outline(text)] == chosen
    assert endings(text) == {item: f"So much for item {item}." for item in chosen}


def test_short_items_are_no_list() -> None:
    """Items of a word or a line each stand as close as in a list, and are sections."""
    text = html(
        [*annual("9B"), "PART III", *(line for item in ("10", "11", "12") for line in (heading(item), "None."))]
    )
    assert outline(text) == ["II 9B", "III 10", "III 11", "III 12"]


@pytest.mark.parametrize("below", [["12"], ["Issuer Purchases of Equity Securities", "37"]], ids=["number", "subtitle"])
def test_a_heading_at_the_foot_of_a_page_is_a_heading(below: list[str]) -> None:
    """The number of a page alone below a heading makes it no row of a table of contents."""
    lines = [*annual("1"), heading("1A"), *below, *words("1A"), *annual("2")]
    assert endings(html(lines)) == {item: f"So much for item {item}." for item in ("1", "1A", "2")}


@pytest.mark.parametrize("below", ["None of the above apply.", "Not applicable.", "None"])
def test_items_of_one_part_that_share_their_text_are_no_list(below: str) -> None:
    """A quarterly report with nothing to say under several items has it once, below the last of them."""
    titles = ["Item 2. Changes in Securities", "Item 3. Defaults Upon Senior Securities",
              "Item 4. Submission of Matters to a Vote of Security Holders", "Item 5. Other Information"]  # fmt: skip
    lines = ["PART II", "Item 1. Legal Proceedings", *words("1"), *titles, below, "Item 6. Exhibits", *words("6")]
    assert outline(html([*lines, *SIGNATURES]), "10-Q") == ["II 1", "II 2", "II 3", "II 4", "II 5", "II 6"]


NAMED = {
    "lines": [heading("1"), heading("1A"), heading("7")],
    "lines at the top of a page": ["17", "Table of Contents", heading("1"), heading("1A"), heading("7")],
    "marks": ["• Item 1. Business;", "• Item 1A. Risk Factors; and", "• Item 7. Management’s Discussion and Analysis."],
    "commas": ["Item 1, Business,", "Item 1A, Risk Factors, and", "Item 7, Management’s Discussion and Analysis."],
    "parts": ["Part I, Item 1A. Risk Factors;", "Part II, Item 7. Management’s Discussion and Analysis."],
    "one": ["• Item 1A. Risk Factors; and", "• our other filings."],
    "table": ["Part III", heading("10"), "Proxy statement, page 3", heading("11"), "Proxy statement, page 9"],
    "an agreement's": ["Item 2. Definitions. For this agreement the terms below have these meanings."],
}
"""Items that a sentence of another one names, each on a line."""


@in_both_layouts
@pytest.mark.parametrize("item", ["1", "1A", "7", "8", "15"])
@pytest.mark.parametrize("lines", NAMED.values(), ids=NAMED)
def test_a_few_items_named_in_the_text_of_another_change_nothing(lines: list[str], item: str, laid_out: Layout) -> None:
    """The text goes on below them, and is still that of the item."""
    report = annual()
    place = report.index(heading(item)) + 1
    report[place:place] = [*words("above"), *lines]
    text = laid_out([*report, *SIGNATURES])
    assert outline(text) == ALL
    assert endings(text) == ENDINGS


def test_a_running_title_is_no_list() -> None:
    """A page's head may name the item before, right above the heading of the next."""
    lines = [
        PARTS["5"],
        heading("9A"),
        *words("9A"),
        "41",
        "PART II",
        "ITEM 9A. CONTROLS AND PROCEDURES",
        *annual("9B"),
    ]
    assert outline(html(lines)) == ["II 9A", "II 9B"]


@pytest.mark.parametrize(
    "running",
    ["Item {item}", "Item {item}. {title} (continued)", "PART {part}\nITEM {item}"],
    ids=["bare", "title", "part"],
)
def test_running_titles_at_the_head_of_pages_change_nothing(running: str) -> None:
    """Also where the last one of an item is right above the heading of the next."""
    lines: list[str] = []
    for item in ("1", "1A", "7", "7A", "8"):
        head = running.format(item=item, title=TITLES[item], part="I" if item.startswith("1") else "II")
        lines += [heading(item), *words(item), "12", head, "A table of sales", *words(item), "13", head, "In millions"]
    text = html([*lines, *SIGNATURES])
    assert outline(text)[2:] == ["II 7", "II 7A", "II 8"]
    assert endings(text) == dict.fromkeys(("1", "1A", "7", "7A", "8"), "In millions")


ROWS = {
    "pages": [
        f"Item {item}.\t{title}\t{number}-{number + 3}" for number, (item, title) in enumerate(TITLES.items(), 4)
    ],
    "words": [
        "Item 1\tBusiness\tPage 3",
        "Item 1A\tRisk Factors\tPage 28",
        "Item 1B\tUnresolved Staff Comments\tNot applicable",
        "Item 4\tMine Safety Disclosures\tNot applicable",
        "Item 6\t[Reserved]\tNot applicable",
    ],
    "footnotes": [
        f"Item {item}.\t{title}\t{'Not applicable' if item == '4' else '82, (a)'}" for item, title in TITLES.items()
    ],
}


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_the_rows_of_an_index_are_no_sections(rows: list[str]) -> None:
    """An index in place of numbered headings has no section in it, whether its rows end with pages or with words."""
    text = html(["ABOUT US", *words("x"), "Form 10-K Cross-Reference Index", *rows, *SIGNATURES])
    assert outline(text) == []


@in_both_layouts
@pytest.mark.parametrize("pages", ["Pages 4-6", "Pages 4-6, 10 and 63", "pp. 7, 9", "Page 12", "12-14"])
def test_pages_below_a_title_are_those_of_an_index(pages: str, laid_out: Layout) -> None:
    """A table with a cell on each line, without a title."""
    rows = [line for item in ("5", "7", "7A", "8") for line in (f"Item {item}.", TITLES[item], pages)]
    assert outline(laid_out(["ABOUT US", *words("x"), *rows, *SIGNATURES])) == []


CURRENT = {
    "one item": ["Item 5.02 Departure of Directors", "SIGNATURE"],
    "two items": [
        "Item 2.03 Creation of an Obligation",
        "Item 9.01 Exhibits",
        "SIGNATURE",
        "EXHIBIT INDEX",
        "Table of Contents",
    ],
}


@pytest.mark.parametrize("lines", CURRENT.values(), ids=CURRENT)
def test_the_contents_page_of_a_current_report_is_no_section(lines: list[str]) -> None:
    """Also a list of one item, without pages, before the word SIGNATURE."""
    items = [line for line in lines if line.startswith("Item")]
    body = [part for item in items for part in (item, "On June 7 the board met.", f"So much for {item[5:9]}.")]
    text = html(["CURRENT REPORT", "TABLE OF CONTENTS", *lines, *body, *SIGNATURES])
    assert endings(text, "8-K") == {item[5:9]: f"So much for {item[5:9]}." for item in items}


PAGED = {
    "on the line": [f"Item {item}. {title} {page}" for page, (item, title) in enumerate(TITLES.items(), 3)],
    "in a cell": [f"Item {item}.\t{title}\t{page}" for page, (item, title) in enumerate(TITLES.items(), 3)],
}


@pytest.mark.parametrize("headings", PAGED.values(), ids=PAGED)
@pytest.mark.parametrize("contents", [[], ["TABLE OF CONTENTS", *listing(pages=True)], listing()])
@in_both_layouts
def test_a_heading_with_a_page_number_is_a_heading(laid_out: Layout, contents: list[str], headings: list[str]) -> None:
    """With the text of the item below, it is no row of a table; the number is no part of the title."""
    body = {f"Item {item}. {title}": line for (item, title), line in zip(TITLES.items(), headings, strict=True)}
    text = laid_out([*contents, *(body.get(line, line) for line in annual()), *SIGNATURES])
    assert outline(text) == ALL
    assert {**endings(text), "6": heading("6")} == ENDINGS
    assert not any(section.heading[-1].isdigit() for section in sections(text, form="10-K"))


def test_a_list_with_pages_above_text_is_no_heading() -> None:
    """The last row of a table of contents has the text of the report below it, also if nothing else is numbered."""
    assert outline(html(["TABLE OF CONTENTS", *listing(pages=True), *words("x", sentences=90), *SIGNATURES])) == []


def test_a_table_of_numbers_is_the_text_of_an_item() -> None:
    """Its rows end like those of a table of contents."""
    table = [f"Candidate {number}\t{number}19,922,5{number}0\t98" for number in range(1, 9)]
    met = ["On February 28, 2018, at the Annual Meeting, the stockholders cast their votes on one proposal as follows:"]
    items = ["Item 5.07 Submission of Matters to a Vote", "Item 9.01 Financial Statements and Exhibits"]
    text = html(
        ["CONTENTS", *items, items[0], *met, *table, "So much for 5.07.", items[1], *words("9.01"), *SIGNATURES]
    )
    assert endings(text, "8-K") == {"5.07": "So much for 5.07.", "9.01": "So much for item 9.01."}
