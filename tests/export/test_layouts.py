"""Filings in the folders of other programs: links to the stored files, or copies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from archiver.store.layout import Layout
from edgarchive import Library, SearchOptions, export, import_submissions
from tests.paths import INVENTED

FILING = "0009000900-21-000150"
PLACE = Path("filings", "20210226", f"{FILING}.nc.gz")


def test_filings_are_links_to_what_is_stored(settings: Settings, out: Path) -> None:
    """Each lies in the folder of its filing date, takes no room, and stays as it is when the export runs again."""
    with Library(settings=settings) as library:
        filings = library.status().submissions
        stored = settings.root / library.record(FILING).path
    for _ in range(2):
        report = export("filings", out, layout="edgartools", settings=settings)
        assert (report.filings, report.copied, report.failures, report.files) == (filings, 0, (), (out,))
    assert (out / PLACE).samefile(stored)
    assert len(list(out.glob("filings/*/*.nc.gz"))) == filings
    assert not list(out.rglob("*.part"))


def test_copies_take_the_place_of_links_and_back(settings: Settings, out: Path) -> None:
    """A copy is not the stored file, has its bytes, and is made once."""
    options = SearchOptions(FILING)
    export("filings", out, layout="edgartools", options=options, settings=settings)
    stored = (out / PLACE).stat()
    assert export("filings", out, layout="edgartools", copy=True, options=options, settings=settings).copied == 1
    copied = (out / PLACE).stat()
    assert (copied.st_ino != stored.st_ino, copied.st_size) == (True, stored.st_size)
    export("filings", out, layout="edgartools", copy=True, options=options, settings=settings)
    assert (out / PLACE).stat().st_ino == copied.st_ino
    export("filings", out, layout="edgartools", options=options, settings=settings)
    assert (out / PLACE).stat().st_ino == stored.st_ino


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no second file system to write to")  # noqa: S108
def test_another_file_system_gets_copies(settings: Settings, out: Path) -> None:
    """Where no link can be made, the filing is copied."""
    other = Path("/dev/shm") / f"edgarchive-{os.getpid()}"  # noqa: S108
    if out.stat().st_dev == other.parent.stat().st_dev:
        pytest.skip("one file system")
    try:
        report = export("filings", other, layout="edgartools", options=SearchOptions(FILING), settings=settings)
        assert (report.filings, report.copied) == (1, 1)
        with Library(settings=settings) as library:
            stored = settings.root / library.record(FILING).path
        assert (other / PLACE).read_bytes() == stored.read_bytes()
    finally:
        for path in sorted(other.rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        other.rmdir()


def test_what_the_archive_has_anew_takes_the_place(out: Path, tmp_path: Path) -> None:
    """A stale link is replaced; a stored file that is gone, and a filing that never was there, are named."""
    mine = Settings(root=tmp_path / "archive")
    import_submissions(sorted(INVENTED.glob("*.txt"))[:2], settings=mine)
    export("filings", out, layout="edgartools", settings=mine)
    first, second = sorted(out.glob("filings/*/*.nc.gz"))
    layout = Layout(mine.root)
    accessions = [path.name.removesuffix(".nc.gz") for path in (first, second)]
    places = {accession: layout.submission(AccessionNumber(accession)) for accession in accessions}
    packed = places[accessions[0]].read_bytes()
    places[accessions[0]].unlink()
    places[accessions[0]].write_bytes(packed)
    places[accessions[1]].unlink()
    wanted = [*accessions, "0000000001-99-000001"]
    report = export("filings", out, layout="edgartools", accessions=wanted, settings=mine)
    assert first.samefile(places[accessions[0]])
    assert [accession for accession, _ in report.failures] == [accessions[1], "0000000001-99-000001"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"layout": "secedgar"}, "there is no layout"),
        ({"table": "sections"}, "is for filings"),
        ({"format": "csv"}, "--format cannot be combined"),
        ({"layout": None, "copy": True, "format": "csv"}, "only a layout can be copied"),
        ({"accessions": []}, "empty"),
    ],
)
def test_a_mistake_is_named(settings: Settings, out: Path, arguments: dict[str, object], says: str) -> None:
    """What cannot be is said before anything is written."""
    given = {"table": "filings", "layout": "edgartools", **arguments}
    with pytest.raises(UsageError, match=says):
        export(str(given.pop("table")), out, settings=settings, **given)  # type: ignore[arg-type]
    assert not list(out.iterdir())
