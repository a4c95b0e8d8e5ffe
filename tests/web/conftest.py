"""An archive of invented submissions, served on a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from edgarchive import import_submissions
from edgarchive.watching.searches import remove_search, save_search
from tests.edgar_fixtures import synced_archive
from tests.paths import INVENTED
from tests.web.served import Served

__all__ = ["synced_archive"]


@pytest.fixture(scope="session")
def invented_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with every invented submission, indexed."""
    root = tmp_path_factory.mktemp("served") / "archive"
    import_submissions([INVENTED], settings=Settings(root=root))
    return root


SAVED = "all-8.K_s"


@pytest.fixture(scope="module")
def saved(invented_archive: Path) -> Iterator[str]:
    """The feed of a saved search with words and filters, called `SAVED`."""
    settings = Settings(root=invented_archive)
    save_search(settings, SAVED, "the", {"form": ["8-K*", "10-K*"]})
    yield f"/saved/{SAVED}.atom"
    remove_search(settings, SAVED)


@pytest.fixture(scope="module")
def served(invented_archive: Path) -> Iterator[Served]:
    """The archive, served."""
    with Served(invented_archive) as server:
        yield server
