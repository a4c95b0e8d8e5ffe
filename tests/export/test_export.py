"""Exports: every row, in order, the same in every run, however often they are stopped."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from archiver.errors import StorageError, UsageError
from archiver.settings.settings import Settings
from archiver.words import fold
from edgarchive import Library, SearchOptions, export, import_submissions
from edgarchive.cli import run
from edgarchive.exporting import workers
from edgarchive.exporting.files import writers
from edgarchive.exporting.files.writers import JsonlEncoder
from edgarchive.exporting.tables import COLUMNS, Table
from indexer.search.hits import ROW_COLUMNS
from indexer.section_rows import count_split_words
from tests.export.conftest import lines, tree
from tests.unit.submissions import crowded_submission, submission_bytes


@pytest.fixture(autouse=True, scope="module")
def _long_fields() -> Iterator[None]:
    """Texts are longer than `csv` reads unless it is told to."""
    before = csv.field_size_limit(1 << 30)
    yield
    csv.field_size_limit(before)


def test_filings_are_complete_and_in_order(settings: Settings, out: Path) -> None:
    """A row for each submission by filing date and accession number, and one for each of its entities."""
    report = export("filings", out / "filings.jsonl", settings=settings, jobs=1)
    rows = lines(out / "filings.jsonl")
    with Library(settings=settings) as library:
        assert len(rows) == report.rows == library.status().submissions
        for row in rows[:5]:
            header = library.submission(row["accession"]).header
            assert (row["form"], row["items"]) == (header.form, list(header.items))
            assert row["names"] == list(dict.fromkeys(entity.name for entity in header.entities))
    keys = [(row["filing_date"], row["accession"]) for row in rows]
    assert keys == sorted(keys)
    assert tuple(rows[0]) == tuple(one.name for one in COLUMNS[Table.FILINGS])
    entities = lines(out / "filings-entities.jsonl")
    assert {row["accession"] for row in entities} == {row["accession"] for row in rows}


@pytest.mark.parametrize("table", ["filings", "documents", "sections"])
@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_processes_make_no_difference(settings: Settings, out: Path, table: str, suffix: str) -> None:
    """One process and several write the same bytes."""
    one, several = out / f"one.{suffix}", out / f"several.{suffix}"
    export(table, one, settings=settings, jobs=1)
    export(table, several, settings=settings, jobs=3)
    assert one.read_bytes() == several.read_bytes()
    assert one.stat().st_size > 0


def test_what_a_worker_logs_is_logged_by_the_process_that_exports(
    settings: Settings, out: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One process writes the log, in the format that was asked for."""
    root = out / "archive"
    shutil.copytree(settings.root, root)
    for pack in (root / "texts").glob("*.pack"):
        pack.write_bytes(bytes(pack.stat().st_size))
    export("documents", out / "d.jsonl", settings=settings.replace(root=root), jobs=2)
    assert {getattr(record, "event", None) for record in caplog.records} == {"texts-unreadable"}


def test_documents_have_their_text(settings: Settings, out: Path) -> None:
    """The text is what `Document.text` gives, in JSON and in CSV."""
    export("documents", out / "d.jsonl", settings=settings, jobs=1)
    export("documents", out / "d.csv", settings=settings, jobs=1)
    with (out / "d.csv").open(newline="") as file:
        cells = list(csv.DictReader(file))
    with Library(settings=settings) as library:
        for row, cell in zip(lines(out / "d.jsonl"), cells, strict=True):
            document = library.submission(row["accession"]).documents
            texts = {one.sequence: one.text() for one in document}
            assert row["text"] == texts[row["sequence"]]
            assert (
                cell["text"].removeprefix("'") == row["text"].removeprefix("'").replace("\r\n", "\n")
                or "\r" in row["text"]
            )
            assert row["words"] == len(row["text"].split())


def test_sections_are_those_of_the_documents(settings: Settings, out: Path) -> None:
    """Part, item, heading and text of each section."""
    export("sections", out / "s.jsonl", settings=settings, jobs=1)
    rows = lines(out / "s.jsonl")
    assert rows
    with Library(settings=settings) as library:
        for row in rows:
            document = library.submission(row["accession"]).document(row["sequence"])
            text = document.text()
            found = [(s.part, s.item, text[s.start : s.end]) for s in document.sections()]
            assert (row["part"], row["item"], row["text"]) in found


