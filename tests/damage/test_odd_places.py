"""Things in places where none of their kind belongs: pipes, links, folders, files of other submissions."""

from __future__ import annotations

import gzip
import json
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import repair_archive, sync_archive, verify_archive
from tests.damage.phases import ALL, outcome, unpack_old_archive
from tests.edgar_fixtures import CommandLine
from tests.processes import EdgarchiveProcess

pytestmark = pytest.mark.usefixtures("edgar", "synced")

A, B, C = (AccessionNumber(f"0009000900-{number}") for number in ("04-000101", "05-000088", "10-000066"))
VERBS = (
    ("verify",),
    ("verify", "--quick"),
    ("status",),
    ("index",),
    ("show", "--raw", A),
    ("sync", "--form", "*", "--since", "2003-01-01"),
)


def place(settings: Settings, accession: AccessionNumber = A) -> Path:
    """Where a submission stands."""
    with Archive.open(settings.root) as archive:
        return archive.layout.submission(accession)


def rotate(settings: Settings, *accessions: AccessionNumber) -> None:
    """Move each file to the place of the next submission, the last one's to that of the first."""
    places = [place(settings, accession) for accession in accessions]
    aside = [path.rename(path.with_suffix(".aside")) for path in places]
    for path, target in zip(aside, [*places[1:], places[0]], strict=True):
        path.rename(target)


@pytest.mark.parametrize("moved", [(A, B), (A, B, C), (C, B, A)], ids=["swap", "ring", "other ring"])
@pytest.mark.parametrize("catalogue", ["kept", "lost"])
def test_moved_files_come_back(settings: Settings, moved: tuple[AccessionNumber, ...], catalogue: str) -> None:
    """Each is in its own place again, whichever comes first, and none is left in the quarantine."""
    before = outcome(settings.root)
    rotate(settings, *moved)
    if catalogue == "lost":
        for path in settings.root.glob("catalogue.sqlite3*"):
            path.unlink()
    offline = settings.replace(user_agent=None)
    report = repair_archive(offline)
    assert report.findings == ()
    assert report.checked == report.ok == len(before.rows[0])  # type: ignore[arg-type]
    after = outcome(settings.root)
    assert (after.files, after.answers) == (before.files, before.answers)
    assert not list((settings.root / "quarantine").glob("*.gz"))
    assert verify_archive(settings).findings == ()


def test_a_copy_in_anothers_place_replaces_nothing(settings: Settings) -> None:
    """A cut copy of one submission in the place of another does not cost the whole one."""
    whole = place(settings, A).read_bytes()
    body = gzip.decompress(whole)
    place(settings, B).write_bytes(gzip.compress(body[:-20]))
    place(settings, C).write_bytes(whole)
    place(settings, A).unlink()
    for path in settings.root.glob("catalogue.sqlite3*"):
        path.unlink()
    repair_archive(settings.replace(user_agent=None), index=False)
    assert place(settings, A).read_bytes() == whole


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "x").touch()


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _socket(path: Path) -> None:
    os.mknod(path, 0o140600)


ODD = (_fifo, _folder, _loop, _dangling, _socket)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.__name__[1:])
def test_something_else_in_a_files_place(settings: Settings, cli: CommandLine, odd: Callable[[Path], None]) -> None:
    """No verb waits for it or crashes; `verify` finds it, and a repair fetches the file again."""
    before = outcome(settings.root)
    for verb in VERBS:
        path = place(settings)
        path.rename(path.with_suffix(".aside"))
        odd(path)
        done = cli.run(*verb)
        lines = done.stderr.decode().splitlines()
        assert done.returncode in {0, 3, 5, 7}, (verb, lines)
        assert not any("internal error" in line or "Traceback" in line for line in lines), (verb, lines)
        assert verb[0] != "verify" or done.returncode == 5, (verb, done.stdout)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        path.with_suffix(".aside").rename(path)
    place(settings).unlink()
    odd(place(settings))
    assert repair_archive(settings).findings == ()
    assert verify_archive(settings).findings == ()
    assert outcome(settings.root).files == before.files


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("odd", [_fifo, _endless, _dangling], ids=lambda odd: odd.__name__[1:])
@pytest.mark.parametrize("name", ["index/meta.json", "index/_MAIN_*.toc", "index/MAIN_*.seg", "texts/*.pack"])
def test_something_else_in_the_index(
    synced: Settings, cli: CommandLine, name: str, odd: Callable[[Path], None]
) -> None:
    """No verb waits for it or reads it without end; `verify` finds it, and a repair makes the index again."""
    [path, *_] = synced.root.glob(name)
    path.unlink()
    odd(path)
    for verb in ("status",), ("search", "resigned"), ("verify", "--quick"), ("verify",):
        done = cli.run_here(*verb)
        assert done.returncode in {0, 2, 5, 7}, (verb, done.stderr)
        assert b"internal error" not in done.stderr
    assert done.returncode == 5
    assert repair_archive(synced).findings == ()
    assert verify_archive(synced).findings == ()
    assert cli.json("search", "resigned")["total"]


