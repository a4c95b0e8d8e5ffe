"""Writing to OpenSearch: entries become ``_bulk`` requests in any process and are sent until acknowledged.

A request is compressed where it is created and sent unchanged. Items that the cluster refuses temporarily (full queue,
lost node) are sent again by themselves; any other refusal ends the commit.
"""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from functools import partial
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import OpenSearchException

from archiver.errors import ArchiveFormatError, IndexServerError
from archiver.identifiers import AccessionNumber
from archiver.runtime.retrying import with_retries
from archiver.startup.dataclass import dataclass
from indexer.entries import IndexEntry
from indexer.opensearch_engine.connection import Access, cluster_errors, is_passing, retried
from indexer.opensearch_engine.mapping import body_of, document_id
from indexer.opensearch_engine.searching import all_hits, searched

PORTION_BYTES = 8_000_000
"""Bytes of a ``_bulk`` request before compression. A single document that is longer makes one of its own; a cluster
takes 100 MB (``http.max_content_length``)."""

SENDERS = 4
"""Concurrent requests: enough for a few nodes, and few enough for their queues."""

PATIENCE_S = 120.0
"""How long a cluster may refuse before a commit fails; what it acknowledged until then stays."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 10.0
_LEVEL = 1
_ASKED_AT_ONCE, _PLACES_AT_ONCE = 1000, 10_000
_PASSING = {429, 502, 503, 504}
_NO_INDEX = 404
_FORBIDDEN = 403
_OK = range(200, 300)


class _RefusedError(Exception):
    """The cluster temporarily refused some documents."""


Place = tuple[int, str]
"""The filing year, which determines the index, and the ``_id`` of a document."""


@dataclass(frozen=True, slots=True)
class Portion:
    """A compressed ``_bulk`` request of so many items."""

    data: bytes
    items: int


@dataclass(frozen=True, slots=True)
class Part:
    """The result of a part writer: compressed requests, and the locations of each submission's documents."""

    portions: tuple[Portion, ...]
    places: dict[AccessionNumber, frozenset[Place]]


@dataclass(slots=True)
class EntryWriter:
    """See `indexer.engine.PartWriter`. `generation` begins the names of the indexes."""

    generation: str
    _items: list[list[bytes]] = field(default_factory=list)
    _size: int = 0
    _portions: list[Portion] = field(default_factory=list)
    _places: dict[AccessionNumber, frozenset[Place]] = field(default_factory=dict)

    def add(self, accession: AccessionNumber, entries: Iterable[IndexEntry]) -> None:
        """Add the entries of one submission."""
        places = set()
        for count, entry in enumerate(entries):
            place = (entry.filing_date.year, document_id(entry))
            places.add(place)
            body = json.dumps(body_of(entry, is_first=count == 0), ensure_ascii=False, separators=(",", ":")).encode()
            self._put(_action("index", self.generation, accession, place), body)
        self._places[accession] = frozenset(places)

    def finish(self) -> Part:
        """Everything that was added."""
        self._close_portion()
        part = Part(tuple(self._portions), dict(self._places))
        self.discard()
        return part

    def discard(self) -> None:
        """Discard what was collected."""
        self._items, self._size, self._portions, self._places = [], 0, [], {}

    def _put(self, *lines: bytes) -> None:
        self._items.append(list(lines))
        self._size += sum(map(len, lines))
        if self._size >= PORTION_BYTES:
            self._close_portion()

    def _close_portion(self) -> None:
        if self._items:
            self._portions.append(_packed(self._items))
            self._items, self._size = [], 0


def index_name(generation: str, year: int) -> str:
    """The name of the index of a filing year."""
    return f"{generation}-{year:04d}"


