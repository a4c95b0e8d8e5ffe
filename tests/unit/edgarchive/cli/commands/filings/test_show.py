"""``edgarchive show`` of an archive on disk."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import Library, import_submissions
from edgarchive.cli import run
from tests.loopback import FIXTURES
from tests.unit.archives import keep
from tests.unit.submissions import ACCESSION, DOCUMENTS, RENDERING, submission_bytes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive with one submission, not indexed."""
    with Archive.open(tmp_path / "edgar", writable=True, create=True) as archive:
        keep(archive, ACCESSION, submission_bytes())
    return tmp_path / "edgar"


def test_an_invalid_signature_is_said(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The summary warns of it, and of nothing where the signature is valid or there is none."""
    for signature, said in ((None, False), ("valid", False), ("invalid", True)):
        with Archive.open(root, writable=True) as archive:
            archive.catalogue.add(replace(archive.record(AccessionNumber(ACCESSION)), signature=signature))
        assert run(["--root", str(root), "show", ACCESSION]) == 0
        assert ("signature invalid: the SEC's signature does not match" in capsys.readouterr().out) is said


LANTERN, TEAL, BRAMBLE = "0009000900-04-000101", "0009000900-19-000212", "0009000900-21-000150"


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with the invented submissions, not indexed."""
    root = tmp_path_factory.mktemp("invented") / "edgar"
    import_submissions([FIXTURES], settings=Settings(root=root), index=False)
    return root


def shown(capsys: pytest.CaptureFixture[str], root: Path, *words: str, code: int = 0) -> str:
    """What `show` prints; or, with another exit code, what it complains of."""
    assert run(["--root", str(root), "show", *words]) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


@pytest.mark.parametrize("which", ["2", "EX-99.1", "ex-99.1", "EX99.1", "Exhibit 99.1", "dex991.htm"])
def test_a_document_is_named_by_number_type_or_file(
    invented: Path, capsys: pytest.CaptureFixture[str], which: str
) -> None:
    """In any case."""
    out = shown(capsys, invented, LANTERN, "--text", "--document", which)
    assert "ANNOUNCES BOARD CHANGE" in out
    assert "Thistlewood, a member" not in out


def test_a_document_that_is_not_there_is_named_with_those_that_are(
    invented: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By number and type."""
    said = shown(capsys, invented, LANTERN, "--text", "--document", "EX-10", code=2)
    assert said == f"edgarchive: {LANTERN} has no document EX-10; it has 1 8-K, 2 EX-99.1\n"


def test_a_query_that_cannot_be_read_shows_nothing(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error comes before any text."""
    assert run(["--root", str(invented), "show", LANTERN, "--highlight", "resign!"]) == 2
    shown_text, said = capsys.readouterr()
    assert shown_text == ""
    assert "write indemn*" in said


def test_several_documents_have_titles(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that is alone in a pipe has none: it is the text alone."""
    out = shown(capsys, invented, LANTERN, "--text")
    assert "==> 1  8-K  d8k.htm  FORM 8-K <==" in out
    assert "==> 2  EX-99.1  dex991.htm  PRESS RELEASE <==" in out
    assert "==>" not in shown(capsys, invented, LANTERN, "--text", "--document", "1")


def test_a_section_is_shown_by_item_or_name(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only its text; one that is not there is an error that names those that are."""
    out = shown(capsys, invented, BRAMBLE, "--section", "1A")
    assert out.endswith("disrupt our mills.\n")
    assert out.startswith("Item 1A. Risk Factors")
    assert "Item 7" not in out
    assert shown(capsys, invented, BRAMBLE, "--section", "risk-factors") == out
    assert shown(capsys, invented, LANTERN, "--item", "5.02").startswith("Item 5.02")
    said = shown(capsys, invented, BRAMBLE, "--section", "9A", code=2)
    assert "has no section 9A; it has I 1, I 1A, II 7" in said
    said = shown(capsys, invented, LANTERN, "--section", "5.02", "--document", "EX-99.1", code=2)
    assert said.startswith("edgarchive: document EX-99.1 has no section 5.02; ")
    assert "see --text" in shown(capsys, invented, "0009000900-20-000033", "--section", "1A", code=2)


def test_each_of_several_texts_says_which_filing_it_is_of(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A filing that lacks the section or document is named, and hides none of the others."""
    assert run(["--root", str(invented), "show", LANTERN, BRAMBLE, TEAL, "--section", "5.02"]) == 3
    captured = capsys.readouterr()
    titles = [line for line in captured.out.splitlines() if line.startswith("==> ")]
    assert titles == [
        "==> 0009000900-04-000101  8-K  filed 2004-12-22  MERIDIAN LANTERN CORP <==",
        "==> 0009000900-19-000212  8-K  filed 2019-05-14  Teal & Sage Dynamics, Inc. <==",
    ]
    assert "\n\n==> " in captured.out
    assert captured.out.splitlines()[-1] == f"failed: {BRAMBLE} has no section 5.02; it has I 1, I 1A, II 7"
    assert run(["--root", str(invented), "show", LANTERN, TEAL, "--section", "5.02", "--document", "2"]) == 3
    said = capsys.readouterr().out
    assert said.startswith(f"failed: {LANTERN}: document 2 has no section 5.02; ")
    assert f"\nfailed: {TEAL} has no document 2; it has 1 8-K" in said


def test_words_are_marked_where_colour_is(
    invented: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marks change no character of the text; in a pipe there are none."""
    plain = shown(capsys, invented, TEAL, "--text", "--document", "1")
    assert shown(capsys, invented, TEAL, "--text", "--document", "1", "--highlight", "resign*") == plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    marked = shown(capsys, invented, TEAL, "--text", "--document", "1", "--highlight", "resign*")
    assert re.findall("\x1b\\[1;38[^m]*m(.*?)\x1b\\[0m", marked) == re.findall("(?i)\\bresign[a-z]*", plain)
    assert re.sub("\x1b\\[[0-9;]*m", "", marked) == plain


def test_an_image_says_what_it_is_and_how_to_get_it(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command it names gives the file as it was filed."""
    with Library(invented) as library:
        documents = library.submission(BRAMBLE).documents
        pictures = [document for document in documents if document.kind in {"image", "pdf"}]
        for picture in pictures:
            said = shown(capsys, invented, BRAMBLE, "--text", "--document", str(picture.sequence), code=2)
            assert f"document {picture.sequence} is a" in said
            assert f"has no text; save it: `edgarchive show {BRAMBLE} --raw --document {picture.sequence} > " in said
    assert pictures


def test_texts_as_json(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON document with the same text as without; with several filings, a list."""

    def document(*words: str) -> Any:
        return json.loads(shown(capsys, invented, *words, "--json"))

    section = document(BRAMBLE, "--section", "risk-factors")
    assert section["section"] == {"part": "I", "item": "1A", "heading": "Item 1A. Risk Factors"}
    assert (section["accession"], section["sequence"], section["is_reference"]) == (BRAMBLE, 1, False)
    assert section["text"].strip() == shown(capsys, invented, BRAMBLE, "--section", "risk-factors").strip()
    exhibit = document(LANTERN, "--document", "EX-99.1")
    assert (exhibit["filename"], "section" in exhibit) == ("dex991.htm", False)
    assert exhibit["text"].strip() == shown(capsys, invented, LANTERN, "--document", "EX-99.1").strip()
    assert [one["sequence"] for one in document(LANTERN, "--text")["documents"]] == [1, 2]
    assert [one["accession"] for one in document(LANTERN, TEAL, "--text")] == [LANTERN, TEAL]
    assert "has no section 9A" in shown(capsys, invented, BRAMBLE, "--section", "9A", "--json", code=2)
    assert run(["--root", str(invented), "show", LANTERN, BRAMBLE, TEAL, "--section", "5.02", "--json"]) == 3
    found, lacking, last = json.loads(capsys.readouterr().out)
    assert (found["section"]["item"], last["accession"]) == ("5.02", TEAL)
    assert lacking == {"accession": BRAMBLE, "error": f"{BRAMBLE} has no section 5.02; it has I 1, I 1A, II 7"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--section", "1A", "--raw"), "--section shows text; leave --header and --raw out"),
        (("--document", "1", "--header"), "--document shows text; leave --header out"),
        (("--raw", "--json"), "give one of them"),
        (("--highlight", "x", "--raw"), "--highlight shows text; leave --header, --raw and --json out"),
        (("--text", "--raw"), "give one of them"),
    ],
)
def test_options_that_do_not_go_together(
    invented: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    """Say so."""
    assert says in shown(capsys, invented, LANTERN, *words, code=2)


def test_what_people_paste_finds_the_filing(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A URL of EDGAR's, a file name, a number without zeros."""
    wanted = shown(capsys, invented, LANTERN)
    url = "https://www.sec.gov/Archives/edgar/data/9000001/000900090004000101/d8k.htm"
    for spelling in (url, f"{LANTERN}.txt", "9000900-04-000101", "900090004000101"):
        assert shown(capsys, invented, spelling) == wanted


def test_renderings_of_xbrl_are_shown_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--text` leaves them out; `--xbrl`, or the number of one, shows them."""
    root = tmp_path / "xbrl"
    with Archive.open(root, writable=True, create=True) as archive:
        keep(archive, ACCESSION, submission_bytes(documents=DOCUMENTS + RENDERING))
    for options, is_shown in (((), False), (("--xbrl",), True), (("--document", "3"), True)):
        out = shown(capsys, root, ACCESSION, "--text", *options)
        assert ("The cover page, rendered." in out) is is_shown
    assert "--xbrl goes with --text" in shown(capsys, root, ACCESSION, "--xbrl", code=2)
