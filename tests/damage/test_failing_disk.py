"""A disk that breaks: from some call on, reading, writing, opening or looking at files fails."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from tests.damage.disk import compiler
from tests.damage.phases import PHASES, publish_feed
from tests.edgar_fixtures import SYNC_ALL, CommandLine
from tests.loopback import FIXTURES, LoopbackEdgar, faults
from tests.thorough import rounds

pytestmark = pytest.mark.skipif(
    compiler() is None, reason="calls are made to fail by a preloaded library: Linux and cc"
)

_SHIM = Path(__file__).with_name("failing.c")
_FROM = (4, 40, 1, 7, 12, 18, 28, 90)
_READING = (
    ("search", "resigned", "--json"),
    ("show", "0009000900-04-000101", "--json"),
    ("log", "--json"),
    ("status", "--json"),
)
_WRITING = (("saved", "add", "mine", "resigned"), ("index", "--rebuild"))


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled library."""
    shim = tmp_path_factory.mktemp("shim") / "failing.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(shim), str(_SHIM), "-ldl"], check=True)  # noqa: S607
    return shim


def _failing(cli: CommandLine, shim: Path, kind: str, number: int, *verb: str) -> subprocess.CompletedProcess[bytes]:
    root = cli.environment["EDGARCHIVE_ROOT"]
    done = cli.run(*verb, LD_PRELOAD=str(shim), FAIL_KIND=kind, FAIL_FROM=str(number), FAIL_ROOT=root)
    assert done.returncode in {0, 2, 3, 4, 5, 7}, (kind, number, verb, done.stderr)
    assert b"internal error" not in done.stderr, (kind, number, verb, done.stderr)
    return done


def _lacks(answer: bytes) -> bool:
    """Whether `status` says that it could not read the index or the texts."""
    facts = json.loads(answer)
    return "texts" in facts and (facts["texts"] is None or facts["index_error"] is not None)


def _facts(answer: bytes) -> object:
    facts = json.loads(answer)
    return {name: value for name, value in facts.items() if name != "took_ms"} if isinstance(facts, dict) else facts


@pytest.mark.usefixtures("synced")
@pytest.mark.parametrize("kind", ["open", "read", "stat", "lock", "folder"])
def test_what_cannot_be_read_is_said(cli: CommandLine, shim: Path, kind: str) -> None:
    """The answer is whole, or an error or a warning says that it is not."""
    for verb in _READING:
        whole = cli.run(*verb)
        for number in _FROM[: rounds(3, thorough=8)]:
            done = _failing(cli, shim, kind, number, *verb)
            if done.returncode == 0 and b"WARNING" not in done.stderr and not _lacks(done.stdout):
                assert _facts(done.stdout) == _facts(whole.stdout), (kind, number, verb)


@pytest.mark.usefixtures("synced")
@pytest.mark.parametrize("kind", ["open", "write", "sync", "rename", "stat", "lock", "folder"])
def test_what_cannot_be_written_is_done_by_the_next_run(cli: CommandLine, shim: Path, kind: str) -> None:
    """It ends with an error, never in a half; the same command, on a whole disk, does the rest."""
    for verb in _WRITING:
        for number in _FROM[: rounds(1, thorough=8)]:
            _failing(cli, shim, kind, number, *verb)
        assert cli.run(*verb).returncode == 0
    assert cli.run("verify").returncode == 0


@pytest.mark.usefixtures("synced")
def test_no_room_for_the_texts_is_no_damage(cli: CommandLine, shim: Path) -> None:
    """Whichever of its writes finds the disk full, the error says so."""
    texts = Path(cli.environment["EDGARCHIVE_ROOT"]) / "texts"
    table = str(texts / "index.sqlite3")
    full = {"LD_PRELOAD": str(shim), "FAIL_KIND": "write", "FAIL_ERRNO": str(errno.ENOSPC), "FAIL_ROOT": table}
    for number in range(1, 50, 9):
        shutil.rmtree(texts)
        done = cli.run("index", "--rebuild", **full, FAIL_FROM=str(number))
        assert done.returncode == 7, (number, done.stderr)
        assert b"no room left" in done.stderr, (number, done.stderr)


@pytest.mark.usefixtures("synced")
@pytest.mark.parametrize(("kind", "number"), [("stat", 1), ("stat", 2), ("open", 1), ("read", 1)])
def test_one_call_that_fails_is_said(cli: CommandLine, shim: Path, kind: str, number: int) -> None:
    """What could not be looked at once is not taken for missing, though the next look finds it."""
    texts = f"{cli.environment['EDGARCHIVE_ROOT']}/texts"
    once = {"FAIL_KIND": kind, "FAIL_FROM": str(number), "FAIL_UNTIL": str(number), "FAIL_ROOT": texts}
    done = cli.run("status", "--json", LD_PRELOAD=str(shim), **once)
    assert done.returncode == 0, done.stderr
    assert _lacks(done.stdout) or _facts(done.stdout) == _facts(cli.run("status", "--json").stdout)


