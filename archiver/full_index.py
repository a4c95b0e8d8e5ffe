"""EDGAR's quarterly full index, read over the network."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar

from archiver.edgar import Edgar
from archiver.endpoints import Quarter
from archiver.errors import AbsentError, DamagedBodyError, FetchError, UnreachableError
from archiver.master_index import unpack_master_index

T = TypeVar("T")

_log = logging.getLogger(__name__)

_MAX_BYTES = 500_000_000
"""Far above the largest quarterly index (33 MB); a body that passes it is none."""
_NAMES = ("master.gz", "master.idx")
"""The smallest first; its gzip also carries a checksum."""
_FEW_QUARTERS = 8
"""Up to so many quarters are asked for one by one; for more, the listings of years and quarters cost less."""


async def published_quarters(edgar: Edgar, wanted: Sequence[Quarter]) -> AsyncIterator[Quarter]:
    """Those of `wanted` that EDGAR has an index of, in their order.

    The listings of years and quarters are read as they are needed, and only for a span in which they save requests.
    Raises as `read_quarter` does.
    """
    years = await _listed(edgar, edgar.endpoints.full_index_listing()) if len(wanted) > _FEW_QUARTERS else None
    by_year: dict[int, frozenset[str] | None] = {}
    for quarter in wanted:
        if years is not None:
            if str(quarter.year) not in years:
                continue
            if quarter.year not in by_year:
                by_year[quarter.year] = await _listed(edgar, edgar.endpoints.full_index_listing(quarter.year))
            listed = by_year[quarter.year]
            if listed is not None and f"QTR{quarter.number}" not in listed:
                continue
        yield quarter


async def read_quarter(edgar: Edgar, quarter: Quarter) -> bytes | None:
    """The text of a quarter's master index, or None where EDGAR has none.

    The folder's ``index.json`` says which files there are; where EDGAR serves none, the names are tried in turn. Raises
    `BlockedError`, and `UnreachableError` for an index that exists and cannot be had: a plan without it would be wrong.
    """
    listed = await _listed(edgar, edgar.endpoints.full_index(quarter, "index.json"))
    for name in _NAMES:
        if listed is None or name in listed:
            text = await _read(edgar, edgar.endpoints.full_index(quarter, name), unpack_master_index)
            if text is not None:
                return text
    _log.info("EDGAR has no index of %s", quarter)
    return None


async def _listed(edgar: Edgar, url: str) -> frozenset[str] | None:
    """The names in the folder list at `url`, or None where EDGAR serves no list."""
    return await _read(edgar, url, _names)


async def _read(edgar: Edgar, url: str, understand: Callable[[bytes], T]) -> T | None:
    """What the body of `url` says, or None where EDGAR does not have it."""
    try:
        return await edgar.read(url, understand, max_bytes=_MAX_BYTES)
    except AbsentError:
        return None
    except FetchError as error:
        raise UnreachableError(f"{url} cannot be read: {error.message}", "run the same command again later") from error


def _names(body: bytes) -> frozenset[str]:
    try:
        return frozenset(str(item["name"]).strip("/") for item in json.loads(body)["directory"]["item"])
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedBodyError("the body is not a folder list") from error
