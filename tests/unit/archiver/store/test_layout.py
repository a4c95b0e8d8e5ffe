from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import StorageError
from archiver.identifiers import AccessionNumber
from archiver.store.layout import SUBMISSION_SUFFIX, Layout

ACCESSIONS = st.from_regex(r"[0-9]{10}-[0-9]{2}-[0-9]{6}", fullmatch=True)


def test_the_place_of_a_submission_is_the_one_of_the_format() -> None:
    """The place is part of the on-disk format, so it never moves."""
    place = Layout(Path("/root")).submission(AccessionNumber("0001193125-04-218426"))
    assert place == Path("/root/submissions/0001193125/04/218/0001193125-04-218426.txt.gz")


@given(ACCESSIONS)
def test_an_accession_number_and_its_path_say_the_same(text: str) -> None:
    """The catalogue can be rebuilt from the paths alone."""
    layout = Layout(Path("/root"))
    path = layout.submission(AccessionNumber(text))
    assert path.relative_to(layout.submissions).parts[:-1] == (text[:10], text[11:13], text[14:17])
    assert AccessionNumber(path.name.removesuffix(SUBMISSION_SUFFIX)) == text


def test_a_relative_folder_in_a_deleted_one_is_an_error_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell may stand in a folder that another program has deleted; an absolute path is found from there, too."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(StorageError, match="edgar is in a working folder that was deleted"):
        Layout.of(Path("edgar"))
    assert Layout.of(tmp_path).root == tmp_path
