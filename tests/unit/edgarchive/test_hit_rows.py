"""Rows for programs and spreadsheets."""

from __future__ import annotations

import csv
import gc
import io
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from archiver.errors import StorageError, UsageError
from edgarchive.hit_rows import (
    RowFormat,
    columns_named,
    csv_cell,
    format_of_file,
    save_rows,
    write_rows,
)
from indexer.passages.cutting import Snippet
from indexer.search.hits import ROW_COLUMNS, Hit, HitDocument
from tests.unit.hits import made_up_hit


@pytest.fixture
def hit() -> Hit:
    """A hit whose snippet has marks and characters that HTML escapes."""
    return made_up_hit(
        document=HitDocument("8-K", 1, "d8k.htm", "=SUM(A1)"), excerpt=Snippet("R & D, resigned <now>", ((7, 15),))
    )


def test_the_columns_are_those_of_a_row(hit: Hit) -> None:
    """`ROW_COLUMNS` is what `Hit.to_row` has."""
    assert tuple(hit.to_row()) == ROW_COLUMNS


def test_csv_has_plain_text(hit: Hit, capsys: pytest.CaptureFixture[str]) -> None:
    """No markup, no entities, lists in one cell, empty for null, and no formula."""
    write_rows([hit], RowFormat.CSV)
    out = capsys.readouterr().out
    [row] = csv.DictReader(io.StringIO(out))
    assert out.count("\r\n") == 2
    assert tuple(row) == ROW_COLUMNS
    assert row["snippet"] == "R & D, resigned <now>"
    assert (row["ciks"], row["names"], row["items"]) == ("320", "ACME WIDGETS INC; NOBODY", "5.02")
    assert (row["filing_date"], row["score"], row["description"]) == ("2004-12-22", "", "'=SUM(A1)")
    assert row["items_derived"] == "false"


def test_a_byte_order_mark_comes_on_request(hit: Hit, tmp_path: Path) -> None:
    """At the very beginning, in a file too, and not otherwise."""
    for bom in (True, False):
        save_rows([hit], tmp_path / "hits.csv", RowFormat.CSV, bom=bom)
        assert (tmp_path / "hits.csv").read_bytes().startswith(b"\xef\xbb\xbf") is bom


@pytest.mark.parametrize("kind", [RowFormat.CSV, RowFormat.JSONL, RowFormat.XLSX])
def test_a_pipe_is_not_replaced(hit: Hit, tmp_path: Path, kind: RowFormat) -> None:
    """Nor a device such as /dev/null, which root could replace for all programs."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for path in (tmp_path / "pipe", tmp_path / "link"):
        with pytest.raises(UsageError, match="not a regular file"):
            save_rows([hit], path, kind)
    assert (tmp_path / "pipe").is_fifo()


def test_what_a_killed_process_left_is_deleted_by_the_next(hit: Hit, tmp_path: Path) -> None:
    """What one that still writes has is not, nor is anything else."""
    for name in (".hits.csv.abc.part", ".other.csv.abc.part", "hits.csv.part"):
        (tmp_path / name).touch()
    code = f"""
from pathlib import Path
from edgarchive.hit_rows import save_rows, RowFormat

def hits():
    print("writing", flush=True)
    input()
    yield from ()

save_rows(hits(), Path({str(tmp_path / "hits.csv")!r}), RowFormat.CSV)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"writing\n"
        written = set(tmp_path.glob(".hits.csv.*.part"))
        assert len(written) == 1
        save_rows([hit], tmp_path / "hits.csv", RowFormat.CSV)
        assert set(tmp_path.glob(".hits.csv.*.part")) == written
        other.kill()
    save_rows([hit], tmp_path / "hits.csv", RowFormat.CSV)
    assert {path.name for path in tmp_path.iterdir()} == {"hits.csv", ".other.csv.abc.part", "hits.csv.part"}


def test_fields_choose_columns_by_one_set_of_names(hit: Hit, capsys: pytest.CaptureFixture[str]) -> None:
    """In their order, in every format; JSON lines are flat then, and whole without."""
    fields = columns_named("names, Accession,filing_date")
    assert fields == ("names", "accession", "filing_date")
    write_rows([hit], RowFormat.CSV, fields=fields)
    assert capsys.readouterr().out.splitlines()[0] == "names,accession,filing_date"
    write_rows([hit], RowFormat.JSONL, fields=fields)
    flat = json.loads(capsys.readouterr().out)
    assert flat == {
        "names": ["ACME WIDGETS INC", "NOBODY"],
        "accession": hit.accession,
        "filing_date": "2004-12-22",
    }
    write_rows([hit], RowFormat.JSONL)
    assert json.loads(capsys.readouterr().out) == hit.to_dict()


