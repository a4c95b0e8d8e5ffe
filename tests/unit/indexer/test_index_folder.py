"""The index folder: which engine wrote it, whose it is, and what is said when it cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archiver.errors import ArchiveFormatError, IndexMissingError, UsageError
from indexer.index_folder import create_index, open_index


def test_only_its_owner_can_write_to_a_new_index(tmp_path: Path) -> None:
    """Nobody else may write to the folder, for opening an index runs what stands in it."""
    create_index(tmp_path / "index", engine="whoosh").close()
    assert (tmp_path / "index").stat().st_mode & 0o022 == 0
    open_index(tmp_path / "index").close()


def test_an_index_that_others_can_write_to_is_not_opened(tmp_path: Path) -> None:
    """An index that another user may have changed is refused before anything of it is loaded."""
    create_index(tmp_path / "index", engine="whoosh").close()
    (tmp_path / "index").chmod(0o777)
    with pytest.raises(ArchiveFormatError, match="other users can write to"):
        open_index(tmp_path / "index")


def test_no_index_is_said_plainly(tmp_path: Path) -> None:
    """Searching before indexing says what to run."""
    with pytest.raises(IndexMissingError, match="edgarchive index"):
        open_index(tmp_path / "index")


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ({"schema": 99, "engine": "whoosh"}, "install a newer edgarchive, or run `edgarchive index --rebuild`"),
        ({"schema": 1, "engine": "other"}, "unknown engine, 'other'; run `edgarchive index --rebuild`"),
        ({"schema": 1, "engine": "whoosh"}, "made by an earlier edgarchive; run `edgarchive index`, which rebuilds it"),
    ],
)
def test_an_index_of_another_kind_is_refused(tmp_path: Path, meta: dict[str, object], said: str) -> None:
    """An index of another schema or engine is not misread: the error says what to do."""
    create_index(tmp_path / "index", engine="whoosh").close()
    (tmp_path / "index" / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(ArchiveFormatError) as raised:
        open_index(tmp_path / "index")
    assert str(raised.value).endswith(said)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}'])
def test_a_broken_description_is_one_error(tmp_path: Path, text: str) -> None:
    """A cut or empty meta.json is an unreadable index, not a crash."""
    create_index(tmp_path / "index", engine="whoosh").close()
    (tmp_path / "index" / "meta.json").write_text(text)
    with pytest.raises(IndexMissingError):
        open_index(tmp_path / "index")


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    """A name that is no engine makes no folder."""
    with pytest.raises(UsageError):
        create_index(tmp_path / "index", engine="wosh")
    assert not (tmp_path / "index").exists()
