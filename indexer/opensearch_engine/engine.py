"""The OpenSearch engine: its indexes and its writers.

The folder has ``opensearch.json`` (the alias and the cluster's identity) and the writer's lock; everything else is in
the cluster.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar, Concatenate, ParamSpec, Self, TypeVar

from opensearchpy import OpenSearch, exceptions

from archiver.errors import EdgarchiveError, IndexMissingError, IndexServerError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from indexer.archive.share import Share
from indexer.engine import EngineResult, FacetCount, PartWriter, Sort
from indexer.fields import Facet
from indexer.opensearch_engine.connection import (
    PLACE,
    Access,
    cluster_errors,
    cluster_uuid,
    read_place,
    require_acknowledged,
    retried,
    sound_answers,
    write_place,
)
from indexer.opensearch_engine.locking import WriterLock
from indexer.opensearch_engine.mapping import require_mapping, template
from indexer.opensearch_engine.searching import Search, all_records
from indexer.opensearch_engine.writing import PATIENCE_S, EntryWriter, Part, Place, Sender, index_name, places_of
from indexer.query.nodes import Node

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)

_FIRST_YEAR = 0
"""The year of an index that stays empty: an alias needs at least one index."""
_NO_COPIES = {"auto_expand_replicas": False, "number_of_replicas": 0}
_COPIES = {"auto_expand_replicas": "0-1"}
_COPYING_S, _REFRESHING_S, _STARTING_S = 600, 600, 120
_EXISTS = "resource_already_exists_exception"
_SEARCH_PATIENCE_S = 2.0
_SWAPPED = (IndexMissingError,)
"""Raised where a rebuilt index has just replaced the current one."""

_REBUILD = "run `edgarchive index --rebuild`"


def _of_cluster(method: Callable[Concatenate[OpenSearchEngine, P], T]) -> Callable[Concatenate[OpenSearchEngine, P], T]:
    """Decorate a method that reads answers: `IndexServerError` for one that is not OpenSearch's."""

    @functools.wraps(method)
    def checked(self: OpenSearchEngine, /, *arguments: P.args, **options: P.kwargs) -> T:
        with sound_answers(self._access):
            return method(self, *arguments, **options)

    return checked


