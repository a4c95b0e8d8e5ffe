"""The connection to an OpenSearch cluster: authentication, and translation of errors."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import field
from pathlib import Path
from typing import Any, TypeVar

from opensearchpy import OpenSearch, exceptions

from archiver.errors import EdgarchiveError, IndexMissingError, IndexServerError, QueryError, SettingsError
from archiver.runtime.paths import is_file
from archiver.runtime.retrying import with_retries
from archiver.settings.settings import Settings
from archiver.startup.dataclass import dataclass
from archiver.store.durable import read_plain_file, write_file_durably
from indexer.query.bounds import MAX_SEARCH_S

T = TypeVar("T")

PLACE = "opensearch.json"

MIN_VERSION = (2, 4)
"""The first version of OpenSearch with points in time."""

_CONNECT_ATTEMPTS = 3
_KEPT_CONNECTIONS = 128
"""Eight searches at once, each of 16 shards; for each that is not kept, a line is logged."""

_PASSING = {429, 502, 503, 504}
_MISREAD = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, StopIteration)
"""What reading an answer raises that is not of the expected form."""
_READERS = {f"{__package__}.{name}" for name in ("connection", "engine", "mapping", "searching", "writing")}
"""The modules that read answers."""
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_LARGE = 401, 403, 404, 413


@dataclass(frozen=True, slots=True)
class Access:
    """The address of a cluster and its credentials. `prefix` begins the name of everything created there.

    A new index of a filing year has `shards` shards.
    """

    url: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    prefix: str = "edgarchive"
    shards: int = 1

    @classmethod
    def of(cls, settings: Settings) -> Access:
        """The access configured in `settings`."""
        secret = settings.opensearch_password
        return cls(
            url=settings.opensearch_url,
            user=settings.opensearch_user,
            password=None if secret is None else secret.reveal(),
            ca_file=settings.opensearch_ca_file,
            prefix=settings.opensearch_prefix,
            shards=settings.opensearch_shards,
        )

    def client(self) -> OpenSearch:
        """A client that several threads may use; it sends nothing yet. Raises `SettingsError` (missing CA file)."""
        if self.ca_file is not None and not is_file(self.ca_file):
            raise SettingsError(f"there is no file {self.ca_file}", "set opensearch_ca_file to the cluster's CA")
        return OpenSearch(
            self.url.split(","),
            http_auth=(self.user, self.password or "") if self.user is not None else None,
            ca_certs=None if self.ca_file is None else str(self.ca_file),
            timeout=MAX_SEARCH_S * 2,
            max_retries=_CONNECT_ATTEMPTS,
            retry_on_timeout=False,
            pool_maxsize=_KEPT_CONNECTIONS,
        )


def cluster_uuid(client: OpenSearch, access: Access) -> str:
    """The identity of the cluster. Raises `IndexServerError` if it is not a supported OpenSearch."""
    with cluster_errors(access):
        about = client.info()
    version = about.get("version", {})
    number = str(version.get("number", "?"))
    found = tuple(int(part) for part in number.split(".")[:2] if part.isdigit())
    if version.get("distribution") != "opensearch" or found < MIN_VERSION:
        kind = version.get("distribution", "no OpenSearch")
        wanted = ".".join(map(str, MIN_VERSION))
        raise IndexServerError(f"the server at {access.url} is {kind} {number}", f"use OpenSearch {wanted} or later")
    return str(about["cluster_uuid"])


def is_passing(error: exceptions.OpenSearchException) -> bool:
    """Whether the same request may succeed later: no connection, a full queue, a node that just disappeared."""
    if isinstance(error, exceptions.ConnectionError):
        return not isinstance(error, exceptions.SSLError)
    return isinstance(error, exceptions.TransportError) and error.status_code in _PASSING


@contextlib.contextmanager
def cluster_errors(access: Access) -> Iterator[None]:
    """Translate the client's errors to `QueryError`, `IndexMissingError` or `IndexServerError`, without any secret."""
    try:
        yield
    except exceptions.ConnectionTimeout:
        raise IndexServerError(f"{access.url} did not answer in time", "check its nodes, and try again") from None
    except exceptions.SSLError as error:
        raise IndexServerError(
            f"{access.url} failed TLS verification ({_reason(error)})", "set opensearch_ca_file"
        ) from None
    except exceptions.ConnectionError as error:
        raise IndexServerError(
            f"there is no OpenSearch at {access.url} ({_reason(error)})",
            "start it, or set opensearch_url",
            may_pass=True,
        ) from None
    except exceptions.TransportError as error:
        raise _refusal(error, access) from None
    except (exceptions.SerializationError, RecursionError):  # a proxy's page; an answer that is cut off
        raise _no_answer(access, "it is not JSON") from None


@contextlib.contextmanager
def sound_answers(access: Access) -> Iterator[None]:
    """Raise `IndexServerError` if reading an answer fails because a part of it is missing or of another kind."""
    try:
        yield
    except EdgarchiveError:
        raise
    except _MISREAD as error:
        if not isinstance(error, RecursionError) and not _is_misread(error):
            raise
        raise _no_answer(access, f"{type(error).__name__} while reading it") from error


