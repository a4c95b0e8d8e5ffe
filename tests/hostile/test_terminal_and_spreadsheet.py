"""What filers write, on its way to a terminal, a program, a spreadsheet."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import pty
import re
import unicodedata
from pathlib import Path

import pytest

from edgarchive.formats import as_json_text, clean, harmless
from edgarchive.hit_rows import csv_cell
from tests.edgar_fixtures import CommandLine
from tests.loopback import LoopbackEdgar
from tests.processes import EdgarchiveProcess

ACCESSION = "0000000666-20-000001"
PLAY = "\x1b]0;owned\x07\x1b[2J\x9b31m\x00\x7f\u202edesrever\u2066\u200b"
"""Sets the title, clears the screen, colours, turns the direction of writing round, hides."""
NAME = f"=cmd|' /C calc'!A0{PLAY} CORP;=1+1"


def hostile_submission() -> bytes:
    """A submission whose every value plays with whoever shows it; in UTF-8, as some filers write."""
    return f"""<SEC-DOCUMENT>{ACCESSION}.txt : 20200102
<SEC-HEADER>{ACCESSION}.hdr.sgml : 20200102
ACCESSION NUMBER:\t\t{ACCESSION}
CONFORMED SUBMISSION TYPE:\t8-K{PLAY}
PUBLIC DOCUMENT COUNT:\t\t1
ITEM INFORMATION:\t\tNo such item{PLAY}
FILED AS OF DATE:\t\t20200102

FILER:

\tCOMPANY DATA:\t
\t\tCOMPANY CONFORMED NAME:\t\t\t{NAME}
\t\tCENTRAL INDEX KEY:\t\t\t0000000666
\t\tSTATE OF INCORPORATION:\t\t\t{PLAY}DE

