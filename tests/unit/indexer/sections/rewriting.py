"""Real reports rewritten so that their items stay the same: other headings, tables of contents, pages, broken lines.

What a report's items are is read from the report as it is; a rewriting says where they are in the text it gives.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from indexer.sections.forms import Family, family_of
from indexer.sections.headings import find_headings
from indexer.sections.lines import is_wrapped
from indexer.sections.model import Section
from indexer.sections.sections import sections

BEGIN = 50
"""Letters and digits that may stand between an item's begin and the section's."""

BEFORE_END, AFTER_END = 60, 100
"""Letters and digits by which a section may end too soon, and too late: a running title or page number follows."""

_PAGE_LINES = 40
_ROMANS = "0 I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI".split()


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a report: its heading, its text, and what follows before the next. Without a title it stays as is."""

    section: Section
    title: str
    head: str
    body: str
    after: str

    @property
    def number(self) -> str:
        """Without its letter or hundredths."""
        return re.split(r"[.A-C(T]", self.section.item)[0]

    @property
    def letter(self) -> str:
        """The letter, if it has one."""
        found = re.search("[ABC]", self.section.item)
        return found[0] if found else ""

    @property
    def name(self) -> str:
        """The number in full, without ``(T)``."""
        return re.sub(r"\(?T\)?$", "", self.section.item)


@dataclass(frozen=True, slots=True)
class Report:
    """A report in pieces."""

    form: str
    before: str
    items: tuple[Item, ...]
    has_broken_lines: bool

    @property
    def family(self) -> Family | None:
        """The form whose items it has."""
        return family_of(self.form)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text, and where in it each item begins and ends."""

    form: str
    text: str
    items: tuple[tuple[str, int, int], ...]

    def mistakes(self) -> list[str]:
        """The items that are not found where they are, and sections that are none; empty if all is right."""
        found: dict[str, Section] = {}
        for section in sections(self.text, form=self.form):
            found.setdefault(key_of(section, self.form), section)
        wrong = [f"{key} is no item" for key in found if key not in {name for name, _, _ in self.items}]
        for key, start, end in self.items:
            there = found.get(key)
            if there is None:
                wrong.append(f"{key} is not found")
                continue
            chars = len(_letters(self.text[start:end][:3000]))
            late, over = self._distance(start, there.start), self._distance(end, there.end)
            if abs(late) > min(BEGIN, chars // 2 + 10):
                wrong.append(f"{key} begins {late} late")
            if not -min(BEFORE_END, chars // 4 + 2) <= over <= AFTER_END:
                wrong.append(f"{key} ends {over} late")
        return wrong

    def _distance(self, start: int, end: int) -> int:
        """Letters and digits from `start` to `end`, which may be before it."""
        if start <= end:
            return len(_letters(self.text[start:end]))
        return -len(_letters(self.text[end:start]))


def in_pieces(text: str, form: str) -> Report | None:
    """The report `text` in pieces; None if it has items without numbered headings, which cannot be rewritten."""
    found = sections(text, form=form)
    family = family_of(form)
    if not found or family is None:
        return None
    headings = {heading.start: heading for heading in find_headings(text, family).headings}
    if any(section.start not in headings for section in found):
        return None
    items = []
    for section, end in zip(found, [*(section.start for section in found[1:]), len(text)], strict=True):
        heading = headings[section.start]
        body = min(heading.body, section.end)
        title = "" if section.also else heading.title
        items.append(
            Item(section, title, text[section.start : body], text[body : section.end], text[section.end : end])
        )
    return Report(form, text[: found[0].start], tuple(items), is_wrapped(text))


def key_of(section: Section, form: str) -> str:
    """The item, in a 10-Q with its part."""
    item = re.sub(r"\(?T\)?$", "", section.item)
    return f"{section.part} {item}" if family_of(form) == "10-Q" else item


def _letters(text: str) -> str:
    return re.sub("[^a-z0-9]", "", unicodedata.normalize("NFKC", text).lower())


def _built(report: Report) -> Rewritten:
    """The report's pieces as one; text without blank lines gets none."""
    text, items = "", []
    for piece in (report.before, *(part for item in report.items for part in (item, item.after))):
        if isinstance(piece, Item):
            start = len(text)
            text = _added(report, _added(report, text, piece.head), piece.body)
            items.append((key_of(piece.section, report.form), start, len(text)))
        else:
            text = _added(report, text, piece)
    return Rewritten(report.form, text, tuple(items))


