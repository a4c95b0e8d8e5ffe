"""The docs against the code: nothing is left out, nothing is invented, and the examples run as they stand."""

from __future__ import annotations

import contextlib
import dataclasses
import doctest
import importlib
import inspect
import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer.main

import edgarchive
from archiver.errors import EdgarchiveError
from archiver.settings.settings import Settings
from docs import site_hooks
from docs.architecture_map import FLOORS, FLOW, drawings, with_generated
from edgarchive.cli import app
from edgarchive.cli.commands.archive.config import example_toml
from edgarchive.cli.examples import EXAMPLES
from edgarchive.cli.verbs import VERBS
from indexer import fields
from indexer.query import bounds, build
from indexer.query.language import grammar, leaves, tokens
from indexer.query.scopes import sections
from tests.bench.__main__ import names as bench_names
from tests.loopback import FIXTURES, LoopbackEdgar
from tests.paths import ROOT
from tests.processes import EdgarchiveProcess, run_shell

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
RUNNABLE = tuple(
    str(page.relative_to(DOCS).with_suffix(""))
    for page in PAGES
    if page.is_relative_to(DOCS) and re.search(r"^```(?:console|python)$", page.read_text(), re.MULTILINE)
)

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_VARIABLE = re.compile(r"\bEDGARCHIVE_[A-Z_]+\b")
_COMMAND_START = re.compile(r"(?:\$ )?(?:\.venv/bin/)?edgarchive(?= )")


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb of the command line: its words, and every option it takes."""

    words: tuple[str, ...]
    options: tuple[str, ...]
    arguments: tuple[str, ...]


def read(name: str) -> str:
    """A page of ``docs/``."""
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    found = next((match for match in _HEADING.finditer(page) if match[2] == heading), None)
    assert found is not None, f"no heading {heading!r}"
    following = (m.start() for m in _HEADING.finditer(page, found.end()) if len(m[1]) <= len(found[1]))
    return page[found.end() : next(following, len(page))]


def verbs() -> Iterator[Verb]:
    """The command line, walked; the first is the part before the verb."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[Verb]:
        options = [
            name for p in command.params if p.param_type_name == "option" for name in (*p.opts, *p.secondary_opts)
        ]
        arguments = [
            str(p.metavar or p.name).upper().rstrip("…") for p in command.params if p.param_type_name == "argument"
        ]
        yield Verb(words, tuple(options), tuple(arguments))
        for name in getattr(command, "commands", ()):
            yield from walk(command.get_command(None, name), (*words, name))

    return walk(typer.main.get_command(app), ())


def commands_in(page: str) -> Iterator[str]:
    """Every command of ours that a page shows, in a shell example or in running text."""
    for language, body in _FENCE.findall(page):
        if language in {"sh", "console"}:
            yield from (line.removeprefix("$ ") for line in body.splitlines() if _COMMAND_START.match(line))
    yield from (span for span in _CODE_SPAN.findall(_FENCE.sub("", page)) if _COMMAND_START.match(span))


def table_rows(page: str) -> dict[str, list[str]]:
    """Rows of a page's tables by the code span that their first cell begins with."""
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    return {row[0].split("`")[1]: row for row in rows}


def test_every_verb_and_option_is_documented() -> None:
    """docs/cli.md has a section for each verb that names each of its options and arguments."""
    page = read("cli")
    search = next(set(verb.options) for verb in verbs() if verb.words == ("search",))
    for verb in verbs():
        text = section(page, " ".join(verb.words) if verb.words else "Options before the verb")
        named = {span.split()[0] for span in _CODE_SPAN.findall(text)}
        elsewhere = search if "search options are those of [`search`](#search)" in text else set()
        assert {*verb.options, *verb.arguments} <= named | elsewhere, verb


def test_the_help_says_of_each_verb_what_the_verb_says() -> None:
    """The list of verbs, which loads none of them, has the first lines of their own helps."""
    group: Any = typer.main.get_command(app)
    for name, about in VERBS.items():
        own = (group.get_command(None, name).help or "").split("\n\n")[0]
        assert " ".join(own.split()) == about


def test_no_option_is_invented() -> None:
    """The tables of docs/cli.md list no option that their verb does not take."""
    page = read("cli")
    for verb in verbs():
        if not verb.options or verb.words == ("config",):
            continue
        rows = section(page, " ".join(verb.words) if verb.words else "Options before the verb").splitlines()
        listed = {
            name for row in rows if row.startswith("| `-") for name in re.findall(r"`(-[-\w]+)", row.split(" | ")[0])
        }
        assert listed <= {*verb.options, "-h", "--help"}, verb