class OpenSearchEngine:
    """See `indexer.engine.Engine`."""

    name: ClassVar[str] = "opensearch"

    def __init__(
        self, path: Path, access: Access, alias: str, *, writable: bool, client: OpenSearch, share: Share | None = None
    ) -> None:
        self._path = path
        self._access = access
        self._alias = alias
        self._writable = writable
        self._client = client
        self._lock = WriterLock(path, share)
        self._generation = ""
        self._is_new = False
        self._made: set[int] = set()
        self._parts: list[Part] = []

    @classmethod
    def create(cls, path: Path, settings: Settings | None = None) -> Self:
        """Create an empty index, described in the empty folder `path`. Raises `IndexServerError`, `StorageError`."""
        access = Access.of(settings or Settings())
        client = access.client()
        alias = f"{access.prefix}-{secrets.token_hex(6)}"
        with sound_answers(access), cluster_errors(access):
            uuid = cluster_uuid(client, access)
            client.indices.put_index_template(name=access.prefix, body=template(access.prefix))
        engine = cls(path, access, alias, writable=True, client=client)
        engine._generation = f"{alias}-1"
        engine._is_new = True
        with sound_answers(access):
            engine._make_index(_FIRST_YEAR)
        write_place(path, alias, uuid)
        return engine

    @classmethod
    def open(
        cls, path: Path, settings: Settings | None = None, *, writable: bool = False, share: Share | None = None
    ) -> Self:
        """Open the index described in `path`; with `share`, to write that share beside the writers of others.

        Raises `IndexMissingError` (the description cannot be read, or the index is gone), `IndexServerError` (a
        different cluster), `ArchiveFormatError` (the indexes have other fields).
        """
        access = Access.of(settings or Settings())
        try:
            alias, uuid = read_place(path)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexMissingError(f"cannot read {path / PLACE}: {error}", _REBUILD) from error
        client = access.client()
        with sound_answers(access):
            found = cluster_uuid(client, access)
        if found != uuid:
            raise IndexServerError(
                f"the index is in another cluster than the one at {access.url}",
                "set opensearch_url, or run `edgarchive index --rebuild`",
            )
        engine = cls(path, access, alias, writable=writable, client=client, share=share)
        with sound_answers(engine._access):
            require_mapping(engine._client, engine._access, alias)
        return engine

    def delete(self, accession: AccessionNumber) -> None:
        """Remove a submission's entries at the next commit. Raises `LockedError`."""
        writer = self.part_writer()()
        writer.add(accession, ())
        self.adopt(writer.finish())

    def part_writer(self) -> Callable[[], PartWriter]:
        """See `indexer.engine.Engine.part_writer`. Raises `LockedError`."""
        self._begin()
        return functools.partial(EntryWriter, self._generation)

    def adopt(self, part: Part) -> None:
        """See `indexer.engine.Engine.adopt`. Raises `LockedError`."""
        self._begin()
        self._parts.append(part)

    @_of_cluster
    def commit(self) -> None:
        """Send everything, remove what it replaces, and make it searchable.

        Raises `IndexServerError`, `ArchiveFormatError`.

        A document is on the disk of a node when it is acknowledged, and all are when this returns. If it raises, what
        was acknowledged may be searchable; adding the same submissions again completes it.
        """
        if not self._parts:
            return
        sender = Sender(self._client, self._access)
        current: dict[AccessionNumber, frozenset[Place]] = {}
        for part in self._parts:
            current |= part.places
        stale = set(places_of(self._client, self._access, self._alias, list(current)))
        for part in self._parts:
            stale.update((accession, place) for accession, places in part.places.items() for place in places)
            for year in {year for places in part.places.values() for year, _ in places}:
                self._make_index(year)
            sender.send(part.portions)
        stale.difference_update((accession, place) for accession, places in current.items() for place in places)
        sender.remove(self._generation, stale)
        self._refresh()
        self._parts.clear()

    @_of_cluster
    def replace(self, place: Path) -> None:
        """Take over the alias of the index in `place` and remove its indexes in one step, without downtime.

        Before that, each new index gets a replica of each shard if there are nodes for it. Raises `IndexServerError`.
        """
        with cluster_errors(self._access):
            new = list(self._client.indices.get_alias(name=self._alias))
            self._client.indices.put_settings(index=self._alias, body={"index": _COPIES})
            health = self._client.cluster.health(
                index=",".join(new),
                wait_for_status="green",
                timeout=f"{_COPYING_S}s",
                request_timeout=_COPYING_S * 2,
                ignore=[408],
            )
            if health["status"] != "green":
                facts = event("index-without-copies", count=health["unassigned_shards"])
                _log.warning("%d shards have no copy on another node yet", health["unassigned_shards"], extra=facts)
            uuid = self._client.info()["cluster_uuid"]
            try:
                alias, uuid_there = read_place(place)
            except (OSError, ValueError, KeyError, TypeError):
                return  # there was none, or one that nobody can reach any more
            if uuid_there != uuid or not self._client.indices.exists_alias(name=alias):
                return
            old = self._indexes(alias)
            actions = [
                *({"add": {"index": name, "alias": alias}} for name in new),
                *({"remove": {"index": name, "alias": self._alias}} for name in new),
                *({"remove_index": {"index": name}} for name in old),
            ]
            require_acknowledged(self._client.indices.update_aliases(body={"actions": actions}), self._access)
        self._alias = alias
        write_place(self._path, alias, uuid)

    @_of_cluster
    def remove(self, *, keep: Path) -> None:
        """Remove the indexes, unless the index in folder `keep` uses them. Raises `LockedError`."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if self._path != keep and read_place(keep)[0] == self._alias:
                return
        self._begin()
        with cluster_errors(self._access):
            self._client.indices.delete(index=",".join(self._indexes(self._alias)))
        self._lock.release()

    def search(
        self,
        query: Node | None,
        *,
        filters: Node | None = None,
        sort: Sort | None = None,
        limit: int | None = 10,
        offset: int = 0,
        documents: bool = False,
    ) -> EngineResult:
        """See `indexer.engine.Engine.search`. Raises `QueryError`, `IndexMissingError`, `IndexServerError`."""
        order = sort or ("newest" if query is None else "relevance")
        return self._searched(
            lambda: self._search(query, filters, documents=documents).page(order, limit=limit, offset=offset)
        )

    def filings(self, tree: Node) -> frozenset[int]:
        """See `indexer.engine.Engine.filings`. Raises as `search`."""
        return self._searched(lambda: self._search(None, tree, documents=True).numbers())

    def facet(
        self, query: Node | None, facet: Facet, *, filters: Node | None = None, documents: bool = False
    ) -> tuple[FacetCount, ...]:
        """See `indexer.engine.Engine.facet`. Raises as `search`."""
        return self._searched(lambda: self._search(query, filters, documents=documents).facet(facet))

    def stored(self) -> Iterator[tuple[AccessionNumber, str, int | None]]:
        """Accession number, sha256 and sequence of every searchable entry."""
        with sound_answers(self._access):
            for stored in all_records(self._client, self._access, self._alias):
                record = json.loads(stored)
                yield AccessionNumber(record["accession"]), record["sha256"], record["sequence"]

    def check(self, *, quick: bool = False) -> Iterator[tuple[str, str]]:  # noqa: ARG002 — the cluster's own checks
        """Indexes that the cluster reports as incomplete; it checks its own files."""
        yield from self._red()

    @_of_cluster
    def _red(self) -> list[tuple[str, str]]:
        with cluster_errors(self._access):
            health = self._client.cluster.health(index=self._alias, level="indices")
        return [
            (name, f"{state['unassigned_shards']} shards of it have no copy on any node")
            for name, state in sorted(health["indices"].items())
            if state["status"] == "red"
        ]

    def close(self) -> None:
        """Close the connection, discarding what was not committed."""
        if self._lock.is_held:
            try:
                if self._lock.is_last():  # others may still be writing theirs
                    self._end_bulk()
            except EdgarchiveError as error:
                facts = event("index-not-restored", error=type(error).__name__)
                # the next writer does it
                _log.warning("the indexes keep their settings for bulk writing: %s", error, extra=facts)
            self._lock.release()
        self._parts.clear()
        self._client.close()

    def _searched(self, ask: Callable[[], T]) -> T:
        """The result of `ask`, retried for a while."""

        def attempt() -> T:
            with sound_answers(self._access):
                return ask()

        return retried(attempt, _SEARCH_PATIENCE_S, _SWAPPED)

    def _search(self, query: Node | None, filters: Node | None, *, documents: bool) -> Search:
        return Search(self._client, self._access, self._alias, query=query, filters=filters, documents=documents)

    def _begin(self) -> None:
        """Become the writer: take the lock, list the indexes, and disable refreshing until the commit."""
        if not self._writable:
            raise ValueError("the index is open for reading only")
        if self._lock.is_held:
            return
        self._lock.take()
        self._learn_generation()
        self._refresh()  # what a dead writer sent is then visible, and replaced
        self._put_settings(refresh_interval="-1")

    @_of_cluster
    def _learn_generation(self) -> None:
        with cluster_errors(self._access):
            found = self._client.indices.get_settings(index=self._alias, name="index.auto_expand_replicas")
        self._generation = next(iter(found)).rpartition("-")[0]
        self._made = {int(name.rpartition("-")[2]) for name in found}
        first = found[index_name(self._generation, _FIRST_YEAR)]["settings"]["index"]
        self._is_new = first["auto_expand_replicas"] == "false"

    def _make_index(self, year: int) -> None:
        if year in self._made:
            return
        name = index_name(self._generation, year)
        # a new index gets replicas when it is complete; one in use keeps them while it grows
        options: dict[str, object] = {"refresh_interval": "-1", **(_NO_COPIES if self._is_new else {})}
        options["number_of_shards"] = 1 if year == _FIRST_YEAR else self._access.shards
        retried(lambda: self._start(name, options), PATIENCE_S)
        self._made.add(year)

    def _start(self, name: str, options: dict[str, object]) -> None:
        """Create an index, unless another writer has, and add it to the alias when its shards can be searched.

        Before that, it would make every search of the alias fail, and every other writer's.
        """
        with cluster_errors(self._access):
            try:
                self._client.indices.create(index=name, body={"settings": {"index": options}})
            except exceptions.RequestError as error:
                if error.error != _EXISTS:
                    raise
            health = self._client.cluster.health(
                index=name,
                wait_for_status="yellow",
                timeout=f"{_STARTING_S}s",
                request_timeout=_STARTING_S * 2,
                ignore=[408],
            )
            if health["timed_out"]:
                raise IndexServerError(
                    f"no node of {self._access.url} accepts the shards of {name}",
                    "see GET _cluster/allocation/explain, then run the same command again",
                )
            require_acknowledged(self._client.indices.put_alias(index=name, name=self._alias), self._access)

    def _indexes(self, alias: str) -> list[str]:
        """The indexes of `alias`, and those that a dead writer had not added to it yet."""
        behind = set(self._client.indices.get_alias(name=alias))
        first = index_name("", _FIRST_YEAR)
        generations = [name.removesuffix(first) for name in behind if name.endswith(first)]
        return sorted(behind.union(*(self._client.indices.get_alias(index=f"{one}-*") for one in generations)))

    def _refresh(self) -> None:
        def ask() -> None:
            with cluster_errors(self._access):
                self._client.indices.refresh(index=self._alias, request_timeout=_REFRESHING_S)

        retried(ask, PATIENCE_S)

    def _end_bulk(self) -> None:
        """Restore what the writer had disabled."""
        self._put_settings(refresh_interval=None, **_COPIES)

    def _put_settings(self, **values: object) -> None:
        with cluster_errors(self._access):
            answer = self._client.indices.put_settings(index=self._alias, body={"index": values})
        require_acknowledged(answer, self._access)
