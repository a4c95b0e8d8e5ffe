"""What the cells of a CSV file must not be: formulas, or longer than a spreadsheet reads."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from edgarchive import SearchOptions, export, import_submissions
from edgarchive.exporting.files.writers import CELL_CHARS, CsvEncoder
from tests.unit.submissions import submission_bytes

FORMULA = "=cmd|'/C calc'!A0"


@pytest.mark.parametrize("before", ["", " ", "'", "A;", "A | ", "A,", "A; ", "A\t"], ids=ascii)
def test_a_cell_is_never_a_formula(out: Path, tmp_path: Path, before: str) -> None:
    """Also where a spreadsheet separates cells by another character."""
    mine = Settings(root=tmp_path / "archive")
    named = submission_bytes().replace(b"ACME WIDGETS INC", f"{before}{FORMULA}".encode())
    (out / "a.txt").write_bytes(named)
    import_submissions([out / "a.txt"], settings=mine)
    for table in ("filings", "documents", "hits"):
        options = SearchOptions(form="8-K") if table == "hits" else None
        export(table, out / f"{table}.csv", options=options, settings=mine, jobs=1)
        text = (out / f"{table}.csv").read_text()
        assert "calc" in text
        for separator in ",;|\t":
            for row in csv.reader(text.splitlines(), delimiter=separator):
                assert not [
                    cell for cell in row if cell.lstrip("\"' ")[:1] == "=" and not cell.lstrip(' "').startswith("'")
                ]


def test_a_text_is_marked_at_its_beginning_alone() -> None:
    """Anything else would change what was filed."""
    row = {"name": "a;-1", "text": "a;-1\n=2", "section_1A": "\n=2"}
    assert list(csv.reader([CsvEncoder(row)([row]).decode()])) == [["a;'-1", "a;-1\n=2", "'\n=2"]]


@pytest.mark.parametrize("jobs", [1, 2])
def test_cells_too_long_for_excel_are_told_once(
    out: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, jobs: int
) -> None:
    """Excel cuts a cell after 32,767 characters: an export to CSV warns of longer ones, one to JSON Lines does not."""
    mine = Settings(root=tmp_path / "archive")
    bodies = tmp_path / "bodies"
    bodies.mkdir()
    for number, count in enumerate((CELL_CHARS - 1, CELL_CHARS, CELL_CHARS + 1)):
        document = f"<DOCUMENT>\n<TYPE>8-K\n<SEQUENCE>1\n<TEXT>\n{'x' * count}\n</TEXT>\n</DOCUMENT>\n"
        accession = f"0009999999-04-{number:06d}"
        (bodies / f"{accession}.txt").write_bytes(submission_bytes(accession, documents=document))
    import_submissions([bodies], settings=mine)
    fits = ["0009999999-04-000000"]
    export("documents", out / "d.jsonl", settings=mine, jobs=jobs)
    export("documents", out / "fits.csv", accessions=fits, settings=mine, jobs=jobs)
    assert "Excel" not in caplog.text
    export("documents", out / "d.csv", settings=mine, jobs=jobs)
    assert caplog.text.count("more than the 32,767 characters that Excel reads") == 1
