from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from archiver.errors import StorageError
from archiver.identifiers import AccessionNumber, FormType
from archiver.planning.plan import Outcome, Plan
from tests.unit.archives import submission_ref

REFS = [
    replace(submission_ref(f"0001193125-04-{number:06d}"), filing_date=date(2004, 12, 1 + number % 28))
    for number in range(25_000)
]


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[Plan]:
    """An empty plan in a folder."""
    with Plan(tmp_path / "incoming") as made:
        yield made


@pytest.mark.slow
def test_what_has_to_be_fetched_comes_newest_first(plan: Plan) -> None:
    """All of it, once, as it was given, over more rows than are read at a time."""
    plan.add([*REFS, *REFS[:100]])
    assert list(plan.missing()) == sorted(REFS, key=lambda ref: (ref.filing_date, ref.accession), reverse=True)


def test_what_is_present_is_not_missing(plan: Plan) -> None:
    """The archive is asked in batches, and every accession number of the plan once."""
    asked: list[AccessionNumber] = []

    def present(accessions: Sequence[AccessionNumber]) -> list[AccessionNumber]:
        asked.extend(accessions)
        return [accession for accession in accessions if accession.endswith("7")]

    plan.add(REFS)
    plan.note_present(present)
    assert sorted(asked) == sorted(ref.accession for ref in REFS)
    assert plan.count(Outcome.PRESENT) == 2_500
    assert not [ref for ref in plan.missing() if ref.accession.endswith("7")]
    assert plan.count() == 25_000


@pytest.mark.slow
def test_outcomes_marked_while_it_is_read_do_not_disturb_the_reading(plan: Plan) -> None:
    """As workers do: take one, fetch it, mark it."""
    plan.add(REFS)
    for number, ref in enumerate(plan.missing()):
        plan.mark([ref.accession], Outcome.FAILED if number % 1000 == 0 else Outcome.STORED)
    assert plan.count(Outcome.MISSING) == 0
    assert sum(len(some) for some in plan.of(Outcome.FAILED)) == plan.count(Outcome.FAILED) == 25


def test_a_quarter_is_complete_when_all_of_it_is_stored(plan: Plan) -> None:
    """One that is absent or failed keeps its quarter open."""
    for number, outcomes in enumerate(
        ([Outcome.STORED, Outcome.PRESENT], [Outcome.STORED, Outcome.ABSENT], [Outcome.FAILED], [Outcome.MISSING])
    ):
        for ref, outcome in zip(REFS[10 * number :], outcomes, strict=False):
            plan.add([ref], quarter=f"2004 Q{number + 1}")
            plan.mark([ref.accession], outcome)
    assert plan.by_quarter() == {
        "2004 Q1": (2, True),
        "2004 Q2": (2, False),
        "2004 Q3": (1, False),
        "2004 Q4": (1, False),
    }


def test_the_estimate_knows_that_an_8k_is_smaller(plan: Plan) -> None:
    """An amendment counts as its form; every other form has EDGAR's average."""
    plan.add([replace(REFS[0], form=FormType("8-K/A")), replace(REFS[1], form=FormType("10-K"))])
    assert plan.estimated_bytes() == 217_000 + 800_000
    assert plan.missing_by_form() == {"10-K": 1, "8-K/A": 1}


def test_no_file_is_left_by_whoever_is_killed(tmp_path: Path) -> None:
    """The database has no name from the beginning."""
    with Plan(tmp_path / "incoming") as plan:
        plan.add(REFS)
        assert list((tmp_path / "incoming").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """As an error of ours."""
    with pytest.raises(StorageError):
        Plan(tmp_path / "nowhere" / "incoming")
