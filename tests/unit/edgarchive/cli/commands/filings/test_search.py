"""``edgarchive search`` of an archive on disk."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import termios
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from edgarchive import Library, import_submissions, read_pairs
from edgarchive.cli import run
from tests.loopback import FIXTURES
from tests.paths import ROOT
from tests.processes import EdgarchiveProcess
from tests.unit.submissions import submission_bytes


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


def accessions(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> set[str]:
    """The accession numbers that a search prints."""
    return set(found(capsys, root, *words, "--format", "accessions").split())


def types(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> set[str]:
    """The types of the documents that a search finds."""
    counts = json.loads(found(capsys, root, "--documents", "-n", "0", "--facet", "type", "--json", *words))
    return {one["value"] for one in counts["facets"]["type"]}


def test_main_documents_and_exhibits_are_apart(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Together with pictures and data they are all documents."""
    main, exhibits = types(capsys, invented, "--main"), types(capsys, invented, "--exhibits")
    assert all(one.startswith("EX-") for one in exhibits)
    assert not any(one.startswith("EX-") for one in main)
    assert {"8-K", "10-K"} <= main
    assert types(capsys, invented) - main - exhibits <= {"GRAPHIC", "ZIP", "XML", "EXCEL", "JSON", "COVER"}
    assert "ask for one of the two" in found(capsys, invented, "--main", "--exhibits", code=2)


def test_attachments_are_no_main_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is filed beside the main document under a type of its own, such as the holdings of a 13F."""
    attached = ("INFORMATION TABLE", "INTERNAL CONTROL RPT", "ATS-N EX-1 SCHD A BD", "ATS-N PART3 ITM.7A", "EX-99")
    types_ = ("ATS-N", *attached)
    documents = "".join(
        f"<DOCUMENT>\n<TYPE>{one}\n<SEQUENCE>{number}\n<FILENAME>d{number}.txt\n<TEXT>\nholdings\n</TEXT>\n</DOCUMENT>\n"
        for number, one in enumerate(types_, 1)
    )
    (tmp_path / "filing.txt").write_bytes(submission_bytes(form="ATS-N", documents=documents))
    import_submissions([tmp_path / "filing.txt"], settings=Settings(root=tmp_path / "edgar"))
    assert types(capsys, tmp_path / "edgar", "holdings") == set(types_)
    assert types(capsys, tmp_path / "edgar", "holdings", "--main") == {"ATS-N"}


def test_controls_in_another_item_are_counted_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Until 2003, controls were Item 14: `controls` finds it, `9A` does not, and a facet counts it as Item 14."""
    titles = {"13": "Certain Relationships", "14": "Controls and Procedures", "15": "Exhibits"}
    text = "".join(
        f"\nItem {item}. {title}\n\nThe registrant reports candles here.\n" for item, title in titles.items()
    )
    document = f"<DOCUMENT>\n<TYPE>10-K\n<SEQUENCE>1\n<FILENAME>k.txt\n<TEXT>{text}</TEXT>\n</DOCUMENT>\n"
    (tmp_path / "filing.txt").write_bytes(submission_bytes(form="10-K", documents=document))
    root = tmp_path / "edgar"
    import_submissions([tmp_path / "filing.txt"], settings=Settings(root=root))

    def counts(*words: str) -> dict[str, int]:
        facets = json.loads(found(capsys, root, "candles", "-n", "0", "--facet", "section", "--json", *words))["facets"]
        return {one["value"]: one["count"] for one in facets["section"]}

    assert counts() == {"10-K 13": 1, "10-K 14": 1, "10-K 15": 1}
    assert counts("--section", "controls") == {"10-K CONTROLS": 1}
    assert counts("--section", "9A") == {}


