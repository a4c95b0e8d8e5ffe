"""Documents as filed, under names that are safe on every system."""

from __future__ import annotations

import html
import itertools
import json
import os
import random
import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import StorageError, UsageError
from archiver.settings.settings import Settings
from edgarchive import Library, export, extract_filings
from edgarchive.cli import run
from edgarchive.extract.extract import _write, extract_filing, write_viewer
from edgarchive.extract.names import MAX_BYTES, SafeNames
from tests.damage.disk import Disk, compiler, read_changes, read_tree, recording, states
from tests.processes import EdgarchiveProcess

FILING = "0009000900-19-000212"
DESCRIBED = "0009000900-04-000101"


def test_documents_are_written_as_filed(settings: Settings, out: Path) -> None:
    """Each file has the bytes that were filed; the manifest maps the names."""
    with Library(settings=settings) as library:
        report = extract_filings(library, [FILING], out)
        submission = library.submission(FILING)
    folder = out / FILING
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [entry["sequence"] for entry in manifest["files"]] == [one.sequence for one in submission.documents]
    for document, entry in zip(submission.documents, manifest["files"], strict=True):
        assert (folder / entry["file"]).read_bytes() == document.content()
        assert entry["filename"] == document.filename
    assert not report.failures


def test_a_folder_that_is_whole_stays(settings: Settings, out: Path) -> None:
    """A second run leaves it; a file that is cut is written again."""
    with Library(settings=settings) as library:
        first = extract_filing(library, FILING, out)
        before = (first.folder / first.files[0].file).stat().st_mtime_ns
        assert extract_filing(library, FILING, out).was_there
        assert (first.folder / first.files[0].file).stat().st_mtime_ns == before
        (first.folder / first.files[0].file).write_bytes(b"")
        assert not extract_filing(library, FILING, out).was_there
        assert (first.folder / first.files[0].file).stat().st_size == first.files[0].size


def test_processes_that_extract_the_same_filing_wait(settings: Settings, out: Path) -> None:
    """Of several at once one writes the folder, and the others find it complete; leftovers of a kill do not remain."""
    (out / f".{FILING}.part" / "folder").mkdir(parents=True)
    (out / f".{FILING}.part" / "left over.htm").write_text("of a killed run")

    def extract(_: int) -> tuple[bool, bool]:
        with Library(settings=settings) as library:
            filing = extract_filing(library, FILING, out)
            return filing.was_there, all(
                (filing.folder / file.file).stat().st_size == file.size for file in filing.files
            )

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(extract, range(8)))
    assert sorted(outcomes) == [(False, True)] + [(True, True)] * 7
    assert [path.name for path in out.iterdir()] == [FILING]
    assert "left over.htm" not in {path.name for path in (out / FILING).iterdir()}


@pytest.mark.skipif(compiler() is None, reason="changes are recorded by a preloaded library: Linux and cc")
def test_a_folder_appears_only_after_its_documents_are_on_the_disk(
    settings: Settings, out: Path, tmp_path: Path
) -> None:
    """A power cut after any change to the disk leaves a whole folder or none."""
    environment, log = recording(out, tmp_path)
    disk = Disk(out)
    arguments = ("--root", str(settings.root), "extract", FILING, "--out", str(out))
    with EdgarchiveProcess(*arguments, environment={**os.environ, **environment}, folder=tmp_path) as process:
        assert process.wait(60) == 0
    whole = {path: data for path, data in read_tree(out).items() if path.startswith(f"{FILING}/")}
    found = states(disk, read_changes(log), random.Random(1))  # noqa: S311 (the same cuts in every run)
    visible = [tree for tree in found.values() if f"{FILING}/manifest.json" in tree]
    assert visible
    for tree in visible:
        assert {path: data for path, data in tree.items() if path.startswith(f"{FILING}/")} == whole


def test_a_folder_of_somebody_else_is_not_touched(settings: Settings, out: Path) -> None:
    """A folder without our manifest stays as it is."""
    (out / FILING).mkdir()
    (out / FILING / "mine.txt").write_text("mine")
    with Library(settings=settings) as library, pytest.raises(UsageError, match=r"no extraction wrote: mine\.txt"):
        extract_filing(library, FILING, out)
    assert (out / FILING / "mine.txt").read_text() == "mine"


def test_nothing_behind_a_link_is_removed(settings: Settings, out: Path) -> None:
    """A folder that its user has put elsewhere cannot be replaced, so it stays whole."""
    with Library(settings=settings) as library:
        folder = extract_filing(library, FILING, out, documents="8-K").folder
        whole = read_tree(folder)
        folder.rename(out / "elsewhere")
        folder.symlink_to("elsewhere")
        with pytest.raises(UsageError, match="is a link or a file"):
            extract_filing(library, FILING, out)
    assert read_tree(out / "elsewhere") == whole