\tFORMER COMPANY:\t
\t\tFORMER CONFORMED NAME:\t{NAME}
\t\tDATE OF NAME CHANGE:\t19990727
</SEC-HEADER>
<DOCUMENT>
<TYPE>EX-99{PLAY}
<SEQUENCE>1
<FILENAME>../../../etc/passwd{PLAY}
<DESCRIPTION>@SUM(A1:A9){PLAY}
<TEXT>
A zebra {PLAY} &#27;[31m walks.
</TEXT>
</DOCUMENT>
</SEC-DOCUMENT>
""".encode()


@pytest.fixture
def hostile(cli: CommandLine, tmp_path: Path) -> CommandLine:
    """The command line, with an archive that has the hostile submission."""
    (tmp_path / f"a{PLAY[1:5]}.txt").write_bytes(hostile_submission())
    imported = cli.run("import", f"a{PLAY[1:5]}.txt")
    assert imported.returncode == 0, imported.stderr
    assert plays(imported.stdout + imported.stderr) == set()
    return cli


def plays(printed: bytes) -> set[str]:
    """The characters of an output that could play with a terminal."""
    return {
        c
        for c in printed.decode().replace("\r\n", "\n")
        if c not in "\t\n\f" and unicodedata.category(c) in {"Cc", "Cf", "Co", "Cs", "Zl"}
    }


@pytest.mark.parametrize(
    "command",
    [
        ["search", "zebra"],
        ["search", "--explain", "zebra \x1b[31m \u202e"],
        ["search", "--facet", "form", "--facet", "state", "--facet", "type", "--facet", "item"],
        ["search", "zebra", "--format", "csv"],
        ["search", "zebra", "--format", "jsonl"],
        ["search", "zebra", "--format", "accessions"],
        ["search", "zebra", "--json", "--explain", "--facet", "form"],
        ["show", ACCESSION],
        ["show", ACCESSION, "--text"],
        ["show", ACCESSION, "--header"],
        ["show", ACCESSION, "--json"],
        ["status"],
        ["status", "--json"],
        ["verify"],
        ["index", "--rebuild"],
        ["-vv", "import", "."],
        ["config", "show"],
        ["show", "\x1b[31m0000000666-20-000002"],
        ["show", PLAY.replace("\0", "")],
        ["search", "--cik", "\x1b[31m"],
        ["search", "\x1b[31m:x ~~ [\u202e"],
        ["--root", "no\x1b[31m\u202e", "status"],
        ["--config", "no\x1b[31m\u202e", "status"],
        ["no\x1b[31m\u202e"],
        ["search", "--no\x1b[31m\u202e"],
        ["import", "no\x1b[31m\u202e"],
    ],
    ids=lambda command: ascii(" ".join(command))[:60],
)
def test_no_verb_lets_a_value_play_with_the_terminal(hostile: CommandLine, command: list[str]) -> None:
    """Names, types, descriptions, texts, paths and arguments: printed, logged or complained of without their tricks."""
    done = hostile.run(*command)
    assert plays(done.stdout) == set()
    assert plays(done.stderr) == set()


def test_on_a_terminal_only_our_own_marks_are_left(hostile: CommandLine) -> None:
    """Bold, colour and links are ours; a value has no part in them."""
    ours, theirs = pty.openpty()
    environment = {**hostile.environment, "TERM": "xterm", "PAGER": "cat"}
    with EdgarchiveProcess("search", "zebra", environment=environment, folder=hostile.folder, stdout=theirs):
        os.close(theirs)
        printed = bytearray()
        with contextlib.suppress(OSError):  # how a terminal ends
            while piece := os.read(ours, 65536):
                printed += piece
    os.close(ours)
    marks = re.compile(rb"\x1b\[(?:0|1|1;38;5;16;48;5;220)m|\x1b\]8;;[ -~]*\x1b\\|\r\n")
    assert b"\x1b[1;38;5;16;48;5;220mzebra\x1b[0m" in printed
    assert plays(marks.sub(b"", bytes(printed))) == set()


def test_json_means_exactly_what_the_filer_wrote(hostile: CommandLine) -> None:
    """What could play with a terminal is escaped in JSON, not lost."""
    [hit] = hostile.json("search", "zebra")["hits"]
    assert hit["entities"][0]["name"] == NAME
    assert json.loads(as_json_text({"x": PLAY + "\U000f0000\ud800"})) == {"x": PLAY + "\U000f0000\ud800"}


def test_no_cell_of_a_spreadsheet_is_a_formula(hostile: CommandLine) -> None:
    """Whichever of the usual separators it cuts at."""
    printed = hostile.run("search", "zebra", "--format", "csv").stdout.decode()
    assert "calc" in printed
    for separator in ",;|\t":
        for row in csv.reader(io.StringIO(printed), delimiter=separator):
            assert not [cell for cell in row if cell.lstrip("\"' ")[:1] in set("=+-@\t\r") and not cell.startswith("'")]


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n=", "\uff1d", "\uff0b", "\uff0d", "\uff20", '"=']
)
def test_a_cell_that_starts_like_a_formula_is_text(start: str) -> None:
    """Each start that OWASP names, full-width ones and those behind blanks or quotes among them."""
    assert csv_cell("names", f"{start}1+1").startswith("'")


@pytest.mark.parametrize(("value", "expected"), [(-1.5, "-1.5"), ("8-K", "8-K"), ("a; b", "a; b"), (None, "")])
def test_other_cells_are_as_they_are(value: object, expected: str) -> None:
    """A negative number is a number, and a dash inside a word is a dash."""
    assert csv_cell("names", value) == expected


def test_ordinary_writing_is_left_alone() -> None:
    """Scripts of all directions, accents, dashes, columns and pages are no attack."""
    text = "Ünïcödé — “quotes”\tשלום مرحبا 株式会社 naïve\u00adly 🦓\n\fpage"
    assert harmless(text) == text
    assert clean("a\u00a0b\n c") == "a b c"


def test_a_submission_is_placed_by_its_number_alone(hostile: CommandLine) -> None:
    """`<FILENAME>` with a path in it names no file: below the archive there is nothing that it could have chosen."""
    root = Path(hostile.environment["EDGARCHIVE_ROOT"])
    found = {path.relative_to(root).as_posix() for path in (root / "submissions").rglob("*") if path.is_file()}
    assert found == {f"submissions/0000000666/20/000/{ACCESSION}.txt.gz"}


def test_edgars_own_words_cannot_play_either(edgar: LoopbackEdgar, cli: CommandLine) -> None:
    """Titles of pages, names in the index: what a server sends goes through the same door."""
    edgar.add(hostile_submission())
    done = cli.run("-vv", "sync", "--cik", "666", "--since", "2020-01-01", "--until", "2020-01-31")
    assert plays(done.stdout + done.stderr) == set()
