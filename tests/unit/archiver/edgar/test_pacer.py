from __future__ import annotations

import asyncio
import itertools
import math
import multiprocessing
import os
import resource
import stat
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.edgar.pacer import _MAGIC, Pacer, PaceState, admit, interval_s, pause
from archiver.errors import StorageError
from tests.paths import ROOT

RATE = 50.0
RUN_S = 2.0

RATES = st.floats(min_value=0.2, max_value=40)
GAPS_S = st.lists(st.sampled_from([0.0, 0.001, 0.005, 0.02, 0.1, 0.4, 1.1]), min_size=2, max_size=150)


def starts_of(state: PaceState, arrivals: list[tuple[float, float]], *, late_s: float = 0.0) -> list[float]:
    """When requests start that arrive at (time, rate), in turn, with timers that wake `late_s` late."""
    starts: list[float] = []
    now_s = 0.0
    for arrival_s, rate in arrivals:
        now_s = max(now_s, arrival_s)
        wait_s, new = admit(state, now_s=now_s, rate=rate)
        for _ in range(10):
            if not wait_s:
                break
            now_s += wait_s + late_s
            wait_s, new = admit(state, now_s=now_s, rate=rate)
        assert not wait_s, "a request that waits as it is told to may start"
        state = new
        starts.append(now_s)
    return starts


def most_in_one_second(starts: list[float]) -> int:
    """The highest number of starts in any window of one second."""
    return max(sum(first <= start <= first + 1 for start in starts[place:]) for place, first in enumerate(starts))


@given(RATES, GAPS_S, st.floats(min_value=0, max_value=0.05))
def test_no_second_ever_holds_more_starts_than_the_rate(rate: float, gaps_s: list[float], late_s: float) -> None:
    """Not at the beginning, not after a rest, not when timers are late: there is no burst."""
    arrivals = [(1000 + moment, rate) for moment in itertools.accumulate(gaps_s)]
    assert most_in_one_second(starts_of(PaceState(), arrivals, late_s=late_s)) <= max(1, rate)


@given(st.lists(st.sampled_from([1.0, 2.0, 8.0, 10.0]), min_size=30, max_size=120))
def test_processes_with_different_rates_stay_below_the_highest(rates: list[float]) -> None:
    """A slow run beside a fast one takes its starts from the same second."""
    assert most_in_one_second(starts_of(PaceState(), [(1000.0, rate) for rate in rates])) <= max(rates)


@given(RATES)
def test_the_rate_is_used_and_late_timers_are_caught_up(rate: float) -> None:
    """A waiting line of requests gets 95 % of the whole rate, though every timer wakes 15 ms late."""
    starts = starts_of(PaceState(), [(1000.0, rate)] * 100, late_s=min(0.015, interval_s(rate) / 2))
    whole = rate if rate < 1 else int(rate)
    assert 99 / (starts[-1] - starts[0]) >= 0.95 * whole


@given(
    st.floats(min_value=0, max_value=100_000),
    st.floats(min_value=0, max_value=10_000_000),
    st.floats(min_value=0, max_value=600),
)
def test_a_state_from_before_a_reboot_is_not_believed(now_s: float, uptime_s: float, pause_s: float) -> None:
    """The clock began anew: neither the old start, nor the old pause, nor the gentle time after it holds any more."""
    before_s = now_s + 1 + uptime_s
    _, state = admit(PaceState(), now_s=before_s, rate=8)
    state = pause(state, now_s=before_s, pause_s=pause_s)
    starts = starts_of(state, [(now_s, 8.0)] * 3)
    assert starts[0] == now_s
    assert starts[2] - starts[0] < 2.5 * interval_s(8)


@given(st.floats(min_value=1000, max_value=10_000_000), st.floats(min_value=0.1, max_value=1e9))
def test_a_pause_holds_and_what_follows_is_gentle(now_s: float, pause_s: float) -> None:
    """No start before the pause is over, a day at most; then half the rate."""
    held_s = min(pause_s, 86_400)
    state = pause(PaceState(now_s), now_s=now_s, pause_s=pause_s)
    wait_s, state = admit(state, now_s=now_s + held_s * 0.999, rate=8)
    assert wait_s > 0
    starts = starts_of(state, [(now_s + held_s * 1.001, 8.0)] * 2)
    if held_s > 10:
        assert starts[1] - starts[0] == pytest.approx(2 * interval_s(8), abs=1e-6)


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    """Every block counts; the longest wish holds."""
    state = pause(pause(PaceState(), now_s=1000, pause_s=600), now_s=1001, pause_s=5)
    assert admit(state, now_s=1100, rate=8)[0] == pytest.approx(500)


