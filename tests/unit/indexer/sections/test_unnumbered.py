"""Items without their number: by the titles and pages of a table of contents or an index."""

from __future__ import annotations

import pytest

from indexer.sections.sections import sections
from tests.unit.indexer.sections.reports import SIGNATURES, TITLES, endings, html, outline, words

CONTENTS = [
    "Part I. Financial Information",
    "Item 1\tFinancial Statements and Supplementary Data",
    "Statement of Earnings\t3",
    "Balance Sheet\t4",
    "Item 2\tManagement’s Discussion and Analysis\t9",
    "Item 3\tQuantitative and Qualitative Disclosures About Market Risk\t20",
    "Item 4\tControls and Procedures\t21",
]
REST = [
    "ITEM 2. MANAGEMENT’S DISCUSSION AND ANALYSIS", *words("2"),
    "ITEM 3. QUANTITATIVE AND QUALITATIVE DISCLOSURES ABOUT MARKET RISK", *words("3"),
    "ITEM 4. CONTROLS AND PROCEDURES", *words("4"), *SIGNATURES,
]  # fmt: skip
ALL = ["I 1", "I 2", "I 3", "I 4"]
ENDINGS = {item: f"So much for item {item}." for item in ("1", "2", "3", "4")}


def test_a_title_that_the_contents_number_begins_a_section() -> None:
    """The contents' own words on a line of their own are the heading of the item that the contents number so."""
    text = html([*CONTENTS, "Part I", "FINANCIAL STATEMENTS AND SUPPLEMENTARY DATA", *words("1"), *REST])
    assert outline(text, "10-Q") == ALL
    assert endings(text, "10-Q") == ENDINGS


def test_a_title_with_its_number_begins_a_section_without_the_word_item() -> None:
    """Where the contents say ``Item 1``, the body may say ``1.`` alone."""
    text = html([*CONTENTS, "Part I", "1. Financial Statements and Supplementary Data", *words("1"), *REST])
    assert outline(text, "10-Q") == ALL
    assert endings(text, "10-Q") == ENDINGS


def test_the_first_part_of_an_item_begins_it_where_its_title_is_missing() -> None:
    """Financial statements without any heading begin with the first that the contents list."""
    text = html([*CONTENTS, "Part I", "Statement of Earnings", "Sales\t12\t11", *words("1"), *REST])
    assert outline(text, "10-Q") == ALL
    assert endings(text, "10-Q") == ENDINGS


@pytest.mark.parametrize("head", [["ACME CORP"], ["ii", "ACME CORP"], ["ACME CORP", "Annual Report of 1998"]])
def test_the_head_of_a_page_of_the_contents_begins_no_item(head: list[str]) -> None:
    """The report has it on each page, and an item that only the contents list would begin with the first."""
    contents = [*CONTENTS[:5], *head, *CONTENTS[5:]]
    pages = [*head, "ITEM 1. FINANCIAL STATEMENTS", *words("1"), *head, *words("1"), *head]
    assert outline(html([*contents, *pages, *REST[3:]]), "10-Q") == ["I 1", "I 3", "I 4"]


def test_a_title_that_no_contents_number_begins_none() -> None:
    """A line is no heading for its words alone."""
    text = html(["FINANCIAL STATEMENTS AND SUPPLEMENTARY DATA", *words("1"), *REST])
    assert outline(text, "10-Q") == ALL[1:]


def test_contents_without_the_word_item_number_titles_beside_numbered_headings() -> None:
    """The contents may number items alone where the body has the word item, though not above each of them."""
    contents = [line.removeprefix("Item ") for line in CONTENTS]
    contents += ["Part II. Other Information", "1\tLegal Proceedings\t22", "6\tExhibits\t23"]
    text = html([*contents, "Part I", "FINANCIAL STATEMENTS AND SUPPLEMENTARY DATA", *words("1"), *REST])
    assert outline(text, "10-Q") == ALL
    assert endings(text, "10-Q") == ENDINGS