def _is_misread(error: BaseException) -> bool:
    """Whether `error` was raised by the code that reads answers; elsewhere it is a programming error."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    name = "" if place is None else str(place.tb_frame.f_globals.get("__name__"))
    return name in _READERS


def _no_answer(access: Access, reason: str) -> IndexServerError:
    return IndexServerError(
        f"{access.url} sent something that is not a response of OpenSearch: {reason}",
        "check opensearch_url and any proxy on the way",
        may_pass=True,
    )


def retried(ask: Callable[[], T], patience_s: float, also: tuple[type[EdgarchiveError], ...] = ()) -> T:
    """The result of `ask`, retried for `patience_s` seconds while the cluster is unavailable or `also` is raised.

    `ask` must be repeatable. Raises what `ask` does.
    """

    def may_pass(error: BaseException) -> bool:
        return isinstance(error, also) or (isinstance(error, IndexServerError) and error.may_pass)

    return with_retries(ask, retry_if=may_pass, patience_s=patience_s, wait_s=0.2, longest_wait_s=10)


def require_all_shards(answer: dict[str, Any], access: Access) -> dict[str, Any]:
    """`answer`, if it is from all shards. Raises `IndexServerError` otherwise, as some of the hits are not the result.

    A shard that disappears during a search, with its node or because its index was removed, is silently left out even
    if partial results are disabled (measured with 2.19).
    """
    shards = answer["_shards"]
    if shards["successful"] < shards["total"]:
        raise _not_now(access, f"{shards['total'] - shards['successful']} of {shards['total']} shards did not answer")
    return answer


def require_acknowledged(answer: dict[str, Any], access: Access) -> None:
    """Raise `IndexServerError` unless `answer` is that of a cluster which has accepted a change."""
    if not isinstance(answer, dict) or "acknowledged" not in answer:
        raise _no_answer(access, "it does not acknowledge a change")


_TOO_MUCH = (
    (
        ("expanded to too many terms", "too_many_clauses"),
        "a pattern in a phrase matches too many words of the index",
        "add letters to make it narrower",
    ),
    (
        ("too_many_nested_clauses", "input automaton"),
        "the query has too many words, or too long ones, for the cluster",
        "use fewer words, above all inside of section: and name:, or shorter ones",
    ),
)
"""What a cluster says of a query that exceeds one of its limits, and what it means."""


def _not_now(access: Access, reason: str) -> IndexServerError:
    return IndexServerError(f"{access.url} cannot answer now: {reason}", "check its nodes and try again", may_pass=True)


def _refusal(error: exceptions.TransportError, access: Access) -> Exception:
    status, reason = error.status_code, _reason(error)
    if status == _UNAUTHORIZED:
        return IndexServerError(
            f"{access.url} rejected the credentials", "check opensearch_user and EDGARCHIVE_OPENSEARCH_PASSWORD"
        )
    for marks, message, hint in _TOO_MUCH:
        if any(mark in reason for mark in marks):
            return QueryError(f"{message} ({reason})", hint)
    if "cluster_block_exception" in reason or status == _FORBIDDEN:
        return IndexServerError(
            f"{access.url} refused the request: {reason}",
            "free disk space on its nodes or remove index.blocks, then run the same command again",
        )
    if status == _NOT_FOUND:
        missing = IndexMissingError(
            f"{access.url} does not have the index: {reason}", "run `edgarchive index --rebuild`"
        )
        is_of_opensearch = isinstance(error.info, dict) and "error" in error.info
        return missing if is_of_opensearch else _no_answer(access, "404 without an error of OpenSearch")
    if status in _PASSING:
        return _not_now(access, reason)
    return IndexServerError(f"{access.url} answered {status}: {reason}", "see the log of its nodes")


def _reason(error: exceptions.TransportError) -> str:
    """The reason in one line: the server's innermost reason if there is one."""
    info: Any = error.info
    if isinstance(info, dict) and isinstance(info.get("error"), dict):
        cause = info["error"]
        failed = cause.get("failed_shards") or []
        if failed and isinstance(failed[0], dict):
            cause = failed[0].get("reason", cause)
        kind, text = cause.get("type", ""), cause.get("reason", "")
        return " ".join(f"{kind}: {text}".split())[:300]
    if isinstance(error, exceptions.ConnectionError):
        return type(info).__name__
    return " ".join(str(error.error).split())[:300]


def write_place(folder: Path, alias: str, uuid: str) -> None:
    """Note in an index's `folder` which alias of which cluster it is. Raises `OSError`."""
    write_file_durably(folder / PLACE, json.dumps({"alias": alias, "cluster_uuid": uuid}).encode() + b"\n")


def read_place(folder: Path) -> tuple[str, str]:
    """The alias and the cluster's identity. Raises `OSError`, `ValueError`, `KeyError`, `TypeError`."""
    place = json.loads(read_plain_file(folder / PLACE))
    return str(place["alias"]), str(place["cluster_uuid"])
