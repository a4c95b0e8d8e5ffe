from __future__ import annotations

from datetime import date

from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.master_index import MasterIndexEntry
from archiver.planner import Planner
from archiver.selection import Selection


def entry(accession: str, day: int, *, cik: int = 1, form: str = "8-K") -> MasterIndexEntry:
    """A row of December 2004."""
    return MasterIndexEntry(Cik(cik), "ACME", FormType(form), date(2004, 12, day), AccessionNumber(accession))


FIRST = "0001193125-04-000001"
SECOND = "0001193125-04-000002"
THIRD = "0001193125-04-000003"


def planner(selection: Selection, *entries: MasterIndexEntry) -> Planner:
    """A planner that has taken `entries`."""
    made = Planner(selection)
    for row in entries:
        made.add(row)
    return made


def test_a_submission_of_several_entities_is_planned_once() -> None:
    """The index names it once for each entity; it is fetched once."""
    made = planner(Selection(), *(entry(FIRST, 1, cik=cik) for cik in range(1, 62)))
    plan = made.plan(stored=set())
    assert [(ref.accession, ref.cik) for ref in plan.missing] == [(FIRST, 1)]


def test_what_is_stored_is_present_and_not_fetched() -> None:
    """`planned` counts both, and the newest submission comes first."""
    made = planner(Selection(), entry(FIRST, 1), entry(THIRD, 3), entry(SECOND, 2), entry("0001193125-04-000004", 3))
    plan = made.plan(stored={AccessionNumber(THIRD)})
    assert [ref.accession for ref in plan.missing] == ["0001193125-04-000004", SECOND, FIRST]
    assert (plan.planned, plan.present) == (4, 1)


def test_a_limit_takes_the_newest_whether_stored_or_not() -> None:
    """The same command run again fetches nothing more."""
    made = planner(Selection(limit=2), entry(FIRST, 1), entry(SECOND, 2), entry(THIRD, 3))
    assert made.is_full
    plan = made.plan(stored={AccessionNumber(THIRD), AccessionNumber(SECOND)})
    assert (plan.missing, plan.present) == ((), 2)


def test_a_limit_counts_submissions_and_not_rows() -> None:
    """Two rows of one submission leave room for another quarter."""
    assert not planner(Selection(limit=2), entry(FIRST, 1, cik=1), entry(FIRST, 1, cik=2)).is_full


def test_the_estimate_knows_that_an_8k_is_smaller() -> None:
    """An amendment counts as its form; every other form has EDGAR's average."""
    made = planner(Selection(), entry(FIRST, 1, form="8-K/A"), entry(SECOND, 2, form="10-K"))
    assert made.plan(stored=()).estimated_bytes == 217_000 + 800_000
