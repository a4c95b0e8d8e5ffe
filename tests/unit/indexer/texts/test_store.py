from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from indexer.texts import packs, parts, store
from indexer.texts.model import StoredSubmission, extract
from indexer.texts.store import TextStore
from indexer.texts.writer import remove_store
from tests.unit.corpus import read, rows
from tests.unit.indexer.texts.kept import add, extracted, number

TEN_K = "Item 1. Business\nWe make widgets.\nItem 1A. Risk Factors\nWidgets may break.\nItem 2. Properties\nNone.\n"


def assert_same(kept: StoredSubmission | None, made: StoredSubmission) -> None:
    """`kept` says all that `made` says."""
    assert kept is not None
    assert (kept.accession, kept.sha256, kept.raw_header) == (made.accession, made.sha256, made.raw_header)
    assert kept.header == made.header
    assert kept.documents == made.documents
    assert [document.text() for document in kept.documents] == [document.text() for document in made.documents]
    assert [document.sections() for document in kept.documents] == [document.sections() for document in made.documents]
    assert kept.text() == made.text()


def test_gives_back_what_was_extracted(tmp_path: Path) -> None:
    """Facts, texts, sections and header come back as they were extracted."""
    made = extracted(number(1), TEN_K, "An exhibit with “quotes”, é and 漢字.", "", form="10-K")
    assert made.documents[0].sections()
    add(tmp_path, [made])
    with TextStore.open(tmp_path) as texts:
        assert_same(texts.submission(made.accession), made)


