"""The lines of a header as nested names and values, in EDGAR's order, in either header format.

The served file has ``LABEL:`` and a value, with sections by indentation; the dissemination file has ``<TAG>value``,
with sections by closing tags. Real headers mix the two and their indentation is not always right, so known sections are
nested by name.
"""

from __future__ import annotations

import re
from dataclasses import field
from functools import cached_property

from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern

HeaderValue = str | dict[str, "HeaderValue"] | list["HeaderValue"]

TAG_OF_LABEL = {
    "CONFORMED SUBMISSION TYPE": "TYPE",
    "CONFORMED PERIOD OF REPORT": "PERIOD",
    "ITEM INFORMATION": "ITEMS",
    "FILED AS OF DATE": "FILING-DATE",
    "DATE AS OF CHANGE": "DATE-OF-FILING-DATE-CHANGE",
    "COMPANY CONFORMED NAME": "CONFORMED-NAME",
    "CENTRAL INDEX KEY": "CIK",
    "STANDARD INDUSTRIAL CLASSIFICATION": "ASSIGNED-SIC",
    "EIN": "IRS-NUMBER",
    "SEC ACT": "ACT",
    "SEC FILE NUMBER": "FILE-NUMBER",
    "STREET 1": "STREET1",
    "STREET 2": "STREET2",
    "BUSINESS PHONE": "PHONE",
    "DATE OF NAME CHANGE": "DATE-CHANGED",
}
"""The labels whose tag is another word. All others differ only by hyphens for spaces."""

LABEL_OF_ROLE = {
    "FILER": "FILER",
    "SUBJECT-COMPANY": "SUBJECT COMPANY",
    "FILED-BY": "FILED BY",
    "FILED-FOR": "FILED FOR",
    "REPORTING-OWNER": "REPORTING-OWNER",
    "ISSUER": "ISSUER",
    "SERIAL-COMPANY": "SERIAL COMPANY",
    "DEPOSITOR": "DEPOSITOR",
    "SECURITIZER": "SECURITIZER",
    "ISSUING_ENTITY": "ISSUING_ENTITY",
    "ISSUING-ENTITY": "ISSUING_ENTITY",
    "UNDERWRITER": "UNDERWRITER",
}
"""The sections that are entities: tag -> label."""

_ENTITY_PARTS = frozenset(
    "COMPANY-DATA OWNER-DATA FILING-VALUES BUSINESS-ADDRESS MAIL-ADDRESS FORMER-COMPANY FORMER-NAME".split()
)
_IN_ENTITY = frozenset(
    "CONFORMED-NAME CIK ASSIGNED-SIC ORGANIZATION-NAME IRS-NUMBER STATE-OF-INCORPORATION FISCAL-YEAR-END FORM-TYPE ACT "
    "FILE-NUMBER FILM-NUMBER STREET1 STREET2 CITY STATE ZIP PHONE FORMER-CONFORMED-NAME DATE-CHANGED".split()
)
_OF_SUBMISSION = frozenset(
    "SEC-DOCUMENT SEC-HEADER IMS-DOCUMENT IMS-HEADER ACCEPTANCE-DATETIME ACCESSION-NUMBER TYPE PUBLIC-DOCUMENT-COUNT "
    "PERIOD PERIOD-START ITEMS FILING-DATE DATE-OF-FILING-DATE-CHANGE EFFECTIVENESS-DATE GROUP-MEMBERS RECEIVED-DATE "
    "ACTION-DATE SROS REFERENCES-429 REFERENCE-462B ABS-RULE ABS-ASSET-CLASS DEPOSITOR-CIK SPONSOR-CIK PAPER "
    "CORRECTION PRIVATE-TO-PUBLIC DELETION CONFIRMING-COPY PUBLIC-REL-DATE PREVIOUS-ACCESSION-NUMBER "
    "WITHDRAWN-ACCESSION-NUMBER PUBLIC-REFERENCE-ACCESSION-NUMBER".split()
)

_TAG_OF_KNOWN_LABEL = {tag.replace("-", " "): tag for tag in _IN_ENTITY | _OF_SUBMISSION | _ENTITY_PARTS} | TAG_OF_LABEL

_ENTITY_LABELS = {label: tag for label, tag in _TAG_OF_KNOWN_LABEL.items() if tag in _IN_ENTITY}
"""The labels of values that neither open a section nor close one."""

_LEAF_LABELS = {label: tag for label, tag in _TAG_OF_KNOWN_LABEL.items() if tag not in _ENTITY_PARTS}
"""The labels of values; outside all sections, none of them closes one."""

# Indentation, then "<TAG>", "</TAG>" or "LABEL:", then the value. Nothing here can backtrack. Filers of 1995 wrote a
# second ">" after a tag without a value; it is not part of the value.
_LINE = lazy_pattern(
    r"""^([^\S\n]*+)(?=\S)(?:<(/?+)([A-Za-z][A-Za-z0-9_.-]*+)>(?:>(?=[^\S\n]*+$))?+"""
    r"""|([A-Z][A-Z0-9 _/.&'()-]{0,60}+):)?+[^\S\n]*+(.*)""",
    re.MULTILINE,
)
_MAX_DEPTH = 16
_BY_TAG = -1


