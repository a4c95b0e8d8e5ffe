from __future__ import annotations

import ast
from pathlib import Path

import pytest

from archiver.runtime.paths import exists, is_dir, is_file, is_symlink, is_taken
from tests.paths import ROOT

_ASKED = (exists, is_dir, is_file, is_symlink, is_taken)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one of each."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link to a file").symlink_to("file")
    (tmp_path / "link to a folder").symlink_to("folder")
    (tmp_path / "link to nothing").symlink_to("nothing")
    (tmp_path / "loop").symlink_to("loop")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("file", {exists, is_file, is_taken}),
        ("folder", {exists, is_dir, is_taken}),
        ("link to a file", {exists, is_file, is_symlink, is_taken}),
        ("link to a folder", {exists, is_dir, is_symlink, is_taken}),
        ("link to nothing", {is_symlink, is_taken}),
        ("loop", {is_symlink, is_taken}),
        *((name, set()) for name in ("nothing", "file/below", "loop/below", "a\0b")),
    ],
)
def test_what_is_there_is_found_behind_links_too(folder: Path, name: str, found: set[object]) -> None:
    """As by `pathlib`."""
    assert {ask for ask in _ASKED if ask(folder / name)} == found


def test_what_cannot_be_looked_at_is_not_absent(folder: Path) -> None:
    """Which pathlib says from Python 3.14 on. A name that is too long stands for a disk that fails."""
    for ask in _ASKED:
        with pytest.raises(OSError, match="too long"):
            ask(folder / ("x" * 300))


def test_nothing_asks_pathlib() -> None:
    """Others have attributes of these names: entries of folders, of tar and zip files, options, resources."""
    others = {"entry", "info", "member", "resource"}
    names = {ask.__name__ for ask in _ASKED}
    for package in ("archiver", "indexer", "edgarchive"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Attribute) and node.attr in names:
                    assert ast.unparse(node.value) in others, f"{path}:{node.lineno}"