@pytest.mark.slow
@given(
    submissions=st.lists(
        st.lists(st.one_of(st.text(max_size=50), st.integers(0, 400).map("x".__mul__)), max_size=5),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_texts_come_back(tmp_path: Path, submissions: list[list[str]]) -> None:
    """Whatever texts of whatever sizes stand together in frames, each comes back as it was."""
    remove_store(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "FRAME_BYTES", 200)
        patch.setattr(parts, "_RECORD_FRAME_BYTES", 2_000)
        _any_texts_come_back(tmp_path, submissions)


def _any_texts_come_back(tmp_path: Path, submissions: list[list[str]]) -> None:
    made = [extracted(number(count), *texts) for count, texts in enumerate(submissions)]
    add(tmp_path, made)
    with TextStore.open(tmp_path) as texts:
        for submission in reversed(made):
            assert_same(texts.submission(submission.accession), submission)


@pytest.mark.slow
def test_noted_submissions_come_back(tmp_path: Path) -> None:
    """Invented and real submissions come back, real ones from less than 0.30 of their text."""
    made = [extract(read(row["file"]), sha256="ab" * 32) for row in rows("submission", "dissemination")]
    made = list({submission.accession: submission for submission in made}.values())
    add(tmp_path, made)
    with TextStore.open(tmp_path) as texts:
        for submission in made:
            assert_same(texts.submission(submission.accession), submission)
        stats = texts.stats()
    assert stats.submissions == len(made)
    if stats.text_bytes > 1_000_000:
        assert stats.stored_bytes < 0.30 * stats.text_bytes


def test_other_bytes_or_another_extractor_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made from other bytes, or by another version, is not given."""
    made = extracted(number(1), "words")
    add(tmp_path, [made])
    with TextStore.open(tmp_path) as texts:
        assert texts.submission(made.accession, sha256=made.sha256) is not None
        assert texts.submission(made.accession, sha256="00" * 32) is None
        assert texts.submission(AccessionNumber(number(2))) is None
        monkeypatch.setattr(store, "EXTRACTOR_VERSION", 99)
        assert texts.submission(made.accession) is None


def test_a_missing_store_is_empty_and_may_appear_later(tmp_path: Path) -> None:
    """A reader that was there first sees what is written, removed and written again."""
    made = extracted(number(1), "words")
    with TextStore.open(tmp_path) as texts:
        assert texts.submission(made.accession) is None
        assert texts.stats().submissions == 0
        assert texts.is_empty
        for _ in range(2):
            add(tmp_path, [made])
            assert not texts.is_empty
            assert_same(texts.submission(made.accession), made)
            remove_store(tmp_path)
            assert texts.submission(made.accession) is None


def test_a_table_that_cannot_be_read_is_not_empty(tmp_path: Path) -> None:
    """So that whoever asks for a text hears of the damage."""
    add(tmp_path, [extracted(number(1), "words")])
    path = tmp_path / "texts" / "index.sqlite3"
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 8000)
    with TextStore.open(tmp_path) as texts:
        assert not texts.is_empty


def test_newer_texts_replace_older_ones(tmp_path: Path) -> None:
    """A submission has one text, the last that was written; the numbers count it once."""
    add(tmp_path, [extracted(number(1), "old words"), extracted(number(2), "others")])
    made = extracted(number(1), "new")
    add(tmp_path, [made])
    with TextStore.open(tmp_path) as texts:
        assert_same(texts.submission(made.accession), made)
        stats = texts.stats()
    assert (stats.submissions, stats.text_bytes) == (2, len("newothers") + 2)


def test_damage_is_a_miss_that_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A damaged pack gives nothing: `read` says why, `submission` logs it once."""
    made = extracted(number(1), "words " * 99)
    add(tmp_path, [made])
    (pack,) = (tmp_path / "texts").glob("*.pack")
    pack.write_bytes(bytes(len(pack.read_bytes())))
    with TextStore.open(tmp_path) as texts:
        with pytest.raises(DamageError):
            texts.read(made.accession)
        assert texts.submission(made.accession) is None
        assert texts.submission(made.accession) is None
    assert len(caplog.records) == 1


def test_several_are_looked_up_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only those with the same bytes come back; damage to one, or to a row of the table, costs no other."""
    monkeypatch.setattr(parts, "FRAME_BYTES", 1)
    monkeypatch.setattr(parts, "_RECORD_FRAME_BYTES", 1)
    made = [extracted(number(place), f"words of {place}") for place in range(1, 5)]
    add(tmp_path, made)
    wanted = [(one.accession, one.sha256) for one in made]
    others = [(made[3].accession, "0" * 64), (AccessionNumber(number(9)), "0" * 64)]
    with TextStore.open(tmp_path) as texts:
        found = texts.submissions(wanted[:3] + others)
        assert list(found) == [one.accession for one in made[:3]]
        for one in made[:3]:
            assert_same(found[one.accession], one)
        assert texts.submissions([]) == {}
    with contextlib.closing(sqlite3.connect(tmp_path / "texts" / "index.sqlite3")) as table:
        offset, size = table.execute(
            "SELECT base + frame_offset, frame_bytes FROM text ORDER BY accession LIMIT 1"
        ).fetchone()
    (pack,) = (tmp_path / "texts").glob("*.pack")
    data = pack.read_bytes()
    pack.write_bytes(data[:offset] + bytes(size) + data[offset + size :])
    with TextStore.open(tmp_path) as texts:
        assert list(texts.submissions(wanted)) == [one.accession for one in made[1:]]
    with contextlib.closing(sqlite3.connect(tmp_path / "texts" / "index.sqlite3")) as table, table:
        table.execute("UPDATE text SET start = -1 WHERE accession = (SELECT max(accession) FROM text)")
    with TextStore.open(tmp_path) as texts:
        assert list(texts.submissions(wanted)) == [one.accession for one in made[1:3]]


@pytest.mark.parametrize("name", ["000001.pack", "index.sqlite3"])
def test_a_pipe_in_a_files_place_is_not_waited_for(tmp_path: Path, name: str) -> None:
    """Opening one would wait for somebody to write to it; it is damage like any other, and a miss."""
    made = extracted(number(1), "A text.")
    add(tmp_path, [made])
    (tmp_path / "texts" / name).unlink()
    os.mkfifo(tmp_path / "texts" / name)
    with TextStore.open(tmp_path) as texts:
        assert texts.submission(made.accession, sha256=made.sha256) is None


def test_a_frame_that_claims_to_be_huge_is_damage() -> None:
    """A damaged size never becomes memory."""
    file = BytesIO()
    packs.FrameWriter(file).write(b"x" * 1000)
    frame = file.getvalue()
    assert packs.decompress(frame, raw_bytes=1000) == b"x" * 1000
    with pytest.raises(DamageError):
        packs.decompress(frame, raw_bytes=1 << 50)


def test_threads_share_a_store(tmp_path: Path) -> None:
    """Many threads that read at once all get their own texts."""
    made = [extracted(number(count), f"text {count} " * (40 * count)) for count in range(60)]
    add(tmp_path, made)
    wrong: list[str] = []
    with TextStore.open(tmp_path) as texts:

        def look() -> None:
            for submission in made:
                found = texts.submission(submission.accession)
                if found is None or found.text() != submission.text():
                    wrong.append(submission.accession)

        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_what_is_read_after_closing_leaves_no_file_open(tmp_path: Path) -> None:
    """By another thread that was reading, or from a result that is still there."""
    made = extracted(number(1), "some text")
    add(tmp_path, [made])
    open_files = len([*Path("/dev/fd").iterdir()])
    with TextStore.open(tmp_path) as texts:
        kept = texts.submission(made.accession)
    assert_same(kept, made)
    assert_same(texts.submission(made.accession), made)
    assert len([*Path("/dev/fd").iterdir()]) == open_files