def run_pacer(folder: str, seconds: float) -> list[float]:
    """Start as often as the pacer allows; give the moments."""
    admitted_s = 0.0

    def clock() -> float:
        nonlocal admitted_s
        admitted_s = time.monotonic()
        return admitted_s

    async def run() -> list[float]:
        pacer = Pacer("https://www.sec.gov", rate=RATE, folder=Path(folder), clock=clock)
        end_s = time.monotonic() + seconds
        starts = []
        while time.monotonic() < end_s:
            await pacer.start()
            starts.append(admitted_s)
        pacer.close()
        return starts

    return asyncio.run(run())


@pytest.mark.slow
def test_two_processes_share_one_rate(tmp_path: Path) -> None:
    """Every second of real time holds at most the rate, for both together, and most of it is used, by both."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.starmap(run_pacer, [(str(tmp_path), 0.0)] * 2)
        both = pool.starmap(run_pacer, [(str(tmp_path), RUN_S)] * 2)
    starts = sorted(itertools.chain(*both))
    assert most_in_one_second(starts) <= RATE
    assert len(starts) > 0.5 * RATE * RUN_S
    assert min(map(len, both)) > 5


async def test_a_pause_stops_every_process(tmp_path: Path) -> None:
    """A block page that one process meets holds back the others, but not those that ask another host."""
    code = (
        "import sys, time; from pathlib import Path; from archiver.edgar.pacer import Pacer\n"
        "print(time.monotonic())\n"
        "Pacer('https://data.sec.gov', rate=10, folder=Path(sys.argv[1])).pause(1)"
    )
    pacer = Pacer("https://www.sec.gov", rate=1000, folder=tmp_path)
    other = Pacer("http://127.0.0.1:8000", rate=1000, folder=tmp_path)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, tmp_path, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    over_s = float(out) + 1
    await other.start()
    assert time.monotonic() < over_s
    await pacer.start()
    assert time.monotonic() >= over_s
    assert (pacer.starts, other.starts) == (1, 1)
    pacer.close()
    other.close()


@pytest.mark.parametrize(
    "content", [b"", b"short", bytes(64), _MAGIC + struct.pack("<4d", math.nan, math.inf, -1e300, 1e300)]
)
async def test_a_damaged_file_holds_nobody_back(tmp_path: Path, content: bytes) -> None:
    """What cannot be a state is none."""
    (tmp_path / "edgarchive-pace-sec.gov").write_bytes(content)
    pacer = Pacer("https://www.sec.gov", rate=1000, folder=tmp_path)
    await asyncio.wait_for(pacer.start(), timeout=1)
    pacer.close()


def test_the_shared_file_is_open_to_every_user_and_is_a_plain_file(tmp_path: Path) -> None:
    """Any user's process takes part; a link that somebody put there is not followed."""
    Pacer("https://www.sec.gov", rate=8, folder=tmp_path).close()
    path = tmp_path / "edgarchive-pace-sec.gov"
    assert stat.S_IMODE(path.stat().st_mode) == 0o666
    path.unlink()
    makers: list[Callable[[], None]] = [lambda: path.symlink_to("elsewhere"), path.mkdir, lambda: os.mkfifo(path)]
    for make in makers:
        make()
        with pytest.raises(StorageError):
            Pacer("https://www.sec.gov", rate=8, folder=tmp_path)
        path.rmdir() if path.is_dir() else path.unlink()
    assert not (tmp_path / "elsewhere").exists()


async def test_a_full_folder_is_said(tmp_path: Path) -> None:
    """No room for the shared file is an error of ours, which ends the run with 7."""
    pacer = Pacer("http://127.0.0.1", rate=10_000, folder=tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(StorageError, match="holds the request rate"):
            await pacer.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        pacer.close()
