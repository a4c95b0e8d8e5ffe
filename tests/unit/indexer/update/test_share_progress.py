"""Shares of an archive: what is in them, what they lock, and what they note."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.catalogue.records import CatalogueRecord
from archiver.errors import DamageError, UsageError
from indexer.archive.share import FIRST_YEAR, LAST_YEAR, Share
from indexer.update.share_progress import ShareNotes, taken_notes
from tests.unit.archives import catalogue_record


def record(number: int, year: int = 2004, data: bytes = b"") -> CatalogueRecord:
    """A row of one filing year."""
    return catalogue_record(f"0001193125-04-{number:06d}", filing_date=date(year, 1, 2), data=data)


RECORDS = [record(number, year) for number in range(300) for year in (2003, 2004)]

_YEARS = st.integers(2000, 2006)
SHARES = st.builds(
    lambda years, shard: Share(min(years), max(years), min(shard), max(shard)),
    st.tuples(_YEARS, _YEARS),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
)


@pytest.mark.slow
@pytest.mark.parametrize("shards", [1, 2, 3, 7, 1000])
def test_the_shards_of_an_archive_are_the_whole_and_share_nothing(shards: int) -> None:
    """Every submission is in just one of N shards, and in just one of two runs of years."""
    parts = [Share(shard=shard, shards=shards) for shard in range(1, shards + 1)]
    assert all(sum(row in part for part in parts) == 1 for row in RECORDS)
    early, late = Share(last_year=2003), Share(first_year=2004)
    assert all((row in early) != (row in late) for row in RECORDS)


def test_shards_are_about_equal() -> None:
    """None of four shards has less than half of its part."""
    counts = [sum(row in Share(shard=shard, shards=4) for row in RECORDS) for shard in range(1, 5)]
    assert min(counts) > len(RECORDS) / 8


@given(SHARES, SHARES)
def test_shares_that_have_a_submission_in_common_have_bytes_in_common(one: Share, other: Share) -> None:
    """Two shares lock a byte in common wherever one submission is in both, and never where their years differ."""
    common = any(
        start < other_start + other_length and other_start < start + length
        for start, length in one.ranges()
        for other_start, other_length in other.ranges()
    )
    if any(row in one and row in other for row in RECORDS):
        assert common
    if one.last_year < other.first_year or other.last_year < one.first_year:
        assert not common


@pytest.mark.parametrize(
    ("years", "shard", "name"),
    [
        ("2015", None, "2015-2015-1of1"),
        ("2015-2020", "2/4", "2015-2020-2of4"),
        (None, "1/3", f"{FIRST_YEAR}-{LAST_YEAR}-1of3"),
    ],
)
def test_shares_are_read_as_they_are_written_on_the_command_line(
    years: str | None, shard: str | None, name: str
) -> None:
    """Years and shard, one of them or both."""
    share = Share.parse(years=years, shard=shard)
    assert share is not None
    assert share.name == name
    assert Share.parse(years=None, shard=None) is None


@pytest.mark.parametrize(
    ("years", "shard"),
    [
        ("", None),
        ("15", None),
        ("2020-2015", None),
        ("1815", None),
        (None, "0/4"),
        (None, "5/4"),
        (None, "4"),
        ("x", "y"),
    ],
)
def test_what_is_no_share_is_a_usage_error(years: str | None, shard: str | None) -> None:
    """The error says how a share is written."""
    with pytest.raises(UsageError, match="give"):
        Share.parse(years=years, shard=shard)


def test_notes_leave_out_what_is_indexed_and_are_taken_once(tmp_path: Path) -> None:
    """What was noted is left out while its bytes are the same, and whoever takes the notes removes them."""
    notes = ShareNotes(tmp_path / "shares", Share())
    rows = [record(number) for number in range(3)]
    notes.note((row.accession, row.sha256) for row in rows[:2])
    notes.close()
    again = ShareNotes(tmp_path / "shares", Share())
    assert list(again.without([record(0, data=b"other"), *rows[1:]])) == [record(0, data=b"other"), rows[2]]
    again.close()
    assert [pair for pairs in taken_notes(tmp_path / "shares") for pair in pairs] == [
        (row.accession, row.sha256) for row in rows[:2]
    ]
    assert list(taken_notes(tmp_path / "shares")) == []


def test_notes_that_are_not_all_taken_stay(tmp_path: Path) -> None:
    """A run that ends while it takes notes leaves them for the next."""
    notes = ShareNotes(tmp_path / "shares", Share())
    notes.note([(RECORDS[0].accession, RECORDS[0].sha256)])
    notes.close()
    taking = taken_notes(tmp_path / "shares")
    next(taking)
    taking.close()
    assert len(list(taken_notes(tmp_path / "shares"))) == 1


def test_damaged_notes_are_one_error_that_says_what_to_do(tmp_path: Path) -> None:
    """They may be removed: what they note is indexed once more."""
    (tmp_path / f"{Share().name}.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(DamageError, match="remove this file"):
        ShareNotes(tmp_path, Share())
    with pytest.raises(DamageError, match="remove this file"):
        list(taken_notes(tmp_path))
