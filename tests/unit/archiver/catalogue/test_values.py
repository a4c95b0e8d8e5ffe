from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.catalogue import values

READERS: tuple[Callable[[object], object], ...] = (
    values.text,
    values.integer,
    values.flag,
    values.sha256,
    values.md5,
    values.day,
    values.moment,
    lambda value: values.one_of(value, "valid", "invalid"),
    lambda value: values.json_of(dict, value),
)


@given(st.none() | st.binary(max_size=40) | st.text(max_size=80) | st.integers() | st.floats())
def test_any_value_is_read_or_refused(value: object) -> None:
    """SQLite may give any of its types: never another error than ValueError."""
    for read in READERS:
        try:
            read(value)
        except ValueError:
            continue


def test_values_are_what_they_mean() -> None:
    """Moments come in UTC."""
    assert values.day("2004-12-22") == date(2004, 12, 22)
    assert values.moment("2024-01-02T05:04:05+02:00") == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (values.integer(7), values.flag(1), values.optional(values.integer)(None)) == (7, True, None)
    assert values.json_of(list, "[1]") == [1]


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (values.day, "20041222"),
        (values.day, "2004-12-22 "),
        (values.moment, "2024-01-02T05:04:05"),
        (values.moment, "0001-01-01T00:00:00+23:59"),
        (values.integer, True and -1),
        (values.integer, 2.0),
        (values.sha256, "AB" * 32),
        (lambda value: values.json_of(dict, value), "[" * 100_000),
    ],
)
def test_another_spelling_is_no_value(read: Callable[[object], object], value: object) -> None:
    """What sorts or compares otherwise than it should is refused."""
    with pytest.raises(ValueError, match=r"."):
        read(value)
