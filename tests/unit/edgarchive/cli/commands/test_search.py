"""``edgarchive search`` of an archive on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archiver.settings import Settings
from edgarchive import import_submissions
from edgarchive.cli import run
from tests.loopback import FIXTURES


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with the invented submissions, indexed."""
    root = tmp_path_factory.mktemp("invented") / "edgar"
    import_submissions([FIXTURES], settings=Settings(root=root))
    return root


def found(capsys: pytest.CaptureFixture[str], root: Path, *words: str, code: int = 0) -> str:
    """What `search` prints; or, with another exit code, what it complains of."""
    assert run(["--root", str(root), "search", *words]) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


def test_facets_are_tables_with_names(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of at most so many values, with how many more there are."""
    out = found(capsys, invented, "-n", "0", "--facet", "cik", "--facet", "sic", "--facet-limit", "1")
    assert "  9000001  MERIDIAN LANTERN CORP\n" in out
    assert "  3640  ELECTRIC LIGHTING & WIRING EQUIPMENT\n" in out
    assert "more values; --facet-limit shows more" in out


def test_facets_by_year_are_a_table_that_adds_up(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In JSON each value has its years."""
    head, *rows = found(capsys, invented, "-n", "0", "--facet", "form", "--by-year").splitlines()[2:]
    assert head.split()[0] == "form"
    assert rows[-1].split()[0] == "total"
    counts = json.loads(found(capsys, invented, "-n", "0", "--facet", "form", "--by-year", "--json"))
    assert int(rows[-1].split()[-1]) == counts["total"] == sum(one["count"] for one in counts["facets"]["form"])
    assert all(sum(one["years"].values()) == one["count"] for one in counts["facets"]["form"])


def test_names_are_in_json_where_a_limit_keeps_them_few(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is a search of its own."""
    limited = json.loads(found(capsys, invented, "-n", "0", "--facet", "cik", "--facet-limit", "1", "--json"))
    assert limited["facets"]["cik"] == [{"value": 9000001, "count": 2, "name": "MERIDIAN LANTERN CORP"}]
    whole = json.loads(found(capsys, invented, "-n", "0", "--facet", "cik", "--json"))
    assert len(whole["facets"]["cik"]) > 1
    assert set(whole["facets"]["cik"][0]) == {"value", "count"}


@pytest.mark.parametrize("words", [("--facet-limit", "3"), ("--by-year",)])
def test_what_is_for_facets_needs_one(
    invented: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """Instead of being passed over."""
    assert "go with --facet; add --facet form, say" in found(capsys, invented, *words, code=2)