@pytest.mark.parametrize("name", ["notes.txt", "folder/notes.txt", "manifest.json"])
def test_what_a_user_put_beside_documents_is_not_removed(settings: Settings, out: Path, name: str) -> None:
    """To write other documents, or a file that was cut, the folder is made anew: only if all in it is ours."""
    with Library(settings=settings) as library:
        folder = extract_filing(library, FILING, out, documents="8-K").folder
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("mine")
        with pytest.raises(UsageError, match="no extraction wrote"):
            extract_filing(library, FILING, out)
        assert (folder / name).read_text() == "mine"
        (folder / name).unlink()


def test_a_kill_while_a_folder_is_replaced(settings: Settings, tmp_path: Path) -> None:
    """Kill -9 before any change to the disk: the same command makes it whole."""
    code = """
import os, signal, sys
from edgarchive import Library
from edgarchive.extract.extract import extract_filing

root, out, accession, kill_at = sys.argv[1:]
extracted, left = [], iter(range(int(kill_at)))

def count(event, values):
    if extracted and event in {"open", "os.rename", "os.remove", "os.rmdir"} and next(left, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(count)
with Library(root) as library:
    extracted.append(extract_filing(library, accession, out, documents="8-K"))
    extract_filing(library, accession, out)
"""
    with Library(settings=settings) as library:
        whole = {file.file for file in extract_filing(library, FILING, tmp_path / "whole").files}
        killed = 0
        for number in itertools.count():
            out = tmp_path / str(number)
            arguments = (str(settings.root), str(out), FILING, str(number))
            with EdgarchiveProcess(*arguments, environment=dict(os.environ), folder=tmp_path, code=code) as process:
                if process.wait(60) == 0:
                    break
            killed += 1
            filing = extract_filing(library, FILING, out)
            assert {path.name for path in filing.folder.iterdir()} == whole | {"manifest.json"}
            assert [path.name for path in out.iterdir()] == [FILING]
        assert killed > len(whole)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_nothing_is_written_to_a_folder_that_another_user_has_begun(settings: Settings, out: Path) -> None:
    """In a folder for all, such as /tmp, its owner could replace each file by a link to one of ours."""
    begun = out / f".{FILING}.part"
    begun.mkdir(mode=0o777)
    os.chown(begun, 12345, -1)
    with Library(settings=settings) as library, pytest.raises(UsageError, match="belongs to another user"):
        extract_filing(library, FILING, out)
    assert list(begun.iterdir()) == []


def test_a_link_in_place_of_a_document_is_not_followed(settings: Settings, tmp_path: Path) -> None:
    """Whoever may write to the folder could put one there just before."""
    (tmp_path / "mine").write_text("mine")
    with Library(settings=settings) as library:
        submission = library.submission(FILING)
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / str(submission.documents[0].filename)).symlink_to(tmp_path / "mine")
        with pytest.raises(StorageError, match="another program writes"):
            list(_write(tmp_path / "folder", submission, None))
    assert (tmp_path / "mine").read_text() == "mine"


def test_only_the_documents_that_were_asked_for(settings: Settings, out: Path) -> None:
    """A glob for types or file names."""
    with Library(settings=settings) as library:
        found = extract_filing(library, FILING, out, documents="8-K")
    assert {file.type for file in found.files} == {"8-K"}


def test_what_is_not_there_is_a_failure_of_its_own(settings: Settings, out: Path) -> None:
    """The others are written."""
    with Library(settings=settings) as library:
        report = extract_filings(library, ["0000000001-99-000001", FILING], out)
    assert [accession for accession, _ in report.failures] == ["0000000001-99-000001"]
    assert [str(one.accession) for one in report.filings] == [FILING]


def test_open_lists_the_documents_with_their_descriptions(settings: Settings, out: Path) -> None:
    """On stdout and in the page: number, type, file name and description, of which none plays with a terminal."""
    environment = {**os.environ, "BROWSER": "true", "XDG_CACHE_HOME": str(out), "HOME": str(out)}
    command = ("--root", str(settings.root), "open", DESCRIBED)
    process = EdgarchiveProcess(*command, environment=environment, folder=out)
    said, wrong = process.communicate(timeout=60)
    assert (process.returncode, wrong) == (0, b""), wrong.decode()
    page, *listed = said.decode().splitlines()
    with Library(settings=settings) as library:
        documents = library.submission(DESCRIBED).documents
    assert any(one.description for one in documents)
    for line, document in zip(listed, documents, strict=True):
        shown = (str(document.sequence), document.type, document.filename, document.description)
        assert line.split() == " ".join(filter(None, shown)).split()
        assert html.escape(document.description or "") in Path(page).read_text(encoding="utf-8")


