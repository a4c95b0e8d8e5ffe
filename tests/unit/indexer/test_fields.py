"""What of an entry goes into which field."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from archiver.errors import UsageError
from archiver.identifiers import Cik
from indexer.entries import HitEntity
from indexer.fields import BY_NAME, TABLE, VALUE_FIELDS, Field, date_number, document_of
from indexer.query.language.leaves import value_leaf
from tests.unit.index_entries import entry


def test_an_entry_has_a_value_for_every_field() -> None:
    """Values stand as they are searched for, dates and accession number as numbers that sort."""
    one = entry(
        7,
        "text",
        acceptance_datetime=datetime(2004, 12, 1, 16, 5, 12),  # noqa: DTZ001
        entities=(HitEntity(Cik(320), "ACME", "FILER"), HitEntity(None, "OTHER", "FILER")),
        sics=(100,),
    )
    fields = document_of(one)
    assert set(VALUE_FIELDS) <= set(fields)
    assert (fields["cik"], fields["sic"], fields["type"]) == (("320",), ("100",), ("8-K",))
    assert (fields["filed"], fields["period"], fields["accepted"]) == (20041201, 0, 20041201160512)
    assert fields["number"] == 119312504000007


def test_a_date_without_value_is_0() -> None:
    """So it sorts before all others and is in no span of dates."""
    assert (date_number(date(1993, 1, 2)), date_number(None)) == (19930102, 0)


@pytest.mark.parametrize(
    ("field", "typed", "plain"),
    [
        ("form", "Form 8-K", "8-K"),
        ("form", " FORM  4", "4"),
        ("form", "Form 8-K*", "8-K*"),
        ("item", "Item 5.02", "5.02"),
        ("item", " items  5.02", "5.02"),
        ("item", "item5.*", "5.*"),
        ("type", "Exhibit 99.1", "EX-99.1"),
        ("type", "EX99.1", "EX-99.1"),
        ("type", "ex 10", "EX-10"),
        ("type", "Exhibit 99*", "EX-99*"),
        ("sic", "0100", "100"),
        ("state", "Delaware", "DE"),
        ("state", " new  york ", "NY"),
        ("location", "Cayman Islands", "E9"),
        ("cik", "CIK 0000320193", "320193"),
        ("accession", "000119312504218426", "0001193125-04-218426"),
    ],
)
def test_a_value_may_be_written_as_in_a_filing(field: str, typed: str, plain: str) -> None:
    """The words that name what it is are no part of it, in patterns either."""
    assert value_leaf(BY_NAME[field], typed) == value_leaf(BY_NAME[field], plain)


@pytest.mark.parametrize("typed", ["software", "73xx", "\u0663\u0665\u0667\u0661"])
def test_a_sic_code_is_a_number(typed: str) -> None:
    """The name of an industry is an error that says so."""
    with pytest.raises(UsageError, match="a SIC code is a number"):
        value_leaf(BY_NAME["sic"], typed)


@pytest.mark.parametrize(
    "field", [one for one in TABLE if one.kind == "value" and not one.may_have_commas], ids=lambda one: one.name
)
def test_several_values_in_one_are_refused_as_such(field: Field) -> None:
    """Where no value has a comma, one separates values."""
    with pytest.raises(UsageError, match="without commas"):
        value_leaf(field, "1,2")


@pytest.mark.parametrize("typed", ["", "  "])
def test_an_empty_value_is_refused(typed: str) -> None:
    """It is neither everything nor a value: an empty SIC code is not 0."""
    for field in TABLE:
        if field.kind == "value" and field.can_be_named:
            with pytest.raises(UsageError, match=f"an empty {field.name} finds nothing"):
                value_leaf(field, typed)
