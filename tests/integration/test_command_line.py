"""The command line as a person or a program uses it, each command in a process of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import shutil
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from tests.edgar_fixtures import SYNC_ALL, CommandLine
from tests.loopback import FIXTURES, LoopbackEdgar, faults
from tests.processes import EdgarchiveProcess

ONE = "0009000900-04-000101"


def test_sync_reports_what_the_contract_names(cli: CommandLine) -> None:
    """`sync --json` has exactly the documented keys, and everything that was stored is indexed."""
    report = cli.json(*SYNC_ALL)
    assert list(report) == [
        "planned",
        "present",
        "stored",
        "absent",
        "failed",
        "withdrawn",
        "indexed",
        "bytes",
        "requests",
        "elapsed_s",
        "failures",
        "absent_submissions",
        "run",
    ]
    count = len(list(FIXTURES.glob("*.txt")))
    assert (report["planned"], report["stored"], report["indexed"], report["failures"]) == (count, count, count, [])
    assert cli.json(*SYNC_ALL)["stored"] == 0


def test_sync_with_failures_ends_with_3(edgar: LoopbackEdgar, cli: CommandLine) -> None:
    """A submission that could not be had is in the report with accession number, address, error and message."""
    edgar.inject(faults.flipped_byte(), path=ONE, times=None)
    report = cli.json(*SYNC_ALL, code=3)
    assert report["failed"] == 1
    assert [set(failure) for failure in report["failures"]] == [{"accession", "url", "error", "message"}]
    assert report["failures"][0]["accession"] == ONE
    assert report["failures"][0]["error"] == "DamagedBodyError"


def test_no_index_leaves_indexing_for_later(cli: CommandLine) -> None:
    """`sync --no-index` stores only; search then says what to do; `index` catches up."""
    assert cli.json(*SYNC_ALL, "--no-index")["indexed"] == 0
    before = cli.run("search", "resigned")
    assert before.returncode == 2
    assert b"edgarchive index" in before.stderr
    assert cli.json("index")["indexed"] == len(list(FIXTURES.glob("*.txt")))
    assert cli.json("search", "resigned")["total"] > 0


def test_search_json_is_as_the_contract_has_it(synced: CommandLine) -> None:
    """The JSON of a search has the documented keys, types and marks."""
    found = synced.json("search", "resigned", "--item", "5.02", "--sort", "oldest")
    assert list(found) == ["query", "total", "took_ms", "hits"]
    hit = found["hits"][0]
    assert set(hit) == {
        "accession",
        "form",
        "filing_date",
        "acceptance_datetime",
        "added",
        "period_of_report",
        "items",
        "entities",
        "document",
        "score",
        "snippet",
        "matches",
        "section",
        "url",
    }
    assert set(hit["document"]) == {"type", "sequence", "filename", "description"}
    assert "5.02" in hit["items"]
    assert isinstance(hit["entities"][0]["cik"], int)
    assert "<em>" in hit["snippet"]


def test_a_ticker_in_a_query_is_that_of_a_company(synced: CommandLine) -> None:
    """As with --ticker, alone or with other parts of a query; one that EDGAR does not list is an error."""
    synced.json("sync", "--ticker", "MLAN", "--form", "8-K", "--since", "2004-01-01", "--until", "2004-01-02")

    def found(*words: str) -> set[str]:
        done = synced.run_here("search", *words, "--format", "accessions")
        assert done.returncode == 0, done.stderr
        return set(done.stdout.decode().split())

    by_cik = found("--cik", "9000001")
    assert by_cik
    assert found("ticker:mlan") == found("TICKER:MLAN") == found("--ticker", "MLAN") == by_cik
    assert found("NOT ticker:MLAN") == found() - by_cik
    assert found("ticker:(MLAN OR TSGD) the") == found("the", "--ticker", "MLAN", "--ticker", "TSGD")
    for query, answer in (
        ("ticker:NONE", "ticker: at position 8: EDGAR's list of tickers has no 'NONE'"),
        ("ticker:ML*", "ticker: at position 8 takes no *, ? or ~; write the whole ticker"),
    ):
        done = synced.run_here("search", query)
        assert done.returncode == 2
        assert answer in done.stderr.decode()


def test_search_exports_open_elsewhere(synced: CommandLine) -> None:
    """CSV has a header and a row a hit; JSON lines a document a line; accessions feed a pipe."""
    total = synced.json("search", "the", "-n", "100")["total"]
    rows = list(
        csv.DictReader(io.StringIO(synced.run("search", "the", "-n", "100", "--format", "csv").stdout.decode()))
    )
    lines = synced.run("search", "the", "-n", "100", "--format", "jsonl").stdout.decode().splitlines()
    accessions = synced.run("search", "the", "-n", "100", "--format", "accessions").stdout.decode().split()
    assert total > 3
    assert [row["accession"] for row in rows] == [json.loads(line)["accession"] for line in lines] == accessions
    assert len(accessions) == total


def test_rows_are_all_hits_unless_a_limit_says_otherwise(synced: CommandLine, tmp_path: Path) -> None:
    """No row is left out in silence: all come by default, and a limit that cuts is noted on stderr, not with -q."""
    total = synced.json("search", "the")["total"]
    assert total > 10
    for output in ("csv", "jsonl", "accessions"):
        whole = synced.run("search", "the", "--format", output)
        assert whole.stdout.count(b"\n") == total + (output == "csv")
        assert whole.stderr == b""
        cut = synced.run("search", "the", "--format", output, "-n", "2")
        assert cut.stdout.count(b"\n") == 2 + (output == "csv")
        assert f"2 of {total} hits written, because of --limit 2; leave it out for all" in cut.stderr.decode()
        assert synced.run("-q", "search", "the", "--format", output, "-n", "2").stderr == b""
    saved = synced.run("search", "the", "-o", str(tmp_path / "hits.jsonl"))
    assert (saved.returncode, saved.stdout) == (0, b"")
    assert len((tmp_path / "hits.jsonl").read_text().splitlines()) == total
    assert len(synced.json("search", "the")["hits"]) == 10


def test_a_query_that_cannot_be_read_ends_with_2_and_the_position(synced: CommandLine) -> None:
    """A bad query is one line that names the place."""
    done = synced.run("search", '"board of')
    assert done.returncode == 2
    assert b"position" in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""


def test_show_raw_is_the_exact_bytes(synced: CommandLine) -> None:
    """`show --raw` prints what EDGAR sent, of one submission or of all, one after the other."""
    paths = sorted(FIXTURES.glob("*.txt"))
    assert synced.run("show", paths[0].stem, "--raw").stdout == paths[0].read_bytes()
    every = synced.run("show", *(path.stem for path in paths), "--raw").stdout
    assert every == b"".join(path.read_bytes() for path in paths)


def test_show_json_has_header_and_documents(synced: CommandLine) -> None:
    """`show --json` gives the documented keys."""
    shown = synced.json("show", ONE.replace("-", ""))
    assert shown["accession"] == ONE
    assert set(shown["documents"][0]) == {"sequence", "type", "filename", "description", "bytes", "kind"}
    assert shown["header"]["ACCESSION NUMBER"] == ONE
    assert len(shown["sha256"]) == 64
    assert shown["signature"] is None
    assert shown["source_url"].endswith(f"{ONE}.txt")


def test_a_document_that_is_indexed_in_part_is_shown_as_such(synced: CommandLine) -> None:
    """Over `max_text_chars`, hits and `show --json` say that the index has the beginning only, and so does the log."""
    done = synced.run("index", "--rebuild", EDGARCHIVE_MAX_TEXT_CHARS="400")
    assert b"max_text_chars" in done.stderr
    hit = next(hit for hit in synced.json("search", "-n", "100")["hits"] if hit["accession"] == ONE)
    assert hit["document"]["truncated"] is True
    shown = json.loads(synced.run("show", ONE, "--json", EDGARCHIVE_MAX_TEXT_CHARS="400").stdout)
    assert shown["documents"][0]["truncated"] is True


def test_verify_finds_damage_and_ends_with_5(synced: CommandLine, settings: Settings) -> None:
    """A flipped byte on the disk is found, named by kind, accession number and path."""
    clean = synced.json("verify")
    assert clean["findings"] == []
    assert clean["ok"] == clean["checked"]
    path = next((settings.root / "submissions").rglob(f"{ONE}.txt.gz"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    damaged = synced.json("verify", code=5)
    assert [(f["kind"], f["accession"], f["path"]) for f in damaged["findings"]] == [
        ("damaged", ONE, str(path.relative_to(settings.root)))
    ]


def test_status_counts(synced: CommandLine) -> None:
    """`status --json` counts submissions by form and year."""
    status = synced.json("status")
    assert status["submissions"] == sum(row["count"] for row in status["forms"]) == len(list(FIXTURES.glob("*.txt")))
    assert status["unindexed"] == 0
    assert status["last_sync"]


def test_without_an_index_nothing_is_indexed(synced: CommandLine, settings: Settings) -> None:
    """Whatever the catalogue says of an index that is gone; the next `index` makes it of all."""
    shutil.rmtree(settings.root / "index")
    status = synced.json("status")
    assert status["unindexed"] == status["submissions"]
    assert synced.json("index")["indexed"] == status["submissions"]
    assert synced.json("status")["unindexed"] == 0


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "says"),
    [
        (("sync", "--form", "8-K"), {"EDGARCHIVE_USER_AGENT": ""}, 2, "user_agent"),
        (("sync",), {}, 2, "nothing is selected"),
        (("sync", "--since", "yesterday"), {}, 2, "is not a date"),
        (("sync", "--cik", "AAPL"), {}, 2, "is not a CIK"),
        (("sync", "--cik", "@nobody.txt"), {}, 2, "nobody.txt"),
        (("sync", "--frm", "8-K"), {}, 2, "--frm"),
        (("sync", "--form", "8-K"), {"EDGARCHIVE_RATE": "11", "EDGARCHIVE_BASE_URL": "https://www.sec.gov"}, 2, "10"),
        (("sync", "--form", "8-K", "--limit", "1"), {"EDGARCHIVE_BASE_URL": "http://127.0.0.1:9"}, 4, "cannot connect"),
        (("search", "resigned"), {"EDGARCHIVE_ROOT": "nowhere"}, 2, "no archive"),
        (("show", "0000000000-00-000000"), {"EDGARCHIVE_ROOT": "nowhere"}, 2, "no archive"),
        (("show", "12"), {}, 2, "no archive"),
        (("frobnicate",), {}, 2, "frobnicate"),
        (("--config", "missing.toml", "status"), {}, 2, "missing.toml"),
    ],
)
def test_mistakes_get_one_line_and_a_code(
    cli: CommandLine, arguments: tuple[str, ...], environment: dict[str, str], code: int, says: str
) -> None:
    """A mistake ends with its documented code and one line that names it."""
    done = cli.run(*arguments, **environment)
    assert done.returncode == code, done.stderr.decode()
    line = done.stderr.decode().splitlines()[-1]
    assert line.startswith("edgarchive: ")
    assert says in line
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""


def test_the_address_stays_out_of_the_log(cli: CommandLine) -> None:
    """Not even the most talkative log shows the contact address."""
    done = cli.run("-vv", *SYNC_ALL)
    assert done.returncode == 0
    assert b"research@example.com" not in done.stderr + done.stdout


def test_an_unknown_setting_suggests_the_near_one(cli: CommandLine, tmp_path: Path) -> None:
    """A typo in the settings file is an error that names the setting it is near to."""
    config = tmp_path / "c.toml"
    config.write_text("concurency = 3\n")
    done = cli.run("--config", str(config), "config", "show")
    assert done.returncode == 2
    assert b"did you mean 'concurrency'" in done.stderr


def test_config_show_spells_flags_as_the_settings_file_does(cli: CommandLine) -> None:
    """What it prints can be copied into one."""
    assert b"\nkeep_texts = true\nj" in cli.run_here("config", "show").stdout


def test_config_init_writes_what_config_show_reads(cli: CommandLine, tmp_path: Path) -> None:
    """The first settings file is valid as it is, and is never written over."""
    config = str(tmp_path / "new.toml")
    assert cli.run("--config", config, "config", "init").returncode == 0
    assert cli.json("--config", config, "config", "show")["rate"] == 10_000
    assert cli.run("--config", config, "config", "init").returncode == 2


@pytest.mark.parametrize("count", ["1", "100"])
def test_a_closed_pipe_is_no_error(synced: CommandLine, count: str) -> None:
    """`edgarchive search … | head -1` ends quietly, whether the pipe closes during the command or at its end."""
    with synced.start("search", "the", "-n", count, "--format", "jsonl") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_facets_and_the_query_in_words_are_part_of_the_json(synced: CommandLine) -> None:
    """`--facet` adds counts of everything found, and `--explain` what was understood, to the contract's keys."""
    found = synced.json("search", "the", "-n", "0", "--facet", "form", "--facet", "year", "--facet", "cik", "--explain")
    assert list(found) == ["query", "total", "took_ms", "hits", "facets", "explain"]
    assert list(found["facets"]) == ["form", "year", "cik"]
    assert sum(value["count"] for value in found["facets"]["form"]) == found["total"]
    assert {type(value["value"]) for value in found["facets"]["cik"]} == {int}
    assert '"the"' in found["explain"]
    assert synced.run("search", "the", "--facet", "form", "--format", "csv").returncode == 2


