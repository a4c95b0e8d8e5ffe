"""How a query was interpreted, on one line of a page."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.search.results import Results

_JOINTS = {"all of:": "; and ", "any of:": "; or "}


def explained(results: Results) -> str:
    """How the query was interpreted; empty if a plain word says the same."""
    if not results.query or results.query.isalnum():
        return ""
    query = results.explain().partition("filters:")[0].partition("query:\n")[2]
    text = _on_one_line(query.splitlines())
    return text[1:-1] if text.startswith("(") else text


def _on_one_line(lines: Sequence[str], joint: str = "") -> str:
    """Conditions joined by `joint`; a group, which is indented below its heading, is in parentheses."""
    conditions = []
    while lines:
        depth = _indent(lines[0])
        end = next((at for at, line in enumerate(lines) if at and _indent(line) <= depth), len(lines))
        conditions.append(_condition(lines[0].strip(), lines[1:end]))
        lines = lines[end:]
    return joint.join(conditions)


def _condition(heading: str, below: Sequence[str]) -> str:
    if not below:
        return heading
    inside = _on_one_line(below, _JOINTS.get(heading, ""))
    if heading == "not:":
        return f"not {inside}" if inside.startswith("(") else f"not ({inside})"
    return f"({inside})"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
