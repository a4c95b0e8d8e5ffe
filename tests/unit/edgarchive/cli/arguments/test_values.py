from __future__ import annotations

import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.exceptions import TyperException

from edgarchive.cli.arguments.values import PlainCommand
from tests.paths import ROOT


class Colour(StrEnum):
    """A choice."""

    RED = "red"
    BLUE = "blue"


def _read(arguments: list[str], cls: type[Any] | None) -> Any:
    """What a command gets of its arguments, or the message of what is wrong with them."""
    got: list[Any] = []
    app = typer.Typer(add_completion=False)

    @app.command(cls=cls)
    def command(  # noqa: PLR0917 — one of each kind
        words: Annotated[list[str] | None, typer.Argument()] = None,
        number: Annotated[int, typer.Option(min=1, max=9)] = 1,
        share: float = 0.5,
        place: Path | None = None,
        there: Annotated[Path | None, typer.Option(exists=True)] = None,
        colour: Colour = Colour.RED,
        colours: list[Colour] | None = None,
        numbers: list[int] | None = None,
        flag: bool | None = None,  # noqa: FBT001
    ) -> None:
        got.extend([words, number, share, place, there, colour, colours, numbers, flag])

    try:
        app(arguments, standalone_mode=False)
    except TyperException as error:
        return error.format_message()
    return got


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a", "b"],
        ["--number", "9"],
        ["--number", "0"],
        ["--number", "10"],
        ["--number", "two"],
        ["--number", " 7"],
        ["--number", "1_0"],
        ["--number", "9" * 30],
        ["--share", "0.25"],
        ["--share", "half"],
        ["--place", "/nowhere/at/all"],
        ["--place", "."],
        ["--there", "/nowhere/at/all"],
        ["--there", "."],
        ["--colour", "blue"],
        ["--colour", "green"],
        ["--colour", "BLUE"],
        ["--colours", "blue", "--colours", "red"],
        ["--colours", "blue", "--colours", "green"],
        ["--numbers", "1", "--numbers", "2"],
        ["--numbers", "1", "--numbers", "x"],
        ["--flag"],
        ["--no-flag"],
        ["--nothing"],
    ],
)
def test_a_value_is_read_as_typer_reads_it(arguments: list[str]) -> None:
    """The same values, and the same words for what is wrong."""
    plain, expected = _read(arguments, PlainCommand), _read(arguments, None)
    assert plain == expected
    assert [type(one) for one in plain] == [type(one) for one in expected]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["search", "a", "-n", "3"], ["status"], ["log", "1"], ["saved", "list"]])
def test_plain_values_load_no_pydantic(arguments: list[str], tmp_path: Path) -> None:
    """Neither reading the options nor the settings does."""
    code = f"""if True:
        import sys
        from edgarchive.cli import run
        run(['--root', {str(tmp_path)!r}, *{arguments!r}])  # there is no archive; whether that matters is the verb's
        assert 'pydantic' not in sys.modules
    """
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, stderr=subprocess.DEVNULL)


def _help(cls: type[Any] | None, capsys: pytest.CaptureFixture[str]) -> str:
    """The help page of a command with an argument of each kind."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)

    @app.command(cls=cls)
    def command(
        words: Annotated[list[str], typer.Argument(metavar="WORD")],
        last: Annotated[str | None, typer.Argument(metavar="LAST")] = None,
        number: Annotated[int | None, typer.Option(min=1, show_default="as many as there are")] = None,
    ) -> None:
        del words, last, number

    app(["--help"], standalone_mode=False)
    return capsys.readouterr().out


def test_help_is_without_the_notation_of_types_ranges_and_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    """``WORD...``, not ``{WORD}...`` nor ``WORD <list[str]>``; a default without parentheses and without ``x>=1``."""
    theirs, ours = _help(None, capsys), _help(PlainCommand, capsys)
    for notation in ("{WORD}...", "<list[str]>", "[default: (as many as there are); x>=1]"):
        assert notation in theirs
        assert notation not in ours
    assert "[OPTIONS] WORD... [LAST]\n" in ours
    assert "[default: as many as there are]" in ours