def test_explain_never_gets_between_the_lines_of_a_pipe(synced: CommandLine) -> None:
    """With a line a hit on stdout, the query in words goes to stderr; in a table it comes first."""
    lines = synced.run("search", "the", "--explain", "--format", "accessions")
    assert lines.stdout == synced.run("search", "the", "--format", "accessions").stdout
    assert b"query:" in lines.stderr
    assert synced.run("search", "the", "--explain", "--item", "5.02").stdout.startswith(b"query:")


def test_show_takes_what_a_search_gives(synced: CommandLine) -> None:
    """Several accession numbers are one JSON document: a list, in their order; one unknown number, and nothing is."""
    found = synced.run("search", "the", "-n", "3", "--format", "accessions").stdout.decode().split()
    assert [shown["accession"] for shown in synced.json("show", *found)] == found
    assert synced.run("show", *found).stdout.count(b"  filed ") == len(found)
    raw = b"".join((FIXTURES / f"{accession}.txt").read_bytes() for accession in found)
    assert synced.run("show", *found, "--raw").stdout == raw
    unknown = synced.run("show", *found, "0000000001-99-000001")
    assert (unknown.returncode, unknown.stdout) == (2, b"")


@pytest.mark.parametrize(
    "query",
    [
        "a* b* c*",
        " OR ".join(f"w{number}" for number in range(1500)),
        '"a b"~100000',
        "(" * 500 + "a" + ")" * 500,
        "x" * 100_000,
        "aa*a*a*a*a*b",
        "*",
    ],
    ids=["prefixes", "alternatives", "distance", "parentheses", "length", "stars", "everything"],
)
def test_what_would_go_without_bound_ends_with_2_and_the_bound(synced: CommandLine, query: str) -> None:
    """A hostile query is one line with exit code 2, soon."""
    done = synced.run("search", query)
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1