@pytest.mark.parametrize("line", ["[Reserved]", "6. [Reserved]", "(RESERVED)"])
def test_a_reserved_item_without_the_word_item_is_found(line: str) -> None:
    """It ends the item before it, though it has nothing else."""
    titles = {item: TITLES[item] for item in ("5", "6", "7", "8")}
    body = [[line] if item == "6" else [f"{item}. {title}", *words(item)] for item, title in titles.items()]
    contents = [f"Item {item}.\t{title}\t{item}" for item, title in titles.items()]
    text = html([*contents, *(line for lines in body for line in lines), *SIGNATURES])
    assert outline(text) == ["II 5", "II 6", "II 7", "II 8"]
    assert endings(text)["5"] == "So much for item 5."


@pytest.mark.parametrize("title", ["Not applicable", "None"])
def test_an_item_without_content_in_the_contents_is_no_such_line(title: str) -> None:
    """Any item may have that line."""
    contents = [*CONTENTS[:4], f"Item 2\t{title}", *CONTENTS[5:]]
    text = html([*contents, "ITEM 1. FINANCIAL STATEMENTS", *words("1"), title, "The end.", *REST[3:]])
    assert outline(text, "10-Q") == ["I 1", "I 3", "I 4"]


INDEX = [
    "FORM 10-K CROSS REFERENCE INDEX\tPage(s)", "Part I", "Item 1.\tBusiness\t1-2, 7", "Item 1A.\tRisk Factors\t3-4",
    "Item 1B.\tUnresolved Staff Comments\tNot applicable", "Item 3.\tLegal Proceedings\t4",
    "Item 7.\tManagement’s Discussion and Analysis of Financial Condition\t5-6",
    "Item 7A.\tQuantitative and Qualitative Disclosures About Market Risk\t6",
    "Item 10.\tDirectors, Executive Officers and Corporate Governance\t(a)", "(a) By reference.", *SIGNATURES,
]  # fmt: skip


def paged(titles: dict[int, list[str]]) -> list[str]:
    """A report of eight pages with a number at the foot of each; some lines stand on a page."""
    return [
        line
        for page in range(1, 9)
        for line in (*titles.get(page, words(f"p{page}")), f"LANTERN 2024 FORM 10-K {page}")
    ]


def test_an_index_gives_titles_and_pages() -> None:
    """An item begins with its title or its first page, and ends with its last page or the next item's title."""
    body = paged(
        {
            3: ["RISK FACTORS. We may fail.", *words("p3")],
            4: [*words("p4"), "LEGAL PROCEEDINGS", *words("law")],
            5: ["MANAGEMENT’S DISCUSSION AND ANALYSIS", *words("p5")],
        }
    )
    text = html([*body, *INDEX])
    assert outline(text) == ["I 1", "I 1A", "I 3", "II 7"]
    found = endings(text)
    assert (found["1A"], found["3"]) == ("So much for item p4.", "LANTERN 2024 FORM 10-K 4")
    assert (found["1"], found["7"]) == ("LANTERN 2024 FORM 10-K 2", "LANTERN 2024 FORM 10-K 6")


def test_an_index_gives_titles_where_the_text_has_no_pages() -> None:
    """Without printed page numbers the titles alone tell; an item ends where another usual title stands."""
    text = html(
        ["RISK FACTORS", *words("1A"), "LEGAL PROCEEDINGS", *words("3"), "FINANCIAL STATEMENTS", *words("8"), *INDEX]
    )
    assert endings(text) == {"1A": "So much for item 1A.", "3": "So much for item 3."}


def test_numbered_headings_go_before_an_index() -> None:
    """A report that has both has its sections by its headings."""
    text = html([line for item in ("1", "1A", "3", "7") for line in (f"Item {item}. Of", *words(item))] + INDEX)
    assert endings(text) == {item: f"So much for item {item}." for item in ("1", "1A", "3", "7")}