class Sender:
    """Sends requests to a cluster, several at a time."""

    def __init__(self, client: OpenSearch, access: Access) -> None:
        self._client = client
        self._access = access

    def send(self, portions: Sequence[Portion]) -> None:
        """Return when every item of `portions` is acknowledged.

        Raises `IndexServerError` if the cluster refuses one or does not accept it within `PATIENCE_S`, and
        `ArchiveFormatError` if an index has other fields.
        """
        if not portions:
            return
        with ThreadPoolExecutor(min(SENDERS, len(portions)), thread_name_prefix="bulk") as threads:
            for sent in [threads.submit(self._send, portion) for portion in portions]:
                sent.result()

    def remove(self, generation: str, places: Iterable[tuple[AccessionNumber, Place]]) -> None:
        """Delete documents; missing ones are not an error. Raises as `send`."""
        items = [[_action("delete", generation, accession, place)] for accession, place in places]
        self.send([_packed(items[start : start + 10_000]) for start in range(0, len(items), 10_000)])

    def _send(self, portion: Portion) -> None:
        left: Portion | None = portion

        def attempt() -> None:
            nonlocal left
            if left is not None:
                left, reason = self._attempt(left)
                if left is not None:
                    raise _RefusedError(reason)

        try:
            with_retries(
                attempt,
                retry_if=_RefusedError,
                patience_s=PATIENCE_S,
                wait_s=_FIRST_PAUSE_S,
                longest_wait_s=_LONGEST_PAUSE_S,
            )
        except _RefusedError as error:
            raise IndexServerError(
                f"{self._access.url} has accepted no documents for {PATIENCE_S:.0f} s: {error}",
                "check its nodes, then run the same command again to continue",
            ) from None

    def _attempt(self, portion: Portion) -> tuple[Portion | None, str]:
        """Send once. Returns what must be sent again and why; None if everything is acknowledged."""
        try:
            answer = self._client.transport.perform_request(
                "POST",
                "/_bulk",
                body=portion.data,
                headers={"content-type": "application/x-ndjson", "content-encoding": "gzip"},
            )
        except OpenSearchException as error:
            if not is_passing(error):
                with cluster_errors(self._access):
                    raise
            return portion, type(error).__name__
        if answer["errors"] is not False or len(answer["items"]) != portion.items:
            return self._refused(portion, [next(iter(item.values())) for item in answer["items"]])
        return None, ""

    def _refused(self, portion: Portion, results: list[dict[str, Any]]) -> tuple[Portion | None, str]:
        again: list[list[bytes]] = []
        reason = ""
        for lines, result in zip(_items(portion.data), results, strict=True):
            status, error = result["status"], result.get("error", {})
            if status in _OK or (status == _NO_INDEX and result.get("result") == "not_found"):
                continue
            reason = f"{error.get('type')}: {error.get('reason')}"[:300]
            if status not in _PASSING:
                raise self._error(status, result["_index"], reason)
            again.append(lines)
        return _packed(again) if again else None, reason

    def _error(self, status: int, index: str, reason: str) -> Exception:
        if "strict_dynamic_mapping" in reason or "mapper_parsing" in reason:
            return ArchiveFormatError(
                f"the index {index} at {self._access.url} has fields that edgarchive did not create ({reason})",
                "run `edgarchive index --rebuild`",
            )
        hint = (
            "free disk space on its nodes or remove index.blocks, then run the same command again"
            if status == _FORBIDDEN
            else "run `edgarchive index --rebuild`"
        )
        return IndexServerError(f"the index {index} at {self._access.url} accepts no documents ({reason})", hint)


def _action(kind: str, generation: str, accession: AccessionNumber, place: Place) -> bytes:
    """The first line of an item. All documents of a submission are in one shard, for counting and replacing."""
    about = {"_index": index_name(generation, place[0]), "_id": place[1], "routing": accession}
    return json.dumps({kind: about}, separators=(",", ":")).encode()


def _packed(items: Sequence[list[bytes]]) -> Portion:
    lines = itertools.chain.from_iterable(items)
    return Portion(gzip.compress(b"\n".join([*lines, b""]), _LEVEL, mtime=0), len(items))


def _items(data: bytes) -> Iterator[list[bytes]]:
    """The lines of each item of a request: one for a delete, two for others."""
    lines = iter(gzip.decompress(data).splitlines())
    for action in lines:
        yield [action] if action.startswith(b'{"delete"') else [action, next(lines)]


def places_of(
    client: OpenSearch, access: Access, alias: str, accessions: Sequence[AccessionNumber]
) -> Iterator[tuple[AccessionNumber, Place]]:
    """The locations of the documents of these submissions in the indexes of `alias`. Raises `IndexServerError`."""
    for start in range(0, len(accessions), _ASKED_AT_ONCE):
        some = accessions[start : start + _ASKED_AT_ONCE]
        body: dict[str, Any] = {
            "size": _PLACES_AT_ONCE,
            "_source": False,
            "query": {"terms": {"accession": [str(accession).lower() for accession in some]}},
            "sort": [{"number": "asc"}, {"position": "asc"}, {"year": "asc"}],
        }
        ask = partial(searched, client, access, body, index=alias)
        for hit in all_hits(body, lambda: retried(ask, PATIENCE_S)):  # noqa: B023 — used up before the next `ask`
            yield AccessionNumber(hit["_routing"]), (int(hit["_index"].rpartition("-")[2]), hit["_id"])
