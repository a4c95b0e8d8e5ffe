from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.catalogue import database as database_module
from archiver.catalogue.catalogue import Catalogue
from archiver.catalogue.listings import IndexFile
from archiver.catalogue.records import SUBMISSION, CatalogueTotals, older_version
from archiver.catalogue.watching import Delivery, SavedSearch, Sighting
from archiver.errors import ArchiveFormatError, DamageError, EdgarchiveError, UsageError
from archiver.identifiers import AccessionNumber, FormType
from tests.unit.archives import FEED_ENTRY, FILED, PAYLOAD, STORED, catalogue_record

MANY = 2_500


def numbered(number: int) -> AccessionNumber:
    """The accession number with this sequence."""
    return AccessionNumber(f"0001193125-04-{number:06d}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the catalogue is."""
    return tmp_path / "catalogue.sqlite3"


def test_a_row_comes_back_as_it_was_written(path: Path) -> None:
    """Every field, the absent ones too, and times in UTC; a second process sees it at once."""
    full = catalogue_record(
        "0001193125-04-000001", data=b"x", etag_md5="0" * 32, signature="valid", indexed_sha256="f" * 64
    )
    bare = catalogue_record("0001193125-04-000002")
    with Catalogue(path, writable=True) as written, Catalogue(path) as read:
        written.add(full)
        written.add(bare)
        assert [read.get(full.accession), read.get(bare.accession), read.get(numbered(3))] == [full, bare, None]
        assert full.accession in read
        assert numbered(3) not in read


def test_a_row_of_the_same_submission_replaces_the_older_one(path: Path) -> None:
    """One submission, one row."""
    with Catalogue(path, writable=True) as catalogue:
        catalogue.add(catalogue_record("0001193125-04-000001", data=b"old"))
        catalogue.add(catalogue_record("0001193125-04-000001", data=b"newer"))
        assert (catalogue.count(), [record.size for record in catalogue.records()]) == (1, [5])


@pytest.mark.slow
@settings(max_examples=25)
@given(st.dictionaries(st.integers(0, 999_999), st.tuples(st.integers(1, 28), st.booleans()), max_size=25))
def test_pages_hold_every_row_once_and_in_order(rows: dict[int, tuple[int, bool]]) -> None:
    """Rows that share a filing date, or end a page exactly, are neither lost nor repeated."""
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as folder,
        Catalogue(Path(folder) / "catalogue", writable=True) as catalogue,
    ):
        patch.setattr(database_module, "_PAGE_ROWS", 3)
        for number, (day, is_indexed) in rows.items():
            record = catalogue_record(numbered(number), data=b"x", filing_date=date(2004, 12, day))
            catalogue.add(record)
            if is_indexed:
                catalogue.mark_indexed([(record.accession, record.sha256)])
        assert [record.accession for record in catalogue.records()] == sorted(map(numbered, rows))
        waiting = sorted((day, numbered(number)) for number, (day, is_indexed) in rows.items() if not is_indexed)
        assert [(record.filing_date.day, record.accession) for record in catalogue.unindexed()] == waiting
        assert catalogue.count_unindexed() == len(waiting)


def test_more_rows_than_one_page(path: Path) -> None:
    """Several full pages of the real size."""
    with Catalogue(path, writable=True) as catalogue:
        for number in range(MANY):
            catalogue.add(catalogue_record(numbered(number)))
        assert [record.accession for record in catalogue.records()] == [numbered(number) for number in range(MANY)]
        assert sum(1 for _ in catalogue.unindexed()) == MANY


def test_what_is_indexed_is_known_by_its_sha256(path: Path) -> None:
    """A mark for other bytes than the stored ones leaves a submission to be indexed; all marks can be taken back."""
    first, second = (catalogue_record(numbered(number), data=b"x") for number in (1, 2))
    with Catalogue(path, writable=True) as catalogue:
        catalogue.add(first)
        catalogue.add(second)
        catalogue.mark_indexed([(first.accession, first.sha256), (second.accession, "ab" * 32)])
        assert [record.accession for record in catalogue.unindexed()] == [second.accession]
        catalogue.clear_index_marks()
        assert catalogue.count_unindexed() == 2
        assert all(record.indexed_sha256 is None for record in catalogue.records())


