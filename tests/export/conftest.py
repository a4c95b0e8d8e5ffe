"""An archive of invented submissions to export from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archiver.settings.settings import Settings
from edgarchive import import_submissions
from tests.paths import INVENTED


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of an archive with every invented submission, indexed."""
    settings = Settings(root=tmp_path_factory.mktemp("exported") / "archive")
    import_submissions([INVENTED], settings=settings)
    return settings


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder to export to."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def tree(path: Path) -> dict[str, bytes]:
    """The files at a path, by name."""
    if path.is_file():
        return {"": path.read_bytes()}
    return {str(one.relative_to(path)): one.read_bytes() for one in path.rglob("*") if one.is_file()}


def lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]
