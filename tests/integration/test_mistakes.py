"""What people get wrong, done as they do it: each ends with one line that says what to do, and loses nothing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from tests.edgar_fixtures import FAST, IDENTITY, CommandLine, command_line
from tests.loopback import FIXTURES, LoopbackEdgar, faults

ALL = ("sync", "--form", "*", "--since", "1993-01-01")
SYNC = ("sync", "--form", "8-K", "--since", "2015-01-01")
DAYS = ("--since", "2020-01-01", "--until", "2019-01-01")


@dataclass(frozen=True, slots=True)
class Mistake:
    """A command, its exit code, and a pattern of what stderr says. `before` prepares the archive's folder."""

    name: str
    command: Sequence[str]
    says: str
    code: int = 2
    environment: Mapping[str, str | None] = field(default_factory=dict)
    before: Callable[[Path], object] = lambda _: None


def _write(name: str, text: str) -> Callable[[Path], object]:
    return lambda root: (root.parent / name).write_text(text)


def _edit(name: str, old: str, new: str) -> Callable[[Path], object]:
    def edit(root: Path) -> None:
        path = root / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return edit


MISTAKES = (
    # who asks, and where
    Mistake(
        "no user agent",
        SYNC,
        'set EDGARCHIVE_USER_AGENT="Your Name you@example.com"',
        environment={"EDGARCHIVE_USER_AGENT": None},
    ),
    Mistake(
        "user agent without address", SYNC, '"Name mail@host", such as', environment={"EDGARCHIVE_USER_AGENT": "me"}
    ),
    Mistake(
        "no archive yet",
        ("search", "resigned"),
        "there is no archive in .*/nowhere; run `edgarchive sync` first, or name the folder with --root",
        environment={"EDGARCHIVE_ROOT": "nowhere"},
    ),
    Mistake(
        "archive moved",
        ("status",),
        "there is no archive in .*/archive; run `edgarchive sync` first, or name",
        before=lambda root: root.rename(root.parent / "moved"),
    ),
    Mistake(
        "a folder of other things",
        SYNC,
        "has files but no edgarchive archive; name an empty or a new folder",
        environment={"EDGARCHIVE_ROOT": "/usr/share"},
    ),
    Mistake(
        "a file for a folder",
        SYNC,
        "there is a file where a folder should be",
        7,
        {"EDGARCHIVE_ROOT": "afile"},
        _write("afile", ""),
    ),
    Mistake(
        "a folder that cannot be made",
        SYNC,
        "cannot write /proc/edgar.*check the folder",
        7,
        {"EDGARCHIVE_ROOT": "/proc/edgar"},
    ),
    # settings
    Mistake(
        "no settings file",
        ("--config", "nothere.toml", "status"),
        "no settings file nothere.toml; `edgarchive config init` writes one",
    ),
    Mistake(
        "settings that are no TOML",
        ("--config", "s.toml", "status"),
        "s.toml is not TOML: .*line 1.*; a text stands in quotes",
        before=_write("s.toml", "root = edgar"),
    ),
    Mistake(
        "a setting below a table",
        ("--config", "s.toml", "sync"),
        r"table 1: root: unknown key, .*; settings stand above the first \[\[select\]\]",
        before=_write("s.toml", '[[select]]\nform = "8-K"\nroot = "edgar"'),
    ),
    Mistake(
        "an unknown setting",
        ("--config", "s.toml", "status"),
        "unknown setting 'user_agnet', did you mean 'user_agent'",
        before=_write("s.toml", "user_agnet = 1"),
    ),
    Mistake(
        "a setting of another type",
        ("--config", "s.toml", "status"),
        "jobs: it must be .*; see `edgarchive help settings`",
        before=_write("s.toml", 'jobs = "many"'),
    ),
    Mistake(
        "an unknown engine", ("index", "--engine", "wosh"), "engine: it must be 'whoosh', 'tantivy' or 'opensearch'"
    ),
    Mistake(
        "another engine",
        ("index", "--engine", "tantivy"),
        "run `edgarchive index --rebuild --engine tantivy`, or leave --engine out",
    ),
    Mistake(
        "a settings file that is there",
        ("--config", "s.toml", "config", "init"),
        "s.toml exists; edit it, or name another file with --config",
        before=_write("s.toml", ""),
    ),
    # what is selected
    Mistake("nothing selected", ("sync",), r"nothing is selected; name forms.*\[\[select\]\]"),
    Mistake("nothing to watch", ("watch", "--once"), r"nothing is selected; name forms.*\[\[select\]\]"),
    Mistake(
        "a webhook without a secret",
        ("watch", "--form", "8-K", "--webhook", "https://example.com/hook", "--once"),
        r"a webhook needs webhook_secret; set EDGARCHIVE_WEBHOOK_SECRET \(`edgarchive help alerts` shows how\)",
    ),
    Mistake(
        "a month that there is not",
        ("sync", "--form", "8-K", "--since", "2020-13-01"),
        "'2020-13-01' is not a date; write it like 2004, 2004-12 or 2004-12-31",
    ),
    Mistake(
        "another spelling of dates",
        ("sync", "--form", "8-K", "--since", "01/02/2020"),
        "'01/02/2020' is not a date; write it like",
    ),
    Mistake(
        "dates the wrong way round",
        ("sync", "--form", "8-K", *DAYS),
        "since 2020-01-01 is after until 2019-01-01; swap the two dates",
    ),
    Mistake("the same in a search", ("search", "x", *DAYS), "swap the two dates"),
    Mistake(
        "an unknown form",
        ("sync", "--form", "8K", "--since", "2015-01-01"),
        "WARNING: no filing on these dates has the form 8K; did you mean 8-K\\?",
        0,
    ),
    Mistake(
        "an unknown name",
        ("sync", "--name", "Tin Wistle Bank", "--since", "2010-01-01"),
        "WARNING: no company that filed on these dates is named .Tin Wistle Bank.; did you mean TIN WHISTLE BANCORP",
        0,
    ),
    Mistake(
        "an empty form",
        ("sync", "--form", "", "--since", "2015-01-01"),
        "an empty form selects nothing; name one, such as 8-K",
    ),
    Mistake("no limit at all", (*SYNC, "--limit", "0"), "limit 0 selects nothing; give a limit of 1 or more"),
    Mistake("a ticker that there is not", ("sync", "--ticker", "ZZZZ"), "no 'ZZZZ'; for a former company, use --cik"),
    Mistake(
        "a ticker for a CIK",
        ("sync", "--cik", "AAPL"),
        "'AAPL' is not a CIK; a CIK is a number .*name or ticker, use name or ticker",
    ),
    Mistake(
        "a list that there is not",
        ("sync", "--cik", "@list.txt"),
        "cannot read the CIKs of list.txt: No such file or directory; give a text file",
    ),
    Mistake(
        "a name in a list of CIKs",
        ("sync", "--cik", "@list.txt"),
        "list.txt, line 2: 'Apple' is not a CIK; .*one CIK per line",
        before=_write("list.txt", "320193\nApple\n"),
    ),
    # EDGAR
    Mistake(
        "no network",
        SYNC,
        "cannot connect to no.such.host.invalid: .*; check the network",
        4,
        {"EDGARCHIVE_BASE_URL": "http://no.such.host.invalid"},
    ),
    Mistake(
        "nobody answers",
        SYNC,
        "cannot connect to 127.0.0.1: .*; check the network",
        4,
        {"EDGARCHIVE_BASE_URL": "http://127.0.0.1:9"},
    ),
    # queries
    Mistake(
        "a query without quotes",
        ("search", "resigned", "officer"),
        "a query is one argument, and 'officer' comes after it; put quotes around the whole query",
    ),
    Mistake(
        "a quotation mark that is not closed",
        ("search", '"resigned'),
        "the quotation mark at position 1 is not closed; close it",
    ),
    Mistake(
        "an option inside the quotes",
        ("search", "resigned --form 8-K"),
        "--form at position 10: an option is no part of a query; end the quotes before it",
    ),
    Mistake("every word", ("search", "*"), "the pattern at position 1 matches every word; add letters or digits"),
    Mistake(
        "an unknown field",
        ("search", "forms:8-K"),
        "there is no field 'forms' \\(at position 1\\); did you mean form:\\?",
    ),
    Mistake("half a query", ("search", "resigned OR"), "nothing follows OR at position 10; complete or quote it"),
    Mistake(
        "a form that is not here",
        ("search", "resigned", "--form", "8K"),
        "WARNING: nothing in this archive has the form 8K; did you mean 8-K\\?",
        0,
    ),
    Mistake(
        "an item without its zero",
        ("search", "--item", "5.2"),
        "WARNING: nothing in this archive has the item 5.2; did you mean 5.02\\?",
        0,
    ),
    Mistake(
        "a name that is not here",
        ("search", "--name", "Apple"),
        "WARNING: nothing in this archive has the name Apple; .*`edgarchive sync`",
        0,
    ),
    # the command itself
    Mistake("a verb misspelt", ("serach", "x"), "no such command 'serach'; did you mean 'search'\\?"),
    Mistake("an option misspelt", ("search", "x", "--fom", "8-K"), "no such option: --fom; did you mean --form\\?"),
    Mistake("an option in the plural", ("search", "x", "--items", "5.02"), "--items; did you mean --item\\?"),
    Mistake(
        "the root after the verb",
        ("search", "x", "--root", "edgar"),
        "--root goes before the command; write `edgarchive --root … search …`",
    ),
    Mistake(
        "an order that there is not",
        ("search", "x", "--sort", "date"),
        "'date' is not one of 'relevance', 'newest', 'oldest', 'added'; see `edgarchive search --help`",
    ),
    Mistake(
        "an empty list of CIKs",
        ("search", "x", "--cik", "@list.txt"),
        "list.txt has no CIK, so it selects nothing; give a text file with one CIK per line",
        before=_write("list.txt", "# none yet\n"),
    ),
    Mistake(
        "a file of another kind",
        ("search", "x", "-o", "hits.doc"),
        "cannot tell the format of hits.doc; name it .csv, .jsonl or .xlsx, or give --format",
    ),
    Mistake(
        "a column that there is not", ("search", "x", "--fields", "date"), "no field 'date'; choose from: accession, "
    ),
    Mistake(
        "columns of a table",
        ("search", "x", "--fields", "form"),
        "--fields does not go with --format table; use csv, jsonl, json or xlsx",
    ),
    Mistake(
        "a folder that is not there",
        ("search", "x", "-o", "nowhere/hits.csv"),
        "cannot write nowhere/hits.csv: no such file or directory",
        7,
    ),
    Mistake(
        "too few hits",
        ("search", "x", "--limit", "-1"),
        "must be greater than or equal to 0; see `edgarchive search --help`",
    ),
    Mistake("nothing to show", ("show",), "missing argument 'ACCESSION'; see `edgarchive show --help`"),
    Mistake(
        "no accession number",
        ("show", "12345"),
        "'12345' is not an accession number; for a CIK, `edgarchive search --cik 12345` lists the filings",
    ),
    Mistake(
        "a submission that is not here",
        ("show", "0000320193-24-000001"),
        "is not in this archive; `edgarchive sync` can fetch it",
    ),
    Mistake(
        "a document that there is not",
        ("show", "0009000900-19-000212", "--text", "--document", "99"),
        "has no document 99",
    ),
    Mistake("an import of nothing", ("import", "nothere"), "nothere does not exist; name files or folders that exist"),
    # what has become of the archive
    Mistake(
        "a newer archive",
        ("search", "x"),
        "names format 99, this edgarchive reads format 2; use the version",
        before=_edit("format.json", '"format": 2', '"format": 99'),
    ),
    Mistake(
        "an older index",
        ("search", "x"),
        "was made by an earlier edgarchive; run `edgarchive index`, which rebuilds it",
        before=_edit("index/meta.json", '"schema": ', '"schema": -'),
    ),
    Mistake(
        "a newer index",
        ("search", "x"),
        "install a newer edgarchive, or run `edgarchive index --rebuild`",
        before=_edit("index/meta.json", '"schema": ', '"schema": 1'),
    ),
    Mistake(
        "a removed index", ("search", "x"), "run `edgarchive index`", before=lambda root: shutil.rmtree(root / "index")
    ),
)


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of the invented submissions, indexed; each mistake is made with a copy of it."""
    folder = tmp_path_factory.mktemp("mirrored")
    with LoopbackEdgar(FIXTURES) as server:
        settings = Settings(root=folder / "archive", base_url=server.base_url, user_agent=IDENTITY, rate=FAST)
        assert command_line(settings, folder).run(*ALL).returncode == 0
    return folder / "archive"


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_gets_one_line_that_says_what_to_do(
    mistake: Mistake, mirrored: Path, cli: CommandLine, settings: Settings
) -> None:
    """Exit code, one line on stderr, nothing on stdout for an error, and every stored file as it was."""
    shutil.copytree(mirrored, settings.root)
    mistake.before(settings.root)
    before = {path: path.read_bytes() for path in settings.root.rglob("*.txt.gz")}
    environment = {**cli.environment, **mistake.environment}
    cli = replace(cli, environment={name: value for name, value in environment.items() if value is not None})
    done = cli.run_here(*mistake.command)
    said = done.stderr.decode()
    assert re.search(mistake.says, said), said
    assert done.returncode == mistake.code
    assert said.count("\n") == 1
    assert said.startswith("edgarchive: ")
    assert mistake.code == 0 or done.stdout == b""
    assert {path: path.read_bytes() for path in settings.root.rglob("*.txt.gz")} == before


def test_a_block_ends_the_run_and_says_how_long_to_wait(edgar: LoopbackEdgar, cli: CommandLine) -> None:
    """The page that the SEC sends for too many requests is no filing, and no reason to go on asking."""
    edgar.inject(faults.block_page_403(), times=None)
    done = cli.run(*ALL)
    assert done.returncode == 4
    assert done.stderr.decode().splitlines()[-1].endswith("lower rate, and wait ten minutes")


@pytest.mark.parametrize("verb", [(), ("config",)])
def test_no_verb_at_all_shows_the_help(cli: CommandLine, verb: Sequence[str]) -> None:
    """The whole page on stderr, since nothing was done: exit code 2."""
    done = cli.run(*verb)
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr == cli.run(*verb, "--help").stdout
