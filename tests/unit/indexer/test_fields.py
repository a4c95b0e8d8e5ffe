"""What of an entry goes into which field."""

from __future__ import annotations

from datetime import date, datetime

from archiver.identifiers import Cik
from indexer.entries import HitEntity
from indexer.fields import VALUE_FIELDS, date_number, document_of
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
