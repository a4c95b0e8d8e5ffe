from __future__ import annotations

from pathlib import Path

import pytest

from archiver.identifiers import AccessionNumber
from archiver.reports import SyncFailure, Tally
from archiver.store.catalogue import Catalogue
from archiver.sync.last_sync import LAST_SYNC, last_sync, sync_note

FAILURE = SyncFailure(AccessionNumber("0001193125-04-218426"), "", "FetchError", "no")


def test_the_catalogue_remembers_how_a_sync_ended(tmp_path: Path) -> None:
    """With what it could not get, and the moment of its end."""
    with Catalogue(tmp_path / "c", writable=True) as catalogue:
        assert last_sync(catalogue) is None
        tally = Tally()
        with sync_note(catalogue, tally):
            tally.add(planned=3, stored=2)
            tally.fail(FAILURE)
        state = last_sync(catalogue)
        assert state is not None
        assert (state.planned, state.stored, state.failed, state.behind) == (3, 2, 1, 1)
        assert state.failures == (FAILURE.accession,)
        assert state.ended == catalogue.note(LAST_SYNC) is not None
        assert state.stopped is None


def test_one_that_was_stopped_has_not_ended(tmp_path: Path) -> None:
    """The last end stays that of the one before."""
    with Catalogue(tmp_path / "c", writable=True) as catalogue:
        tally = Tally()
        tally.add(planned=3, stored=1)
        with pytest.raises(KeyboardInterrupt), sync_note(catalogue, tally):
            raise KeyboardInterrupt
        state = last_sync(catalogue)
        assert state is not None
        assert state.stopped
        assert (state.ended, state.behind, catalogue.note(LAST_SYNC)) == (None, 2, None)


def test_what_is_noted_in_between_survives_a_kill(tmp_path: Path) -> None:
    """A killed run leaves what it noted last: begun, neither ended nor stopped, with its plan."""
    with Catalogue(tmp_path / "c", writable=True) as catalogue:
        tally = Tally()
        with sync_note(catalogue, tally) as note:
            tally.add(planned=3, present=1)
            note()
            state = last_sync(catalogue)
            assert state is not None
            assert (state.planned, state.behind, state.ended, state.stopped) == (3, 2, None, None)