def test_everything_that_the_command_line_does_has_a_public_name() -> None:
    """The first sentence of docs/library.md is true: each verb stands in its table with public names that exist."""
    rows = table_rows(section(read("library"), "Commands and their names"))
    assert set(rows) == set(VERBS) - {"help"}  # which is this documentation
    for verb, row in rows.items():
        names = [span.split("(")[0] for span in _CODE_SPAN.findall(row[1])]
        assert names, verb
        for name in names:
            first, *rest = name.split(".")
            assert first in edgarchive.__all__, name
            value = getattr(edgarchive, first)
            for attribute in rest:
                value = getattr(value, attribute)
            assert inspect.getdoc(value), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@pytest.mark.slow
def test_every_command_shown_can_be_given(page: Path) -> None:
    """Each `edgarchive ...` in the docs parses: its verb and options exist."""
    for shown in commands_in(page.read_text(encoding="utf-8")):
        words = shlex.split(re.split(r" (?:\||>|&&) ?", shown)[0], comments=True)[1:]
        if not {"VERB", "QUERY"} & set(words):
            _parse(typer.main.get_command(app), words)


def _parse(command: Any, words: list[str], parent: Any = None) -> None:
    """Parse `words` as the command line would, without running anything. Raises what it would."""
    if not words:  # a verb that is only mentioned
        return
    context = command.make_context("edgarchive", words, parent=parent)
    if hasattr(command, "resolve_command"):
        _, child, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        _parse(child, rest, context)


def test_every_setting_is_documented() -> None:
    """docs/settings.md has a row for each setting, with its variable and default, and for none that does not exist."""
    rows = table_rows(section(read("settings"), "Settings").partition("## The file")[0])
    fields = {field.name: field for field in dataclasses.fields(Settings) if field.name != "config"}
    assert list(rows) == list(fields)
    for name, field in fields.items():
        assert f"EDGARCHIVE_{name.upper()}" in rows[name][1]
        if field.default_factory is dataclasses.MISSING and field.default not in (None, ()):
            default = str(field.default).lower() if isinstance(field.default, bool) else field.default
            assert rows[name][2] == f"`{default}`"


def test_no_variable_is_invented() -> None:
    """Every variable that a page names is one of ours, or of the proxy's example."""
    caddyfile = (ROOT / "config" / "Caddyfile.example").read_text(encoding="utf-8")
    known = {f"EDGARCHIVE_{field.name.upper()}" for field in dataclasses.fields(Settings)} | {
        "EDGARCHIVE_TRACEBACK",
        "EDGARCHIVE_PAGER",
        "EDGARCHIVE_THOROUGH",
    }
    known |= set(re.findall(r"\{\$(\w+)", caddyfile))
    for page in PAGES:
        assert set(_VARIABLE.findall(page.read_text(encoding="utf-8"))) <= known, page


def test_the_example_file_is_the_one_that_config_init_writes() -> None:
    """config/edgarchive.example.toml has every setting as it is now."""
    assert (ROOT / "config" / "edgarchive.example.toml").read_text(encoding="utf-8") == example_toml()


def test_every_error_is_documented_with_its_exit_code() -> None:
    """docs/errors.md has a row for each error class, with its exit code, and draws the tree that the code has."""

    def tree(error: type[EdgarchiveError], depth: int) -> Iterator[tuple[int, type[EdgarchiveError]]]:
        yield depth, error
        for child in error.__subclasses__():
            yield from tree(child, depth + 1)

    found = list(tree(EdgarchiveError, 0))
    rows = table_rows(read("errors"))
    assert {name: row[1] for name, row in rows.items()} == {e.__name__: str(e.exit_code) for _, e in found}
    drawing = next(body for language, body in _FENCE.findall(read("errors")) if not language)
    drawn: list[tuple[str, str]] = []
    parents: list[str] = []
    for line in drawing.splitlines():
        depth = (len(line) - len(line.lstrip())) // 4
        parents[depth:] = [line.strip()]
        drawn.append((line.strip(), parents[depth - 1] if depth else "Exception"))
    assert dict(drawn) == {error.__name__: error.__base__.__name__ for _, error in found if error.__base__}


def test_every_exit_code_is_documented() -> None:
    """The exit codes of docs/cli.md are those that errors carry, and those of the command line itself."""
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", section(read("cli"), "Exit codes"), re.MULTILINE)}
    assert listed == {0, 130} | {error.exit_code for error in _all_errors()}


def _all_errors() -> list[type[EdgarchiveError]]:
    public = [getattr(edgarchive, name) for name in edgarchive.__all__]
    return [e for e in public if inspect.isclass(e) and issubclass(e, EdgarchiveError)]