def test_json_marks_matches_in_chosen_fields_too(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A snippet in JSON is the same whether it was chosen by name or not; CSV has it without markup."""
    words = ("resigned", "--item", "5.02", "--limit", "1")
    whole = json.loads(found(capsys, invented, *words, "--json"))["hits"][0]["snippet"]
    fields = ("--fields", "accession,snippet")
    assert "<em>resigned</em>" in whole
    assert json.loads(found(capsys, invented, *words, "--json", *fields))["hits"][0]["snippet"] == whole
    assert json.loads(found(capsys, invented, *words, "--format", "jsonl", *fields))["snippet"] == whole
    assert "<em>" not in found(capsys, invented, *words, "--format", "csv", *fields)


def test_a_type_of_exhibit_has_parts(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`EX-99` is `EX-99` and `EX-99.1`; `EX-9` is none of them, and a part is itself alone."""
    assert types(capsys, invented, "--type", "EX-99") == {"EX-99", "EX-99.1", "EX-99.2"}
    assert types(capsys, invented, "--type", "ex-99.1") == {"EX-99.1"}
    assert types(capsys, invented, "--type", "EX-9") == set()


@pytest.mark.parametrize("words", [("export", "hits", "the", "--out", "hits.csv"), ("saved", "add", "one", "the")])
def test_an_option_that_has_no_effect_is_refused(
    invented: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """An export and a saved search decide by themselves what a hit is."""
    assert run(["--root", str(invented), *words, "--documents"]) == 2
    assert "no such option: --documents" in capsys.readouterr().err


def test_a_workbook_needs_a_file(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Said before anything is searched."""
    said = found(capsys, invented, "nowhere", "--format", "xlsx", code=2)
    assert said == "edgarchive: a workbook cannot go to stdout; name a file: -o hits.xlsx\n"


def test_passages_are_a_list(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where one ends and the next begins can be seen; a snippet alone is no list."""
    out = found(capsys, invented, "the", "--passages", "3", "-n", "3")
    assert len(re.findall(r"^    - \S", out, re.MULTILINE)) > 3
    assert "    - " not in found(capsys, invented, "the", "-n", "3")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--format", "csv"), "--format csv cannot show passages; use --format table, json or jsonl"),
        (("--format", "accessions"), "--format accessions cannot show passages; "),
        (("-o", "hits.xlsx"), "--format xlsx cannot show passages; "),
        (("--format", "jsonl", "--fields", "accession"), "--fields leaves the passages out; "),
    ],
)
def test_passages_are_never_left_out_in_silence(
    invented: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], says: str
) -> None:
    """What has no place for them says so."""
    assert run(["--root", str(invented), "search", "the", "--passages", "3", *options]) == 2
    assert capsys.readouterr().err.startswith(f"edgarchive: {says}")


def test_amendments_are_alone_or_left_out(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Either way nothing is lost."""
    amended = accessions(capsys, invented, "--amendments")
    others = accessions(capsys, invented, "--no-amendments")
    assert amended
    assert not amended & others
    assert amended | others == accessions(capsys, invented)


def test_entities_are_found_by_sic_and_state(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As by the fields of the query language."""
    assert accessions(capsys, invented, "--sic", "3674") == accessions(capsys, invented, "sic:3674") != set()
    assert accessions(capsys, invented, "--sic", "36*") == accessions(capsys, invented, "sic:36*")
    assert accessions(capsys, invented, "--state", "de") == accessions(capsys, invented, "state:DE") != set()


def test_ciks_come_from_a_file(invented: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """One a line; an empty file is an error, and not everything."""
    (tmp_path / "list.txt").write_text("9000001\n# a comment\n0009000004\n")
    both = accessions(capsys, invented, "--cik", f"@{tmp_path}/list.txt")
    assert both == accessions(capsys, invented, "--cik", "9000001", "--cik", "9000004") != set()
    (tmp_path / "list.txt").write_text("")
    assert "has no CIK, so" in found(capsys, invented, "--cik", f"@{tmp_path}/list.txt", code=2)


def test_a_ticker_needs_the_list_that_a_sync_keeps(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An archive of imported submissions has none."""
    said = found(capsys, invented, "--ticker", "TEAL", code=2)
    assert "this archive has no list of tickers; run `edgarchive sync --ticker" in said
    said = found(capsys, invented, "ticker:TEAL", code=2)
    assert "ticker: at position 8: this archive has no list of tickers; run `edgarchive sync --ticker" in said


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
    assert "need --facet; add --facet form, for example" in found(capsys, invented, *words, code=2)


def test_pairs_are_matched_to_filings_near_them(
    invented: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With the days between, the nearest first; pairs without a match go to a file of their own."""
    pairs, unmatched = tmp_path / "events.csv", tmp_path / "unmatched.csv"
    pairs.write_text("name,date,cik\nLantern,2004-12-20,9000001\nLantern,20200219,9000001\nNobody,2004-12-20,42\n")
    out = found(capsys, invented, "--pairs", str(pairs), "--within-days", "5", "--unmatched", str(unmatched))
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["pair_cik"], row["pair_date"], row["days"], row["accession"]) for row in rows] == [
        ("9000001", "2004-12-20", "2", "0009000900-04-000101"),
        ("9000001", "2020-02-19", "-1", "0009000900-20-000033"),
    ]
    assert unmatched.read_text().splitlines() == ["cik,date", "42,2004-12-20"]
    narrowed = found(capsys, invented, "--form", "4", "--pairs", str(pairs), "--fields", "days,accession")
    assert narrowed.splitlines() == ["days,accession", "-1,0009000900-20-000033"]
    assert not found(capsys, invented, "--pairs", str(pairs), "--within-days", "0", "--format", "accessions")
    assert read_pairs(str(pairs)) == read_pairs(pairs)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cik,date\n", "has no pairs; give a CSV file with the columns cik and date"),
        ("cik,date\n320193\n", "line 2: a CIK and a date are needed"),
        ("cik,date\nApple,2004-12-20\n", "line 2: 'Apple' is not a CIK"),
        ("320193,12/20/2004\n", "line 1: '12/20/2004' is not a date; write it like"),
        (f"cik,date\n{'9' * 200_000},2004-12-20\n", "is not CSV: field larger than field limit"),
    ],
)
def test_pairs_that_cannot_be_read_name_their_line(
    invented: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, says: str
) -> None:
    """Nothing is matched then."""
    (tmp_path / "events.csv").write_text(text)
    assert says in found(capsys, invented, "--pairs", str(tmp_path / "events.csv"), code=2)


