"""``edgarchive config``: settings in effect, their sources, and a first settings file."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import json
import textwrap

import typer

from archiver.errors import UsageError
from archiver.runtime.paths import exists
from archiver.settings.settings import Settings, find_config, user_config_file
from archiver.store.durable import write_file_durably
from edgarchive.cli.arguments.usage import help_instead
from edgarchive.cli.arguments.values import PlainCommand, PlainGroup
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import print_json, say

_EXAMPLES = {
    "root": '"/srv/edgar"',
    "user_agent": '"Example Research research@example.com"',
    "jobs": "4",
    "trusted_owner": '"edgarchive"',
    "opensearch_user": '"edgarchive"',
    "opensearch_password": '"…"',
    "webhook_secret": '"whsec_…"',
    "smtp_host": '"mail.example.com"',
    "smtp_user": '"edgarchive"',
    "smtp_password": '"…"',
    "mail_from": '"edgarchive@example.com"',
    "opensearch_ca_file": '"/etc/ssl/opensearch-ca.pem"',
}
"""Example values for settings whose default depends on the machine, or that have none."""
_SELECT_EXAMPLE = """\
# What a bare `edgarchive sync` mirrors: a filing is selected if any table matches it. Within a table, it must match
# every key; the values of one key are alternatives. The keys: form, cik, ticker, name, since, until, limit.
# A CIK "@FILE" stands for the lines of a file in the folder of this one.
#[[select]]
#form = "8-K*"
#cik = [320193, "@watch-list.txt"]
#since = 2015-01-01

#[[select]]
#form = ["10-K", "10-Q"]
#ticker = "AAPL"

# Saved searches for alerts by `edgarchive watch --search NAME`: a name, a query, and filters of `search`.
#[[search]]
#name = "departures"
#query = "resign* NEAR/10 officer"
#form = ["8-K*"]
#item = ["5.02"]
"""

app = typer.Typer(cls=PlainGroup, add_completion=False, rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Show the settings, or create a settings file."""
    help_instead(context)


@app.command(cls=PlainCommand)
def show(context: typer.Context, *, as_json: AsJson = False) -> int:
    """Print every setting in effect."""
    values = common(context).settings().to_dict()
    if as_json:
        print_json(values)
    else:
        tables = {name: values.pop(name) for name in ("select", "search")}
        for key, value in values.items():
            say(f"{key} = {_shown(value)}")
        for name, rows in tables.items():
            for row in rows:
                say(f"[[{name}]] " + ", ".join(f"{key} = {value}" for key, value in row.items() if value))
    return 0


def _shown(value: object) -> str:
    """A setting's value; flags as the settings file has them."""
    return "(not set)" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@app.command(cls=PlainCommand)
def path(context: typer.Context) -> int:
    """Print where the settings file is, or where `init` would write it."""
    found = find_config(common(context).config)
    say(f"{found or user_config_file()}")
    return 0


@app.command(cls=PlainCommand)
def init(context: typer.Context) -> int:
    """Write a commented settings file; never overwrite one."""
    target = common(context).config or user_config_file()
    if exists(target):
        raise UsageError(f"{target} exists", "edit it, or name another file with --config")
    write_file_durably(target, example_toml().encode())
    say(f"{target}")
    return 0


def example_toml() -> str:
    """A settings file with every setting, its description and its default, all commented out."""
    blocks = [
        "# Settings of edgarchive. Arguments and the environment (EDGARCHIVE_ROOT and so on) override this file.\n"
    ]
    meanings = _meanings()
    for field in dataclasses.fields(Settings):
        key = field.name
        if key in {"select", "search", "config"}:
            continue
        example = _EXAMPLES[key] if key in _EXAMPLES else json.dumps(field.default)
        about = textwrap.wrap(meanings[key].replace("``", "`"), 110)
        blocks.append("".join(f"# {line}\n" for line in about) + f"#{key} = {example}\n")
    return "\n".join([*blocks, _SELECT_EXAMPLE])


def _meanings() -> dict[str, str]:
    """The description of each setting: the docstring below it in `Settings`."""
    [settings] = ast.parse(inspect.getsource(Settings)).body
    meanings = {}
    for field, text in itertools.pairwise(settings.body if isinstance(settings, ast.ClassDef) else ()):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(meaning))):
                meanings[name] = inspect.cleandoc(meaning)
    return meanings
