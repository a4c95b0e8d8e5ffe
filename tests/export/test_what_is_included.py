"""Which filings an export includes while the archive changes: none is left out, and later ones come next time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archiver.audit.repair import repair_files
from archiver.errors import RunCancelledError, UsageError
from archiver.identifiers import AccessionNumber
from archiver.runtime.progress import CancelToken, ProgressUpdate
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from archiver.store.layout import Layout
from edgarchive import SearchOptions, export, import_submissions, index_archive
from edgarchive.cli import run
from edgarchive.exporting import workers
from edgarchive.exporting.files import sinks
from edgarchive.exporting.files.state import last_export, note_export
from edgarchive.exporting.wanted import Begun, Choice, this_export, wanted_filings
from tests.export.conftest import lines
from tests.paths import INVENTED
from tests.watching.tools import filing

FIRST, LATER = range(1, 11), range(20, 25)


def write(folder: Path, numbers: Iterable[int]) -> Path:
    """A folder of submissions."""
    folder.mkdir()
    for number in numbers:
        (folder / f"{number}.txt").write_bytes(filing(number))
    return folder


def accession(number: int) -> AccessionNumber:
    """That of a submission."""
    return AccessionNumber(f"0009000999-26-{number:06d}")


def stored(settings: Settings, number: int) -> Path:
    """The file of a submission."""
    return next((settings.root / "submissions").rglob(f"{accession(number)}.txt.gz"))


def exported(*paths: Path) -> list[str]:
    """The accession numbers in files."""
    return sorted(row["accession"] for path in paths for row in lines(path))


@pytest.fixture
def mine(tmp_path: Path) -> Settings:
    """Settings of an archive of ten submissions, for this test alone."""
    settings = Settings(root=tmp_path / "archive", jobs=1)
    import_submissions([write(tmp_path / "first", FIRST)], settings=settings)
    return settings


def test_newer_bytes_while_an_export_runs(mine: Settings) -> None:
    """A filing fetched again before its turn is included."""
    choice = Choice()
    begun = Begun.now(choice, mine)
    with Archive.open(mine.root, writable=True) as archive:
        for record in list(archive.catalogue.records()):
            archive.catalogue.add(
                replace(record, sha256="0" * 64, stored_at=datetime.now(UTC), run=(record.run or 0) + 1)
            )
    assert len(list(wanted_filings(choice, mine, begun))) == len(FIRST)


@pytest.mark.parametrize("is_rebuilt", [False, True])
def test_dates_in_the_future_without_a_run(mine: Settings, tmp_path: Path, is_rebuilt: bool) -> None:  # noqa: FBT001
    """Those of an archive of version 0.1, or of a catalogue built again from the files, are exported once."""
    future = datetime.now(UTC) + timedelta(days=30)
    if is_rebuilt:
        os.utime(stored(mine, 3), (future.timestamp(), future.timestamp()))
        for path in mine.root.glob("catalogue.sqlite3*"):
            path.unlink()
        assert run(["--root", str(mine.root), "verify", "--repair"]) == 0
    else:
        with Archive.open(mine.root, writable=True) as archive:
            for record in list(archive.catalogue.records())[:3]:
                archive.catalogue.put(replace(record, stored_at=future, added=future, run=None, added_run=None))
    rows = [
        export("filings", tmp_path / f"{n}.jsonl", settings=mine, since_export=tmp_path / "state").rows for n in "12"
    ]
    assert rows == [len(FIRST), 0]


def test_what_a_repair_adds_is_new(mine: Settings, tmp_path: Path) -> None:
    """A killed import has left files without rows; when a repair adds them, an export has been made since."""
    import_submissions([write(tmp_path / "later", LATER)], settings=mine)
    long_ago = time.time() - 3600
    with Archive.open(mine.root, writable=True) as archive:
        for number in LATER:
            archive.catalogue.remove(accession(number))
            os.utime(stored(mine, number), (long_ago, long_ago))
    files = [tmp_path / f"{n}.jsonl" for n in range(3)]
    export("filings", files[0], settings=mine, since_export=tmp_path / "state")
    with Archive.open(mine.root, writable=True) as archive:
        repair_files(archive, mine)
    for file in files[1:]:
        export("filings", file, settings=mine, since_export=tmp_path / "state")
    assert [len(exported(file)) for file in files] == [len(FIRST), len(LATER), 0]


def test_what_is_indexed_while_an_export_runs(mine: Settings, tmp_path: Path) -> None:
    """It was in the archive before, but in no answer of the search."""
    import_submissions([write(tmp_path / "later", LATER)], settings=mine, index=False)
    files = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]

    def index_once(update: ProgressUpdate) -> None:
        if update.done == len(FIRST):
            index_archive(mine)

    for file, progress in zip(files, (index_once, lambda _: None), strict=True):
        export("hits", file, options=SearchOptions("resigned"), settings=mine, since_export=tmp_path / "state",
               progress=progress, jobs=1)  # fmt: skip
    assert exported(*files) == sorted(str(accession(number)) for number in [*FIRST, *LATER])


def test_finished_parts_that_were_removed(mine: Settings, tmp_path: Path) -> None:
    """The folder of an export that was stopped is gone: it begins again, and reports no file that is not there."""
    parquet = pytest.importorskip("pyarrow.parquet")
    folder = tmp_path / "years"
    folder.mkdir()
    for year in range(2001, 2011):
        (folder / f"{year}.txt").write_bytes(filing(year, filed=f"{year}0112"))
    import_submissions([folder], settings=mine)
    cancel = CancelToken()

    def stop(update: ProgressUpdate) -> None:
        if update.done >= 5:
            cancel.cancel()

    out = tmp_path / "out"
    with pytest.raises(RunCancelledError):
        export("documents", out, format="parquet", settings=mine, jobs=1, progress=stop, cancel=cancel)
    shutil.rmtree(out)
    report = export("documents", out, format="parquet", settings=mine, jobs=1)
    rows = sum(parquet.ParquetFile(path).metadata.num_rows for path in report.files if path.suffix == ".parquet")
    assert rows == report.rows == len(FIRST) + 10


def test_a_row_has_the_facts_of_its_own_bytes(mine: Settings, tmp_path: Path) -> None:
    """Those of a filing that comes with other bytes while an export runs are not told of the former ones."""
    later = tmp_path / "later"
    done: list[int] = []
    later.mkdir()
    (later / "9.txt").write_bytes(filing(9, form="8-K/A"))

    def replace_one(_: ProgressUpdate) -> None:
        if not done:
            with Archive.open(mine.root, writable=True) as archive:
                archive.catalogue.remove(accession(9))
            stored(mine, 9).unlink()
            import_submissions([later], settings=mine)
            done.append(9)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "TASK_FILINGS", 1)
        export("filings", tmp_path / "a.jsonl", settings=mine, jobs=1, progress=replace_one)
    [row] = [row for row in lines(tmp_path / "a.jsonl") if row["accession"] == accession(9)]
    former, present = (hashlib.sha256(filing(9, form=form)).hexdigest() for form in ("8-K", "8-K/A"))
    assert (row["form"], row["sha256"]) in {("8-K", former), ("8-K/A", present)}


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Arguments with which an export, in portions of one filing, stops after the fifth."""
    monkeypatch.setattr(workers, "TASK_FILINGS", 1)
    monkeypatch.setattr(sinks, "PART_BYTES", 1)
    monkeypatch.setattr("edgarchive.exporting.run.CHECKPOINT_S", 0)
    cancel = CancelToken()

    def stop(update: ProgressUpdate) -> None:
        if update.done == 5:
            cancel.cancel()

    return {"jobs": 1, "progress": stop, "cancel": cancel}