def _added(report: Report, text: str, more: str) -> str:
    return text + (more.lstrip("\n") if text.endswith("\n") and not report.has_broken_lines else more)


def _with_headings(heading: Callable[[Item], str | None]) -> Callable[[Report], Rewritten]:
    """A rewriting that replaces the headings; None leaves one as it is."""

    def rewritten(report: Report) -> Rewritten:
        items = (replace(item, head=(item.title and heading(item)) or item.head) for item in report.items)
        return _built(replace(report, items=tuple(items)))

    return rewritten


def _with_contents(
    *,
    pages: bool,
    at_end: bool = False,
    rows: str = "Item {name}.\t{title}",
    title: str = "TABLE OF CONTENTS",
    rest: Sequence[str] = (),
) -> Callable[[Report], Rewritten]:
    """A rewriting that adds a list of all items before the first or after the last."""

    def rewritten(report: Report) -> Rewritten:
        lines = [*filter(None, [title]), *_contents(report, rows, pages=pages), *rest]
        listed = "\n".join(lines) + "\n"
        built = _built(report)
        if at_end:
            return replace(built, text=f"{built.text.rstrip()}\n{listed}")
        before = f"{report.before.rstrip()}\n{listed}"
        return _built(replace(report, before=before))

    return rewritten


def _contents(report: Report, rows: str, *, pages: bool) -> Iterator[str]:
    part: str | None = None
    for page, item in enumerate(report.items, 3):
        if item.section.part not in (part, None):
            part = item.section.part
            yield f"PART {part}"
        title = item.title.rstrip(".") or "Other matters"
        for name in (item.name, *item.section.also):
            yield rows.format(name=name, title=title) + (f"\t{page}" if pages else "")


def _with_lines(lines: Callable[[Item], Sequence[str]], every: int = _PAGE_LINES) -> Callable[[Report], Rewritten]:
    """A rewriting that inserts lines into the text of items, at the end of a page of so many lines."""

    def paged(item: Item) -> Item:
        body = item.body.split("\n")
        for place in reversed(range(every, len(body) - 1, every)):
            body[place:place] = lines(item)
        return replace(item, body="\n".join(body))

    return lambda report: _built(replace(report, items=tuple(map(paged, report.items))))


def _with_broken_lines(width: int) -> Callable[[Report], Rewritten]:
    """A rewriting of HTML's text as plain text: broken lines, and blank lines between paragraphs."""

    def wrapped(text: str) -> str:
        lines = (
            line if "\t" in line else textwrap.fill(line, width, break_long_words=False) for line in text.split("\n")
        )
        return "\n\n".join(lines) + "\n\n" if text.strip() else "\n"

    def rewritten(report: Report) -> Rewritten:
        if report.has_broken_lines:
            return _built(report)
        items = [
            replace(
                item,
                head=wrapped(item.head),
                body=wrapped(item.body.strip("\n")),
                after=wrapped(item.after.strip("\n")),
            )
            for item in report.items
        ]
        return _built(replace(report, before=wrapped(report.before), items=tuple(items), has_broken_lines=True))

    return rewritten


def _titled(pattern: str) -> Callable[[Report], Rewritten]:
    return _with_headings(
        lambda item: pattern.format(
            name=item.name,
            number=item.number,
            rest=item.name.removeprefix(item.number).lstrip("."),
            letter=item.letter,
            title=item.title,
            part=item.section.part,
        )
    )


def _lettered(pattern: str) -> Callable[[Report], Rewritten]:
    return _with_headings(
        lambda item: pattern.format(number=item.number, letter=item.letter, title=item.title) if item.letter else None
    )


def _hundredths(pattern: str) -> Callable[[Report], Rewritten]:
    return _with_headings(
        lambda item: (
            pattern.format(number=item.number, rest=item.name.rpartition(".")[2], title=item.title)
            if "." in item.name
            else None
        )
    )


def _parted(pattern: str) -> Callable[[Report], Rewritten]:
    return _with_headings(
        lambda item: (
            pattern.format(part=item.section.part, name=item.name, title=item.title) if item.section.part else None
        )
    )


def _roman(item: Item) -> str | None:
    number = "-".join(filter(None, (_ROMANS[int(item.number)], item.letter)))
    return None if "." in item.name else f"Item {number}. {item.title}"


def _paged(report: Report) -> Report:
    """The report with a page number on the line of each heading."""
    items = (
        replace(item, head=f"Item {item.name}. {item.title} 12" if item.title else item.head) for item in report.items
    )
    return replace(report, items=tuple(items))


