"""The catalogue truncated, zeroed, flipped, gone, or from a newer version."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from tests.damage.phases import outcome
from tests.edgar_fixtures import CommandLine

NUMBER = "0009000900-04-000101"
VERBS = (
    ("verify",),
    ("status",),
    ("search", "resigned"),
    ("show", NUMBER),
    ("sync", "--form", "*", "--since", "2003-01-01"),
)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _flip_header(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[3] ^= 0x10
    path.write_bytes(data)


def _overwrite_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for start in range(4096, len(data), 4096):
        data[start : start + 64] = random.Random(start).randbytes(64)  # noqa: S311 (the same noise in every run)
    path.write_bytes(data)


def _spoil_schema(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE delivery", b"CREATE \x81\x81BLE delivery"))


def _make_text(path: Path) -> None:
    path.write_text("this is no database\n" * 500)


def _remove(path: Path) -> None:
    path.unlink()


DAMAGES = (_truncate, _zero, _flip_header, _overwrite_pages, _spoil_schema, _make_text, _remove)


@pytest.fixture
def catalogue(synced: Settings) -> Path:
    """The catalogue of an archive that is whole."""
    path = synced.root / "catalogue.sqlite3"
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    return path


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__[1:])
def test_no_verb_trusts_it_and_repair_brings_it_back(
    settings: Settings, cli: CommandLine, catalogue: Path, damage: Callable[[Path], None]
) -> None:
    """Every verb says so in one line with 5, and `verify --repair` makes the same archive again."""
    whole = outcome(settings.root)
    data = catalogue.read_bytes()
    for verb in VERBS:
        catalogue.write_bytes(data)
        damage(catalogue)
        done = cli.run(*verb)
        lines = done.stderr.decode().splitlines()
        assert "Traceback" not in done.stderr.decode()
        if verb[0] in {"verify", "status", "show"} or done.returncode:
            assert done.returncode == 5, (verb, lines, done.stdout)
        if done.returncode and verb[0] != "verify":
            assert len(lines) == 1, lines
            assert lines[0].startswith("edgarchive: "), lines
    for end in ("-wal", "-shm"):
        catalogue.with_name(catalogue.name + end).unlink(missing_ok=True)
    catalogue.write_bytes(data)
    damage(catalogue)
    repaired = cli.run("verify", "--repair")
    assert repaired.returncode in {0, 5}, repaired.stderr.decode()
    assert cli.run("verify").returncode == 0
    again = outcome(settings.root)
    assert (again.files, again.answers, again.entries) == (whole.files, whole.answers, whole.entries)


def test_a_newer_version_is_refused_by_every_verb(cli: CommandLine, catalogue: Path) -> None:
    """A catalogue that a newer edgarchive wrote ends verbs with 2, and stays as it is."""
    with closing(sqlite3.connect(catalogue)) as connection:
        connection.execute("PRAGMA user_version = 99")
    data = catalogue.read_bytes()
    for verb in VERBS:
        done = cli.run(*verb)
        assert done.returncode == 2, (verb, done.stderr.decode())
        assert "newer" in done.stderr.decode()
    assert catalogue.read_bytes() == data


def test_a_lost_log_loses_rows_and_no_file(settings: Settings, cli: CommandLine) -> None:
    """Without its ``-wal`` a killed run's catalogue lacks the last rows; the next run takes their files in again."""
    with cli.start("sync", "--form", "*", "--since", "2003-01-01", EDGARCHIVE_RATE="60") as process:
        while len(list((settings.root / "submissions").rglob("*.gz"))) < 5:
            assert process.poll() is None
        process.kill()
        process.communicate()
    (settings.root / "catalogue.sqlite3-wal").unlink()
    (settings.root / "catalogue.sqlite3-shm").unlink()
    files = {path: path.read_bytes() for path in (settings.root / "submissions").rglob("*.gz")}
    report = cli.json("sync", "--form", "*", "--since", "2003-01-01")
    assert report["failed"] == 0
    assert files.items() <= {path: path.read_bytes() for path in (settings.root / "submissions").rglob("*.gz")}.items()
    assert cli.run("verify").returncode == 0


@pytest.mark.parametrize(
    ("table", "lost"),
    [
        ("delivery", "alerts"),
        ("sighting", "filings that `watch` saw"),
        ("saved_search", "saved searches"),
        ("acknowledged", "acknowledged signatures"),
    ],
)
def test_what_a_repair_cannot_read_of_it_is_named(cli: CommandLine, catalogue: Path, table: str, lost: str) -> None:
    """The first page of a table is noise: the repair ends with 5 and says what only the catalogue knew."""
    with closing(sqlite3.connect(catalogue)) as connection:
        page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
        [page] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with catalogue.open("r+b") as file:
        file.seek((page - 1) * page_bytes)
        file.write(b"\xa5" * page_bytes)
    [named] = cli.json("verify", "--repair", code=5)["findings"]
    assert (named["kind"], named["path"]) == ("catalogue-damaged", "quarantine/catalogue.sqlite3")
    assert f"is lost: {lost}" in named["message"]
    assert cli.json("verify", "--repair")["findings"] == []