def test_hits_show_their_first_match(settings: Settings, out: Path) -> None:
    """Words before, the match, words after, and how many matches there are."""
    report = export("hits", out / "h.jsonl", options=SearchOptions("resign*"), settings=settings, jobs=1)
    rows = lines(out / "h.jsonl")
    with Library(settings=settings) as library:
        assert len(rows) == report.rows == library.search("resign*", documents=True, limit=0).total
        for row in rows:
            text = library.submission(row["accession"]).document(row["sequence"]).text()
            assert fold(row["match"]).startswith("resign")  # a soft hyphen is no part of a word
            assert row["match_count"] == len(library.marks(text, "resign*"))
            assert f"{row['before']} {row['match']}".strip() in " ".join(text.split())


def test_filters_and_accession_numbers_choose(settings: Settings, out: Path) -> None:
    """What a search finds, or what a list names, in its order; a number that is not there is named."""
    export("filings", out / "a.jsonl", options=SearchOptions(form="8-K"), settings=settings, jobs=1)
    rows = lines(out / "a.jsonl")
    assert {row["form"] for row in rows} == {"8-K"}
    wanted = [rows[1]["accession"], "0000000001-99-000001", rows[0]["accession"]]
    report = export("filings", out / "b.jsonl", accessions=wanted, settings=settings, jobs=1)
    assert [row["accession"] for row in lines(out / "b.jsonl")] == [wanted[0], wanted[2]]
    assert [accession for accession, _ in report.failures] == [wanted[1]]


def test_parquet_has_typed_columns_by_year(settings: Settings, out: Path) -> None:
    """Folders of filing years that a data set reads, with dates, times and lists; a card describes them."""
    pytest.importorskip("pyarrow")
    import pyarrow.dataset as ds  # noqa: PLC0415

    export("filings", out / "p", format="parquet", settings=settings, jobs=1)
    export("filings", out / "f.jsonl", settings=settings, jobs=1)
    table = ds.dataset(out / "p", partitioning="hive", exclude_invalid_files=True).to_table()
    rows = sorted(table.to_pylist(), key=lambda row: (row["filing_date"], row["accession"]))
    expected = lines(out / "f.jsonl")
    assert [row["accession"] for row in rows] == [row["accession"] for row in expected]
    assert all(isinstance(row["filing_date"], date) and row["year"] == row["filing_date"].year for row in rows)
    assert [row["ciks"] for row in rows] == [row["ciks"] for row in expected]
    assert "year=*/*.parquet" in (out / "p" / "README.md").read_text()
    assert (out / "p-entities" / "README.md").is_file()


def test_a_folder_without_card_is_read_whole(settings: Settings, out: Path) -> None:
    """Readers of a folder take every file in it for Parquet, so `card` can leave the README out."""
    ds = pytest.importorskip("pyarrow.dataset")
    report = export("filings", out / "p", format="parquet", settings=settings, jobs=1, card=False)
    assert {path.suffix for path in out.rglob("*") if path.is_file()} == {".parquet"}
    assert ds.dataset(out / "p").to_table().num_rows == report.rows
    export("filings", out / "c", format="parquet", settings=settings, jobs=1)
    assert [path for path in tree(out / "c") if path not in tree(out / "p")] == ["README.md"]
    assert 'read_parquet("c")' in (out / "c" / "README.md").read_text()


def test_parquet_is_the_same_in_every_run(settings: Settings, out: Path) -> None:
    """Two runs, with one process and two, write the same files."""
    pytest.importorskip("pyarrow")
    for name, jobs in (("a", 1), ("b", 2)):
        export("sections", out / name, format="parquet", settings=settings, jobs=jobs)
    first, second = (
        {p.relative_to(out / name): p.read_bytes() for p in (out / name).rglob("*.parquet")} for name in "ab"
    )
    assert first == second