@dataclass(slots=True)
class Section:
    """A section of a header: its members in order, each with its name in the file, its tag, and its value.

    `indent` is the indentation of its label in characters, or -1 if a tag opened it, so that only a tag can close it.
    """

    tag: str = ""
    indent: int = _BY_TAG
    members: list[tuple[str, str, str | Section]] = field(default_factory=list)

    def values(self, tag: str) -> list[str]:
        """The values named `tag` in either spelling, blank ones too."""
        return [value for _, name, value in self.members if name == tag and value.__class__ is str]

    def split(self) -> tuple[dict[str, str], list[Section]]:
        """Tag -> the first value of that name that is not blank; and the sections, in order."""
        first: dict[str, str] = {}
        sections: list[Section] = []
        for _, tag, value in self.members:
            if isinstance(value, Section):
                sections.append(value)
            elif value and tag not in first:
                first[tag] = value
        return first, sections

    def fields(self) -> dict[str, HeaderValue]:
        """Everything in it under its own names; repeated ones as a list."""
        found: dict[str, HeaderValue] = {}
        repeated: set[str] = set()
        for name, _, member in self.members:
            value: HeaderValue = member if isinstance(member, str) else member.fields()
            if name not in found:
                found[name] = value
            elif name in repeated and isinstance(earlier := found[name], list):
                earlier.append(value)
            else:
                found[name] = [found[name], value]
                repeated.add(name)
        return found


def read_fields(text: str) -> Section:
    """The header `text` as one section that contains all others. It never fails: any other line is text.

    Such a line continues the previous value (EDGAR breaks long values, and once a SIC code's bracket).
    """
    return _Reader(text).read()


class _Reader:
    """Reads the lines with a stack of open sections."""

    def __init__(self, text: str) -> None:
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = text.replace("\n]", "]\n")  # the end of "[3571" stands before the next label
        self._lines = _LINE.findall(text)
        self._root = Section()
        self._open = [self._root]
        self._continued: list[str] = []

    @cached_property
    def _last_close(self) -> dict[str, int]:
        """Tag -> the number of the line that closes it last."""
        return {line[2]: number for number, line in enumerate(self._lines) if line[1]}

    def read(self) -> Section:
        opened = self._open
        for number, (indent, slash, tag, label, text) in enumerate(self._lines):
            value = text.rstrip()
            if not label and not tag:
                self._continued.append(value)
                continue
            if self._continued:
                self._join_continued()
            if known := (_ENTITY_LABELS if len(opened) > 1 else _LEAF_LABELS).get(label):  # most lines
                opened[-1].members.append((label, known, value))
            elif label:
                self._take_label(number, len(indent), label.rstrip(), value)
            else:
                self._take_tag(number, len(indent), closing=bool(slash), tag=tag, value=value)
        if self._continued:
            self._join_continued()
        return self._root

    def _join_continued(self) -> None:
        """Append lines that are not fields to the values that they continue."""
        members = self._open[-1].members
        if members and isinstance(value := members[-1][2], str):
            name, tag, _ = members.pop()
        else:
            name, tag, value = "", "", ""
        members.append((name, tag, " ".join([value, *self._continued]).strip()))
        self._continued.clear()

    def _take_tag(self, number: int, indent: int, *, closing: bool, tag: str, value: str) -> None:
        if closing:
            if tag in (section.tag for section in self._open[1:]):
                while self._open.pop().tag != tag:
                    pass
            if value:
                self._continued.append(value)
        elif value:
            self._add_leaf(tag, tag, value, indent)
        elif tag == "SUBMISSION":  # the wrapper of the whole file, not a field
            pass
        elif self._opens_known(tag):
            self._enter(tag, Section(tag))
        elif self._last_close.get(tag, 0) > number and tag not in _OF_SUBMISSION:
            self._leave_labels(indent)
            self._enter(tag, Section(tag))
        else:
            self._add_leaf(tag, tag, value, indent)

    def _take_label(self, number: int, indent: int, label: str, value: str) -> None:
        tag = _TAG_OF_KNOWN_LABEL.get(label) or label.replace(" ", "-")
        if value or tag in _IN_ENTITY or tag in _OF_SUBMISSION:
            self._add_leaf(label, tag, value, indent)
        elif self._opens_known(tag):
            self._enter(label, Section(tag, indent))
        elif self._deeper_follows(number, indent):
            self._leave_labels(indent)
            self._enter(label, Section(tag, indent))
        else:
            self._add_leaf(label, tag, value, indent)

    def _opens_known(self, tag: str) -> bool:
        """Close sections that cannot contain one of this name. False if the name is not that of a known section."""
        if tag in LABEL_OF_ROLE:
            del self._open[1:]
        elif tag in _ENTITY_PARTS:
            # A part belongs to the entity, whatever its indentation or a missing closing tag suggests.
            while self._open[-1].tag in _ENTITY_PARTS:
                self._open.pop()
        else:
            return False
        return True

    def _deeper_follows(self, number: int, indent: int) -> bool:
        """Whether the next line belongs under an empty label: it is indented further, or opens an entity's data."""
        if number + 1 == len(self._lines):
            return False
        next_indent, _, _, label, _ = self._lines[number + 1]
        return len(next_indent) > indent or label in ("COMPANY DATA", "OWNER DATA")

    def _add_leaf(self, name: str, tag: str, value: str, indent: int) -> None:
        if tag in _IN_ENTITY:
            pass
        elif tag in _OF_SUBMISSION:
            # It ends every entity, and labelled ones inside <MULTI-ACCESSION-NUMBERS> and similar tags stay there.
            while self._open[-1].tag in LABEL_OF_ROLE or self._open[-1].tag in _ENTITY_PARTS:
                self._open.pop()
        else:
            self._leave_labels(indent)
        self._open[-1].members.append((name, tag, value))

    def _leave_labels(self, indent: int) -> None:
        """Close the sections that labels opened at `indent` or deeper."""
        while self._open[-1].indent >= indent:
            self._open.pop()

    def _enter(self, name: str, section: Section) -> None:
        self._open[-1].members.append((name, section.tag, section))
        if len(self._open) < _MAX_DEPTH:
            self._open.append(section)
