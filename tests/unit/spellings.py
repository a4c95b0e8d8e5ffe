"""One header in EDGAR's other spelling, line by line and without the parser, for the tests of the parser."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence

from indexer.submission.header import SubmissionHeader

_LABEL_OF_TAG = {
    "TYPE": "CONFORMED SUBMISSION TYPE",
    "PERIOD": "CONFORMED PERIOD OF REPORT",
    "ITEMS": "ITEM INFORMATION",
    "FILING-DATE": "FILED AS OF DATE",
    "DATE-OF-FILING-DATE-CHANGE": "DATE AS OF CHANGE",
    "CONFORMED-NAME": "COMPANY CONFORMED NAME",
    "CIK": "CENTRAL INDEX KEY",
    "ASSIGNED-SIC": "STANDARD INDUSTRIAL CLASSIFICATION",
    "ACT": "SEC ACT",
    "FILE-NUMBER": "SEC FILE NUMBER",
    "STREET1": "STREET 1",
    "STREET2": "STREET 2",
    "PHONE": "BUSINESS PHONE",
    "DATE-CHANGED": "DATE OF NAME CHANGE",
    "ISSUING_ENTITY": "ISSUING_ENTITY",
    "REPORTING-OWNER": "REPORTING-OWNER",
}
_TAG_OF_LABEL = {label: tag for tag, label in _LABEL_OF_TAG.items()} | {"EIN": "IRS-NUMBER"}
_ALWAYS_TAGS = re.compile(
    "<(ACCEPTANCE-DATETIME|PAPER|PRIVATE-TO-PUBLIC|PREVIOUS-ACCESSION|PUBLIC-REL|DEPOSITOR|SPONSOR)"
)
_LABELLED = re.compile(r"(\t*)([^:<>\t]+):\s*(.*)")
_TAGGED = re.compile(r"<(/?)([A-Z0-9_-]+)>(.*)")
_WRAPPERS = ("<SEC-DOCUMENT>", "<IMS-DOCUMENT>", "<SEC-HEADER>", "<IMS-HEADER>")


def in_tags(header: str, codes: Sequence[str]) -> str:
    """A header with labels as a dissemination file has it; `codes` are those of its items, in order."""
    left = list(codes)
    lines: list[str] = ["<SUBMISSION>"]
    open_tags: list[str] = []
    for line in header.splitlines():
        if not line.strip() or line.startswith(_WRAPPERS):
            continue
        match = _LABELLED.match(line)
        depth = len(match[1]) if match else 0
        while open_tags and (match is None or depth < len(open_tags)):
            lines.append(f"</{open_tags.pop()}>")
        if match is None:
            lines.append(line)
            continue
        label, value = match[2].rstrip(), match[3].rstrip()
        tag = _TAG_OF_LABEL.get(label, label.replace(" ", "-"))
        if tag == "ITEMS":
            value = left.pop(0) if value else ""
        elif tag == "ASSIGNED-SIC":
            value = value.rpartition("[")[2].rstrip("]")
        elif tag == "ACT":
            value = value.removeprefix("19").removesuffix(" Act")
        lines.append(f"<{tag}>{value}")
        if depth < 2 and not value and tag != "ITEMS":
            open_tags.append(tag)
    lines += [f"</{tag}>" for tag in reversed(open_tags)]
    return "\n".join([*lines, ""])


def in_labels(header: str, descriptions: Sequence[str]) -> str:
    """A header with tags as a served file has it; `descriptions` are those of its items, in order."""
    return "\n".join([*_labelled_lines(header, list(descriptions)), ""])


def _labelled_lines(header: str, descriptions: list[str]) -> Iterator[str]:
    depth, raw = 0, False
    for line in header.splitlines():
        match = _TAGGED.match(line)
        if match is None or match[2] == "SUBMISSION":
            continue
        closing, tag, value = match.groups()
        indent = "\t" * depth
        raw = raw or tag == "SERIES-AND-CLASSES-CONTRACTS-DATA"
        label = _LABEL_OF_TAG.get(tag, tag.replace("-", " "))
        if raw or _ALWAYS_TAGS.match(line):
            raw = raw and line != "</SERIES-AND-CLASSES-CONTRACTS-DATA>"
            yield line
        elif closing:
            depth -= 1
        elif f"</{tag}>" in header:
            yield from ("", f"{indent}{label}:\t", *([""] if depth == 0 else []))
            depth += 1
        elif tag == "ITEMS":
            yield f"{label}:\t\t{descriptions.pop(0) if value else ''}"
        else:
            words = {"ACT": f"19{value} Act", "ASSIGNED-SIC": f"WORDS [{value}]"} if value else {}
            yield f"{indent}{label}:\t\t{words.get(tag, value)}"


def in_both(header: SubmissionHeader) -> SubmissionHeader:
    """`header` without what only one spelling has: a SIC's description, and the names of the raw fields."""
    entities = tuple(dataclasses.replace(entity, sic_description=None) for entity in header.entities)
    return dataclasses.replace(header, fields={}, entities=entities)