def test_an_index_may_be_in_front() -> None:
    """Then the pages below it are meant, as its ranges of pages show."""
    above = [line.replace("\t3", "\t3-4") for line in INDEX[: -len(SIGNATURES)]]
    text = html([*above, *paged({}), *SIGNATURES])
    assert outline(text) == ["I 1", "I 1A", "II 7"]
    assert text[sections(text, form="10-K")[1].start :].startswith(words("p3")[0])


BARE_10K = [
    "1.\tBusiness\t2", "1A.\tRisk Factors\t5", "3.\tLegal Proceedings\t7", "PART II",
    "7.\tManagement’s Discussion and Analysis\t8", "8.\tFinancial Statements and Supplementary Data\t15",
    "PART III", "14.\tPrincipal Accountant Fees and Services\t30", "PART IV", "15.\tExhibits\t31",
]  # fmt: skip
BARE_10Q = [
    "PART I", "1.\tFinancial Statements\t3", "2.\tManagement’s Discussion and Analysis\t9",
    "4\tControls and Procedures\t12",
    "PART II", "1.\tLegal Proceedings\t13", "1A.\tRisk Factors\t13", "6.\tExhibits\t14",
]  # fmt: skip
ALL_10K = ["I 1", "I 1A", "I 3", "II 7", "II 8", "III 14", "IV 15"]
ALL_10Q = ["I 1", "I 2", "I 4", "II 1", "II 1A", "II 6"]


@pytest.mark.parametrize("written", ["{number} {title}", "{title}", "{number}\t{title}", "{upper}"])
@pytest.mark.parametrize(("form", "rows", "items"), [("10-K", BARE_10K, ALL_10K), ("10-Q", BARE_10Q, ALL_10Q)])
@pytest.mark.parametrize("has_parts", [True, False])
def test_items_numbered_without_the_word_item(
    written: str, form: str, rows: list[str], items: list[str], *, has_parts: bool
) -> None:
    """``1A. Risk Factors`` in the table of contents numbers the item, whether the body has the number or not."""
    body: list[str] = []
    for row in rows:
        if "\t" in row:
            number, title, _ = row.split("\t")
            body += [written.format(number=number, title=title, upper=title.upper()), *words(title)]
        elif has_parts:
            body.append(row)
    text = html(["FORM", "TABLE OF CONTENTS", *rows, *body, *SIGNATURES])
    assert outline(text, form) == items
    assert all(ending.startswith("So much for item") for ending in endings(text, form).values())


def test_numbered_headings_need_no_contents_if_there_are_several() -> None:
    """Five titles of the form with their numbers are no chance; a reserved item counts too."""
    items = {
        "1": "Business",
        "3": "Legal Proceedings",
        "6": "[Reserved]",
        "7": "Management’s Discussion",
        "8": "Financial Statements",
    }
    body = [line for item, title in items.items() for line in (f"{item}. {title}", *words(item))]
    assert endings(html([*body, *SIGNATURES])) == {item: f"So much for item {item}." for item in items}


@pytest.mark.parametrize(
    "lines",
    [
        ["1. Business combinations are hard.", "2. Properties are many.", "3. Legal proceedings are slow."],
        ["NOTES", "1. Business", *words("1"), "2. Properties", *words("2"), "3. Litigation", *words("3")],
        [f"{number}\t{title}\t7" for number, title in enumerate(("Sales", "Costs", "Tax", "Cash", "Debt"), 1)],
    ],
    ids=["list", "notes", "another table of contents"],
)
def test_numbers_of_something_else_are_no_items(lines: list[str]) -> None:
    """Without a table of contents of the form's items, a number is that of a note or of a list."""
    assert outline(html([*words("x"), *lines, *SIGNATURES])) == []


def test_a_text_of_nothing_but_numbered_titles_has_no_sections() -> None:
    """Each of them would cost time, and a filer decides how many there are."""
    lines = [line for item, title in TITLES.items() for line in (f"{item}. {title}", *words(item, sentences=1))]
    assert outline(html(lines * 300)) == []
