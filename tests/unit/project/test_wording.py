"""How long the help of an option and the message of an error may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import archiver.errors
from edgarchive.cli import app
from tests.paths import ROOT

MAX_HELP_WORDS = 12
MAX_ERROR_WORDS = 15
ERRORS = {name for name in vars(archiver.errors) if name.endswith("Error")}


def options(command: Any, path: str = "edgarchive") -> Iterator[tuple[str, str]]:
    """Each option and argument of a command of typer with its help, but those of typer itself."""
    for one in command.params:
        if "completion" not in (one.name or ""):
            yield f"{path} {one.name}", getattr(one, "help", None) or ""
    if hasattr(command, "list_commands"):
        context = command.make_context(path, [], resilient_parsing=True)
        for name in command.list_commands(context):
            yield from options(command.get_command(context, name), f"{path} {name}")


def messages(module: Path) -> Iterator[str]:
    """The message of each error that is made in a module, with ``X`` for a value in it."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS and node.args:
            given = node.args[0]
            parts = given.values if isinstance(given, ast.JoinedStr) else [given]
            texts = [part.value if isinstance(part, ast.Constant) else "X" for part in parts]
            yield "".join(map(str, texts))


def test_the_help_of_an_option_is_short() -> None:
    """One line on a terminal of usual width; more stands in the manual."""
    found = dict(options(typer.main.get_command(app)))
    assert "edgarchive search section" in found
    assert {name: text for name, text in found.items() if not 0 < len(text.split()) <= MAX_HELP_WORDS} == {}


@pytest.mark.parametrize("floor", ["archiver", "indexer", "edgarchive"])
def test_the_message_of_an_error_is_short(floor: str) -> None:
    """What to do about it comes after it."""
    found = [text for module in (ROOT / floor).rglob("*.py") for text in messages(module)]
    assert found
    assert [text for text in found if len(text.split()) > MAX_ERROR_WORDS] == []