@pytest.mark.slow
def test_indexing_while_reading_what_is_unindexed_loses_nothing(path: Path) -> None:
    """The builder marks rows while it goes through them."""
    with Catalogue(path, writable=True) as catalogue:
        for number in range(MANY):
            catalogue.add(catalogue_record(numbered(number)))
        seen = []
        for record in catalogue.unindexed():
            seen.append(record.accession)
            if len(seen) % 700 == 0:
                catalogue.mark_indexed((accession, record.sha256) for accession in seen)
        assert len(seen) == len(set(seen)) == MANY


def test_a_withdrawn_submission_is_marked_and_can_come_back(path: Path) -> None:
    """EDGAR's index decides; the row stays."""
    moment = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    with Catalogue(path, writable=True) as catalogue:
        catalogue.add(catalogue_record(numbered(1)))
        catalogue.set_withdrawn([numbered(1)], moment)
        assert [record.withdrawn_at for record in catalogue.records()] == [moment]
        catalogue.set_withdrawn([numbered(1)], None)
        assert [record.withdrawn_at for record in catalogue.records()] == [None]


def test_sums_and_spans(path: Path) -> None:
    """Counts by form and filing year, bytes in all, and both ends of a span of filing dates."""
    with Catalogue(path, writable=True) as catalogue:
        assert catalogue.totals() == CatalogueTotals(0, 0, 0, 0, ())
        for number, day in enumerate([date(2003, 12, 31), date(2004, 1, 1), date(2004, 1, 2)]):
            catalogue.add(catalogue_record(numbered(number), data=b"abc", stored_bytes=2, filing_date=day))
        totals = catalogue.totals()
        assert (totals.submissions, totals.size, totals.stored_bytes, totals.unindexed) == (3, 9, 6, 3)
        assert totals.by_form_and_year == (("8-K", 2003, 1), ("8-K", 2004, 2))
        span = catalogue.filed_between(date(2003, 12, 31), date(2004, 1, 1))
        assert {record.accession for record in span} == {numbered(0), numbered(1)}


def test_what_was_made_durable_needs_no_log(path: Path, tmp_path: Path) -> None:
    """After `make_durable` every row stands in the file itself: a lost ``-wal`` loses none."""
    with Catalogue(path, writable=True) as catalogue:
        catalogue.set_note("key", "value")
        catalogue.make_durable()
        alone = tmp_path / "alone.sqlite3"
        alone.write_bytes(path.read_bytes())
    with Catalogue(alone) as copy:
        assert copy.note("key") == "value"


def test_notes_are_remembered(path: Path) -> None:
    """The last value holds, in the next process too."""
    with Catalogue(path, writable=True) as catalogue:
        assert catalogue.note("last_sync") is None
        catalogue.set_note("last_sync", "one")
        catalogue.set_note("last_sync", "two")
    with Catalogue(path) as catalogue:
        assert catalogue.note("last_sync") == "two"


def test_a_write_that_fails_changes_nothing(path: Path) -> None:
    """One transaction: all marks or none."""
    with Catalogue(path, writable=True) as catalogue:
        catalogue.add(catalogue_record(numbered(1)))
        with pytest.raises(UnicodeEncodeError):
            catalogue.mark_indexed([(numbered(1), "ab" * 32), (numbered(2), "\udc00")])
        assert [record.indexed_sha256 for record in catalogue.records()] == [None]
        catalogue.set_note("still", "usable")


