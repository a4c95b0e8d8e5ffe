"""kill -9 at random moments of every way of writing; `scripts/bench damage` does it hundreds of times."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from tests.damage.kills import Killer
from tests.damage.phases import PHASES, publish_feed
from tests.loopback import LoopbackEdgar
from tests.thorough import rounds

ROUNDS = rounds(2, thorough=50)


@pytest.mark.parametrize("phase", PHASES)
def test_killed_at_a_random_moment(edgar: LoopbackEdgar, settings: Settings, tmp_path: Path, phase: str) -> None:
    """What was stored stays, verify finds nothing lost, readers get answers, and the next run completes it all."""
    publish_feed(edgar)
    killer = Killer(phase, settings, tmp_path, seed=phase)
    rounds = [killer.round() for _ in range(ROUNDS)]
    assert [fault for one in rounds for fault in one.faults] == []
