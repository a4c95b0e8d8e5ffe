from __future__ import annotations

from collections.abc import Callable

import pytest

from archiver.runtime.retrying import with_retries


class Clock:
    """A clock that only sleeping moves on."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept_s: list[float] = []

    def time(self) -> float:
        """Seconds."""
        return self.now_s

    def sleep(self, pause_s: float) -> None:
        """Move on."""
        self.now_s += pause_s
        self.slept_s.append(pause_s)


def failing(times: int, error: Exception) -> Callable[[], str]:
    """Work that raises `error` so many times."""
    errors = [error] * times

    def work() -> str:
        if errors:
            raise errors.pop()
        return "done"

    return work


def test_what_passes_is_tried_until_it_succeeds() -> None:
    """With an even wait between the attempts."""
    clock = Clock()
    work = failing(3, BlockingIOError())
    assert (
        with_retries(work, retry_if=BlockingIOError, patience_s=1, wait_s=0.1, sleep=clock.sleep, clock=clock.time)
        == "done"
    )
    assert clock.slept_s == [0.1] * 3


def test_the_wait_grows_up_to_its_longest() -> None:
    """And never by more than half is it cut short."""
    clock = Clock()
    with_retries(
        failing(6, OSError()),
        retry_if=(OSError,),
        patience_s=100,
        wait_s=1,
        longest_wait_s=4,
        sleep=clock.sleep,
        clock=clock.time,
    )
    assert all(most / 2 <= slept <= most for slept, most in zip(clock.slept_s, [1, 2, 4, 4, 4, 4], strict=True))


def test_patience_ends() -> None:
    """What stays wrong is raised as it was, and nobody sleeps beyond the end."""
    clock = Clock()
    error = OSError("busy")
    with pytest.raises(OSError, match="busy") as raised:
        with_retries(
            failing(99, error), retry_if=OSError, patience_s=1, wait_s=0.3, sleep=clock.sleep, clock=clock.time
        )
    assert raised.value is error
    assert clock.now_s <= 1


@pytest.mark.parametrize("retry_if", [OSError, lambda error: "pass" in str(error)])
def test_any_other_error_is_raised_at_once(retry_if: type[Exception] | Callable[[Exception], bool]) -> None:
    """Only what is named, or accepted, is worth another attempt."""
    clock = Clock()
    with pytest.raises(ValueError, match="wrong"):
        with_retries(
            failing(1, ValueError("wrong")), retry_if=retry_if, patience_s=1, sleep=clock.sleep, clock=clock.time
        )
    assert not clock.slept_s
