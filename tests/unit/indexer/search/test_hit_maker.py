"""Hits from what an engine has stored."""

from __future__ import annotations

import pytest

from archiver.errors import IndexMissingError
from indexer.engine import EngineHit
from indexer.search.hit_maker import HitMaker


@pytest.mark.parametrize("stored", ["", '{"accession": "00\x01', '{"accession"'])
def test_a_damaged_record_is_damage_of_the_index(stored: str) -> None:
    """A disk may flip bytes that no checksum of the engine covers while it reads."""

    def unread(accession: str) -> None:
        raise AssertionError(accession)

    with pytest.raises(IndexMissingError, match="damaged record"):
        HitMaker(unread, None)(EngineHit(stored, None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "stored",
    ["{}", "[]", "5", "null", '"x"', "[" * 100_000, '{"accession": 5, "entities": [], "position": null}', None, 7],
)
def test_a_record_of_another_kind_is_a_typed_error(stored: str) -> None:
    """JSON that lacks the facts, or has something else there, as a server may send it."""
    with pytest.raises(IndexMissingError, match="damaged record"):
        HitMaker(lambda _: None, None)(EngineHit(stored, 1.0))  # type: ignore[arg-type, return-value]