def test_edgar_corpus_and_edgar_crawler(settings: Settings, out: Path) -> None:
    """Rows under the names of those data sets."""
    export("sections", out / "c.jsonl", shape="edgar-corpus", settings=settings, jobs=1)
    export("sections", out / "k.jsonl", shape="edgar-crawler", settings=settings, jobs=1)
    export("sections", out / "s.jsonl", settings=settings, jobs=1)
    corpus, crawler, own = lines(out / "c.jsonl"), lines(out / "k.jsonl"), lines(out / "s.jsonl")
    assert corpus
    assert list(corpus[0])[:4] == ["filename", "cik", "year", "section_1"]
    annual = [row for row in own if row["form"].startswith("10-K")]
    by_item = {row["item"]: row["text"] for row in annual if row["accession"] in corpus[0]["filename"]}
    assert corpus[0]["section_1"] == by_item.get("1", "")
    assert {row["filing_type"] for row in crawler} == {row["form"] for row in own}


CRAWLER_FACTS = (
    *("cik", "company", "filing_type", "filing_date", "period_of_report", "sic", "state_of_inc", "state_location"),
    *("fiscal_year_end", "filing_html_index", "htm_filing_link", "complete_text_filing_link", "filename"),
)


def test_edgar_crawler_has_the_keys_of_its_form(settings: Settings, out: Path) -> None:
    """The facts, then every item of the form in order: empty text without it, in a 10-Q after the text of its part."""
    export("sections", out / "k.jsonl", shape="edgar-crawler", settings=settings, jobs=1)
    export("sections", out / "s.jsonl", settings=settings, jobs=1)
    own = lines(out / "s.jsonl")
    keys = {}
    for row in lines(out / "k.jsonl"):
        assert tuple(row)[: len(CRAWLER_FACTS)] == CRAWLER_FACTS
        mine = [one for one in own if one["accession"] in row["filename"]]
        form = re.sub("[-/]", "", row["filing_type"])
        year = (row["period_of_report"] or row["filing_date"])[:4]
        assert row["filename"].startswith(f"{row['cik']}_{form}_{year}_")
        for one in mine:
            name = f"item_{one['item'].partition('(')[0]}"
            part = {"I": "part_1", "II": "part_2"}.get(one["part"] or "", "")
            if form.startswith("10Q"):
                assert one["text"] in row[part]
                name = f"{part}_{name}"
            same = [two["text"] for two in mine if (two["part"], two["item"]) == (one["part"], one["item"])]
            assert row[name] == same[0]
        keys[form, row["filing_date"] >= "2004-08-23"] = list(row)[len(CRAWLER_FACTS) :]
    assert keys["10K", True][:4] == ["item_1", "item_1A", "item_1B", "item_1C"]
    assert len(keys["10K", True]) == 23
    assert keys["8K", True][0] == "item_1.01"
    assert keys["8K", True][-1] == "item_9.01"


def test_edgar_corpus_as_parquet(settings: Settings, out: Path) -> None:
    """The same columns and rows as in JSON Lines; in a folder, the year is that of the subfolder."""
    ds = pytest.importorskip("pyarrow.dataset")
    export("sections", out / "c.jsonl", shape="edgar-corpus", settings=settings, jobs=1)
    export("sections", out / "c.parquet", shape="edgar-corpus", settings=settings, jobs=1)
    export("sections", out / "folder", format="parquet", shape="edgar-corpus", settings=settings, jobs=1)
    rows = lines(out / "c.jsonl")
    assert ds.dataset(out / "c.parquet").to_table().to_pylist() == rows
    parts = ds.dataset(sorted(map(str, (out / "folder").rglob("*.parquet"))), partitioning="hive")
    assert [row | {"year": str(row["year"])} for row in parts.to_table().to_pylist()] == rows


def test_only_the_sections_that_were_asked_for(settings: Settings, out: Path) -> None:
    """With a section among the filters there are rows of that section alone, and the hit is in it."""
    options = SearchOptions(section="risk-factors", form="10-K")
    export("sections", out / "s.jsonl", options=options, settings=settings, jobs=1)
    rows = lines(out / "s.jsonl")
    assert rows
    assert {row["item"] for row in rows} == {"1A"}
    word = rows[0]["text"].split()[-1].strip(".,")
    found = SearchOptions(word, section="1A", form="10-K")
    export("hits", out / "h.jsonl", options=found, settings=settings, jobs=1)
    hits = lines(out / "h.jsonl")
    assert hits
    assert {hit["section"] for hit in hits} == {"I 1A"}