@pytest.mark.usefixtures("synced")
def test_a_folder_that_cannot_be_read_is_found(cli: CommandLine, shim: Path) -> None:
    """No repair says that all is well, though it has not seen what is in the folder."""
    root = Path(cli.environment["EDGARCHIVE_ROOT"])
    for path in root.glob("catalogue.sqlite3*"):
        path.unlink()
    failing = {"LD_PRELOAD": str(shim), "FAIL_KIND": "folder", "FAIL_FROM": "1"}
    folder = next((root / "submissions").iterdir())
    done = cli.run("verify", "--repair", FAIL_ROOT=str(folder), **failing)
    assert done.returncode == 5, done.stderr
    assert f"unreadable: submissions/{folder.name}".encode() in done.stdout
    assert cli.run("verify", "--repair").returncode == 0


def test_an_import_names_what_it_cannot_read(cli: CommandLine, shim: Path, tmp_path: Path) -> None:
    """A folder that cannot be listed may hold submissions: the rest is imported, and the run is not done."""
    for name in ("closed", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "one.txt").write_bytes((FIXTURES / "0009000900-04-000101.txt").read_bytes())
    failing = {"LD_PRELOAD": str(shim), "FAIL_KIND": "folder", "FAIL_FROM": "1", "FAIL_ROOT": str(tmp_path / "closed")}
    done = cli.run("import", str(tmp_path / "closed"), str(tmp_path / "open"), "--no-index", "--json", **failing)
    report = json.loads(done.stdout)
    assert (done.returncode, report["stored"]) == (3, 1), done.stderr
    assert [(one["url"], one["error"]) for one in report["failures"]] == [(str(tmp_path / "closed"), "StorageError")]


@pytest.mark.usefixtures("synced")
def test_a_folder_that_cannot_be_read_is_not_empty(cli: CommandLine, shim: Path) -> None:
    """Python 3.13 and later give no names and no error for it: nothing follows from that."""
    root = Path(cli.environment["EDGARCHIVE_ROOT"])
    (root / "texts" / "index.sqlite3").write_bytes(b"")
    failing = {"LD_PRELOAD": str(shim), "FAIL_KIND": "folder", "FAIL_FROM": "1"}
    done = cli.run("verify", "--quick", **failing, FAIL_ROOT=str(root / "texts"))
    assert (done.returncode, done.stderr.count(b"\n")) == (7, 1), done.stderr
    done = cli.run("verify", "--repair", **failing, FAIL_ROOT=str(root / "submissions"))
    assert (done.returncode, b"is empty" in done.stderr) == (7, False), done.stderr


def test_folders_on_two_file_systems_are_named_as_the_fault(
    settings: Settings, cli: CommandLine, shim: Path, tmp_path: Path
) -> None:
    """Where ``submissions/`` leads to another disk, nothing can be renamed into it."""
    failing = {"LD_PRELOAD": str(shim), "FAIL_KIND": "rename", "FAIL_FROM": "1", "FAIL_ERRNO": str(errno.EXDEV)}
    done = cli.run(*PHASES["import"].command(tmp_path), **failing, FAIL_ROOT=str(settings.root / "submissions"))
    assert done.returncode == 7, done.stderr
    assert done.stderr.endswith(b"keep all of the archive on one file system\n")


@pytest.mark.parametrize(
    ("kind", "error"),
    [("mode", errno.EPERM), ("mode", errno.EOPNOTSUPP), ("mode", errno.ENOSYS), ("sync of a folder", errno.EINVAL)],
)
@pytest.mark.parametrize("engine", ["whoosh", "tantivy"])
def test_a_file_system_without_modes_or_synced_folders_will_do(
    edgar: LoopbackEdgar, settings: Settings, cli: CommandLine, shim: Path, *, kind: str, error: int, engine: str
) -> None:
    """An archive on a disk with exFAT or on a network drive can be filled, indexed, searched and verified."""
    if engine == "tantivy":
        pytest.importorskip("tantivy")
    odd = {"LD_PRELOAD": str(shim), "FAIL_KIND": kind, "FAIL_FROM": "1", "FAIL_ERRNO": str(error)}
    odd |= {"FAIL_ROOT": str(settings.root.parent), "EDGARCHIVE_ENGINE": engine}
    edgar.inject(faults.flipped_byte(), path="0009000900-04-000101")  # it goes to the quarantine
    for verb in (SYNC_ALL, ("index", "--rebuild"), ("search", "resigned", "-o", "hits.csv"), ("verify", "--repair")):
        done = cli.run(*verb, **odd)
        assert done.returncode == 0, (verb, done.stderr)
    assert (settings.root / "quarantine").is_dir()


def test_a_file_system_without_hard_links_keeps_earlier_bytes(
    edgar: LoopbackEdgar, settings: Settings, cli: CommandLine, shim: Path, tmp_path: Path
) -> None:
    """They are copied, as on FAT and on some network drives."""
    publish_feed(edgar)
    refresh = PHASES["refresh"]
    refresh.before(settings, tmp_path)
    earlier = {path.name: path.read_bytes() for path in settings.root.glob("submissions/**/*.gz")}
    failing = {"LD_PRELOAD": str(shim), "FAIL_KIND": "link", "FAIL_FROM": "1", "FAIL_ROOT": str(settings.root)}
    done = cli.run(*refresh.command(tmp_path), **failing, FAIL_ERRNO=str(errno.EPERM))
    assert done.returncode == 0, done.stderr
    beside = [path.read_bytes() for path in settings.root.glob("submissions/**/*.????????????????.txt.gz")]
    assert sorted(beside) == sorted(earlier.values())
    assert cli.run("verify").returncode == 0
