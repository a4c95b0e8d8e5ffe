"""A small EDGAR on this machine, for tests and the demo: `LoopbackEdgar`. Its faults are in `tests.loopback.faults`."""

from __future__ import annotations

from tests.loopback.server import FIXTURES, LoopbackEdgar, RequestRecord

__all__ = ["FIXTURES", "LoopbackEdgar", "RequestRecord"]