def test_a_match_is_in_the_section_of_the_query(settings: Settings, out: Path) -> None:
    """The match, its section and the number of matches are those that the search shows."""
    for number, query in enumerate(("section:1A the", "(section:mda the) OR (section:business the)")):
        options = SearchOptions(query, form="10-K", documents=True, limit=None)
        export("hits", out / f"{number}.jsonl", options=options, settings=settings, jobs=1)
        rows = lines(out / f"{number}.jsonl")
        with Library(settings=settings) as library:
            hits = {(str(hit.accession), hit.position): hit.matches for hit in library.run(options)}
        assert sorted((row["accession"], row["match_count"]) for row in rows) == sorted(
            (accession, matches) for (accession, _), matches in hits.items()
        )
        if number == 0:
            assert {row["section"] for row in rows} == {"I 1A"}


def test_documents_of_one_number_are_told_apart(tmp_path: Path, out: Path) -> None:
    """Filers give two documents the same sequence number, or none: only what the search finds is exported."""
    for name, sequence in (("same", "<SEQUENCE>1\n"), ("none", "")):
        documents = "".join(
            f"<DOCUMENT>\n<TYPE>EX-99\n{sequence}<FILENAME>{word}.txt\n<TEXT>\n{word}\n</TEXT>\n</DOCUMENT>\n"
            for word in ("alpha", "beta", "gamma")
        )
        source = tmp_path / f"{name}.txt"
        source.write_bytes(submission_bytes(documents=documents))
        made = Settings(root=tmp_path / name)
        import_submissions([source], settings=made)
        for table in ("hits", "documents"):
            target = out / f"{name}-{table}.jsonl"
            export(table, target, options=SearchOptions("beta OR gamma"), settings=made, jobs=1)
            assert [row["filename"] for row in lines(target)] == ["beta.txt", "gamma.txt"]
        scores = [row["score"] for row in lines(out / f"{name}-hits.jsonl")]
        assert None not in scores


def test_a_limit_does_not_cut_an_export(settings: Settings, out: Path) -> None:
    """Everything that options find is exported, whatever their limit and order."""
    options = SearchOptions(since=1990, limit=2, offset=1, sort="newest")
    report = export("filings", out / "f.jsonl", options=options, settings=settings, jobs=1)
    with Library(settings=settings) as library:
        assert report.rows == library.status().submissions
    dates = [row["filing_date"] for row in lines(out / "f.jsonl")]
    assert dates == sorted(dates)


@pytest.mark.parametrize("text", ["", "a b", " a\tb\n", "a\u00a0b\u2009c\u3000d e", "\x1ca\x0bb", "é\ud800 ü", "\x85"])
def test_words_are_those_of_split(text: str) -> None:
    """The fast count of words is that of `str.split`, for every white space that there is."""
    assert count_split_words(text) == len(text.split())
    long = f"{text}b" * 3_000
    assert count_split_words(long) == len(long.split())
    assert count_split_words(f" {long} ") == len(long.split())
    spaces = [chr(code) for code in range(0x3100) if chr(code).isspace()]
    for repeats in (1, 200):
        every = "x".join(spaces * repeats)
        assert count_split_words(every) == len(every.split())


