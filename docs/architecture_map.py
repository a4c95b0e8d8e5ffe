"""The generated part of docs/architecture.md: a diagram of the packages and a table of the modules, read from the code.

``python docs/architecture_map.py`` rewrites it; a test holds the page against the code.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
FLOORS = ("archiver", "indexer", "edgarchive")
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"


def generated() -> str:
    """The generated part as it should be: for each floor a Mermaid diagram and its modules."""
    graph = grimp.build_graph(*FLOORS)
    return "\n\n".join(f"### {floor}\n\n{_diagram(graph, floor)}\n\n{_table(floor)}" for floor in FLOORS)


def with_generated(page: str) -> str:
    """`page` with its generated part replaced."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n\n{generated()}\n\n{END}", page)


def _diagram(graph: grimp.ImportGraph, floor: str) -> str:
    """The children of `floor` and who imports whom, without the arrows that others imply."""
    children = sorted(graph.find_children(floor))
    imports = {child: _imported(graph, child, children) for child in children}
    reachable = {child: _reachable(child, imports) for child in children}
    lines = ["```mermaid", "flowchart TD"]
    lines += [f"    {child.split('.')[1]}" for child in children if not imports[child]]
    lines += [
        f"    {child.split('.')[1]} --> {found.split('.')[1]}"
        for child in children
        for found in sorted(imports[child])
        if not any(found in reachable[other] for other in imports[child] - {found})
    ]
    return "\n".join([*lines, "```"])


def _imported(graph: grimp.ImportGraph, child: str, children: list[str]) -> set[str]:
    """Which of `children` any module of `child` imports, itself aside."""
    found = set()
    for module in {child} | graph.find_descendants(child):
        for name in graph.find_modules_directly_imported_by(module):
            found |= {other for other in children if name == other or name.startswith(f"{other}.")}
    return found - {child}


def _reachable(child: str, imports: dict[str, set[str]]) -> set[str]:
    """Everything that `child` imports, directly or through others."""
    found: set[str] = set()
    waiting = [child]
    while waiting:
        for name in imports[waiting.pop()] - found:
            found.add(name)
            waiting.append(name)
    return found


def _table(floor: str) -> str:
    return "\n".join(["| module | what it does |", "|---|---|", *_rows(ROOT / floor, "")])


def _rows(folder: Path, prefix: str) -> Iterator[str]:
    """A row for each module of a package, and for each subpackage one of its own before those of its modules."""
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            yield f"| `{prefix}{path.stem}` | {_first_sentence(path)} |"
    for package in sorted(path.parent for path in folder.glob("*/__init__.py")):
        yield f"| **`{prefix}{package.name}/`** | {_first_sentence(package / '__init__.py')} |"
        yield from _rows(package, f"{prefix}{package.name}/")


def _first_sentence(path: Path) -> str:
    """The first line of a module's docstring."""
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return doc.partition("\n")[0].rstrip(".").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(with_generated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} is up to date\n")
