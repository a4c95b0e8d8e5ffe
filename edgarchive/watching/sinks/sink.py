"""What a sink is, and what becomes of a delivery that it did not take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from archiver.catalogue.watching import Delivery

RETRY_AFTER_S = (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds until a delivery is tried again, attempt by attempt; after the last it is given up (Standard Webhooks)."""


class Outcome(Enum):
    """How sending came out."""

    DELIVERED = "delivered"
    AGAIN = "again"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcome of sending some deliveries, and for a person why it was not taken."""

    outcome: Outcome
    reason: str = ""


class Sink(Protocol):
    """Takes alerts. `key` tells it from other sinks in the catalogue, and has no secret; `name` is for messages."""

    key: str
    name: str

    def ready_at(self, created: datetime) -> datetime | None:
        """When an alert that was made then may be sent; None: at once."""

    def portions(self, waiting: Sequence[Delivery]) -> Sequence[Sequence[Delivery]]:
        """The deliveries that are sent together."""

    async def send(self, deliveries: Sequence[Delivery]) -> Sent:
        """Send them. What fails is an outcome, not an error."""


def one_by_one(waiting: Sequence[Delivery]) -> list[Sequence[Delivery]]:
    """Each delivery by itself."""
    return [(one,) for one in waiting]


def next_try(delivery: Delivery, now: datetime) -> datetime | None:
    """When a delivery that failed now is tried again; None where it is given up."""
    if delivery.attempts >= len(RETRY_AFTER_S):
        return None
    return now + timedelta(seconds=RETRY_AFTER_S[delivery.attempts])