@pytest.mark.parametrize("text", ['"\\" \\', "\n\r\t", "\x00\x07\x1f", "é€𝄞\u2028", "half \ud800 a pair", "\x7f"])
def test_long_texts_are_json_as_short_ones_are(text: str) -> None:
    """A text that is escaped apart reads back as it was, and is written as `json` writes it."""
    long = text * 1000
    row = {"accession": "1", "text": long, "name": '"text": ""', "words": 3}
    line = JsonlEncoder(("accession", "name", "text"))([row])
    expected = {"accession": "1", "name": '"text": ""', "text": long, "words": 3}
    assert line == json.dumps(expected, ensure_ascii=False).encode(errors="replace") + b"\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"table": "tables"}, "there is no table"),
        ({"out": "x.xls"}, "cannot tell the format"),
        ({"format": "xml"}, "there is no format"),
        ({"out": "-"}, "to a file"),
        ({"out": ".."}, "cannot name an export"),
        ({"out": "x.jsonl.gz", "format": "jsonl"}, "cannot write compressed files"),
        ({"out": "x.csv", "format": "parquet"}, "contradict each other"),
        ({"shape": "edgar"}, "there is no shape"),
        ({"table": "filings", "shape": "edgar-corpus"}, "is for sections"),
        ({"table": "hits"}, "hits need a search"),
        ({"accessions": []}, "empty"),
        ({"accessions": ["0009000900-19-000212"], "options": SearchOptions("a")}, "cannot be combined"),
    ],
)
def test_a_mistake_is_named(settings: Settings, out: Path, arguments: dict[str, Any], says: str) -> None:
    """What cannot be exported is said before anything is written."""
    given = {"table": "sections", "out": "x.jsonl", **arguments}
    with pytest.raises(UsageError, match=says):
        export(given.pop("table"), out / given.pop("out"), settings=settings, **given)
    assert not list(out.iterdir())


