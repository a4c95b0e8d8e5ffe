"""Every line of log names its event, and docs/logging.md lists them all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest

from archiver.events import event
from tests.paths import ROOT

_LEVELS = frozenset({"debug", "info", "warning", "error"})
_LOGGERS = {"_log", "_notes", "_access_log", "logger"}


@dataclass(frozen=True)
class Logged:
    """A call of `logging` in the code: level, event, and the names of its fields."""

    level: str
    event: str
    fields: tuple[str, ...]


def logged() -> Iterator[Logged]:
    """Every call of `_log` in the three packages."""
    for package in ("archiver", "indexer", "edgarchive"):
        for path in sorted((ROOT / package).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if not any(f"{logger}." in source for logger in _LOGGERS):
                continue
            for function in ast.walk(ast.parse(source)):
                if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield from _logged_in(function)


def _logged_in(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Logged]:
    facts: ast.expr | None = None
    nodes = [node for node in ast.walk(function) if isinstance(node, (ast.Assign, ast.Call))]
    for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)):
        match node:
            case ast.Assign(targets=[ast.Name()], value=ast.Call(func=ast.Name("event")) as found):
                facts = found
            case ast.Call(func=ast.Attribute(ast.Name(logger), level)) if logger in _LOGGERS and level in _LEVELS:
                extra = next((keyword.value for keyword in node.keywords if keyword.arg == "extra"), None)
                made = facts if isinstance(extra, ast.Name) else extra
                assert isinstance(made, ast.Call), f"{function.name} logs no event"
                name = made.args[0]
                assert isinstance(name, ast.Constant)
                yield Logged(level, str(name.value), tuple(keyword.arg or "text" for keyword in made.keywords))


def documented() -> set[Logged]:
    """The table of docs/logging.md; a key that is a link stands for those of a class."""
    page = (ROOT / "docs" / "logging.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| (.*?) \|", page, re.MULTILINE)
    return {Logged(level, name, tuple(re.findall(r"(?<!\[)`(\w+)`", fields))) for name, level, fields in rows}


@pytest.mark.slow
def test_every_event_is_documented_with_its_level_and_fields() -> None:
    """The table has what the code logs, and nothing that it does not."""

    def merged(events: Iterable[Logged]) -> dict[tuple[str, str], set[str]]:
        found: dict[tuple[str, str], set[str]] = {}
        for one in events:
            found.setdefault((one.level, one.event), set()).update(one.fields)
        return found

    assert merged(logged()) == merged(documented())


def test_an_event_goes_with_the_record() -> None:
    """Its fields stand apart from what `logging` has in every record."""
    assert event("stored", msg="x") == {"event": "stored", "fields": {"msg": "x"}}
