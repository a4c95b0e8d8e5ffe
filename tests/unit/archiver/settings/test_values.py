from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from archiver.settings import values as kinds
from archiver.settings.values import Reader, SecretText

READ: list[tuple[Reader, Any, Any]] = [
    (kinds.text, "a b", "a b"),
    (kinds.one_of("a", "b"), "b", "b"),
    (kinds.text_like("[a-z]+", "letters"), "abc", "abc"),
    (kinds.path, Path("/srv"), Path("/srv")),
    (kinds.path, "/srv/edgar", Path("/srv/edgar")),
    (kinds.boolean, True, True),
    (kinds.boolean, "Yes", True),
    (kinds.boolean, "0", False),
    (kinds.boolean, "off", False),
    (kinds.boolean, 1, True),
    (kinds.whole_number(1, 9), "9", 9),
    (kinds.whole_number(1, 9), 5.0, 5),
    (kinds.whole_number(1), 10**30, 10**30),
    (kinds.number(0.5, 9), "0.5", 0.5),
    (kinds.number(0), 3, 3.0),
    (kinds.number(0), "inf", math.inf),
]
REFUSED: list[tuple[Reader, Any, str]] = [
    (kinds.text, 5, "text"),
    (kinds.secret, 5, "text"),
    (kinds.one_of("a", "b", "c"), "d", "it must be 'a', 'b' or 'c'"),
    (kinds.one_of("a", "b"), None, "it must be 'a' or 'b'"),
    (kinds.text_like("[a-z]+", "letters"), "abc\n", "letters"),
    (kinds.path, 5, "path"),
    (kinds.path, "a\0b", "NUL"),
    (kinds.path, "~nobody-of-this-name/x", "home"),
    (kinds.boolean, "perhaps", "true or false"),
    (kinds.boolean, 2, "true or false"),
    (kinds.whole_number(1, 9), 0, "at least 1"),
    (kinds.whole_number(1, 9), "10", "at most 9"),
    (kinds.whole_number(1, 9), "1.5", "whole number"),
    (kinds.whole_number(1, 9), 1.5, "whole number"),
    (kinds.whole_number(1), math.inf, "whole number"),
    (kinds.whole_number(1), True, "whole number"),
    (kinds.whole_number(1), [], "whole number"),
    (kinds.whole_number(1), "9" * 5000, "whole number"),
    (kinds.number(0.5, 9), "fast", "number"),
    (kinds.number(0.5, 9), math.nan, "at least 0.5"),
    (kinds.number(0.5, 9), 9.1, "at most 9"),
    (kinds.number(0), 10**400, "number"),
    (kinds.number(0), False, "number"),
]


@pytest.mark.parametrize(("read", "value", "expected"), READ)
def test_a_value_is_read(read: Reader, value: Any, expected: Any) -> None:
    """From the environment's texts as from the values of TOML."""
    found = read(value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("read", "value", "message"), REFUSED)
def test_a_value_that_cannot_be_used_is_refused(read: Reader, value: Any, message: str) -> None:
    """The message says what it must be."""
    with pytest.raises(ValueError, match=message):
        read(value)


def test_a_secret_is_not_shown() -> None:
    """Not by `repr`, `str` or a format; but it can be had, and compared."""
    secret = kinds.secret("hush")
    assert "hush" not in f"{secret!r} {secret} {[secret]}"
    assert secret.reveal() == "hush"
    assert kinds.secret(secret) == SecretText("hush")
    assert len({secret, SecretText("hush"), SecretText("other")}) == 2
