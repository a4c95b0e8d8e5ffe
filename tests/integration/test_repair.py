"""An archive put right: from EDGAR, from its own files, and from ``submissions/`` alone."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from archiver.settings.settings import Settings
from tests.edgar_fixtures import SYNC_ALL, CommandLine
from tests.loopback import FIXTURES, LoopbackEdgar, faults
from tests.unit.archives import tree

ONE = "0009000900-04-000101"
TWO = "0009000900-05-000088"
COUNT = len(list(FIXTURES.glob("*.txt")))
ONLY_THE_CATALOGUE_KNEW = {"last_sync", "sync"}


def place(settings: Settings, accession: str = ONE) -> Path:
    """Where a submission stands."""
    return settings.root / "submissions" / accession[:10] / accession[11:13] / accession[14:17] / f"{accession}.txt.gz"


def answers(cli: CommandLine) -> list[Any]:
    """What the archive says to questions of every kind, without what only its catalogue knew.

    That is also when a submission was added: a repair finds the time of its file, which may be in the second before.
    """
    asked = [
        cli.json("search", "the", "-n", "100"),
        cli.json("search", "resigned", "--item", "5.02"),
        cli.json("search", "-n", "100", "--documents"),
        cli.json("search", "lantern", "--form", "8-K*", "--facet", "form", "--facet", "cik"),
        cli.json("verify"),
        {key: value for key, value in cli.json("status").items() if key not in ONLY_THE_CATALOGUE_KNEW},
    ]
    for answer in asked:
        answer.pop("took_ms", None)
        for hit in answer.get("hits", ()):
            hit.pop("added")
    return asked


def offline(cli: CommandLine, *arguments: str, code: int = 0) -> Any:
    """A command where nobody says who asks, and EDGAR cannot be reached."""
    environment = cli.environment | {"EDGARCHIVE_BASE_URL": "http://127.0.0.1:9"}
    environment.pop("EDGARCHIVE_USER_AGENT")
    return CommandLine(environment, cli.folder).json(*arguments, code=code)


@pytest.mark.parametrize(
    "gone", [["catalogue.sqlite3", "index"], ["index"], ["catalogue.sqlite3"], ["everything else"]]
)
def test_all_comes_back_from_the_submissions_alone(
    edgar: LoopbackEdgar, synced: CommandLine, settings: Settings, gone: list[str]
) -> None:
    """Without catalogue, index or both, or with ``submissions/`` alone, one repair gives the same answers offline."""
    before = answers(synced)
    requests = len(edgar.requests)
    for path in list(settings.root.iterdir()):
        if path.name in gone or (gone == ["everything else"] and path.name != "submissions"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    report = offline(synced, "verify", "--repair")
    assert (report["checked"], report["ok"], report["findings"]) == (COUNT, COUNT, [])
    assert report["repaired"]
    assert answers(synced) == before
    assert len(edgar.requests) == requests
    assert offline(synced, "verify", "--repair")["repaired"] == []


@pytest.mark.parametrize("damage", ["missing", "truncated", "zeroed", "emptied", "no database", "no rows"])
def test_a_damaged_catalogue_is_found_and_made_again(synced: CommandLine, settings: Settings, damage: str) -> None:
    """However a catalogue is broken, `verify` finds it, every verb says it in one line, and a repair mends it."""
    before = answers(synced)
    catalogue = settings.root / "catalogue.sqlite3"
    size = catalogue.stat().st_size
    if damage == "missing":
        catalogue.unlink()
    elif damage == "no rows":
        connection = sqlite3.connect(catalogue)
        connection.execute("DELETE FROM submission")
        connection.commit()
        connection.close()
    elif damage == "truncated":
        os.truncate(catalogue, size // 3)
    else:
        catalogue.write_bytes({"zeroed": bytes(size), "emptied": b"", "no database": b"hello " * 1000}[damage])
    found = synced.json("verify", code=5)["findings"]
    assert {finding["kind"] for finding in found} == (
        {"uncatalogued", "index-extra", "texts-extra"} if damage == "no rows" else {"catalogue-damaged"}
    )
    if damage != "no rows":
        for verb in (("search", "resigned"), ("status",), ("index",), ("show", ONE)):
            done = synced.run(*verb)
            assert done.returncode == 5
            assert b"edgarchive verify --repair" in done.stderr
            assert done.stderr.count(b"\n") == 1
    report = offline(synced, "verify", "--repair")
    assert (report["checked"], report["ok"], report["findings"]) == (COUNT, COUNT, [])
    assert answers(synced) == before


@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped", "swapped"])
def test_a_broken_file_is_fetched_again(synced: CommandLine, settings: Settings, damage: str) -> None:
    """Whatever happened to a file, a repair brings EDGAR's bytes back and says so; a second one has nothing to do."""
    before = tree(settings.root / "submissions")
    path = place(settings)
    data = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        os.truncate(path, len(data) // 2)
    elif damage == "flipped":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    else:
        path.write_bytes(place(settings, TWO).read_bytes())
    report = synced.json("verify", "--repair")
    assert (report["checked"], report["ok"], report["findings"]) == (COUNT, COUNT, [])
    assert [(entry["accession"], set(entry)) for entry in report["repaired"]] == [
        (ONE, {"kind", "accession", "path", "message"})
    ]
    assert tree(settings.root / "submissions") == before
    run = synced.json("log", "-n", "1")[0]
    assert (run["verb"], run["stored"], run["requests"]) == ("repair", 1, 1)
    assert synced.json("verify")["findings"] == []
    assert synced.json("status")["unindexed"] == 0
    assert synced.json("verify", "--repair")["repaired"] == []


def test_two_swapped_files_change_places_without_edgar(synced: CommandLine, settings: Settings) -> None:
    """What lies in the place of another goes where it belongs, and nobody is asked."""
    before = tree(settings.root / "submissions")
    first, second = place(settings, ONE), place(settings, TWO)
    one = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(one)
    report = offline(synced, "verify", "--repair")
    assert report["findings"] == []
    assert {(entry["kind"], entry["accession"]) for entry in report["repaired"]} == {
        ("misplaced", ONE),
        ("misplaced", TWO),
    }
    assert tree(settings.root / "submissions") == before


def test_without_edgar_a_lost_file_stays_a_finding(synced: CommandLine, settings: Settings) -> None:
    """What cannot be fetched is said, again and again, until it can; the broken bytes are in the quarantine."""
    path = place(settings)
    data = path.read_bytes()[:-40]
    path.write_bytes(data)
    for _ in range(2):
        report = offline(synced, "verify", "--repair", code=5)
        assert [finding["accession"] for finding in report["findings"]] == [ONE]
        assert "user_agent" in report["findings"][0]["message"]
        assert (report["checked"], report["ok"]) == (COUNT, COUNT - 1)
    assert (settings.root / "quarantine" / path.name).read_bytes() == data
    assert synced.json("verify", "--repair")["findings"] == []


def test_what_edgar_does_not_have_stays_a_finding(
    edgar: LoopbackEdgar, synced: CommandLine, settings: Settings
) -> None:
    """EDGAR's refusal of one file is reported, and ends with 5; the next sync asks for the file again."""
    place(settings).unlink()
    edgar.inject(faults.server_error_500(), path=ONE, times=5)
    report = synced.json("verify", "--repair", code=5)
    assert [(finding["kind"], finding["accession"]) for finding in report["findings"]] == [("missing", ONE)]
    assert synced.json(*SYNC_ALL)["stored"] == 1


def test_an_archive_whose_disk_is_not_mounted_is_left_alone(
    edgar: LoopbackEdgar, synced: CommandLine, settings: Settings
) -> None:
    """With all files gone at once nothing is fetched and no row is dropped: it is one line, and says to mount."""
    submissions = settings.root / "submissions"
    submissions.rename(settings.root / "elsewhere")
    submissions.mkdir()
    requests = len(edgar.requests)
    done = synced.run("verify", "--repair")
    assert (done.returncode, done.stdout) == (7, b"")
    assert b"mount its disk" in done.stderr
    assert len(edgar.requests) == requests
    submissions.rmdir()
    (settings.root / "elsewhere").rename(submissions)
    assert synced.json("verify")["findings"] == []


def older_version(cli: CommandLine, settings: Settings) -> Path:
    """The file of an older version of a submission, kept beside it."""
    other = cli.folder / f"{ONE}.txt"
    other.write_bytes((FIXTURES / f"{ONE}.txt").read_bytes().replace(b" the ", b"  the "))
    cli.json("import", str(other))
    cli.json(*SYNC_ALL, "--refresh")
    [beside] = place(settings).parent.glob(f"{ONE}.*.txt.gz")
    return beside


def test_a_misplaced_older_version_is_put_back(cli: CommandLine, settings: Settings) -> None:
    """Bytes that were kept beside a submission are not lost as long as they are anywhere below ``submissions/``."""
    beside = older_version(cli, settings)
    before = tree(settings.root / "submissions")
    stray = settings.root / "submissions" / "elsewhere" / beside.name
    stray.parent.mkdir()
    beside.rename(stray)
    assert offline(cli, "verify", "--repair")["findings"] == []
    assert tree(settings.root / "submissions") == before
    assert cli.json("verify")["findings"] == []


def test_a_lost_older_version_is_told_once(cli: CommandLine, settings: Settings) -> None:
    """Lost bytes that were kept beside a submission cannot be had again: a finding once, and their row goes."""
    beside = older_version(cli, settings)
    assert cli.json("verify")["findings"] == []
    beside.write_bytes(beside.read_bytes()[:-30])
    report = cli.json("verify", "--repair", code=5)
    assert [finding["accession"] for finding in report["findings"]] == [ONE]
    assert cli.json("verify")["findings"] == []


def test_files_in_wrong_places_are_moved(synced: CommandLine, settings: Settings) -> None:
    """A moved file comes back to its place; a person's own file goes to the quarantine, and is not lost."""
    before = tree(settings.root / "submissions")
    stray = settings.root / "submissions" / "elsewhere" / "x.txt.gz"
    stray.parent.mkdir()
    place(settings).rename(stray)
    (settings.root / "submissions" / "notes.txt").write_text("mine")
    report = offline(synced, "verify", "--repair")
    assert report["findings"] == []
    assert (report["checked"], report["ok"]) == (COUNT, COUNT)
    assert tree(settings.root / "submissions") == before
    assert (settings.root / "quarantine" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("damage", ["flipped", "missing segment", "no table"])
def test_a_damaged_index_is_made_anew(synced: CommandLine, settings: Settings, damage: str) -> None:
    """A flipped bit in a segment is found by its checksum; the index is then made again from the files."""
    before = answers(synced)
    segment = next((settings.root / "index").glob("*.seg"))
    if damage == "flipped":
        data = bytearray(segment.read_bytes())
        data[len(data) // 2] ^= 1
        segment.write_bytes(data)
    elif damage == "missing segment":
        segment.unlink()
    else:
        next((settings.root / "index").glob("*.toc")).unlink()
    assert {finding["kind"] for finding in synced.json("verify", code=5)["findings"]} == {"index-damaged"}
    report = offline(synced, "verify", "--repair")
    assert report["findings"] == []
    assert [entry["kind"] for entry in report["repaired"]] == ["index-damaged"]
    assert answers(synced) == before


def test_no_index_leaves_the_index_alone(synced: CommandLine, settings: Settings) -> None:
    """With `--no-index` files and catalogue are put right, and what to do about the index is left."""
    shutil.rmtree(settings.root / "index")
    place(settings).unlink()
    assert [entry["accession"] for entry in synced.json("verify", "--repair", "--no-index")["repaired"]] == [ONE]
    assert not (settings.root / "index").exists()
    assert synced.run("verify", "--no-index").returncode == 2


@pytest.mark.parametrize("newer", ["catalogue", "format"])
def test_a_newer_archive_is_left_alone(synced: CommandLine, settings: Settings, newer: str) -> None:
    """What a newer edgarchive wrote is refused in one line, by a repair too, and not a byte of it changes."""
    if newer == "catalogue":
        connection = sqlite3.connect(settings.root / "catalogue.sqlite3")
        connection.execute("PRAGMA user_version = 99")
        connection.close()
    else:
        (settings.root / "format.json").write_text('{"format": 99}\n')
    before = tree(settings.root)
    for arguments in (("verify",), ("verify", "--repair"), SYNC_ALL):
        done = synced.run(*arguments)
        assert done.returncode == 2
        assert done.stderr.count(b"\n") == 1
    assert tree(settings.root) == before


def test_a_repair_waits_for_no_other_writer(synced: CommandLine, settings: Settings) -> None:
    """While another process writes, a repair ends with 6 and changes nothing; a check goes on."""
    with (settings.root / "format.json").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert synced.run("verify", "--repair").returncode == 6
        assert synced.run("verify").returncode == 0