def test_old_names_of_columns_still_work() -> None:
    """`cik` and `name` are what CSV called `ciks` and `names`."""
    assert columns_named("cik,name") == ("ciks", "names")
    assert columns_named(None) is None


@pytest.mark.parametrize("fields", ["", ",", "accession,colour"])
def test_an_unknown_field_is_refused_with_the_names_there_are(fields: str) -> None:
    """An empty list is never everything."""
    with pytest.raises(UsageError, match="choose from: accession, form"):
        columns_named(fields)


def test_a_workbook_has_dates_as_dates_and_no_formulas(hit: Hit, tmp_path: Path) -> None:
    """The cells of the sheet by their types: numbers for dates and numbers, text for all else."""
    path = tmp_path / "hits.xlsx"
    save_rows([hit, replace(hit, score=1.5)], path, RowFormat.XLSX)
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "=SUM(A1)" in sheet
    assert re.search(r'<c r="C2" s="\d"><v>38343</v></c>', sheet)  # 2004-12-22 in days of 1900
    assert '<c r="M3"><v>1.5</v></c>' in sheet


def test_a_file_appears_when_it_is_whole(hit: Hit, tmp_path: Path) -> None:
    """After an error the old one is as it was, and no other file is there; permissions are as the umask has them."""
    path = tmp_path / "hits.csv"
    path.write_text("old")

    def hits() -> object:
        yield hit
        raise UsageError("x")

    with pytest.raises(UsageError):
        save_rows(hits(), path, RowFormat.CSV)  # type: ignore[arg-type]  # mypy knows it as an object
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    save_rows([hit], path, RowFormat.ACCESSIONS)
    assert path.read_text() == f"{hit.accession}\n"
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()
    with pytest.raises(StorageError):
        save_rows([hit], tmp_path / "nowhere" / "hits.csv", RowFormat.CSV)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # xlsxwriter's own, of a sheet it could not write
@pytest.mark.parametrize("row_format", [RowFormat.XLSX, RowFormat.CSV, RowFormat.JSONL])
@pytest.mark.slow
def test_no_room_left(hit: Hit, tmp_path: Path, row_format: RowFormat) -> None:
    """At any size it is our error; nothing is printed or left, neither beside the file nor in the temporary folder."""
    path, temporary = tmp_path / "out" / f"hits.{row_format}", tmp_path / "temporary"
    path.parent.mkdir()
    temporary.mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(temporary))
        for limit in (0, 100, 700, 1_500, 5_000):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
            try:
                with pytest.raises(StorageError, match="no room left"):
                    save_rows([hit] * 500, path, row_format)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
            gc.collect()
            assert not [*path.parent.iterdir(), *temporary.iterdir()]
    save_rows([hit] * 500, path, row_format)
    assert path.stat().st_size > 5_000


def test_a_cell_holds_what_a_spreadsheet_can_read(hit: Hit, tmp_path: Path) -> None:
    """Text is cut at 32 767 UTF-16 code units, and dates before 1900 are text."""
    path = tmp_path / "hits.xlsx"
    cells = {"snippet": "\U0001f600" * 20_000, "filing_date": date(1, 1, 1), "form": "_x0041_\ufffe"}

    class Strange:
        accession = hit.accession
        snippet = hit.snippet

        def to_row(self) -> dict[str, Any]:
            return hit.to_row() | cells

        def to_dict(self) -> dict[str, Any]:
            return self.to_row()

    save_rows([Strange()], path, RowFormat.XLSX, fields=[*cells])
    with zipfile.ZipFile(path) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 (our own)
    texts = [text.text or "" for text in sheet.iter("{http://schemas.openxmlformats.org/spreadsheetml/2006/main}t")]
    assert len(texts[3].encode("utf-16-le")) // 2 == 32_766
    assert texts[4:] == ["0001-01-01", "_x005F_x0041__xFFFE_"]


def test_the_name_of_a_file_says_its_format() -> None:
    """In any case; another ending is refused."""
    assert format_of_file(Path("A.CSV")) is RowFormat.CSV
    with pytest.raises(UsageError, match=r"name it \.csv, \.jsonl or \.xlsx"):
        format_of_file(Path("hits.doc"))


@pytest.mark.parametrize(("value", "cell"), [(None, ""), ([], ""), (["a", "b"], "a b"), (-1.5, "-1.5"), ("-x", "'-x")])
def test_cells(value: object, cell: str) -> None:
    """As a spreadsheet should take them."""
    assert csv_cell("items", value) == cell
