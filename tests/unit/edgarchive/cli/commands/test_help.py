"""``edgarchive help``: what an installed user can read."""

from __future__ import annotations

import ast
import re
import tomllib

import pytest

from edgarchive.cli import run
from edgarchive.cli.commands.help import DOCUMENTATION, TOPICS
from tests.paths import ROOT


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_is_a_page_of_the_docs(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All of its words, without markup and the headings of tables."""
    assert run(["help", topic]) == 0
    out = capsys.readouterr().out
    page = (ROOT / "docs" / f"{TOPICS[topic][0]}.md").read_text()
    assert out.splitlines()[0] == page.splitlines()[0].removeprefix("# ")
    assert "```" not in out
    assert not re.search(r"\]\([^)\s]+\.md", out)
    heads, links = r"^\|[^\n]*\n(?=\|---)", r"!?\[[^\]]*\]\([^)]*\)"
    text = re.sub(rf"<!--.*?-->|{heads}|```\w*|{links}", "", page, flags=re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"\w+", text)) <= set(re.findall(r"\w+", out))


def test_topics_and_commands_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a topic all are listed, with where the docs are; a command has its own page."""
    assert run(["help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {topic} " in out for topic in TOPICS)
    assert DOCUMENTATION in out
    assert run(["help", "search"]) == 0
    assert "--facet" in capsys.readouterr().out
    assert run(["help", "saved", "add"]) == 0
    assert "Usage: edgarchive saved add [OPTIONS] NAME [QUERY]" in capsys.readouterr().out
    assert run(["help", "saved", "nothing"]) == run(["help", "sync", "nothing"]) == 2
    capsys.readouterr()
    assert run(["help", "nothing"]) == 2
    assert "there is no topic 'nothing'; choose from: start, tutorial, query, " in capsys.readouterr().err


def test_the_pages_come_with_an_installation() -> None:
    """The wheel has each, and the project's metadata the same address."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["urls"]["Documentation"] == DOCUMENTATION
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {f"docs/{name}.md": f"edgarchive/help/{name}.md" for name, _ in TOPICS.values()}


def test_messages_name_no_file_of_the_project() -> None:
    """An installed user has no docs/ folder: messages name a topic instead."""
    page = re.compile(r"\bdocs/[a-z-]+\.md")
    for floor in ("archiver", "indexer", "edgarchive"):
        for path in (ROOT / floor).rglob("*.py"):
            source = path.read_text()
            if not page.search(source):  # nor in a string of it
                continue
            tree = ast.parse(source)
            docs = {
                id(node.value)
                for node in ast.walk(tree)
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            }
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                    assert not page.search(node.value), (path, node.lineno)