def test_threads_share_one_catalogue(path: Path) -> None:
    """A writer and its checking threads use the same connection."""
    with Catalogue(path, writable=True) as catalogue:

        def add(part: int) -> None:
            for number in range(part, 200, 4):
                catalogue.add(catalogue_record(numbered(number)))

        threads = [threading.Thread(target=add, args=(part,)) for part in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert catalogue.count() == 200


def test_a_catalogue_of_a_newer_version_is_left_alone(path: Path) -> None:
    """An older edgarchive neither reads nor writes what it does not know."""
    Catalogue(path, writable=True).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 4")
    connection.close()
    before = path.read_bytes()
    for writable in (False, True):
        with pytest.raises(ArchiveFormatError, match="version 4"):
            Catalogue(path, writable=writable)
    assert path.read_bytes() == before


def damage_zeroes(path: Path) -> None:
    """Every byte is zero, as after some power cuts."""
    path.write_bytes(bytes(path.stat().st_size))


def damage_cut(path: Path) -> None:
    """The second half is gone."""
    os.truncate(path, path.stat().st_size // 2)


def damage_emptied(path: Path) -> None:
    """All is gone but the name."""
    os.truncate(path, 0)


def damage_overwritten(path: Path) -> None:
    """Another kind of file."""
    path.write_bytes(b"<html>" * 1000)


def damage_tables_gone(path: Path) -> None:
    """A sound SQLite file that is no catalogue."""
    connection = sqlite3.connect(path)
    connection.executescript("DROP TABLE submission; DROP TABLE note;")
    connection.close()


@pytest.mark.parametrize(
    ("damage", "writable"),
    [
        (damage_zeroes, False),
        (damage_zeroes, True),
        (damage_cut, False),
        (damage_cut, True),
        (damage_overwritten, False),
        (damage_overwritten, True),
        (damage_tables_gone, False),
        (damage_tables_gone, True),
        (damage_emptied, False),  # to a writer an empty file is a new catalogue
    ],
)
def test_a_damaged_catalogue_is_said_to_be_damaged(
    path: Path, damage: Callable[[Path], None], *, writable: bool
) -> None:
    """No damage shows as an error of SQLite, and none passes for an empty catalogue."""
    with Catalogue(path, writable=True) as catalogue:
        for number in range(200):
            catalogue.add(catalogue_record(numbered(number)))
    damage(path)
    with pytest.raises(DamageError), Catalogue(path, writable=writable) as catalogue:
        list(catalogue.records())


def test_a_catalogue_that_nobody_can_write_is_readable(path: Path) -> None:
    """A read-only copy, on a disc or a snapshot, serves readers, and reading leaves nothing there."""
    with Catalogue(path, writable=True) as catalogue:
        catalogue.add(catalogue_record(numbered(1)))
    path.chmod(stat.S_IRUSR)
    path.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with Catalogue(path) as catalogue:
            assert catalogue.count() == 1
            if os.geteuid() != 0:
                with pytest.raises(EdgarchiveError):
                    catalogue.set_note("a", "b")
    finally:
        path.parent.chmod(stat.S_IRWXU)
    if os.geteuid() != 0:
        assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_a_checkpoint_is_of_one_selection_and_one_version(path: Path) -> None:
    """Another version of the indexes, or another selection, has not been finished."""
    with Catalogue(path, writable=True) as catalogue:
        catalogue.checkpoints.set("selection", "2004 Q4", "version", planned=7)
        assert catalogue.checkpoints.get("selection", "2004 Q4", "version") == 7
        assert catalogue.checkpoints.get("selection", "2004 Q4", "another") is None
        assert catalogue.checkpoints.get("another", "2004 Q4", "version") is None


def test_a_deleted_row_takes_all_checkpoints_with_it(path: Path) -> None:
    """Whoever deletes it, so that the next sync looks; a row that is written again takes none."""
    record = catalogue_record("0001193125-04-000001")
    with Catalogue(path, writable=True) as catalogue:
        catalogue.add(record)
        catalogue.checkpoints.set("selection", "2004 Q4", "version", planned=7)
        catalogue.add(record)
        assert catalogue.checkpoints.get("selection", "2004 Q4", "version") == 7
        other = sqlite3.connect(path)
        with other:
            other.execute("DELETE FROM submission")
        other.close()
        assert catalogue.checkpoints.get("selection", "2004 Q4", "version") is None


def test_the_sizes_of_many_files_are_told_at_once(path: Path) -> None:
    """Of more than SQLite takes as parameters, and only of those that have a row."""
    records = [catalogue_record(f"0001193125-04-{n:06d}", stored_bytes=n) for n in range(1200)]
    with Catalogue(path, writable=True) as catalogue:
        catalogue.add(*records[:1100])
        sizes = catalogue.stored_bytes_of([record.accession for record in records])
        assert sizes == {record.accession: record.stored_bytes for record in records[:1100]}


def test_a_row_of_newer_bytes_keeps_what_only_the_older_one_knew(path: Path) -> None:
    """When and by which run it was added, what EDGAR's index said of it, and what is indexed; its own is the rest."""
    older = dataclasses.replace(
        catalogue_record("0001193125-04-000001", data=b"old"),
        run=1,
        added_run=1,
        withdrawn_at=STORED,
        listed=True,
        quarter="2004 Q4",
        first_seen=STORED,
        missing_since=STORED,
        missing_in="version",
        indexed_sha256="a" * 64,
    )
    later = STORED + timedelta(days=1)
    newer = dataclasses.replace(
        catalogue_record("0001193125-04-000001", data=b"newer"), run=2, added_run=2, added=later, stored_at=later
    )
    with Catalogue(path, writable=True) as catalogue:
        catalogue.add(older)
        catalogue.add(newer)
        assert catalogue.get(older.accession) == dataclasses.replace(
            older, run=2, stored_at=later, size=newer.size, sha256=newer.sha256
        )
        catalogue.add(dataclasses.replace(newer, run=3))
        same_bytes = catalogue.get(older.accession)
        assert same_bytes is not None
        assert same_bytes.run == 2
        catalogue.put(newer)
        assert catalogue.get(older.accession) == newer


def test_what_was_added_since_a_moment(path: Path) -> None:
    """The moment itself counts, and so do rows from before the journal; what an earlier clock dated does not."""
    moments = [STORED, STORED + timedelta(hours=1), STORED - timedelta(days=1)]
    with Catalogue(path, writable=True) as catalogue:
        catalogue.add(catalogue_record(numbered(0)))
        for run, moment in enumerate(moments, 1):
            record = catalogue_record(numbered(run))
            catalogue.add(dataclasses.replace(record, added=moment, added_run=run, run=run))
        assert [record.added_run for record in catalogue.added_since(STORED)] == [None, 1, 2]


def test_the_index_names_and_no_longer_names_a_submission(path: Path) -> None:
    """The first time that it is missing counts; being named again ends that; rows are found by the quarter."""
    first, later = STORED, STORED + timedelta(days=3)
    with Catalogue(path, writable=True) as catalogue:
        catalogue.add(catalogue_record(numbered(1)), catalogue_record(numbered(2)))
        catalogue.set_listed([numbered(1)], quarter="2004 Q4", moment=first)
        catalogue.set_listed([numbered(1)], quarter="2005 Q1", moment=later)
        assert not list(catalogue.named_in("2004 Q4"))
        assert [record.accession for record in catalogue.named_in("2005 Q1")] == [numbered(1)]
        catalogue.set_missing([numbered(1)], version="one", moment=first)
        catalogue.set_missing([numbered(1)], version="two", moment=later)
        [record] = catalogue.named_in("2005 Q1")
        assert (record.listed, record.first_seen) == (True, first)
        assert (record.missing_since, record.missing_in) == (first, "one")
        catalogue.set_listed([numbered(1)], quarter="2005 Q1", moment=later)
        [record] = catalogue.named_in("2005 Q1")
        assert (record.missing_since, record.missing_in) == (None, None)


def test_a_new_form_is_indexed_again(path: Path) -> None:
    """A form that EDGAR has renamed is taken over; the same one changes nothing."""
    with Catalogue(path, writable=True) as catalogue:
        for number in (1, 2):
            record = catalogue_record(numbered(number), data=b"x")
            catalogue.add(record)
            catalogue.mark_indexed([(record.accession, record.sha256)])
        catalogue.set_form([(numbered(1), FormType("8-K/A")), (numbered(2), FormType("8-K"))])
        assert [(record.accession, record.form) for record in catalogue.unindexed()] == [(numbered(1), "8-K/A")]


def test_acknowledged_signatures_are_of_certain_bytes(path: Path) -> None:
    """Accession number and sha256 together; the first time stays."""
    pair = (numbered(1), "ab" * 32)
    with Catalogue(path, writable=True) as catalogue:
        catalogue.acknowledge([pair], moment=STORED)
        catalogue.acknowledge([pair], moment=STORED + timedelta(days=1))
        assert catalogue.acknowledged() == {pair: STORED}


COLUMNS_OF = {
    "submission": tuple(SUBMISSION.names.split(", ")),
    "beside": ("accession", "sha256", "kind", "source", "url", "size", "stored_bytes", "stored_at", "run"),
    "run": ("verb", "selection", "began", "updated", "ended", "outcome", "planned", "requests", "failures"),
    "index_file": ("path", "sha256", "last_modified", "listed", "last_day"),
    "checkpoint": ("selection", "quarter", "version", "planned"),
    "note": ("key", "value"),
    "acknowledged": ("accession", "sha256", "acknowledged_at"),
    "saved_search": ("name", "query", "filters", "saved_at"),
    "sighting": ("accession", "entry", "state", "seen_at", "attempts", "next_try_at"),
    "delivery": ("id", "sink", "payload", "state", "created_at", "attempts", "next_try_at", "ended_at"),
}
TEXT_OF_ANY_KIND = {
    ("submission", "form"),
    ("submission", "url"),
    ("submission", "quarter"),
    ("submission", "missing_in"),
    ("beside", "url"),
    ("run", "verb"),
    ("index_file", "path"),
    ("index_file", "last_modified"),
    ("index_file", "listed"),
    ("checkpoint", "selection"),
    ("checkpoint", "quarter"),
    ("checkpoint", "version"),
    ("note", "key"),
    ("note", "value"),
    ("saved_search", "name"),
    ("saved_search", "query"),
    ("delivery", "id"),
    ("delivery", "sink"),
}


def fill(catalogue: Catalogue) -> None:
    """One row in every table."""
    record = catalogue_record(numbered(1), data=b"x")
    catalogue.add(record)
    catalogue.add_version(older_version(record))
    catalogue.runs.begin("sync", {"select": []}, began=STORED)
    catalogue.index_files.set(IndexFile("full-index/2004/QTR4/master.gz", "ab" * 32, "date", "stamp", FILED))
    catalogue.checkpoints.set("selection", "2004 Q4", "version", planned=7)
    catalogue.set_note("key", "value")
    catalogue.acknowledge([(record.accession, record.sha256)], moment=STORED)
    catalogue.saved_searches.set(SavedSearch("resignations", "item:5.02", {"form": ["8-K"]}, STORED))
    catalogue.sightings.add(Sighting(record.accession, FEED_ENTRY, "pending", STORED, 0, STORED))
    catalogue.deliveries.add([Delivery("one", "stdout", record.accession, None, PAYLOAD, STORED)])


FLIPPED = (b"\x00\xff", "\x07 not so", -3, 2.5, "2004-13-99")


@pytest.mark.parametrize("table", COLUMNS_OF)
@pytest.mark.slow
def test_any_flipped_value_is_damage(path: Path, table: str) -> None:
    """Of every column of every table, whatever stands there: reading all of it says so, and never crashes."""
    with Catalogue(path, writable=True) as catalogue:
        fill(catalogue)
        catalogue.check()
    whole = path.read_bytes()
    for column in COLUMNS_OF[table]:
        refused = 0
        for value in FLIPPED:
            path.write_bytes(whole)
            with contextlib.closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA synchronous = OFF")
                connection.execute("PRAGMA ignore_check_constraints = ON")
                try:
                    connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
                    connection.commit()
                except sqlite3.IntegrityError:
                    refused += 1
                    continue
                [after] = connection.execute(f"SELECT {column} FROM {table}").fetchone()
            if isinstance(after, str) and (table, column) in TEXT_OF_ANY_KIND:
                continue
            with Catalogue(path) as catalogue, pytest.raises(DamageError, match="is damaged"):
                catalogue.check()
        assert refused < len(FLIPPED), column


def test_a_closed_catalogue_says_so(path: Path) -> None:
    """It is no damage."""
    catalogue = Catalogue(path, writable=True)
    catalogue.close()
    with pytest.raises(UsageError, match="is closed"):
        catalogue.count()
    with pytest.raises(UsageError, match="is closed"):
        catalogue.set_note("a", "b")
