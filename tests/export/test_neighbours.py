"""An export of filings has a second file, ``NAME-entities``, which another export may be asked to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.errors import LockedError, UsageError
from archiver.runtime.progress import ProgressUpdate
from archiver.settings.settings import Settings
from edgarchive import export
from tests.export.conftest import tree
from tests.export.test_stopped import killing


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_both_files_are_locked(settings: Settings, out: Path, suffix: str) -> None:
    """While an export of filings runs, another to either of its files is refused, and the other way round."""
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    filings, entities = out / f"x.{suffix}", out / f"x-entities.{suffix}"
    refused: list[LockedError] = []

    def refuse(table: str, path: Path) -> None:
        if not refused:
            with pytest.raises(LockedError, match=rf"another export to .*x-entities\.{suffix} is running") as error:
                export(table, path, settings=settings, jobs=1)
            refused.append(error.value)

    def ask_for_entities(_: ProgressUpdate) -> None:
        refuse("sections", entities)

    def ask_for_filings(_: ProgressUpdate) -> None:
        refuse("filings", filings)

    export("filings", filings, settings=settings, jobs=1, progress=ask_for_entities)
    assert refused
    assert sorted(path.name for path in out.iterdir()) == [entities.name, filings.name]
    filings.unlink()
    entities.unlink()
    refused.clear()
    export("sections", entities, settings=settings, jobs=1, progress=ask_for_filings)
    assert refused
    assert [path.name for path in out.iterdir()] == [entities.name]


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
@pytest.mark.parametrize("first", ["filings", "sections"])
def test_the_rows_of_a_stopped_neighbour_are_not_continued(
    settings: Settings, out: Path, suffix: str, first: str
) -> None:
    """Of two stopped exports that share a name, each goes on with its own rows, or says that the file is there."""
    names = {"filings": f"x.{suffix}", "sections": f"x-entities.{suffix}"}
    second = next(table for table in names if table != first)
    stopped = [f"assert one('{names[table]}', kill_at=20, table='{table}')" for table in (first, second)]
    killing("\n".join(stopped), str(settings.root), str(out), "1", "x", "{}")
    export(first, out / names[first], settings=settings, jobs=1)
    export(first, out / "whole" / names[first], settings=settings, jobs=1)
    kept = {name: data for name, data in tree(out).items() if name in tree(out / "whole")}
    assert kept == tree(out / "whole")
    with pytest.raises(UsageError, match="already exists"):
        export(second, out / names[second], settings=settings, jobs=1)