def test_an_export_of_nothing_says_why(settings: Settings, out: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A misspelt form leaves an empty table, so it is named, as for a search; not again by a later export of news."""
    command = ["--root", str(settings.root), "export", "filings", "--form", "10-KQ"]
    since = ["--since-export", str(out / "state")]
    cases: list[tuple[str, list[str], bool]] = [("f", [], True), ("first", since, True), ("next", since, False)]
    for name, options, is_named in cases:
        caplog.clear()
        assert run([*command, "-o", str(out / f"{name}.jsonl"), *options]) == 0
        assert ("nothing in this archive has the form 10-KQ" in caplog.text) == is_named
    assert (out / "f.jsonl").read_bytes() == b""


def test_nothing_is_replaced(settings: Settings, out: Path) -> None:
    """A file that exists stays."""
    (out / "f.jsonl").write_text("mine")
    with pytest.raises(UsageError, match="already exists"):
        export("filings", out / "f.jsonl", settings=settings)
    assert (out / "f.jsonl").read_text() == "mine"


@pytest.mark.parametrize("name", ["f.jsonl.part", "f.jsonl.filing_entities.part", ".f.jsonl.export", ".f.parquet.part"])
@pytest.mark.parametrize("leads_to", ["file", "nothing", "itself"])
def test_no_link_in_place_of_an_unfinished_file_is_followed(
    settings: Settings, out: Path, name: str, leads_to: str
) -> None:
    """Somebody else may have put it there, to have another file overwritten."""
    other = out / "other"
    if leads_to == "file":
        other.write_text("mine")
    (out / name).symlink_to(out / name if leads_to == "itself" else other)
    place = out / f"f.{'parquet' if 'parquet' in name else 'jsonl'}"
    with contextlib.suppress(StorageError, UsageError):
        export("filings", place, settings=settings, jobs=1)
        assert place.is_file()
        assert not place.is_symlink()
    assert (other.read_text() if leads_to == "file" else other.exists()) in {"mine", False}


@pytest.mark.parametrize("damage", ["pipe", "nested", "list", "folder"])
def test_a_state_that_no_export_has_written(settings: Settings, out: Path, damage: str) -> None:
    """It holds up nothing and crashes nothing, whether it is that of --since-export or of an unfinished export."""
    for path in (out / ".f.jsonl.export", out / "since"):
        match damage:
            case "pipe":
                os.mkfifo(path)
            case "folder":
                path.mkdir()
            case _:
                path.write_text("[" * 100_000 if damage == "nested" else "[]")
    with pytest.raises(UsageError, match="not the state of an export"):
        export("filings", out / "g.jsonl", settings=settings, jobs=1, since_export=out / "since")
    with contextlib.suppress(StorageError):
        export("filings", out / "f.jsonl", settings=settings, jobs=1)
        assert (out / "f.jsonl").is_file()


@pytest.mark.parametrize("name", ["f.jsonl", "f-entities.jsonl", ".f.jsonl.export"])
def test_the_memory_of_exports_has_a_file_of_its_own(settings: Settings, out: Path, name: str) -> None:
    """It would replace the rows."""
    with pytest.raises(UsageError, match="same file"):
        export("filings", out / "f.jsonl", settings=settings, since_export=out / name)
    with pytest.raises(UsageError, match="inside the archive"):
        export("filings", out / "f.jsonl", settings=settings, since_export=settings.root / "submissions" / name)


def test_a_circular_link_is_named(settings: Settings, out: Path) -> None:
    """In one line, whatever follows it first."""
    (out / "f.jsonl").symlink_to("f.jsonl")
    for path in (out / "f.jsonl", out / "f.jsonl" / "below.jsonl"):
        with pytest.raises((UsageError, StorageError), match="circular"):
            export("filings", path, settings=settings)
    assert (out / "f.jsonl").is_symlink()


def test_the_tasks_of_workers_are_no_row_groups(settings: Settings, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file describes each of its row groups, in memory until its end: a group has many filings, of many tasks."""
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(workers, "TASK_FILINGS", 1)
    export("filings", out / "x.parquet", settings=settings, jobs=1)
    export("filings", out / "folder", format="parquet", settings=settings, jobs=1)
    for path in out.rglob("*.parquet"):
        assert parquet.ParquetFile(path).metadata.num_row_groups == 1
    monkeypatch.setattr(writers, "GROUP_BYTES", 1)
    export("filings", out / "small.parquet", settings=settings, jobs=1)
    assert parquet.ParquetFile(out / "small.parquet").metadata.num_row_groups > 1
    assert parquet.read_table(out / "small.parquet") == parquet.read_table(out / "x.parquet")


def test_a_single_parquet_file_is_there_without_rows(settings: Settings, out: Path) -> None:
    """With the columns that it would have."""
    parquet = pytest.importorskip("pyarrow.parquet")
    for words, name in (("resigned", "some.parquet"), ("nosuchword", "none.parquet")):
        export("hits", out / name, options=SearchOptions(words), settings=settings, jobs=1)
    some, none = parquet.read_table(out / "some.parquet"), parquet.read_table(out / "none.parquet")
    assert none.num_rows == 0 < some.num_rows
    assert none.schema == some.schema


def test_every_column_has_a_meaning() -> None:
    """Each column is described once, with a type."""
    for columns in COLUMNS.values():
        assert len({column.name for column in columns}) == len(columns)
        assert all(column.meaning for column in columns)


def test_a_fact_has_the_name_it_has_in_a_search() -> None:
    """A table of hits can be put beside the CSV of a search, and joined with the other tables."""
    facts = {"accession", "form", "filing_date", "period_of_report"}
    hit = {"items", "items_derived", "ciks", "names", "sequence", "type", "filename", "score", "url"}
    names = {table: {column.name for column in columns} for table, columns in COLUMNS.items()}
    assert facts | hit <= names[Table.HITS] & set(ROW_COLUMNS)
    assert facts | {"acceptance_datetime", "added"} <= names[Table.FILINGS] & set(ROW_COLUMNS)
    assert facts | {"description"} <= names[Table.DOCUMENTS] & set(ROW_COLUMNS)


def test_a_missing_package_is_named(settings: Settings, out: Path) -> None:
    """Without pyarrow the error says what to install."""
    blocked = "import sys; sys.modules['pyarrow'] = None\nfrom edgarchive import Settings, export\n"
    code = f"{blocked}export('filings', {str(out / 'x.parquet')!r}, settings=Settings(root={str(settings.root)!r}))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr
    assert "pip install 'edgarchive[parquet]'" in said


def test_names_and_parties_do_not_multiply_with_the_documents(tmp_path: Path) -> None:
    """A filer decides on the length, and on both numbers."""
    data = crowded_submission(documents=100).replace(b"ACME WIDGETS INC", b"A" * 100_000)
    (tmp_path / "a.txt").write_bytes(data)
    settings = Settings(root=tmp_path / "edgar", jobs=1)
    import_submissions([tmp_path / "a.txt"], settings=settings)
    for table in ("documents", "hits"):
        options = SearchOptions("merger", documents=True)
        export(table, tmp_path / f"{table}.jsonl", options=options, settings=settings, jobs=1)
        assert len(lines(tmp_path / f"{table}.jsonl")) == 100
        assert (tmp_path / f"{table}.jsonl").stat().st_size < 4_000_000
