"""The protocol of sinks, and the retries of failed deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from archiver.catalogue.watching import Delivery
from archiver.startup.dataclass import dataclass

RETRY_AFTER_S = (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before each retry of a delivery; after the last one it is given up (Standard Webhooks)."""


LONGEST = timedelta(seconds=RETRY_AFTER_S[-1] + 3_600)
"""No delivery is planned further ahead: the longest retry or a daily digest, on a day of 25 hours."""


class Outcome(Enum):
    """The outcome of sending."""

    DELIVERED = "delivered"
    AGAIN = "again"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcome of sending some deliveries, and the reason for a failure."""

    outcome: Outcome
    reason: str = ""


class Sink(Protocol):
    """Receives alerts. `key` identifies it in the catalogue and contains no secret; `name` is for messages."""

    key: str
    name: str

    def ready_at(self, created: datetime) -> datetime | None:  # noqa: ARG002 — for others to use
        """When an alert created at that time may be sent; None means at once."""
        return None

    def portions(self, waiting: Sequence[Delivery]) -> Sequence[Sequence[Delivery]]:
        """The deliveries that are sent together: each by itself."""
        return [(one,) for one in waiting]

    async def send(self, deliveries: Sequence[Delivery]) -> Sent:
        """Send them. Failures are outcomes, not errors."""


def next_try(delivery: Delivery, now: datetime) -> datetime | None:
    """When a delivery that failed now is retried; None if it is given up."""
    if delivery.attempts >= len(RETRY_AFTER_S):
        return None
    return now + timedelta(seconds=RETRY_AFTER_S[delivery.attempts])