def test_a_terminal_gets_colours_and_links_and_nothing_else_does(synced: CommandLine) -> None:
    """On a terminal, accession numbers link to EDGAR and matches stand out; not with NO_COLOR, and never in a pipe."""
    assert b"\x1b" not in synced.run("search", "lantern").stdout
    assert b"\x1b" not in on_a_terminal(synced, "search", "lantern", NO_COLOR="1", TERM="xterm")
    shown = on_a_terminal(synced, "search", "lantern", TERM="xterm")
    assert b"\x1b]8;;https://www.sec.gov/Archives/edgar/data/" in shown
    assert b"\x1b[1;38;5;16;48;5;220mLANTERN\x1b[0m" in shown


def test_a_stream_that_lacks_characters_gets_question_marks(synced: CommandLine) -> None:
    """Where stdout cannot show a dash of a snippet, the search is printed all the same."""
    done = synced.run("search", "lantern", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"?" in done.stdout


def on_a_terminal(cli: CommandLine, *arguments: str, **environment: str) -> bytes:
    """What a command prints when its stdout is a terminal."""
    master, slave = pty.openpty()
    try:
        settings = cli.environment | {"PAGER": "cat"} | environment
        with EdgarchiveProcess(*arguments, environment=settings, folder=cli.folder, stdout=slave) as process:
            assert process.wait(timeout=60) == 0
        return os.read(master, 100_000)
    finally:
        os.close(slave)
        os.close(master)


def test_completion_knows_verbs_and_options(cli: CommandLine) -> None:
    """The shell completes verbs, options of a verb, and the values that an option can have."""

    def completed(words: str) -> str:
        shell = {"_EDGARCHIVE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        return cli.run(**shell).stdout.decode()

    assert "search" in completed("edgarchive se").split()
    assert "--facet" in completed("edgarchive search --fa").split()
    assert "accessions" in completed("edgarchive search --format acc").split()
    assert completed("edgarchive search --section ri").split() == ["risk-factors"]
    assert completed("edgarchive show 0009000900-21-000150 --section leg").split() == ["legal-proceedings"]
    assert completed("edgarchive help tu").split() == ["tutorial"]
    for verb in ("saved run", "saved remove", "watch --search"):
        assert completed(f"edgarchive {verb} ").split() == []
    assert cli.run("saved", "add", "departures", "resign*").returncode == 0
    for verb in ("saved run", "saved remove", "watch --search", "--root archive saved run"):
        assert completed(f"edgarchive {verb} dep").split() == ["departures"]