def test_every_public_name_is_documented() -> None:
    """docs/library.md lists each name of `edgarchive.__all__`."""
    listed = set(_CODE_SPAN.findall(section(read("library"), "All public names")))
    assert listed == set(edgarchive.__all__)


def test_every_query_field_is_documented() -> None:
    """docs/query-language.md has the row of each field that the table of fields says."""
    listed = re.findall(r"^\| `.*\|$", section(read("query-language"), "Fields"), re.MULTILINE)
    assert listed == [
        f"| `{field.name}:` | {field.finds} | {', '.join(f'`{example}`' for example in field.examples)} |"
        for field in fields.TABLE
        if field.can_be_named
    ]


def test_the_bounds_of_queries_are_documented() -> None:
    """The table of bounds has the numbers that the code has, in its order."""
    table = section(read("query-language"), "Errors and bounds")
    assert [int(value.replace(",", "")) for value in re.findall(r"\| ([\d,]+) \|$", table, re.MULTILINE)] == [
        build.MAX_QUERY_CHARS,
        build.MAX_TERMS,
        grammar.MAX_DEPTH,
        build.MAX_SLOP,
        tokens.MAX_EDITS,
        leaves.MAX_STARS,
        leaves.MIN_PREFIX,
        bounds.MAX_EXPANSIONS,
        bounds.MAX_ALL_EXPANSIONS,
        sections.MAX_BOUND,
        bounds.MAX_SEARCH_S,
    ]


@pytest.mark.slow
def test_the_map_of_the_packages_is_up_to_date() -> None:
    """docs/architecture.md draws who imports whom, and says what each module does, as the code has it."""
    page = read("architecture")
    assert page == with_generated(page), "run `scripts/check --fix`"


def test_the_drawings_are_up_to_date() -> None:
    """The committed drawings of docs/architecture.md are those that the code gives, and the page shows each of them."""
    page = read("architecture")
    for path, svg in drawings().items():
        assert path.read_text(encoding="utf-8") == svg, f"{path.name}: run `scripts/check --fix`"
        assert f"](images/{path.name})" in page


def test_the_drawn_flow_names_packages_that_exist() -> None:
    """Each step of the drawing of the data's way names packages that are there, but for what is no package."""
    for note, _ in FLOW.values():
        floor, slash, rest = note.partition("/")
        for package in rest.split(", ") if slash else ():
            assert package == "engines" or (ROOT / floor / package / "__init__.py").exists(), note


@pytest.mark.parametrize("floor", FLOORS)
def test_no_package_has_more_than_eight_modules(floor: str) -> None:
    """A reader who opens a folder sees at most eight related files."""
    for package in sorted(path.parent for path in (ROOT / floor).rglob("__init__.py")):
        assert len([path for path in package.glob("*.py") if path.name != "__init__.py"]) <= 8, package


@pytest.mark.parametrize("floor", FLOORS)
def test_no_module_is_too_long_to_read(floor: str) -> None:
    """A module has one responsibility and at most 400 lines."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / floor).rglob("*.py")}
    assert {path for path, lines in lengths.items() if lines > 400} == set()


def test_every_table_of_speed_names_the_measurement_that_makes_it() -> None:
    """Above or below each table stands the `scripts/bench` command; what is a choice and no measurement aside."""
    for part in re.split(r"^(?=#+ )", read("speed"), flags=re.MULTILINE):
        named = re.findall(r"`scripts/bench ([a-z]+)", part)
        assert set(named) <= set(bench_names()), part
        if re.search(r"^\|", part, re.MULTILINE) and not part.startswith("## Which engine"):
            assert named, part.splitlines()[0]


def test_every_module_named_exists() -> None:
    """A path of ours that a page names leads to a file or folder."""
    for page in PAGES:
        for path in re.findall(r"`((?:archiver|indexer|edgarchive|tests|scripts|docs)/[\w./-]+)`", page.read_text()):
            assert (ROOT / path).exists(), (page, path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Each relative link of a page leads to a file, and its anchor to a heading."""
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if ":" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            headings = {_slug(match[2]) for match in _HEADING.finditer(target.read_text(encoding="utf-8"))}
            assert anchor in headings, link


