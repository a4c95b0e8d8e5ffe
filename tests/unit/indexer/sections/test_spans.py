"""Where a section ends, and whether it only refers to another place."""

from __future__ import annotations

import pytest

from indexer.sections.sections import sections
from indexer.sections.spans import is_reference
from tests.unit.indexer.sections.reports import SIGNATURES, annual, endings, heading, html, outline, words

INTRODUCTION = (
    "Certain information required by Part III is omitted from this report because we will file a proxy statement. " * 5
)


@pytest.mark.parametrize(
    "between",
    [
        ["PART III"],
        ["PART III", INTRODUCTION],
        ["* * * * *", "101", "Table of Contents", "PART III", INTRODUCTION, "48", "Table of Contents"],
        ["Part III – Directors and Others", INTRODUCTION],
        ["P A R T  III", INTRODUCTION],
    ],
)
def test_the_heading_of_a_part_and_its_introduction_are_in_no_section(between: list[str]) -> None:
    """An item ends with its own words, however long the introduction of the next part is."""
    text = html([*annual("9B"), heading("9C"), "Not applicable.", *between, heading("10"), *words("10"), *SIGNATURES])
    assert outline(text) == ["II 9B", "II 9C", "III 10"]
    (item,) = [part for part in sections(text, form="10-K") if part.item == "9C"]
    assert text[item.start : item.end].replace("* * * * *", "").split("\n")[:2] == [heading("9C"), "Not applicable."]
    assert "Part III" not in text[item.start : item.end]


def test_a_running_title_of_the_same_part_ends_nothing() -> None:
    """A page's head may name the part that one is in."""
    text = html([*annual("7"), "PART II", "Sales rose, and so did the cost of wax.", *words("end"), *annual("8")])
    assert endings(text)["7"] == "So much for item end."


@pytest.mark.parametrize("foot", [["12"], ["- 12 -", "Table of Contents"], ["", "F-3", ""]])
def test_the_foot_of_a_page_is_in_no_section(foot: list[str]) -> None:
    """A page number, and a link to the contents, that stand between two items belong to neither."""
    assert endings(html([*annual("1"), *foot, *annual("2")])) == {
        "1": "So much for item 1.",
        "2": "So much for item 2.",
    }


def test_a_heading_ends_with_its_block() -> None:
    """The first sentence of an item is no part of its heading, also where it is short."""
    lines = [
        heading("5"),
        "See page 3.",
        heading("9C"),
        "Not applicable.",
        heading("10"),
        "Our officers are as follows:",
        *words("10"),
    ]
    assert [part.heading for part in sections(html(lines), form="10-K")] == [heading("5"), heading("9C"), heading("10")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("The information required by this item is incorporated herein by reference to our proxy statement.", True),
        ("See page 28 of the annual report.", True),
        ("Refer to Note 13 to the consolidated financial statements.", True),
        ("Owned stores, page 32 of the annual report, are incorporated by reference.", True),
        ("Our proxy comes in May. All of this will be set forth in it, and is incorporated by reference.", True),
        ("The financial statements appear on pages F-1 to F-30.\n", True),
        ("None.", False),
        ("Not applicable.", False),
        ("", False),
        ("We lease a mill in Cornbrae. " * 5 + "See Note 3 for more.", False),
        ("We make candles. " * 200 + "See page 3.", False),
    ],
)  # fmt: skip
def test_a_text_that_only_refers_is_told(body: str, expected: bool) -> None:  # noqa: FBT001
    """Most of a short text are sentences that name another place; an item of its own words that also refers is none."""
    assert is_reference(body) is expected


def test_a_section_says_that_it_only_refers() -> None:
    """The heading does not count."""
    text = html(
        [*annual("9B"), heading("11"), "The information is in our proxy statement and is incorporated by reference."]
    )
    assert [part.is_reference for part in sections(text, form="10-K")] == [False, True]