@pytest.mark.parametrize(
    "words", [("--unmatched", "x"), ("--pairs", "x", "-n", "3"), ("--pairs", "x", "--json"), ("--pairs", "nowhere.csv")]
)
def test_pairs_that_make_no_sense_are_refused(
    invented: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """One line, exit code 2."""
    assert found(capsys, invented, *words, code=2).count("\n") == 1


def test_at_80_columns_no_line_breaks_inside_a_word(invented: Path) -> None:
    """On a real terminal: every line fits, words are whole, what continues is indented, hits are apart."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "NO_COLOR"}}
    environment |= {"TERM": "xterm", "PAGER": "cat"}
    arguments = ("--root", str(invented), "search", "company")
    with EdgarchiveProcess(*arguments, environment=environment, folder=ROOT, stdout=theirs):
        os.close(theirs)
        printed = bytearray()
        with contextlib.suppress(OSError):  # how a terminal ends
            while piece := os.read(ours, 65536):
                printed += piece
    os.close(ours)
    text = re.sub(r"\x1b\]8;;.*?\x1b\\|\x1b\[[0-9;]*m", "", printed.decode()).replace("\r\n", "\n")
    assert b"\x1b[1;38;5;16;48;5;220m" in printed
    assert all(len(line) <= 80 for line in text.split("\n")), text
    *hits, last = text.strip().split("\n\n")
    assert re.fullmatch(r"\d+ hits, \d+ shown, \d+ ms", last)
    for hit in hits:
        first, *others = hit.split("\n")
        assert re.match(r"\d{10}-\d{2}-\d{6}  ", first)
        assert others
        assert all(line.startswith("    ") for line in others)
    with Library(invented) as library:
        snippets = [hit.excerpt.text for hit in library.search("company") if hit.excerpt]
    words = " ".join(text.split())
    assert all(" ".join(snippet.split()) in words for snippet in snippets)


def test_words_may_stand_in_any_document_of_a_filing(invented: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Facets, JSON and the explanation follow; a search within documents that finds nothing proposes it."""
    for query in ("resigned photograph", "lantern thistlewood -zebra"):
        one = json.loads(found(capsys, invented, query, "--json", "--within", "document"))
        whole = json.loads(
            found(capsys, invented, query, "--json", "--within", "filing", "--facet", "form", "--explain")
        )
        assert {hit["accession"] for hit in one["hits"]} <= {hit["accession"] for hit in whole["hits"]}
        assert sum(form["count"] for form in whole["facets"]["form"]) == whole["total"]
        assert whole["explain"].startswith("in any documents of one filing:\n")
    with Library(invented) as library:
        texts = {hit.accession: [d.text() for d in hit.submission().documents] for hit in library.search(limit=None)}
        several = next((parts for parts in texts.values() if len([part for part in parts if part.strip()]) > 1), None)
        assert several is not None
        first, second = (set(part.lower().split()) for part in [part for part in several if part.strip()][:2])
        words = [
            min(word for word in some if word.isalpha() and len(word) > 4) for some in (first - second, second - first)
        ]
        query = " ".join(words)
        assert library.search(query).total < library.search(query, within="filing").total
        total = library.search(query, within="filing").total
        assert f"with within filing: {total} hit" in " ".join(library.diagnose(query).lines())
        assert library.search(query, within="filing")[0].snippet is not None


_Mistake = tuple[str, tuple[str, ...], int, str]
"""A query, options, the exit code, and how the one line on stderr begins."""

QUERY_MISTAKES: tuple[_Mistake, ...] = (
    ("resigned or retired", (), 0, "no hits: `resigned` 1, `or` 7, `retired` 0, together 0; "),
    ("!word", (), 2, "!word at position 1: ! is not an operator here; write NOT word or -word to exclude a word"),
    ("a || b", (), 2, "|| at position 3: | is not an operator here; write OR between the alternatives"),
    ("a && b", (), 2, "&& at position 3: && is not an operator here; write AND, or just a space"),
    ("indemn!", (), 2, "indemn! at position 1: ! is not a pattern here; write indemn*"),
    ("+word", (), 2, "+word at position 1: + is not an operator here; leave it out: every word is required"),
    ("word^2", (), 2, "word^2 at position 1: there are no boosts; leave ^ and its number out"),
    ("a w/s b", (), 2, "w/s at position 3: there is no such operator; write NEAR/10, w/10 or PRE/10"),
    *(
        (query, (), 2, says)
        for query, says in {
            "resign%": "resign% at position 1: % is not a pattern here; write resign*",
            "^resign": "^resign at position 1: ^ is not an operator here; leave it out",
            "~resign": "~resign at position 1: ~ is not an operator before a word; write stem:word",
            "form=8-K": "form=8-K at position 1: = is not an operator here; write a field and its value like form:10-K",
            "a XOR b": "XOR at position 3: there is no such operator; write AND, OR or NOT",
            "atleast5(a)": "atleast5 at position 1: there is no such operator; leave it out",
            "a AROUND(5) b": "AROUND at position 3: there is no such operator; write NEAR/10",
            "a WITHIN/5 b": "WITHIN/5 at position 3: there is no such operator; write NEAR/10",
            "a ADJ5 b": "ADJ5 at position 3: there is no such operator; write NEAR/10",
            '"a b"@5': "@5 at position 6: there is no such operator; write NEAR/10",
            "a <near/5> b": "<near/5> at position 3: there is no such operator; write NEAR/10",
            "a NEAR/x b": "NEAR/x at position 3: it has no distance; write it like NEAR/10",
            "form:8-K,10-K": "form: at position 6: '8-K,10-K' is not one form; give each value by itself",
        }.items()
    ),
    ("resigned", ("--form", "8-K,10-K"), 2, "'8-K,10-K' is not one form; give each value by itself, without commas"),
    ("form:8K", (), 0, "nothing in this archive has the form 8K; did you mean 8-K? ("),
    ("item:99", (), 0, "nothing in this archive has the item 99; check its spelling"),
    ("type:EX-101.INS", (), 0, "nothing in this archive has the type EX-101.INS; XBRL is stored but not"),
    ("(resigned", (), 2, "the parenthesis at position 1 is not closed; close or quote it"),
    ("resigned)", (), 2, "a closing parenthesis without an opening one at position 9; remove or open it"),
    ("AND resigned", (), 2, "nothing precedes AND at position 1; write it in lower case to search for the word"),
    ("form: 8-K", (), 2, "there is white space between form: and its value at position 7; remove it, or quote"),
    ("filed:12/31/2004", (), 2, "filed: at position 7: '12/31/2004' is not a date; write it like"),
    ("cik:Apple", (), 2, "cik: at position 5: 'Apple' is not a CIK; "),
    ("https://www.sec.gov/edgar", (), 2, "the address at position 1 names no filing; search by cik:, form: or words"),
    ("section:99", (), 2, "section: at position 9: '99' is not the name of a section; "),
    ("officer chief", ("--within", "page"), 2, "invalid value for '--within': 'page' is not one of 'document', "),
    ("resigned", ("--form", "10-k", "--item", "1a"), 0, "no hits: 10-K filings here have no items"),
    ("resigned", ("--until", "1995"), 0, "no hits: without --until 1995-12-31: 1 hit"),
    ("resigned", ("--cik", "AAPL"), 2, "'AAPL' is not a CIK; "),
    ("acquistion", (), 0, "no hits: `acquistion` is nowhere in this archive; with `acquisition`: 1 hit"),
    ('"officer chief"', (), 0, 'no hits: `officer` 2, `chief` 2, together 0; with `"officer chief"~10`'),
)  # fmt: skip


@pytest.mark.parametrize("mistake", QUERY_MISTAKES, ids=lambda mistake: mistake[0])
def test_a_mistake_in_a_query_is_answered_in_one_line(
    invented: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, mistake: _Mistake
) -> None:
    """What went wrong and what to write instead; never a silent search for something else."""
    query, options, code, says = mistake
    assert run(["--root", str(invented), "search", query, *options]) == code
    out, err = capsys.readouterr()
    said = err.removeprefix("edgarchive: ").splitlines() if code else [one.message for one in caplog.records]
    assert [line.startswith(says) for line in said] == [True], said
    assert code == 0 or out == ""