@pytest.mark.parametrize("which", ["2", "EX-99.1", "dex991.htm"])
def test_open_shows_the_document_that_is_named(
    settings: Settings, out: Path, which: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By number, type or file name as in `show`, of a filing by its URL; one that is not there is an error."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(out))
    monkeypatch.setenv("HOME", str(out))
    command = [
        "--root",
        str(settings.root),
        "open",
        "https://www.sec.gov/Archives/edgar/data/1/0009000900-04-000101.txt",
    ]
    assert run([*command, "--json", "--document", which]) == 0
    page = Path(json.loads(capsys.readouterr().out)["page"])
    assert re.search(r"<iframe[^>]* src=\"?dex991\.htm", page.read_text(encoding="utf-8"))
    assert run([*command, "--json", "--document", "9"]) == 2
    assert "has no document 9; it has 1 8-K, 2 EX-99.1" in capsys.readouterr().err


def test_the_viewer_gives_a_filer_no_rights(settings: Settings, out: Path) -> None:
    """The document stands in a frame with an empty sandbox."""
    with Library(settings=settings) as library:
        page = write_viewer(extract_filing(library, FILING, out))
    assert '<iframe name="document" sandbox src=' in page.read_text()


HOSTILE = [
    "../../etc/passwd",
    "..\\..\\windows\\system.ini",
    "/etc/passwd",
    "C:evil.htm",
    "con",
    "NUL.txt",
    "com1.htm",
    "a\x00b.htm",
    "a\nb.htm",
    "\u202egpj.exe",
    ".",
    "..",
    "...",
    "",
    "manifest.json",
    "a" * 400 + ".htm",
    "é" * 200 + ".jpg",
    "trailing. ",
    "<script>.htm",
    'quo"te.htm',
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_become_plain_ones(name: str, tmp_path: Path) -> None:
    """A file of that name can be made in its folder, and is the only one."""
    safe = SafeNames().name(name, fallback="document-1.txt")
    check(safe)
    (tmp_path / safe).write_bytes(b"x")
    assert [path.name for path in tmp_path.iterdir()] == [safe]


@given(st.lists(st.text(max_size=300), max_size=20))
def test_any_names_are_safe_and_no_two_alike(wanted: list[str]) -> None:
    """Whatever filers write, on file systems that fold case and Unicode forms."""
    names = SafeNames()
    found = [names.name(name, fallback=f"document-{number}.txt") for number, name in enumerate(wanted)]
    for name in found:
        check(name)
    folded = [unicodedata.normalize("NFKC", name).casefold() for name in found]
    assert len(set(folded)) == len(folded)


def check(name: str) -> None:
    """One plain name."""
    assert name
    assert name not in {".", ".."}
    assert not set(name) & set('/\\<>:"|?*')
    assert not any(unicodedata.category(c)[0] == "C" for c in name)
    assert len(name.encode()) <= MAX_BYTES
    assert not name.endswith((".", " "))
    assert name.partition(".")[0].lower() not in {"con", "prn", "aux", "nul", "com1", "lpt1"}


def test_thousands_of_documents_of_one_name() -> None:
    """Each gets a name of its own, in time by how many there are."""
    names = SafeNames()
    made = [names.name("a.htm", fallback="x") for _ in range(30_000)]
    assert len(set(made)) == len(made)
    assert made[:2] + made[-1:] == ["a.htm", "a-2.htm", "a-30000.htm"]


@pytest.mark.parametrize(
    "place", ["submissions", "submissions/0009000900", "index/x", "texts", "incoming", "quarantine"]
)
def test_nothing_is_written_into_the_folders_of_the_archive(settings: Settings, tmp_path: Path, place: str) -> None:
    """They are the archive's alone, also by way of a link; beside them is room."""
    link = tmp_path / "link"
    link.symlink_to(settings.root)
    for root in (settings.root, link):
        with Library(settings=settings) as library, pytest.raises(UsageError, match="inside the archive"):
            extract_filing(library, FILING, root / place)
        with pytest.raises(UsageError, match="inside the archive"):
            export("filings", root / place / "a.jsonl", settings=settings)
        assert run(["--root", str(settings.root), "search", "the", "-o", str(root / place / "a.csv")]) == 2


def test_links_of_the_viewer_lead_to_files(settings: Settings, out: Path) -> None:
    """A name with signs that mean something in a URL is still the name of a file."""
    with Library(settings=settings) as library:
        filing = extract_filing(library, FILING, out)
    odd = replace(filing, files=(replace(filing.files[0], file="#a%41?.htm", filename="\u202ea.htm"),))
    page = write_viewer(odd).read_text(encoding="utf-8")
    assert page.count("%23a%2541%3F.htm") == 2
    assert "\u202e" not in page