def test_the_folder_of_an_export_has_many_names(
    mine: Settings, tmp_path: Path, stops: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was stopped goes on below another name of its folder, and replaces none of its finished parts."""
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunCancelledError):
        export("filings", "out", format="parquet", settings=mine, **stops)
    report = export("filings", tmp_path / "out", format="parquet", settings=mine, jobs=1)
    parts = sorted((tmp_path / "out").rglob("*.parquet"))
    rows = [row for part in parts for row in parquet.ParquetFile(part).read().to_pylist()]
    assert [row["accession"] for row in rows] == [accession(number) for number in FIRST]
    assert {path for path in report.files if path.suffix == ".parquet"} == set(tmp_path.rglob("out*/*/*.parquet"))


def test_what_a_running_sync_had_stored_is_exported_once(mine: Settings, tmp_path: Path, stops: dict[str, Any]) -> None:
    """Also if the export was stopped while it ran, and goes on afterwards."""
    files, state = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"], tmp_path / "state"
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    import_submissions([write(tmp_path / "later", LATER)], settings=mine)
    with Archive.open(mine.root, writable=True) as archive:
        for record in list(archive.catalogue.records()):
            archive.catalogue.put(replace(record, stored_at=long_ago, added=long_ago))
        with pytest.raises(RunCancelledError):
            export("filings", files[0], settings=mine, since_export=state, **stops)
    for file in files:
        export("filings", file, settings=mine, since_export=state, jobs=1)
    assert [len(exported(file)) for file in files] == [len(FIRST) + len(LATER), 0]


def test_a_row_that_comes_while_an_export_runs(mine: Settings, tmp_path: Path) -> None:
    """A sync stores a file some minutes before its row, which may be of a day that the export has passed by then."""
    with Archive.open(mine.root, writable=True) as archive:
        late = archive.record(accession(1))
        archive.catalogue.remove(late.accession)
    state, left = tmp_path / "state", [late]

    def commit(_: ProgressUpdate) -> None:
        if left:
            with Archive.open(mine.root, writable=True) as archive:
                archive.catalogue.add(left.pop())

    for name in ("a.jsonl", "b.jsonl"):
        export("filings", tmp_path / name, settings=mine, jobs=1, since_export=state, progress=commit)
    assert exported(tmp_path / "a.jsonl", tmp_path / "b.jsonl") == [accession(number) for number in FIRST]


def test_only_what_is_new_since_the_last_export(out: Path, tmp_path: Path) -> None:
    """A file remembers until when everything was exported."""
    mine = Settings(root=tmp_path / "archive")
    some = sorted(INVENTED.glob("*.txt"))
    import_submissions(some[:3], settings=mine)
    assert export("filings", out / "1.jsonl", since_export=out / "state", settings=mine, jobs=1).rows == 3
    import_submissions(some[3:5], settings=mine)
    export("filings", out / "2.jsonl", since_export=out / "state", settings=mine, jobs=1)
    assert {row["accession"] for row in lines(out / "2.jsonl")} == {path.stem for path in some[3:5]}
    assert export("filings", out / "3.jsonl", since_export=out / "state", settings=mine, jobs=1).rows == 0


def test_a_wrong_clock_leaves_nothing_out(out: Path, tmp_path: Path) -> None:
    """What was stored by a clock a year ahead is exported, once; and so is what comes after the clock was set right."""
    mine = Settings(root=tmp_path / "archive")
    some, state = sorted(INVENTED.glob("*.txt"))[:4], out / "state"
    import_submissions(some[:2], settings=mine)
    ahead = (datetime.now(UTC) + timedelta(days=365)).isoformat()
    with contextlib.closing(sqlite3.connect(mine.root / "catalogue.sqlite3")) as catalogue, catalogue:
        catalogue.execute("UPDATE submission SET stored_at = ?, added = ?", (ahead, ahead))
    rows = [export("filings", out / f"{n}.jsonl", since_export=state, settings=mine, jobs=1).rows for n in range(2)]
    assert rows == [2, 0]
    values = json.loads(state.read_text())
    state.write_text(json.dumps(values | {"added_until": ahead}))  # the export itself had that clock
    import_submissions(some[2:], settings=mine)
    rows = [export("filings", out / f"{n}.jsonl", since_export=state, settings=mine, jobs=1).rows for n in range(2, 4)]
    assert rows == [2, 0]


def test_what_failed_or_came_late_is_exported_next_time(out: Path, tmp_path: Path) -> None:
    """Next time has what could not be read, what was not indexed, and what had no row in the catalogue yet."""
    mine = Settings(root=tmp_path / "archive")
    *some, later = sorted(INVENTED.glob("*.txt"))[:5]
    state, late, names = out / "state", [later], [path.stem for path in some]
    import_submissions(some[:3], settings=mine)
    stored = Layout(mine.root).submission(AccessionNumber(names[0]))
    packed = stored.read_bytes()
    stored.write_bytes(b"damaged")
    shutil.rmtree(mine.root / "texts")
    report = export("filings", out / "1.jsonl", since_export=state, settings=mine, jobs=1)
    assert [accession for accession, _ in report.failures] == [names[0]]
    stored.write_bytes(packed)
    import_submissions(some[3:], settings=mine)
    with (
        contextlib.closing(sqlite3.connect(mine.root / "catalogue.sqlite3")) as catalogue,
        catalogue,
    ):  # stored before, committed after
        until = json.loads(state.read_text())["added_until"]
        earlier = (datetime.fromisoformat(until) - timedelta(seconds=5)).isoformat()
        catalogue.execute("UPDATE submission SET stored_at = ? WHERE accession = ?", (earlier, names[3]))
    export("filings", out / "2.jsonl", since_export=state, settings=mine, jobs=1)
    assert {row["accession"] for row in lines(out / "2.jsonl")} == {names[0], names[3]}
    everything = SearchOptions(since=1990)
    import_submissions(late, settings=mine, index=False)
    export("filings", out / "3.jsonl", options=everything, since_export=state, settings=mine, jobs=1)
    index_archive(mine)
    export("filings", out / "4.jsonl", options=everything, since_export=state, settings=mine, jobs=1)
    assert [exported(out / name) for name in ("3.jsonl", "4.jsonl")] == [[], [path.stem for path in late]]


def test_what_is_indexed_while_an_incremental_export_runs(mine: Settings, tmp_path: Path) -> None:
    """A search may find it already or not: it is in this export or the next one, never in both."""
    import_submissions([write(tmp_path / "later", LATER)], settings=mine, index=False)
    everything = SearchOptions(since=1990)
    choice = Choice(everything, since=last_export(tmp_path / "state", "filings"))
    begun = Begun.now(choice, mine)
    index_archive(mine)
    first = [str(one.accession) for one in wanted_filings(choice, mine, begun)]
    note_export(tmp_path / "state", "filings", this_export(choice, mine, begun, failed=()))
    export("filings", tmp_path / "2.jsonl", options=everything, since_export=tmp_path / "state", settings=mine, jobs=1)
    assert sorted(first + exported(tmp_path / "2.jsonl")) == sorted(map(accession, (*FIRST, *LATER)))


def test_an_index_that_is_made_anew_makes_nothing_new(mine: Settings, tmp_path: Path) -> None:
    """What an earlier export had is not new because it is not indexed for some time."""
    everything, state = SearchOptions(since=1990), tmp_path / "state"
    export("filings", tmp_path / "1.jsonl", options=everything, since_export=state, settings=mine, jobs=1)
    with Archive.open(mine.root, writable=True) as archive:
        archive.catalogue.clear_index_marks()
    export("filings", tmp_path / "2.jsonl", options=everything, since_export=state, settings=mine, jobs=1)
    index_archive(mine)
    export("filings", tmp_path / "3.jsonl", options=everything, since_export=state, settings=mine, jobs=1)
    assert [len(lines(tmp_path / f"{number}.jsonl")) for number in (1, 2, 3)] == [len(FIRST), 0, 0]


@pytest.mark.parametrize("others", [{}, {"options": SearchOptions(form="10-K")}, {"accessions": [accession(1)]}])
def test_an_export_of_what_is_new_with_other_filters_is_warned_of(
    settings: Settings, out: Path, caplog: pytest.LogCaptureFixture, others: dict[str, Any]
) -> None:
    """What only they select was never exported, and is not now; the same filters, however written, are no others."""
    state = out / "state"
    for n, form in enumerate(("8-K", ["8-K"])):
        options = SearchOptions(form=form, limit=n + 1)
        export("filings", out / f"{n}.jsonl", options=options, since_export=state, settings=settings, jobs=1)
    assert not caplog.messages
    export("filings", out / "2.jsonl", since_export=state, settings=settings, jobs=1, **others)
    assert "the last export had other filters" in caplog.text
    caplog.clear()
    export("filings", out / "3.jsonl", since_export=state, settings=settings, jobs=1, **others)
    assert not caplog.messages


@pytest.mark.parametrize(
    "other", [{"table": "documents"}, {"table": "sections", "shape": "edgar-corpus"}, {"layout": "edgartools"}]
)
def test_the_memory_of_exports_of_something_else_is_refused(
    settings: Settings, out: Path, other: dict[str, Any]
) -> None:
    """It would leave out what only the others had."""
    state, mine = out / "state", {"table": "filings", **other}
    export("filings", out / "1.jsonl", since_export=state, settings=settings, jobs=1)
    before = state.read_bytes()
    with pytest.raises(UsageError, match="is of exports of filings"):
        export(out=out / "2.jsonl", since_export=state, settings=settings, jobs=1, **mine)
    assert state.read_bytes() == before
    state.write_bytes(before.replace(b'"of": "filings", ', b""))  # of an older version
    assert export("filings", out / "3.jsonl", since_export=state, settings=settings, jobs=1).rows == 0