def _slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder and an environment as the pages assume them, with a loopback EDGAR."""
    for name in [name for name in os.environ if name.startswith("EDGARCHIVE_")]:
        monkeypatch.delenv(name)
    with LoopbackEdgar(FIXTURES, tickers={"AAPL": 320193}) as server:
        server.add_feed(date(2019, 5, 14), {})
        for name, value in {
            "EDGARCHIVE_BASE_URL": server.base_url,
            "EDGARCHIVE_ROOT": "edgar",
            "EDGARCHIVE_USER_AGENT": "Example Research research@example.com",
            "EDGARCHIVE_RATE": "10000",
            "HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path),
            "NO_COLOR": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        yield tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNABLE)
def test_the_examples_give_what_they_say(name: str, workplace: Path) -> None:
    """The examples of a page, run one after the other, print what stands below them; ``...`` stands for anything."""
    names: dict[str, Any] = {}
    fences = _FENCE.findall(read(name))
    if any("$ sqlite3" in body for _, body in fences) and not shutil.which("sqlite3"):
        pytest.skip("no sqlite3 here: apt-get install sqlite3")
    for number, (language, body) in enumerate(fences):
        if language == "python":
            expected = fences[number + 1][1] if fences[number + 1][0] == "text" else ""
            _compare(body, expected, _run_python(body, names))
        elif language == "console":
            for command, expected in _commands_with_output(body):
                _compare(command, expected, _run_shell(command, workplace))
    for picture in re.findall(r"\]\(\.\./images/([\w-]+\.svg)\)", read(name)):
        drawn = (workplace / picture).read_bytes()
        assert drawn == (DOCS / "images" / picture).read_bytes(), "the page draws another picture; keep the new one"


def _commands_with_output(body: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def _run_python(body: str, names: dict[str, Any]) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(body, "example", "exec"), names)  # noqa: S102 — our own docs
    return printed.getvalue()


def _run_shell(command: str, folder: Path) -> str:
    return _shell(command, folder).stdout.decode().replace("\r\n", "\n")


def _shell(command: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    return run_shell(command, environment=os.environ, folder=folder)


def _compare(example: str, expected: str, got: str) -> None:
    flags = doctest.ELLIPSIS
    assert doctest.OutputChecker().check_output(expected, got, flags), f"{example}\nexpected:\n{expected}\ngot:\n{got}"


def test_every_page_has_its_place_in_the_site() -> None:
    """The navigation of the docs site names each page of ``docs/``."""
    named = re.findall(r"([\w./-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    ours = {str(page.relative_to(DOCS)) for page in PAGES if page.is_relative_to(DOCS)}
    assert set(named) == ours | {"index.md", "contributing.md", "changelog.md", "help.md"}
    assert len(named) == len(set(named))


def test_the_site_has_the_help_of_every_verb() -> None:
    """The help pages are those of the command line as it is now, none wider than a terminal."""
    page = site_hooks.help_page()
    assert re.findall(r"^## edgarchive ?(.*)$", page, re.MULTILINE) == [" ".join(verb.words) for verb in verbs()]
    for verb in verbs():
        text = section(page, " ".join(("edgarchive", *verb.words)))
        assert set(verb.options) <= set(re.findall(r"-{1,2}[a-z][\w-]*", text))
    assert max(map(len, "\n".join(text for _, text in site_hooks.helps()).splitlines())) <= site_hooks.HELP_WIDTH


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_help_page_ends_with_examples_that_run(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands below each verb's options do what they are there for, in a folder that has the files they name."""
    assert list(EXAMPLES) == ["edgarchive", *VERBS]
    monkeypatch.setenv("BROWSER", "true")  # the command, which succeeds and shows nothing
    (workplace / "watch-list.txt").write_text("9000001\n9000004\n")
    shutil.copytree(FIXTURES, workplace / "downloads")
    with tarfile.open(workplace / "20190514.nc.tar.gz", "w:gz") as tar:
        tar.add(FIXTURES / "0009000900-19-000212.txt")
    _run_shell("edgarchive sync --form '*' --since 1993-01-01", workplace)
    for verb, text in EXAMPLES.items():
        commands = re.findall(r"^  ((?:edgarchive|export) .+)$", text, re.MULTILINE)
        assert commands, verb
        for command in commands:
            if verb == "serve":
                _serves(command, workplace)
                continue
            done = _shell(f"set -o pipefail; {command}", workplace)
            assert done.returncode == 0, (command, done.stdout)


def _serves(command: str, folder: Path) -> None:
    """It names its address, on any free port here, and ends well when it is interrupted."""
    _, *arguments = command.split()
    with EdgarchiveProcess(
        *(*arguments, "--port", "0"), environment=os.environ, folder=folder, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        try:
            assert any(b"http://" in line for line in process.stdout), command
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 0, command
        finally:
            process.kill()


def test_the_docstrings_of_errors_match_their_page() -> None:
    """The tree drawn in archiver/errors.py names the same classes and exit codes as the code."""
    drawing = inspect.getdoc(importlib.import_module("archiver.errors")) or ""
    drawn = dict(re.findall(r"(\w+Error)\s+(\d+)", drawing))
    assert drawn == {error.__name__: str(error.exit_code) for error in _all_errors()}
