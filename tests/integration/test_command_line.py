"""The command line as a person or a program uses it, each command in a process of its own."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from archiver.settings import Settings
from tests.edgar_fixtures import CommandLine
from tests.loopback import FIXTURES, LoopbackEdgar, faults

ALL = ("sync", "--form", "*", "--since", "1993-01-01")
ONE = "0009000900-04-000101"


@pytest.fixture
def synced(cli: CommandLine) -> CommandLine:
    """The command line with every invented submission mirrored and indexed."""
    cli.json(*ALL)
    return cli


def test_sync_reports_what_the_contract_names(cli: CommandLine) -> None:
    """`sync --json` has exactly the documented keys, and everything that was stored is indexed."""
    report = cli.json(*ALL)
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
    ]
    count = len(list(FIXTURES.glob("*.txt")))
    assert (report["planned"], report["stored"], report["indexed"], report["failures"]) == (count, count, count, [])
    assert cli.json(*ALL)["stored"] == 0


def test_sync_with_failures_ends_with_3(edgar: LoopbackEdgar, cli: CommandLine) -> None:
    """A submission that could not be had is in the report with accession number, address, error and message."""
    edgar.inject(faults.flipped_byte(), path=ONE, times=None)
    report = cli.json(*ALL, code=3)
    assert report["failed"] == 1
    assert [set(failure) for failure in report["failures"]] == [{"accession", "url", "error", "message"}]
    assert report["failures"][0]["accession"] == ONE
    assert report["failures"][0]["error"] == "DamagedBodyError"


def test_no_index_leaves_indexing_for_later(cli: CommandLine) -> None:
    """`sync --no-index` stores only; search then says what to do; `index` catches up."""
    assert cli.json(*ALL, "--no-index")["indexed"] == 0
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
        "period_of_report",
        "items",
        "entities",
        "document",
        "score",
        "snippet",
        "url",
    }
    assert set(hit["document"]) == {"type", "sequence", "filename", "description"}
    assert "5.02" in hit["items"]
    assert isinstance(hit["entities"][0]["cik"], int)
    assert "<em>" in hit["snippet"]


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


def test_a_query_that_cannot_be_read_ends_with_2_and_the_position(synced: CommandLine) -> None:
    """A bad query is one line that names the place."""
    done = synced.run("search", '"board of')
    assert done.returncode == 2
    assert b"position" in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""


def test_show_raw_is_the_exact_bytes(synced: CommandLine) -> None:
    """`show --raw` prints what EDGAR sent, for every submission."""
    for path in FIXTURES.glob("*.txt"):
        assert synced.run("show", path.stem, "--raw").stdout == path.read_bytes()


def test_show_json_has_header_and_documents(synced: CommandLine) -> None:
    """`show --json` gives the documented keys."""
    shown = synced.json("show", ONE.replace("-", ""))
    assert shown["accession"] == ONE
    assert set(shown["documents"][0]) == {"sequence", "type", "filename", "description", "bytes", "kind"}
    assert shown["header"]["ACCESSION NUMBER"] == ONE
    assert len(shown["sha256"]) == 64
    assert shown["signature"] is None
    assert shown["source_url"].endswith(f"{ONE}.txt")


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
        (("show", "12"), {}, 2, "accession number"),
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
    done = cli.run("-vv", *ALL)
    assert done.returncode == 0
    assert b"research@example.com" not in done.stderr + done.stdout


def test_an_unknown_setting_suggests_the_near_one(cli: CommandLine, tmp_path: Path) -> None:
    """A typo in the settings file is an error that names the setting it is near to."""
    config = tmp_path / "c.toml"
    config.write_text("concurency = 3\n")
    done = cli.run("--config", str(config), "config", "show")
    assert done.returncode == 2
    assert b"did you mean 'concurrency'" in done.stderr


def test_config_init_writes_what_config_show_reads(cli: CommandLine, tmp_path: Path) -> None:
    """The first settings file is valid as it is, and is never written over."""
    config = str(tmp_path / "new.toml")
    assert cli.run("--config", config, "config", "init").returncode == 0
    assert cli.json("--config", config, "config", "show")["rate"] == 10_000
    assert cli.run("--config", config, "config", "init").returncode == 2


def test_a_closed_pipe_is_no_error(synced: CommandLine) -> None:
    """`edgarchive search … | head -1` ends quietly."""
    with synced.start("search", "the", "-n", "100", "--format", "jsonl") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
