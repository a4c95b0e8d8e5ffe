"""Forms, and the names that people give to their sections."""

from __future__ import annotations

import pytest

from archiver.errors import UsageError
from indexer.sections.forms import (
    SECTION_NAMES,
    family_of,
    find_section,
    keys_of_name,
    matches_section,
    section_keys,
)
from indexer.sections.model import Section


@pytest.mark.parametrize(
    ("form", "family"),
    [
        ("10-K", "10-K"), ("10-K405/A", "10-K"), ("10-KT", "10-K"), ("10-KSB", "10-KSB"), ("10KSB40", "10-KSB"),
        ("10-KTSB", "10-KSB"), ("10-Q", "10-Q"), ("10-QSB", "10-Q"), ("8-K12G3", "8-K"), ("8-K/A", "8-K"),
        ("EX-10.K", None), ("S-1", None), ("NT 10-K", None),
    ],
)  # fmt: skip
def test_a_document_is_of_the_family_of_its_form(form: str, family: str | None) -> None:
    """What is filed like a form has its items; an exhibit or another form has none."""
    assert family_of(form) == family


def section(part: str | None, item: str, heading: str = "Item", also: tuple[str, ...] = ()) -> Section:
    """A section somewhere."""
    return Section(part, item, heading, 0, 9, also)


ANNUAL = (
    section("I", "1", also=("2",)),
    section("I", "1A"),
    section("I", "1D"),
    section("I", "3"),
    section("II", "7"),
    section("II", "7A"),
    section("II", "8"),
    section("II", "9A(T)", "Item 9A(T). Controls and Procedures"),
)
QUARTERLY = (
    section("I", "1"),
    section("I", "2"),
    section("I", "3", "Item 3. Market Risk"),
    section("I", "4", "Item 4. Controls and Procedures"),
    section("II", "1"),
    section("II", "1A"),
)
SMALL = (section("I", "1"), section("II", "6"), section("II", "7"), section("II", "8A", "Item 8A. Controls"))
OLD = (section("III", "14", "Item 14. Controls and Procedures"), section("IV", "15"))
CURRENT = (section(None, "5.02"), section(None, "9.01"))


@pytest.mark.parametrize(
    ("form", "found", "name", "expected"),
    [
        ("10-K", ANNUAL, "1A", "I 1A"),
        ("10-K", ANNUAL, "1a", "I 1A"),
        ("10-K", ANNUAL, "Item 1A.", "I 1A"),
        ("10-K", ANNUAL, "Item 7A", "II 7A"),
        ("10-K", ANNUAL, "II 7", "II 7"),
        ("10-K", ANNUAL, "part ii item 7", "II 7"),
        ("10-K", ANNUAL, "2", "I 1"),
        ("10-K", ANNUAL, "9A", "II 9A(T)"),
        ("10-K", ANNUAL, "9A(T)", "II 9A(T)"),
        ("10-K", ANNUAL, "I 7", None),
        ("10-K", ANNUAL, "15", None),
        ("10-K", ANNUAL, "business", "I 1"),
        ("10-K", ANNUAL, "risk-factors", "I 1A"),
        ("10-K", ANNUAL, "Risk Factors", "I 1A"),
        ("10-K", ANNUAL, "risk_factors", "I 1A"),
        ("10-K", ANNUAL, "MD&A", "II 7"),
        ("10-K", ANNUAL, "legal-proceedings", "I 3"),
        ("10-K", ANNUAL, "mda", "II 7"),
        ("10-K", ANNUAL, "market-risk", "II 7A"),
        ("10-K", ANNUAL, "financial-statements", "II 8"),
        ("10-K", ANNUAL, "controls", "II 9A(T)"),
        ("10-K", OLD, "controls", "III 14"),
        ("10-K", (section("IV", "14", "Item 14. Exhibits"),), "controls", None),
        ("10-Q", QUARTERLY, "1", "I 1"),
        ("10-Q", QUARTERLY, "II 1", "II 1"),
        ("10-Q", QUARTERLY, "1A", "II 1A"),
        ("10-Q", QUARTERLY, "business", None),
        ("10-Q", QUARTERLY, "risk-factors", "II 1A"),
        ("10-Q", QUARTERLY, "legal-proceedings", "II 1"),
        ("10-Q", QUARTERLY, "mda", "I 2"),
        ("10-Q", QUARTERLY, "market-risk", "I 3"),
        ("10-Q", QUARTERLY, "financial-statements", "I 1"),
        ("10-Q", QUARTERLY, "controls", "I 4"),
        ("10-QSB", (section("I", "3", "Item 3. Controls and Procedures"),), "controls", "I 3"),
        ("10-KSB", SMALL, "mda", "II 6"),
        ("10-KSB", SMALL, "financial-statements", "II 7"),
        ("10-KSB", SMALL, "controls", "II 8A"),
        ("8-K", CURRENT, "5.02", "None 5.02"),
        ("8-K", CURRENT, "mda", None),
        ("S-1", (), "mda", None),
    ],
)
def test_a_name_finds_its_section(form: str, found: tuple[Section, ...], name: str, expected: str | None) -> None:
    """An item, a part and an item, or a plain name gives the section that the form has it in."""
    section = find_section(found, name, form=form)
    assert (section and f"{section.part} {section.item}") == expected


@pytest.mark.parametrize("name", ["", "17", "1.11", "V 1", "m&a", "riskfactors", "1A 7", "0"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    """A name that no section of any form has is an error that lists the names, not an empty answer."""
    with pytest.raises(UsageError, match="is not the name of a section") as error:
        matches_section(section("I", "1"), name, form="10-K")
    assert all(known in error.value.hint for known in SECTION_NAMES)


@pytest.mark.parametrize(
    "name", [*SECTION_NAMES, "1", "1A", "1D", "3", "8A", "9A", "14", "I 3", "I 4", "II 1A", "III 14", "5.02"]
)
@pytest.mark.parametrize(
    ("form", "found"),
    [
        ("10-K", (*ANNUAL, section("II", "9A", "Item 9A."))),
        ("10-K405", OLD),
        ("10-KSB", (*SMALL, section("III", "14", "Item 14. Controls and Procedures"))),
        ("10-Q", QUARTERLY),
        ("10-Q", (section("I", "3", "Item 3. Controls and Procedures"), section("I", "4", "Item 4."))),
        ("8-K", CURRENT),
    ],
)
def test_a_search_finds_the_sections_that_are_shown(form: str, found: tuple[Section, ...], name: str) -> None:
    """The keys of a name are those of exactly the sections that it matches; an item is never another item."""
    keys = set(keys_of_name(name))
    searched = [one for one in found if not keys.isdisjoint(section_keys(one, form=form))]
    assert searched == [one for one in found if matches_section(one, name, form=form)]