@pytest.mark.parametrize("name", ["index.new", "index.old", "index/building", "texts/building", "texts/000009.pack"])
def test_a_pipe_in_the_place_of_a_folder(synced: Settings, cli: CommandLine, name: str) -> None:
    """No rebuild waits for it; it is removed, as what a killed run left there would be."""
    shutil.rmtree(synced.root / name, ignore_errors=True)
    _fifo(synced.root / name)
    assert cli.run_here("index", "--rebuild").returncode == 0
    assert not (synced.root / name).is_fifo()
    assert verify_archive(synced).findings == ()


@pytest.mark.parametrize("name", ["texts", "texts/building", "index", "index.old"])
def test_a_file_in_the_place_of_a_folder(synced: Settings, cli: CommandLine, name: str) -> None:
    """A repair makes the folder again, as far as there has to be one."""
    shutil.rmtree(synced.root / name, ignore_errors=True)
    (synced.root / name).write_bytes(b"no folder")
    assert cli.run_here("verify", "--repair").returncode == 0
    assert not (synced.root / name).is_file() or name == "index.old"
    assert verify_archive(synced).findings == ()


def test_a_link_to_itself_in_the_place_of_a_segment(synced: Settings, cli: CommandLine) -> None:
    """Every verb says so in one line, and a repair rebuilds the index."""
    (segment,) = (synced.root / "index").glob("*.seg")
    segment.unlink()
    segment.symlink_to(segment.name)
    done = cli.run_here("search", "resigned")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert cli.run_here("verify").returncode == 5
    assert repair_archive(synced).findings == ()
    assert verify_archive(synced).findings == ()


def test_a_pipe_in_the_place_of_a_journal(synced: Settings, cli: CommandLine) -> None:
    """No verb waits for it, and a repair makes the texts again."""
    _fifo(synced.root / "texts" / "index.sqlite3-journal")
    assert cli.run_here("search", "resigned").returncode == 0
    assert cli.run_here("verify").returncode == 5
    assert repair_archive(synced).findings == ()
    assert verify_archive(synced).findings == ()


def test_a_link_to_nothing_in_the_place_of_the_texts(synced: Settings, cli: CommandLine) -> None:
    """It is an error in one line."""
    shutil.rmtree(synced.root / "texts")
    _dangling(synced.root / "texts")
    done = cli.run_here("index", "--rebuild")
    assert (done.returncode, len(done.stderr.splitlines())) == (7, 1)


def test_a_pipe_in_the_place_of_the_format(synced: Settings, cli: CommandLine) -> None:
    """Every verb says so, and a repair moves it away."""
    (synced.root / "format.json").unlink()
    _fifo(synced.root / "format.json")
    for verb in ("status",), ("search", "resigned"), ("index",), ("verify",):
        assert cli.run_here(*verb).returncode == 5, verb
    assert b"format-damaged: format.json: " in cli.run_here("verify", "--repair").stdout
    assert cli.run_here("verify").returncode == 0


@pytest.mark.parametrize("catalogue", ["whole", "damaged", "lost"])
@pytest.mark.parametrize("content", [None, b'{"format": "'])
def test_a_lost_or_damaged_format_is_found_and_repaired(
    synced: Settings, cli: CommandLine, content: bytes | None, catalogue: str
) -> None:
    """It is damage for every verb, with 5; a repair writes it again, also where the catalogue is damaged too."""
    path = synced.root / "format.json"
    path.unlink() if content is None else path.write_bytes(content)
    if catalogue != "whole":
        for file in synced.root.glob("catalogue.sqlite3*"):
            file.write_bytes(b"x" * 5000) if catalogue == "damaged" else file.unlink()
    for verb in ("status",), ("search", "resigned"), ("saved", "list"):
        done = cli.run_here(*verb)
        assert (done.returncode, b"edgarchive verify --repair" in done.stderr) == (5, True), (verb, done.stderr)
    found = json.loads(cli.run_here("verify", "--json").stdout)["findings"]
    assert [(one["kind"], one["path"]) for one in found] == [("format-damaged", "format.json")]
    repaired = json.loads(cli.run_here("verify", "--repair", "--json").stdout)["repaired"]
    assert repaired[0]["kind"] == "format-damaged"
    assert repaired[0]["message"].endswith("; it was written again")
    assert [one["kind"] for one in repaired].count("catalogue-damaged") == (catalogue != "whole")
    assert cli.run_here("verify").returncode == 0
    assert path.read_text() == '{"format": 2}\n'


