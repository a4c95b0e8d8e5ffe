from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.planning.plan import Outcome, Plan, SubmissionRef
from archiver.planning.tally import Tally
from archiver.reports import SyncFailure
from archiver.store.catalogue import Catalogue
from archiver.sync.last_sync import LAST_SYNC, last_sync, sync_note

NUMBERS = [AccessionNumber(f"0001193125-04-{sequence:06d}") for sequence in range(3)]
FAILURE = SyncFailure(NUMBERS[0], "", "FetchError", "no")


@pytest.fixture
def plan() -> Iterator[Plan]:
    """A plan of three submissions."""
    with Plan() as made:
        made.add(SubmissionRef(number, FormType("8-K"), date(2004, 12, 6), Cik(1)) for number in NUMBERS)
        yield made


def test_the_catalogue_remembers_how_a_sync_ended(tmp_path: Path, plan: Plan) -> None:
    """With what it could not get, and the moment of its end."""
    with Catalogue(tmp_path / "c", writable=True) as catalogue:
        assert last_sync(catalogue) is None
        tally = Tally(plan)
        with sync_note(catalogue, tally):
            plan.mark(NUMBERS[1:], Outcome.STORED)
            tally.fail(FAILURE)
        state = last_sync(catalogue)
        assert state is not None
        assert (state.planned, state.stored, state.failed, state.behind) == (3, 2, 1, 1)
        assert state.failures == (FAILURE.accession,)
        assert state.ended == catalogue.note(LAST_SYNC) is not None
        assert state.stopped is None


def test_one_that_was_stopped_has_not_ended(tmp_path: Path, plan: Plan) -> None:
    """The last end stays that of the one before."""
    with Catalogue(tmp_path / "c", writable=True) as catalogue:
        plan.mark(NUMBERS[:1], Outcome.STORED)
        with pytest.raises(KeyboardInterrupt), sync_note(catalogue, Tally(plan)):
            raise KeyboardInterrupt
        state = last_sync(catalogue)
        assert state is not None
        assert state.stopped
        assert (state.ended, state.behind, catalogue.note(LAST_SYNC)) == (None, 2, None)


def test_what_is_noted_in_between_survives_a_kill(tmp_path: Path, plan: Plan) -> None:
    """A killed run leaves what it noted last: begun, neither ended nor stopped, with its plan."""
    with Catalogue(tmp_path / "c", writable=True) as catalogue, sync_note(catalogue, Tally(plan)) as note:
        plan.mark(NUMBERS[:1], Outcome.PRESENT)
        note()
        state = last_sync(catalogue)
        assert state is not None
        assert (state.planned, state.behind, state.ended, state.stopped) == (3, 2, None, None)
