"""Results as values: what they count, make, and turn into."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import pytest

from archiver.errors import NotInArchiveError, UsageError
from indexer.engine import EngineHit, FacetCount
from indexer.fields import FACETS
from indexer.passages.cutting import Snippet
from indexer.search.hits import FromLibrary, Hit, HitDocument, LazyHits
from indexer.search.results import Results
from tests.unit.hits import made_up_hit


def test_a_document_says_where_its_text_is_cut() -> None:
    """In JSON, `truncated` stands with the document whose text is not all in the index, and with no other."""
    whole, cut = HitDocument("8-K", 1, None, None), HitDocument("8-K", 1, None, None, truncated=True)
    assert made_up_hit(document=cut).to_dict()["document"] == made_up_hit(document=whole).to_dict()["document"] | {
        "truncated": True
    }


def test_a_row_says_whether_its_items_are_derived() -> None:
    """Each row has the column, so that CSV and data frames tell them apart."""
    assert replace(made_up_hit(), items_derived=True).to_row()["items_derived"] is True
    assert made_up_hit().to_row()["items_derived"] is False


def test_lazy_hits_are_made_one_by_one() -> None:
    """Reaching one hit makes that one alone; a slice makes none; a length needs none."""
    made: list[str] = []

    def make(found: EngineHit) -> Hit:
        made.append(found.stored)
        return made_up_hit()

    hits = LazyHits([EngineHit("a", None), EngineHit("b", None), EngineHit("c", None)], make)
    assert (len(hits), len(hits[1:]), made) == (3, 2, [])
    assert hits[1:][0] == made_up_hit()
    assert made == ["b"]
    assert next(iter(hits)) == made_up_hit()
    assert made == ["b", "a"]
    assert len(Results(None, 3, 0.0, hits).materialize().hits) == 3
    assert made == ["b", "a", "a", "b", "c"]


def test_facets_are_counted_when_asked_for() -> None:
    """Only the kinds asked for are counted, in their order; all kinds without any; no other kind."""
    asked: list[str] = []

    def count(kind: str, _year: int | None) -> tuple[FacetCount, ...]:
        asked.append(kind)
        return (FacetCount(len(kind), 1),)

    results = Results(None, 0, 0.0, (), _count=FromLibrary(count))
    assert list(results.facets("year", "cik")) == asked == ["year", "cik"]
    assert tuple(results.facets()) == FACETS
    with pytest.raises(UsageError, match="colour"):
        results.facets("colour")


def test_a_row_has_every_column_also_without_a_document() -> None:
    """A hit of a submission without documents makes the same columns as another, and entities without CIK no hole."""
    bare = made_up_hit(position=None).to_row()
    assert list(bare) == list(made_up_hit(document=HitDocument("8-K", 1, "d8k.htm", None)).to_row())
    assert (bare["type"], bare["ciks"], bare["names"]) == (None, [320], ["ACME WIDGETS INC", "NOBODY"])


def test_the_text_of_a_hit_is_that_of_its_document() -> None:
    """One document's text, or all where the hit has none; a document that is gone is said to be."""
    assert "zebra" in made_up_hit(position=1).text()
    assert "board of directors" not in made_up_hit(position=1).text()
    assert "board of directors" in made_up_hit(position=None).text()
    with pytest.raises(NotInArchiveError, match="has changed"):
        made_up_hit(position=2).text()


def test_a_snippet_is_text_with_spans_and_html_when_asked() -> None:
    """The excerpt has no markup; only the snippet, which goes into JSON, has, and a row has plain text."""
    marked = made_up_hit(excerpt=Snippet("R & D <resigned>", ((7, 15),)))
    assert marked.snippet == "R &amp; D &lt;<em>resigned</em>&gt;"
    assert marked.to_dict()["snippet"] == marked.snippet
    assert marked.to_row()["snippet"] == "R & D <resigned>"
    assert made_up_hit().snippet is None


def test_hits_and_results_can_be_pickled() -> None:
    """What comes back is equal, and says that it cannot read instead of failing in some other way."""
    found = [EngineHit("a", None), EngineHit("b", None)]
    results = Results("x", 2, 1.5, LazyHits(found, lambda _: made_up_hit(document=HitDocument("8-K", 1, None, None))))
    kept = pickle.loads(pickle.dumps(results))  # noqa: S301 — our own bytes
    assert kept.hits == tuple(results.hits)
    assert kept.to_dict() == results.to_dict()
    for call in (kept[0].text, kept[0].submission, lambda: kept.facets("form")):
        with pytest.raises(UsageError, match="have lost their library"):
            call()
    assert copy.deepcopy(made_up_hit()).text() == made_up_hit().text()


def test_results_are_reached_by_place_and_slice() -> None:
    """A number gives a hit, a slice results with these hits and the same total."""
    hits = tuple(made_up_hit(position=place) for place in range(3))
    results = Results(None, 9, 0.0, hits)
    assert results[0] is hits[0]
    assert results[-1] is hits[2]
    assert (results[1:].total, results[1:].hits) == (9, hits[1:])
    with pytest.raises(IndexError):
        results[3]


def test_the_old_name_still_works_with_a_warning() -> None:
    """`made` is `materialize` for one release."""
    results = Results(None, 1, 0.0, [made_up_hit()])
    with pytest.warns(DeprecationWarning, match="materialize"):
        assert results.made() == results.materialize()


def test_years_come_in_order() -> None:
    """And are not cut, whatever the limit; other values are the most frequent first, and are."""

    def count(_kind: str, _year: int | None) -> tuple[FacetCount, ...]:
        return FacetCount(2020, 9), FacetCount(1999, 5), FacetCount(2004, 1)

    results = Results(None, 0, 0.0, (), _count=FromLibrary(count))
    assert [one.value for one in results.facets("year", limit=1)["year"]] == [1999, 2004, 2020]
    assert [one.value for one in results.facets("cik", limit=2)["cik"]] == [2020, 1999]
