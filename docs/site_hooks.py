"""What the docs site has beyond the pages of this folder: the pages above it, and the help of every verb.

mkdocs calls these functions by name (https://www.mkdocs.org/dev-guide/plugins/#events).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from edgarchive.cli import app

HELP_WIDTH = 80

_ROOT = Path(__file__).parents[1]
_ABOVE = {"index.md": "README.md", "contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}
"""Pages that stand above this folder, by their name on the site."""
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages above this folder, and the help pages."""
    for name, original in _ABOVE.items():
        files.append(File.generated(config, name, content=(_ROOT / original).read_text(encoding="utf-8")))
    files.append(File.generated(config, "help.md", content=help_page()))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 — its way
    """Lead links, which are right in the repository, to the same pages of the site; source files become plain text."""
    place = _ABOVE.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    on_site = {original: name for name, original in _ABOVE.items()}

    def link(match: re.Match[str]) -> str:
        text, address = match.groups()
        path, hash_mark, anchor = address.partition("#")
        if ":" in address or not path:
            return match[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(place), path))
        name = on_site.get(target, target.removeprefix("docs/") if target.startswith("docs/") else None)
        if name == "adr":
            name = "adr/0001-place-by-accession-number.md"
        if name is None:
            return text
        here = posixpath.dirname(page.file.src_uri) or "."
        return f"[{text}]({posixpath.relpath(name, here)}{hash_mark}{anchor})"

    return _LINK.sub(link, markdown)


def help_page() -> str:
    """What ``--help`` prints, verb by verb, as a page."""
    parts = ["# Help pages\n\nWhat `edgarchive VERB --help` prints. [The command line](cli.md) says more of each.\n"]
    for words, text in helps():
        parts.append(f"## {' '.join(('edgarchive', *words))}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def helps() -> Iterator[tuple[tuple[str, ...], str]]:
    """Each verb's words, and its help as it is printed on a terminal of 80 columns."""

    def walk(command: Any, words: tuple[str, ...], parent: Any) -> Iterator[tuple[tuple[str, ...], str]]:
        name = words[-1] if words else "edgarchive"
        context = command.context_class(
            command, info_name=name, parent=parent, max_content_width=HELP_WIDTH, terminal_width=HELP_WIDTH
        )
        yield words, command.get_help(context)
        for child in getattr(command, "commands", ()):
            yield from walk(command.get_command(context, child), (*words, child), context)

    return walk(typer.main.get_command(app), (), None)
