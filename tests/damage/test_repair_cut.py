"""A power cut, or a kill, after any single change that a repair makes: what it had to mend with is never lost."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.checks.body import sha256_of
from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from archiver.store.packing import unpack
from edgarchive import repair_archive
from tests.damage.disk import CUTS, Disk, compiler, read_changes, recording, states, write_tree
from tests.damage.phases import Outcome, outcome
from tests.edgar_fixtures import CommandLine, command_line
from tests.loopback import FIXTURES, LoopbackEdgar, faults
from tests.thorough import rounds

pytestmark = pytest.mark.skipif(compiler() is None, reason="changes are recorded by a preloaded library: Linux and cc")

TRIED = rounds(4, thorough=40)
CUT, GONE, SWAPPED, OTHER, WITHDRAWN = (
    AccessionNumber(f"0009000900-{number}")
    for number in ("04-000101", "05-000088", "10-000066", "16-000045", "17-000120")
)
MOMENT = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


def _files(settings: Settings) -> None:
    """A file that is cut, one that is gone, two that have changed places, one without its row, and no index."""
    with Archive.open(settings.root, writable=True) as archive:
        path = archive.layout.submission
        path(CUT).write_bytes(path(CUT).read_bytes()[:-100])
        path(GONE).unlink()
        path(SWAPPED).rename(path(SWAPPED).with_suffix(".aside"))
        path(OTHER).rename(path(SWAPPED))
        path(SWAPPED).with_suffix(".aside").rename(path(OTHER))
        archive.catalogue.remove(AccessionNumber("0009000900-21-000150"))
    shutil.rmtree(settings.root / "index")


def _catalogue(settings: Settings) -> None:
    """A page of the catalogue that is noise; its rows can still be read, and only they know what was withdrawn."""
    path = settings.root / "catalogue.sqlite3"
    connection = sqlite3.connect(path)
    page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
    [page] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'submission_filed'").fetchone()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * page_bytes)
        file.write(b"\xa5" * page_bytes)


def _swapped(settings: Settings) -> None:
    """Two files that have changed places, and no catalogue that knows them."""
    with Archive.open(settings.root, writable=True) as archive:
        path = archive.layout.submission
        path(SWAPPED).rename(path(SWAPPED).with_suffix(".aside"))
        path(OTHER).rename(path(SWAPPED))
        path(SWAPPED).with_suffix(".aside").rename(path(OTHER))
    for file in settings.root.glob("catalogue.sqlite3*"):
        file.unlink()
    shutil.rmtree(settings.root / "index")


def _whole_bodies(root: Path) -> set[str]:
    """The sha256 of every body that is whole, wherever in the archive it lies."""
    found = set()
    for folder in ("submissions", "quarantine"):
        for path in (root / folder).rglob("*.gz"):
            try:
                found.add(sha256_of(unpack(path)))
            except DamageError:
                continue
    return found


@pytest.mark.usefixtures("edgar", "synced")
@pytest.mark.parametrize("damage", [_files, _catalogue, _swapped], ids=["files", "catalogue", "swapped"])
def test_cut_after_any_change(settings: Settings, tmp_path: Path, damage: Callable[[Settings], None]) -> None:
    """No body is lost, nothing that only the old catalogue knew is, and the next repair ends as one never cut."""
    with Archive.open(settings.root, writable=True) as archive:
        archive.catalogue.set_withdrawn([WITHDRAWN], MOMENT)
    damage(settings)
    bodies = _whole_bodies(settings.root)
    environment, log = recording(settings.root, tmp_path)
    disk = Disk(settings.root)
    done = command_line(settings, tmp_path).run("verify", "--repair", **environment)
    assert done.returncode == 0, (done.stdout.decode(), done.stderr.decode())
    whole = _known(settings.root)
    dice = random.Random(damage.__name__)  # noqa: S311 (the same cuts in every run)
    found = states(disk, read_changes(log), dice, most=2 * TRIED)  # twice, since some leave the same
    for cut in CUTS:
        ways = [way for way in found if way.startswith(cut)]
        for way in dice.sample(ways, min(len(ways), TRIED)):
            root = tmp_path / "cut"
            write_tree(found[way], root)
            if not bodies <= _whole_bodies(root):
                # this parts the two names of a rename, which no file system with a journal does
                assert cut == "some of it", way
                if damage is _swapped:  # no row is left by which EDGAR could be asked
                    continue
            report = repair_archive(settings.replace(root=root))
            assert report.findings == (), way
            assert _known(root) == whole, way
            shutil.rmtree(root)


def _known(root: Path) -> tuple[Outcome, datetime | None]:
    """What the archive holds and says, and when the withdrawn submission was found to be so."""
    with Archive.open(root) as archive:
        return outcome(root), archive.record(WITHDRAWN).withdrawn_at


@pytest.mark.parametrize("has_row", [True, False], ids=["row", "no row"])
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_what_only_edgar_can_prove_stays_in_its_place(
    edgar: LoopbackEdgar, settings: Settings, cli: CommandLine, *, stop: signal.Signals, has_row: bool
) -> None:
    """A repair that is stopped while it asks EDGAR has moved nothing: the next check finds the same."""
    data = (FIXTURES / f"{CUT}.txt").read_bytes()
    unproven = AccessionNumber(edgar.add(data.replace(b"04-000101", b"04-000777").replace(b"</SEC-DOCUMENT>", b"")))
    cli.json("sync", "--form", "*", "--since", "2003-01-01", "--no-index")
    with Archive.open(settings.root, writable=True) as archive:
        place, record = archive.layout.submission(unproven), archive.record(unproven)
        archive.catalogue.remove(unproven)
        if has_row:
            archive.catalogue.put(dataclasses.replace(record, etag_md5=None))
    data, found = place.read_bytes(), _file_findings(cli)
    asked = len(edgar.requests_for("/Archives/edgar/data"))
    edgar.inject(faults.slow_first_byte(delay_s=30), path="/Archives/edgar/data/*", times=None)
    with cli.start("verify", "--repair") as process:
        while len(edgar.requests_for("/Archives/edgar/data")) == asked:
            time.sleep(0.02)
        process.send_signal(stop)
        process.communicate()
    edgar.clear_faults()
    assert (place.read_bytes(), _file_findings(cli)) == (data, found)
    cli.json("verify", "--repair")
    assert _file_findings(cli) == []


def test_what_only_edgar_could_prove_outlives_what_edgar_sends_later(edgar: LoopbackEdgar, cli: CommandLine) -> None:
    """A repair without EDGAR has set it aside; the next sync stores another version, and deletes nothing."""
    data = (FIXTURES / f"{CUT}.txt").read_bytes()
    unproven = AccessionNumber(edgar.add(data.replace(b"04-000101", b"04-000777").replace(b"</SEC-DOCUMENT>", b"")))
    cli.json("sync", "--form", "*", "--since", "2003-01-01", "--no-index")
    root = Path(cli.environment["EDGARCHIVE_ROOT"])
    with Archive.open(root, writable=True) as archive:
        one, other = archive.layout.submission(unproven), archive.layout.submission(CUT)
        archive.catalogue.put(dataclasses.replace(archive.record(unproven), etag_md5=None))
    body = sha256_of(unpack(one))
    one.rename(root / "third")
    other.rename(one)
    (root / "third").rename(other)
    offline = {name: value for name, value in cli.environment.items() if name != "EDGARCHIVE_USER_AGENT"}
    CommandLine(offline, cli.folder).json("verify", "--repair", code=5)
    edgar.add(data.replace(b"04-000101", b"04-000777"))
    cli.json("sync", "--form", "*", "--since", "2003-01-01", "--no-index")
    assert (one.exists(), body in _whole_bodies(root)) == (True, True)


def _file_findings(cli: CommandLine) -> list[tuple[str, str]]:
    done = cli.run_here("verify", "--json")
    findings = json.loads(done.stdout)["findings"]
    return [(one["kind"], one["accession"]) for one in findings if not one["kind"].startswith(("index-", "texts-"))]
