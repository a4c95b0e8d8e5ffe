"""The cases beside the checkout: situations that EDGAR's filings have, each with its right values.

They are at hand to maintainers alone; everywhere else this module is skipped. ``README.md`` there has the format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from edgarchive import Document, Settings, import_submissions
from indexer.submission.submission import parse_submission
from tests.edgar_fixtures import CommandLine, command_line
from tests.paths import CASES

_LIST = CASES / "cases.json"
_ENTRIES: list[dict[str, Any]] = json.loads(_LIST.read_text(encoding="utf-8")) if _LIST.exists() else []

needs_cases = pytest.mark.skipif(not _ENTRIES, reason="no cases here")


def _name(entry: Mapping[str, Any]) -> str:
    """The case, and the arguments of its search or the file it is about."""
    call = entry["call"]
    return " ".join([entry["case"], *(map(str, call) if isinstance(call, list) else (entry["file"],))])


def _of(*kinds: str) -> list[Any]:
    """The entries of these kinds as parameters."""
    return [pytest.param(one, id=f"{one['kind']} {_name(one)}") for one in _ENTRIES if one["kind"] in kinds]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _document(entry: Mapping[str, Any]) -> Document:
    submission = parse_submission((CASES / entry["case"] / entry["file"]).read_bytes())
    assert submission.header.accession == entry["call"]["accession"]
    return submission.document(entry["call"]["document"])


@needs_cases
@pytest.mark.parametrize("entry", _of("sections"))
def test_sections(entry: dict[str, Any]) -> None:
    """A document has exactly the sections that a person finds in it, with their own words and no other's."""
    document, want = _document(entry), entry["want"]
    text, found = document.text(), document.sections()
    if isinstance(want, dict):
        border = text.rindex(want["none_after"])
        assert [section for section in found if section.start >= border] == []
        return
    assert [(section.part, section.item) for section in found] == [(wanted["part"], wanted["item"]) for wanted in want]
    for section, wanted in zip(found, want, strict=True):
        words = _one_line(text[section.start : section.end])
        assert _one_line(section.heading) == _one_line(wanted.get("heading", section.heading))
        assert words.startswith(_one_line(wanted.get("begins", "")))
        assert words.endswith(_one_line(wanted.get("ends", "")))
        assert "lacks" not in wanted or _one_line(wanted["lacks"]) not in words


@needs_cases
@pytest.mark.parametrize("entry", _of("text"))
def test_text(entry: dict[str, Any]) -> None:
    """The text of a document has the words that a person sees, apart where they are apart."""
    want, text = entry["want"], _document(entry).text()
    words = _one_line(text)
    assert [wanted for wanted in want.get("has", ()) if _one_line(wanted) not in words] == []
    assert [unwanted for unwanted in want.get("lacks", ()) if unwanted in text or unwanted in words] == []
    assert set(want.get("lines", ())) <= {_one_line(line) for line in text.splitlines()}


@needs_cases
@pytest.mark.parametrize("entry", _of("header"))
def test_header(entry: dict[str, Any]) -> None:
    """A header's attribute has the value that a person reads in it."""
    header = parse_submission((CASES / entry["case"] / entry["file"]).read_bytes()).header
    value = getattr(header, entry["call"]["attribute"])
    assert (list(value) if isinstance(value, tuple) else value) == entry["want"]


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Archives:
    """The archives of the cases, each made when it is first asked for."""
    return Archives(tmp_path_factory.mktemp("cases"))


class Archives:
    """An archive for each case, with all of the case's files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.search = cache(self._search)

    def command_line(self, case: str) -> CommandLine:
        """The command line with the archive of a case."""
        folder = self._folder / case
        settings = Settings(root=folder / "archive", jobs=1)
        if not folder.exists():
            folder.mkdir()
            import_submissions([CASES / case], settings=settings)
        return command_line(settings, folder)

    def _search(self, case: str, *arguments: str) -> tuple[int, list[str], str]:
        """Exit code, accession numbers of all hits, and standard error of a search."""
        done = self.command_line(case).run("search", *arguments, "--limit", "1000", "--format", "accessions")
        return done.returncode, sorted(set(done.stdout.decode().split())), done.stderr.decode()


@needs_cases
@pytest.mark.parametrize("entry", _of("search", "query"))
def test_search(entry: dict[str, Any], archives: Archives) -> None:
    """A search finds exactly the right submissions, or says what to write instead."""
    code, found, error = archives.search(entry["case"], *entry["call"])
    want = entry["want"]
    alternatives = want["any"] if isinstance(want, dict) else [{"accessions": want}]
    assert any(
        found == wanted["accessions"] if "accessions" in wanted else code == wanted["exit"] and wanted["says"] in error
        for wanted in alternatives
    ), (code, found, error)