def test_a_lost_format_of_an_old_archive_is_repaired(settings: Settings) -> None:
    """The catalogue may be an older one: it is migrated then."""
    shutil.rmtree(settings.root)
    unpack_old_archive(settings.root)
    (settings.root / "format.json").unlink()
    assert [one.kind for one in repair_archive(settings, index=False).repaired or ()][:1] == ["format-damaged"]
    assert (settings.root / "format.json").read_text() == '{"format": 2}\n'
    assert "format-damaged" not in {one.kind for one in verify_archive(settings).findings}


@pytest.mark.parametrize(
    ("end", "make"), [("-journal", "_fifo"), ("-wal", "_folder"), ("-shm", "_dangling"), ("-shm", "_fifo")]
)
def test_something_else_beside_the_catalogue(synced: Settings, cli: CommandLine, end: str, make: str) -> None:
    """Nothing waits for it; every verb names it in one line, and a repair moves it away."""
    path = synced.root / f"catalogue.sqlite3{end}"
    path.unlink(missing_ok=True)
    globals()[make](path)
    for verb in ("status",), ("search", "resigned"), ("index",):
        done = cli.run(*verb)
        assert (done.returncode, done.stderr.count(b"\n"), path.name.encode() in done.stderr) == (7, 1, True), verb
    assert cli.run("verify", "--repair").returncode == 0
    assert cli.run("verify").returncode == 0
    assert cli.run("search", "resigned").returncode == 0


def test_a_file_where_a_folder_belongs(settings: Settings) -> None:
    """It goes to the quarantine, and what belongs below it is fetched again."""
    before = outcome(settings.root)
    folder = place(settings).parent.parent
    shutil.rmtree(folder)
    folder.write_text("a file")
    assert verify_archive(settings).findings
    assert repair_archive(settings).findings == ()
    assert outcome(settings.root).files == before.files


@pytest.mark.parametrize("name", ["incoming/@eaDir", "incoming/lost+found", "quarantine/@eaDir"])
def test_folders_of_other_programs_are_left_alone(settings: Settings, name: str) -> None:
    """In the archive's own folders, too."""
    (settings.root / name).mkdir(parents=True)
    (settings.root / name / "x").touch()
    assert sync_archive(ALL, settings=settings).failures == ()
    assert repair_archive(settings).findings == ()
    assert (settings.root / name / "x").exists()


def test_few_open_files_are_no_damage(settings: Settings, cli: CommandLine) -> None:
    """Where a process may open few files, a verb ends with one line, and a repair takes nothing for broken."""
    before = outcome(settings.root)
    for verb in (("verify",), ("verify", "--repair"), ("sync", "--form", "*", "--since", "2003-01-01"), ("status",)):
        for most in (11, 12, 16, 20, 24):
            limits = {resource.RLIMIT_NOFILE: most}
            with EdgarchiveProcess(*verb, environment=cli.environment, folder=cli.folder, limits=limits) as process:
                out, err = process.communicate(timeout=60)
            lines = err.decode().splitlines()
            assert process.returncode in {0, 4, 7}, (verb, most, out, lines[-3:])
            assert len(lines) <= 1 or process.returncode == 0, (verb, most, lines)
    assert outcome(settings.root).files == before.files


def test_names_that_are_not_utf_8(settings: Settings, cli: CommandLine, tmp_path: Path) -> None:
    """In the archive they are found; an archive below one works."""
    odd = os.fsdecode(b"n\xe4me")
    (settings.root / "submissions" / odd).write_text("x")
    found = cli.json("verify", code=5)["findings"]
    assert [finding["kind"] for finding in found] == ["misplaced"]
    assert cli.run("verify").returncode == 5
    assert cli.json("verify", "--repair")["findings"] == []
    settings.root.rename(tmp_path / odd)
    for verb in (("status",), ("verify",), ("search", "resigned"), ("index", "--rebuild"), ("sync", "--form", "10-K")):
        done = cli.run(*verb, EDGARCHIVE_ROOT=str(tmp_path / odd))
        assert done.returncode == 0, (verb, done.stderr.decode())


@pytest.mark.parametrize(("start", "name"), [("/", "edgar"), ("", "%41 ?mode=ro#b&c"), ("//", "e\\d:g")])
def test_an_archive_below_any_path(settings: Settings, cli: CommandLine, tmp_path: Path, start: str, name: str) -> None:
    """One that begins with several slashes, as in scripts, or that has the signs of a URL, is like any other."""
    settings.root.rename(tmp_path / name)
    for verb in (("status",), ("index", "--rebuild"), ("verify",), ("search", "resigned")):
        done = cli.run(*verb, EDGARCHIVE_ROOT=f"{start}{tmp_path}/{name}")
        assert done.returncode == 0, (verb, done.stderr.decode())