_ITEM = re.compile(r"^\W*item\b", re.IGNORECASE | re.MULTILINE)


def _with_items(chosen: Callable[[tuple[Item, ...]], Sequence[Item]]) -> Callable[[Report], Rewritten]:
    """A rewriting that leaves out items, as amendments do, and the table of contents."""
    return lambda report: _built(
        replace(report, before=_ITEM.split(report.before)[0], items=tuple(chosen(report.items)))
    )


def _reserved(title: str, text: str = "") -> Callable[[Report], Rewritten]:
    """A rewriting in which a short item is reserved."""

    def rewritten(report: Report) -> Rewritten:
        short = min(report.items, key=lambda item: len(item.body))
        head = f"Item {short.name}. {title}\n"
        body = f"{text}\n" if text else ""
        items = (replace(item, head=head, body=body) if item is short else item for item in report.items)
        return _built(replace(report, items=tuple(items)))

    return rewritten


_REST = ("SIGNATURES", "EXHIBIT INDEX", "EX-99.1 PRESS RELEASE DATED MAY 3")
_SENTENCES = (
    "Item 1A. Risk Factors of our Annual Report on Form 10-K describes the risks that we face.",
    "Item 1A, “Risk Factors,” in Part I of this Annual Report should be read together with this discussion.",
    "Item 8 – Financial Statements, Note 12, of this report describes the litigation.",
    "Item 5.02 of this Current Report on Form 8-K is incorporated herein by reference into this Item.",
    "Item 7A. Quantitative and Qualitative Disclosures About Market Risk in our Form 10-K describes our exposure.",
    "Item 402 of Regulation S-K requires disclosure.",
    "Part I, Item 1A, “Risk Factors” of our Annual Report on Form 10-K.",
)

_SENTENCES_OF_8K = (
    "Item 5. Market for Registrant's Common Equity and Related Stockholder Matters of the Company's Annual Report.",
    "Item 7. Management's Discussion and Analysis of Financial Condition and Results of Operations, in the 10-K.",
    "Item 1. Business - General, in the Annual Report on Form 10-K for 1999, describes the business.",
    "Item 8 of the Company's Form 10-K for the fiscal year ended December 31, 1999 is amended as follows:",
    "Item 3. Legal Proceedings of our Form 10-Q for the quarter ended June 30, 2000 describes the lawsuit.",
    "Item 2, Properties, of the registrant's Form 10-K is hereby amended.",
    "Item 9. Changes in and Disagreements with Accountants was answered in Form 10-K.",
    "Item 10 through Item 13 of Form 10-K are incorporated by reference from the proxy statement.",
    "Item 304(a)(3) of Regulation S-K requires a letter.",
    "Item 7A. Quantitative and Qualitative Disclosures About Market Risk in the 10-K describes our exposure.",
    "see the discussion under the caption Business,\nItem 1. Business, in the Company's Annual Report on\nForm 10-K.",
    "The information required by Part II,\nItem 5. Other Information, of Form 10-Q for the quarter is given below.",
    "as described in our annual report under\nItem 1. Business and\nItem 7. Management's Discussion and Analysis.",
)

