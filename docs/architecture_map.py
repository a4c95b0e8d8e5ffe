"""The generated part of docs/architecture.md: drawings of the packages and a table of the modules, read from the code.

``python -m docs.architecture_map`` rewrites page and drawings; a test compares them with the code.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp

from docs.layered_drawing import drawing

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
IMAGES = ROOT / "docs" / "images"
FLOORS = ("archiver", "indexer", "edgarchive")
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"

FLOW: dict[str, tuple[str, tuple[str, ...]]] = {
    "EDGAR": ("www.sec.gov", ("listings", "edgar")),
    "listings": ("archiver/listings", ("planning",)),
    "planning": ("archiver/planning", ("intake",)),
    "edgar": ("archiver/edgar", ("intake",)),
    "intake": ("archiver/intake, checks", ("store",)),
    "store": ("archiver/store, catalogue", ("submissions/", "catalogue.sqlite3")),
    "submissions/": ("on disk", ("submission",)),
    "catalogue.sqlite3": ("on disk", ("update",)),
    "submission": ("indexer/submission, text, sections", ("texts/", "update")),
    "texts/": ("on disk", ("passages",)),
    "update": ("indexer/update, engines", ("index/",)),
    "index/": ("on disk or cluster", ("search",)),
    "query": ("indexer/query", ("search",)),
    "search": ("indexer/search", ("passages",)),
    "passages": ("indexer/passages", ("hits",)),
    "hits": ("edgarchive: CLI, web, Python, MCP", ()),
}
"""The way of the data: each step, where its code is, and the steps that follow."""


def generated() -> str:
    """The generated part as it should be: for each floor its drawing and its modules."""
    return "\n\n".join(f"### {floor}\n\n![{_title(floor)}](images/{floor}.svg)\n\n{_table(floor)}" for floor in FLOORS)


def with_generated(page: str) -> str:
    """`page` with its generated part replaced."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n\n{generated()}\n\n{END}", page)


def drawings() -> dict[Path, str]:
    """Each drawing of the page as it should be, by its file: the way of the data, and the packages of each floor."""
    graph = grimp.build_graph(*FLOORS)
    found = {IMAGES / f"{floor}.svg": drawing(_arrows(graph, floor), title=_title(floor)) for floor in FLOORS}
    found[IMAGES / "flow.svg"] = drawing(
        {name: others for name, (_, others) in FLOW.items()},
        title="The path of the data, from EDGAR to a hit",
        notes={name: note for name, (note, _) in FLOW.items()},
    )
    return found


def _title(floor: str) -> str:
    return f"Packages of {floor}; an arrow means imports"


def _arrows(graph: grimp.ImportGraph, floor: str) -> dict[str, list[str]]:
    """The children of `floor` and which of each other they import, without the arrows that others imply."""
    children = sorted(graph.find_children(floor))
    imports = {child: _imported(graph, child, children) for child in children}
    reachable = {child: _reachable(child, imports) for child in children}
    return {
        child.split(".")[1]: [
            found.split(".")[1]
            for found in imports[child]
            if not any(found in reachable[other] for other in imports[child] - {found})
        ]
        for child in children
    }


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
    for path, svg in drawings().items():
        path.write_text(svg, encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} is up to date\n")
