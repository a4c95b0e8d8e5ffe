"""docs/header.md against the code: every field, with a label and a tag that really give it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest

from indexer.submission.header import SubmissionHeader, parse_header
from tests.unit.project.test_docs import read, section

_SECTIONS = {
    "SubmissionHeader": (),
    "Entity": ("FILER", "COMPANY DATA"),
    "FilingValues": ("FILER", "FILING VALUES"),
    "Address": ("FILER", "BUSINESS ADDRESS"),
    "FormerName": ("FILER", "FORMER COMPANY"),
    "Series": ("SERIES-AND-CLASSES-CONTRACTS-DATA",),
    "ClassContract": ("SERIES-AND-CLASSES-CONTRACTS-DATA",),
}
"""Where the values of each class stand."""

_SAMPLES = {"date": "19990727", "datetime": "20041222161352", "int": "7389", "Cik": "320", "FormType": "8-K"}
"""A value of each type; for any other, a text."""


def header_classes() -> list[type[Any]]:
    """The dataclasses that a header is made of, each before those in it."""

    def reach(found: Any) -> Iterator[type[Any]]:
        if dataclasses.is_dataclass(found):
            assert isinstance(found, type)
            yield found
            for hint in get_type_hints(found).values():
                yield from reach(hint)
        for part in get_args(found):
            yield from reach(part)

    return list(dict.fromkeys(reach(SubmissionHeader)))


def rows(name: str) -> list[list[str]]:
    """The rows of the table of a class."""
    return [line.strip("| ").split(" | ") for line in section(read("header"), name).splitlines() if line[:3] == "| `"]


def spellings() -> Iterator[tuple[str, str, str, str, str]]:
    """Class, field, type, one label and the tag of every row that has both."""
    for name in _SECTIONS:
        for field, labels, tags, type_name, _ in rows(name):
            tag = re.match("`([^`]+)`", tags)
            for label in re.findall("`([^`]+)`", labels):
                if tag and not re.search("tuple|Address|AccessionNumber", type_name):
                    yield name, field.strip("`"), type_name.split("`")[1], label, tag[1]


@pytest.mark.parametrize("cls", header_classes(), ids=lambda cls: cls.__name__)
def test_every_field_of_the_header_is_documented(cls: type[Any]) -> None:
    """Each class has a table with its fields, in order, with their types."""
    expected = [(f"`{field.name}`", _in_words(str(field.type))) for field in dataclasses.fields(cls)]
    assert [(row[0], row[3]) for row in rows(cls.__name__)] == expected


def test_no_class_of_the_header_is_left_out_or_invented() -> None:
    """The tables are those of the classes that a header is made of."""
    tables = set(re.findall(r"^## (\w+)$", read("header"), re.MULTILINE))
    assert tables == set(_SECTIONS) == {cls.__name__ for cls in header_classes()}


@pytest.mark.parametrize(("name", "field", "type_name", "label", "tag"), list(spellings()))
def test_label_and_tag_give_the_field(name: str, field: str, type_name: str, label: str, tag: str) -> None:
    """A value under the label that stands in the table, and one under the tag, both come out as the field, alike."""
    value = _SAMPLES.get(type_name, "A TEXT")
    labelled, tagged = (
        _part(name, _header(name, named, value, in_tags=in_tags))
        for named, in_tags in (
            (label, False),
            (tag, True),
        )
    )
    assert getattr(labelled, field) not in (None, "")
    assert getattr(labelled, field) == getattr(tagged, field)


def _in_words(annotation: str) -> str:
    kind, _, none = annotation.partition(" | ")
    return f"`{kind}` or None" if none else f"`{kind}`"


def _header(name: str, named: str, value: str, *, in_tags: bool) -> bytes:
    """A header whose class `name` has one value, in labels or in tags."""
    path = _SECTIONS[name]
    needed = {"ACCESSION-NUMBER": "0001193125-04-218426", "TYPE": "8-K"}
    if in_tags:
        parts = [tag.replace(" ", "-") for tag in path]
        top = "".join(f"<{tag}>{text}\n" for tag, text in needed.items() if tag != named)
        opening, closing = "".join(f"<{tag}>\n" for tag in parts), "".join(f"</{tag}>\n" for tag in parts[::-1])
        return f"<SUBMISSION>\n{top}{opening}<{named}>{value}\n{closing}".encode()
    needed = {"ACCESSION NUMBER": needed["ACCESSION-NUMBER"], "CONFORMED SUBMISSION TYPE": "8-K"}
    top = "".join(f"{label}:\t\t{text}\n" for label, text in needed.items() if label != named)
    opening = "".join("\n" + "\t" * depth + f"{label}:\n" for depth, label in enumerate(path))
    indent = "\t" * len(path)
    line = f"<{named}>{value}" if named == "ACCEPTANCE-DATETIME" else f"{named}:\t\t{value}"
    return f"<SEC-HEADER>\n{top}{opening}{indent}{line}\n</SEC-HEADER>\n".encode()


def _part(name: str, data: bytes) -> Any:
    """The part of the parsed header that is of class `name`."""
    header = parse_header(data)
    if name == "SubmissionHeader":
        return header
    (entity,) = header.entities
    found = {
        "Entity": (entity,),
        "FilingValues": entity.filing_values,
        "Address": (entity.business_address,),
        "FormerName": entity.former_names,
    }
    return found[name][0]
