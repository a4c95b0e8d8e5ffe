"""Invented reports: each a list of lines, as blocks of HTML give them, or as plain text with its lines broken."""

from __future__ import annotations

import textwrap

from indexer.sections.sections import sections

TITLES = {
    "1": "Business",
    "1A": "Risk Factors",
    "1B": "Unresolved Staff Comments",
    "2": "Properties",
    "3": "Legal Proceedings",
    "4": "Mine Safety Disclosures",
    "5": "Market for Registrant’s Common Equity",
    "6": "[Reserved]",
    "7": "Management’s Discussion and Analysis of Financial Condition and Results of Operations",
    "7A": "Quantitative and Qualitative Disclosures About Market Risk",
    "8": "Financial Statements and Supplementary Data",
    "9": "Changes in and Disagreements with Accountants on Accounting and Financial Disclosure",
    "9A": "Controls and Procedures",
    "9B": "Other Information",
    "9C": "Disclosure Regarding Foreign Jurisdictions that Prevent Inspections",
    "10": "Directors, Executive Officers and Corporate Governance",
    "11": "Executive Compensation",
    "12": "Security Ownership of Certain Beneficial Owners and Management",
    "13": "Certain Relationships and Related Transactions, and Director Independence",
    "14": "Principal Accountant Fees and Services",
    "15": "Exhibits and Financial Statement Schedules",
    "16": "Form 10-K Summary",
}
"""The items of a 10-K."""

PARTS = {"1": "PART I", "5": "PART II", "10": "PART III", "15": "PART IV"}
"""The part that begins with an item."""

SIGNATURES = [
    "SIGNATURES",
    "Pursuant to the requirements of the Securities Exchange Act of 1934, the registrant has signed this report.",
]


def heading(item: str) -> str:
    """The heading of an item of a 10-K."""
    return f"Item {item}. {TITLES[item]}"


def words(item: str, *, sentences: int = 12) -> list[str]:
    """The text of an item: it ends with words of its own."""
    return [" ".join(["Candles are made in many towns, by day and by night."] * sentences), f"So much for item {item}."]


def annual(*items: str, short: tuple[str, ...] = ("1B", "4", "9", "9C")) -> list[str]:
    """The body of an annual report with these items, all without any; the `short` ones say ``None.`` alone."""
    lines = []
    for item in items or TITLES:
        if item in PARTS:
            lines.append(PARTS[item])
        lines.append(heading(item))
        if item != "6":
            lines += ["None."] if item in short else words(item)
    return lines


def listing(*items: str, pages: bool = False) -> list[str]:
    """A list of items, all without any, under the headings of their parts."""
    lines = []
    for number, item in enumerate(items or TITLES):
        if item in PARTS:
            lines.append(PARTS[item])
        lines.append(heading(item) + (f"\t{3 + 2 * number}" if pages else ""))
    return lines


def html(lines: list[str]) -> str:
    """The text of an HTML document with a block for each line."""
    return "\n".join(lines)


def plain(lines: list[str]) -> str:
    """Plain text: paragraphs with broken lines, blank lines between them, a contents' pages after dots."""
    paragraphs = (line.replace("\t", " ........ ") for line in lines)
    return "\n\n".join("\n".join(textwrap.wrap(line, 72)) for line in paragraphs)


def outline(text: str, form: str = "10-K") -> list[str]:
    """Part and item of each section."""
    return [f"{part.part} {part.item}" if part.part else part.item for part in sections(text, form=form)]


def endings(text: str, form: str = "10-K") -> dict[str, str]:
    """The last line of each section, by item."""
    return {part.item: text[part.start : part.end].rstrip().rpartition("\n")[2] for part in sections(text, form=form)}


ALL = [
    f"{part} {item}"
    for part, items in {
        "I": "1 1A 1B 2 3 4",
        "II": "5 6 7 7A 8 9 9A 9B 9C",
        "III": "10 11 12 13 14",
        "IV": "15 16",
    }.items()
    for item in items.split()
]
"""Part and item of every section of an annual report."""

ENDINGS = {
    item: "None."
    if item in ("1B", "4", "9", "9C")
    else f"Item {item}. {TITLES[item]}"
    if item == "6"
    else f"So much for item {item}."
    for item in TITLES
}
"""The last line of each."""