@pytest.mark.parametrize(
    "lines",
    [
        ["SIGNATURES", "By: Jane Doe"],
        ["SIGNATURE(S)", "By: Jane Doe"],
        ["SIGNATURE PAGE", "By: Jane Doe"],
        ["SIGNATURES AND POWER OF ATTORNEY", "By: Jane Doe"],
        ["Pursuant to the requirements of Section 13, the registrant has duly caused this report to be signed."],
        ["Pursuant to the requirements of the Act and pursuant to its rules, Acme has duly caused this to be signed."],
        ["In accordance with Section 13 of the Exchange Act, the registrant caused this report to be signed."],
        ["In accordance with the requirements of the\nAct, Acme Inc. caused this report to be\nsigned."],
        ["Pursuant to Section 15(d) of the Act, the registrant has duly caused this annual report to be signed."],
        ["Pursuant  to   the requirements  of the Act, the  registrant has caused  this report to be  signed."],
    ],
)
def test_the_last_item_ends_before_the_signatures(lines: list[str]) -> None:
    """However they are headed, and in the words of large and of small companies."""
    text = html([heading("9B"), *words("9B"), heading("15"), *words("15"), *lines, "EXHIBIT INDEX", "99 A letter"])
    assert endings(text)["15"] == "So much for item 15."


@pytest.mark.parametrize(
    "line",
    ["In accordance with our policy, we signed no lease.", "Pursuant to an order, the court caused this case to end.",
     "pursuant to the requirements of Statement No. 131, we have signed off on one segment.",
     "Signatures on file are kept by our clerk.", "SIGNATURE LINES of candles sell well."],
)  # fmt: skip
def test_a_sentence_of_the_last_item_does_not_end_it(line: str) -> None:
    """Only the words that every signed report has."""
    assert endings(html([heading("15"), *words("15"), line, "The end.", *SIGNATURES]))["15"] == "The end."


def test_a_broken_title_of_an_exhibit_is_not_the_sentence_above_the_signatures() -> None:
    """Certifications are made pursuant to an act, as the report is signed."""
    signed = "Pursuant to the requirements of the Act, the registrant has duly caused this report to be signed."
    exhibits = ["32 Certification of the officers", "pursuant to Section 906 of the Sarbanes-Oxley Act", "99 A letter"]
    for lines in ([signed], ["SIGNATURES", signed]):
        text = html([heading("9B"), *words("9B"), heading("15"), *words("15"), *exhibits, *lines])
        assert endings(text)["15"] == "99 A letter"


@pytest.mark.parametrize(
    "list_",
    [
        ["Item 5. Other Events", "Item 7. Financial Statements and Exhibits"],
        ["Item\tDescription\tDate", "Item 5\tOther Events\tMay 3, 1999", "Item 7\tExhibits\tJune 1, 1999"],
        ["Item 2. Acquisition of Assets", "Item 5. Other Events", "Item 7. Financial Statements and Exhibits"],
    ],
)
def test_the_items_of_reports_on_form_8_k_do_not_end_the_exhibits(list_: list[str]) -> None:
    """Until 2004 the last item listed the reports on Form 8-K with their items, and could go on."""
    last = ["PART IV", "Item 14. Exhibits, Schedules, and Reports on Form 8-K", "(b) Reports on Form 8-K", *list_]
    running = "Item 14. Exhibits, Schedules, and Reports on Form 8-K (continued)"
    for between in ([], [running]):
        text = html([*annual("1", "2", "5", "7", "8"), *last, *between, *words("14"), *SIGNATURES])
        assert outline(text) == ["I 1", "I 2", "II 5", "II 7", "II 8", "IV 14"]
        assert endings(text)["14"] == "So much for item 14."
        assert sections(text, form="10-K")[-1].heading == last[1]


def test_a_report_on_form_8_k_about_other_events_is_no_item_of_a_quarterly_report() -> None:
    """Item 5 of a 10-Q is other information; until 2004 item 5 of an 8-K was other events."""
    last = ["Item 6. Exhibits and Reports on Form 8-K", "(b) Reports on Form 8-K:", "Item 5. Other Events", *words("6")]
    text = html(["PART II", "Item 1. Legal Proceedings", *words("1"), "Item 5. Other Information", "None.", *last])
    assert outline(text, form="10-Q") == ["II 1", "II 5", "II 6"]
    assert endings(text, form="10-Q")["6"] == "So much for item 6."