HEADINGS: dict[str, Callable[[Report], Rewritten]] = {
    "as it is": _built,
    **{
        pattern: _titled(pattern)
        for pattern in (
            "Item {name}. {title}", "ITEM {name} {title}", "Item {name}—{title}", "Item {name}{title}",
            "Item{name}. {title}", "Item No. {name} {title}", "Item Number {name}. {title}", "Item. {name} {title}",
            "Item - {name} {title}", "Item “{name}” {title}", "Item ({name}) {title}", "I T E M {name}. {title}",
            "► Item {name}. {title}", "_Item {name}. {title}_", "“Item {name}. {title}”", "Item {name}.\n{title}",
            "ITEM\n{name}.\t{title}", "Item {name}. {title} (Unaudited)", "Item {name}. “{title}”",
            'Item {name} "{title}."', "Item {name}: ‘{title}’", "Item {name}. {title} 12", "Item {name}.\t{title}\t12",
            "Item {name} | {title}", "[Item {name}. {title}]", "**Item {name}. {title}**", "Item {name}. {title}:",
            "Item {name}. ({title})", "Item {name}. [{title}]", "Item {name}.\n“{title}”", "Item\n{name}.\n{title}",
            "• Item {name}. {title}", "Item {name}.\n{title}\n12", "(Item {name}) {title}", "(Item {name}. {title})",
            "[Item {name}] {title}",
        )
    },
    **{
        pattern: _lettered(pattern)
        for pattern in (
            "Item {number}({letter}). {title}", "Item {number} ({letter}) {title}", "Item {number}-{letter} {title}",
            "Item {number} – {letter}. {title}", "Item {number}.{letter} {title}", "Item {number} {letter}. {title}",
        )
    },
    **{
        pattern: _hundredths(pattern)
        for pattern in (
            "Item {number}. {rest} {title}", "Item {number}-{rest} {title}", "Item {number},{rest} {title}",
            "Item 0{number}.{rest} {title}", "Item {number}{rest} {title}", "Item {number}.{rest}(a), (b) {title}",
        )
    },
    **{
        pattern: _parted(pattern)
        for pattern in (
            "Part {part}, Item {name}. {title}", "PART {part} – ITEM {name} {title}",
            "PART {part}\nITEM {name}. {title}",
        )
    },
    "Roman number": _with_headings(_roman),
    "capitals": _with_headings(lambda item: f"ITEM {item.name}. {item.title}".upper()),
    "small letters": _with_headings(lambda item: f"item {item.name}. {item.title}".lower()),
    "full-width": _with_headings(
        lambda item: f"Item {item.name}. {item.title}".translate({code: code + 0xFEE0 for code in range(0x30, 0x3A)})
    ),
}  # fmt: skip
"""Other spellings of headings."""

SURROUNDINGS: dict[str, Callable[[Report], Rewritten]] = {
    "contents with pages": _with_contents(pages=True),
    "contents without pages": _with_contents(pages=False),
    "contents with each cell on a line": _with_contents(pages=True, rows="Item {name}.\n{title}"),
    "contents of numbers alone": _with_contents(pages=False, rows="Item {name}."),
    "contents with the rest": _with_contents(pages=False, rest=_REST),
    "contents with the rest and pages": _with_contents(pages=True, rest=_REST),
    "contents without a title": _with_contents(pages=False, title="", rest=_REST),
    "contents without a title and rest": _with_contents(pages=False, title=""),
    "contents with a rule": _with_contents(pages=False, title="INDEX", rest=("SIGNATURES", "_____________")),
    "contents with quoted titles": _with_contents(pages=False, rows="Item {name}. “{title}”"),
    "contents and headings with pages": lambda report: _with_contents(pages=True)(_paged(report)),
    "index at the end": _with_contents(pages=True, at_end=True),
    "index at the end without pages": _with_contents(pages=False, at_end=True),
    "part III alone": _with_items(lambda items: [item for item in items if item.section.part == "III"] or items[:1]),
    "every third item": _with_items(lambda items: items[::3]),
    "the last item alone": _with_items(lambda items: items[-1:]),
    "the longest item alone": _with_items(lambda items: [max(items, key=lambda item: len(item.body))]),
    "[Reserved] and text": _reserved(
        "[Reserved]", "The information that this item required is in Item 7 of this report."
    ),
    "(Reserved) and text": _reserved("(Reserved)", "Selected financial data are no longer required."),
    "Reserved": _reserved("Reserved"),
    "(Removed and Reserved)": _reserved("(Removed and Reserved)."),
    "[Reserved] with text on its line": _reserved("[Reserved] Not required for smaller reporting companies."),
    "title and [Reserved]": _reserved("Submission of Matters [Reserved]"),
    "page numbers": _with_lines(lambda _item: ("17", "Table of Contents"), every=10),
    "Item N (continued)": _with_lines(lambda item: ("17", f"Item {item.name}. {item.title} (continued)")),
    "ITEM N": _with_lines(lambda item: ("17", f"ITEM {item.name}")),
    "Part and item": _with_lines(
        lambda item: ("17", *([f"PART {item.section.part}"] if item.section.part else []), f"Item {item.name}")
    ),
    "sentences about items": _with_lines(lambda item: [_SENTENCES[len(item.body) % len(_SENTENCES)]]),
    "sentences about other forms": _with_lines(
        lambda item: "".join(
            [_SENTENCES_OF_8K[len(item.body) % len(_SENTENCES_OF_8K)] if item.section.part is None else ""]
        ).split("\n"),
        every=2,
    ),
    "80 columns": _with_broken_lines(80),
    "65 columns": _with_broken_lines(65),
}
"""Other surroundings of headings."""
