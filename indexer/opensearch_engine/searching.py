"""Searching OpenSearch: exact totals, one hit per submission, any order, any page, counts by value.

A query for facts that a submission's documents share is answered from one document of each. Otherwise OpenSearch
collapses to the best document of each submission, and submissions are counted by iterating over the accession numbers
of all matches, shard by shard if there are many, because OpenSearch's own distinct count is an estimate. Beyond
`WINDOW`, and for all hits, matches are read from one point in time, best document first, and ordered here.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import operator
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException

from archiver.startup.dataclass import dataclass
from indexer.engine import EngineHit, EngineResult, FacetCount, Sort, ranked
from indexer.fields import Facet
from indexer.opensearch_engine.connection import Access, cluster_errors, require_all_shards
from indexer.opensearch_engine.translating import EVERYTHING, Json, translated
from indexer.query.bounds import Deadline, too_slow
from indexer.query.nodes import Node
from indexer.query.scopes.filings import is_of_filings
from indexer.query.scopes.sections import scoped

T = TypeVar("T")

WINDOW = 10_000
"""The last position of collapsed hits that can be paged to (``index.max_result_window``)."""

_COUNTED_AT_ONCE = 10_000
"""Submissions counted by the request for the hits; beyond that, each shard is asked."""

_BUCKETS = 50_000
"""Below ``search.max_buckets``, by default 65,535."""

_SHARDS_AT_ONCE = 16
_LATE_S = 1.0
"""How long after its time limit a node may still say that it stopped a search."""

_KEEP_ALIVE = "2m"
_ANYWHERE: Mapping[str, str] = {}
_ORDERS: dict[Sort, list[Json]] = {
    "relevance": [{"_score": "desc"}, {"filed": "desc"}, {"accepted": "desc"}, {"number": "desc"}, {"position": "asc"}],
    "newest": [{"filed": "desc"}, {"accepted": "desc"}, {"number": "desc"}, {"_score": "desc"}, {"position": "asc"}],
    "oldest": [{"filed": "asc"}, {"accepted": "asc"}, {"number": "asc"}, {"_score": "desc"}, {"position": "asc"}],
    "added": [{"added_at": "desc"}, {"number": "desc"}, {"_score": "desc"}, {"position": "asc"}],
}
_BY_SUBMISSION: list[Json] = [
    {"number": "asc"},
    {"_score": "desc"},
    {"position": "asc"},
    {"filed": "asc"},
    {"accepted": "asc"},
    {"added_at": "asc"},
]


@dataclass(frozen=True, slots=True)
class _Match:
    """A matching document, with the values it is ranked by."""

    number: int
    score: float
    position: int
    filed: int
    accepted: int
    added: int
    id: str
    type: str | None


_KEYS: dict[Sort, Any] = {
    "relevance": lambda m: (-m.score, -m.filed, -m.accepted, -m.number, m.position),
    "newest": lambda m: (-m.filed, -m.accepted, -m.number, -m.score, m.position),
    "oldest": lambda m: (m.filed, m.accepted, m.number, -m.score, m.position),
    "added": lambda m: (-m.added, -m.number, -m.score, m.position),
}


class Search:
    """One search of the indexes behind `alias`."""

    def __init__(
        self,
        client: OpenSearch,
        access: Access,
        alias: str,
        *,
        query: Node | None,
        filters: Node | None,
        documents: bool,
    ) -> None:
        self._client = client
        self._access = access
        self._alias = alias
        query, filters = scoped(query, filters)
        self._scored = query is not None
        self._single = documents or (is_of_filings(query) and is_of_filings(filters))
        conditions = [] if filters is None else [translated(filters)]
        if self._single and not documents:
            conditions.append({"term": {"first": True}})
        self._query: Json = {
            "bool": {"must": [EVERYTHING if query is None else translated(query)], "filter": conditions}
        }
        if query is None:
            self._query["bool"] = {"filter": [EVERYTHING, *conditions]}
        self._deadline = Deadline()

    def page(self, sort: Sort, *, limit: int | None, offset: int) -> EngineResult:
        """The page from `offset` on; everything from there if `limit` is None. Raises `QueryError` when too late."""
        if limit is None or (limit and offset + limit > WINDOW):
            return self._deep_page(sort, limit, offset)
        body: Json = {"from": offset if limit else 0, "size": limit, "sort": _ORDERS[sort]}
        if not self._single:
            counts = _walk([_NUMBER], size=_COUNTED_AT_ONCE)
            body |= {"collapse": {"field": "number"}, "aggs": {"submissions": counts}}
        answer = self._ask(body)
        total = answer["hits"]["total"]["value"]
        if not self._single:
            total = len(answer["aggregations"]["submissions"]["buckets"])
            if total == _COUNTED_AT_ONCE:
                total = sum(self._by_shard([_NUMBER], lambda buckets: sum(1 for _ in buckets)))
        return EngineResult(total, tuple(self._hit(hit) for hit in answer["hits"]["hits"]))

    def numbers(self) -> frozenset[int]:
        """The numbers of submissions with a matching document."""
        found = self._by_shard([_NUMBER], lambda buckets: [int(one["key"]["number"]) for one in buckets])
        return frozenset(itertools.chain.from_iterable(found))

    def facet(self, facet: Facet) -> tuple[FacetCount, ...]:
        """How many hits have each value, most frequent first."""
        value = {"value": _by(facet)}
        counts: Counter[str] = Counter()
        if self._single:
            for bucket in self._buckets([value]):
                counts[bucket["key"]["value"]] += bucket["doc_count"]
        elif facet == "type":  # of the best document, which only scores determine
            with point_in_time(self._client, self._access, self._alias) as point:
                counts.update(best.type for best in self._best(point) if best.type is not None)
        else:
            by_shard = self._by_shard([_NUMBER, value], lambda found: Counter(one["key"]["value"] for one in found))
            for of_shard in by_shard:
                counts.update(of_shard)
        return ranked(facet, counts)

    def _deep_page(self, sort: Sort, limit: int | None, offset: int) -> EngineResult:
        with point_in_time(self._client, self._access, self._alias) as point:
            found = list(self._matches(point) if self._single else self._best(point))
            if limit is None:
                chosen = sorted(found, key=_KEYS[sort])[offset:]
            else:
                chosen = heapq.nsmallest(offset + limit, found, key=_KEYS[sort])[offset:]
            records = dict(self._records(point, [match.id for match in chosen]))
        return EngineResult(
            len(found),
            tuple(EngineHit(records[match.id], match.score if self._scored else None) for match in chosen),
        )

    def _best(self, point: Json) -> Iterator[_Match]:
        """The best document of each submission, the first of several equal ones."""
        for _, group in itertools.groupby(self._matches(point), key=operator.attrgetter("number")):
            yield next(group)

    def _matches(self, point: Json) -> Iterator[_Match]:
        """All matches by submission, the best one of each first."""
        body: Json = {"size": WINDOW, "sort": _BY_SUBMISSION, "_source": False, "docvalue_fields": ["type"]}
        for hit in all_hits(body, lambda: self._ask(body, point=point)):
            number, score, position, filed, accepted, added, *_ = hit["sort"]
            kind = hit.get("fields", {}).get("type", [None])[0]
            yield _Match(number, score, position, filed, accepted, added, hit["_id"], kind)

    def _records(self, point: Json, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
        for start in range(0, len(ids), WINDOW):
            some = ids[start : start + WINDOW]
            body = {"size": len(some), "query": {"ids": {"values": some}}, "pit": point, "_source": ["record"]}
            answer = searched(self._client, self._access, body, request_timeout=self._deadline.left_s() + _LATE_S)
            for hit in answer["hits"]["hits"]:
                yield hit["_id"], hit["_source"]["record"]

    def _by_shard(self, sources: list[Json], gather: Callable[[Iterator[Json]], T]) -> list[T]:
        """The results of `gather` for the buckets of each shard; all documents of a submission are in one shard.

        For a page from many shards, each would compute a full page, most of which is discarded. `sources` begin with
        the accession number: indexes are sorted by it, so a shard reads its matches once.
        """
        with cluster_errors(self._access):
            indexes = self._client.indices.get_settings(index=self._alias, name="index.number_of_shards")
        shards = [
            {"index": name, "preference": f"_shards:{shard}"}
            for name, found in indexes.items()
            for shard in range(int(found["settings"]["index"]["number_of_shards"]))
        ]
        with ThreadPoolExecutor(_SHARDS_AT_ONCE) as threads:
            return list(threads.map(lambda shard: gather(self._buckets(sources, shard)), shards))

    def _buckets(self, sources: list[Json], where: Mapping[str, str] = _ANYWHERE) -> Iterator[Json]:
        """Every distinct combination of values, with its number of documents."""
        after = None
        while True:
            body: Json = {"size": 0, "aggs": {"walk": _walk(sources, after)}}
            found = self._ask(body, where=where)["aggregations"]["walk"]
            yield from found["buckets"]
            after = found.get("after_key")
            if len(found["buckets"]) < _BUCKETS or after is None:
                return

    def _ask(self, body: Json, *, point: Json | None = None, where: Mapping[str, str] = _ANYWHERE) -> Json:
        left_s = self._deadline.left_s()
        body = {
            "query": self._query,
            "track_total_hits": True,
            "track_scores": self._scored,
            "_source": ["record"],
            "timeout": f"{left_s * 1000:.0f}ms",
            **body,
        }
        options: dict[str, Any] = {"request_timeout": left_s + _LATE_S}
        if self._scored and body["size"]:
            options["search_type"] = "dfs_query_then_fetch"  # one idf for all years, so that equals score alike
        if point is None:
            options |= {"index": self._alias, "preference": "edgarchive", **where}  # the same replicas for all pages
        else:
            body["pit"] = point
        answer = searched(self._client, self._access, body, **options)
        if answer["timed_out"]:
            raise too_slow()
        return answer

    def _hit(self, hit: Json) -> EngineHit:
        return EngineHit(hit["_source"]["record"], hit["_score"] if self._scored else None)


def searched(client: OpenSearch, access: Access, body: Json, **options: Any) -> Json:
    """The response of all shards. Raises `IndexServerError` if one is missing, `QueryError` on a timeout."""
    with cluster_errors(access):
        try:
            answer: Json = client.search(body=body, allow_partial_search_results=False, **options)
        except ConnectionTimeout:
            raise too_slow() from None
    return require_all_shards(answer, access)


@contextlib.contextmanager
def point_in_time(client: OpenSearch, access: Access, alias: str) -> Iterator[Json]:
    """A snapshot of all indexes behind `alias`, while it is in use."""
    with cluster_errors(access):
        made = client.create_pit(index=alias, keep_alive=_KEEP_ALIVE, allow_partial_pit_creation=False)
    try:
        require_all_shards(made, access)
        yield {"id": made["pit_id"], "keep_alive": _KEEP_ALIVE}
    finally:
        # it expires by itself, and the result is complete
        with contextlib.suppress(OpenSearchException, RecursionError):
            client.delete_pit(body={"pit_id": [made["pit_id"]]})


def all_records(client: OpenSearch, access: Access, alias: str) -> Iterator[str]:
    """The record of every document, grouped by submission."""
    with point_in_time(client, access, alias) as point:
        body: Json = {
            "size": WINDOW,
            "sort": _BY_SUBMISSION[:1] + _BY_SUBMISSION[2:],
            "_source": ["record"],
            "pit": point,
        }
        for hit in all_hits(body, lambda: searched(client, access, body)):
            yield hit["_source"]["record"]


def all_hits(body: Json, ask: Callable[[], Json]) -> Iterator[Json]:
    """The hits of all pages of `body`, which `ask` asks for."""
    while True:
        hits = ask()["hits"]["hits"]
        yield from hits
        if len(hits) < body["size"]:
            return
        body["search_after"] = hits[-1]["sort"]


def _by(field: str) -> Json:
    return {"terms": {"field": field}}


_NUMBER: Json = {"number": _by("number")}


def _walk(sources: list[Json], after: Json | None = None, *, size: int = _BUCKETS) -> Json:
    return {"composite": {"size": size, "sources": sources, **({"after": after} if after else {})}}
