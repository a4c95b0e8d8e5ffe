from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
from dataclasses import KW_ONLY, field
from typing import Any

import pytest

from archiver.startup.dataclass import dataclass as ours
from tests.paths import ROOT


def _made_by(decorator: Any) -> dict[str, Any]:
    """The same classes, made by a decorator: ours, or that of the standard library."""

    @decorator(frozen=True, slots=True)
    class Point:
        """With a default, a factory, and what is neither compared nor shown."""

        x: int
        y: int = 2
        tags: list[str] = field(default_factory=list)
        note: str = field(default="", compare=False, repr=False)

    @decorator(frozen=True, slots=True)
    class Named:
        """With names alone after the first, and a value that is worked out."""

        first: str
        _: KW_ONLY
        second: int = 0
        both: str = field(init=False, default="?")
        log: tuple[str, ...] = field(init=False, default_factory=tuple)

        def __post_init__(self) -> None:
            object.__setattr__(self, "both", f"{self.first}{self.second}")

    @decorator(frozen=True, slots=True, kw_only=True)
    class Own:
        x: int

        def __eq__(self, other: object) -> bool:
            return other == self.x

        def __hash__(self) -> int:
            return 7

        def __repr__(self) -> str:
            return "own"

    @decorator(frozen=True, slots=True)
    class Empty:
        """Without fields."""

    @decorator(frozen=True, slots=True)
    class Below(Point):
        """One that inherits."""

        y: int = 3

    return {one.__name__: one for one in (Point, Named, Own, Empty, Below)}


OURS, THEIRS = _made_by(ours), _made_by(dataclasses.dataclass)
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Point", (1,), {}),
    ("Point", (1,), {"note": "a"}),
    ("Point", (1, 3, ["a"]), {}),
    ("Point", (), {}),
    ("Point", (1, 2, [], "", 5), {}),
    ("Named", ("a",), {}),
    ("Named", ("a",), {"second": 4}),
    ("Named", ("a", 4), {}),
    ("Own", (), {"x": 7}),
    ("Own", (7,), {}),
    ("Empty", (), {}),
    ("Below", (1,), {"y": 9}),
]


def _outcome(call: Any) -> Any:
    try:
        return call()
    except (AttributeError, TypeError) as error:
        return type(error)


@pytest.mark.parametrize(("name", "values", "named"), CALLS)
def test_an_instance_is_as_of_the_standard_library(name: str, values: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Made, shown, compared, hashed, changed, taken apart and matched the same, and refused the same."""
    one, other = (_outcome(lambda cls=made[name]: cls(*values, **named)) for made in (OURS, THEIRS))
    if isinstance(other, type):
        assert one is other
        return
    assert repr(one) == repr(other)
    assert dataclasses.asdict(one) == dataclasses.asdict(other)
    assert dataclasses.astuple(one) == dataclasses.astuple(other)
    assert (one == OURS[name](*values, **named)) == (other == THEIRS[name](*values, **named))
    assert one != other or name == "Own"
    assert _outcome(lambda: hash(one)) == _outcome(lambda: hash(other))
    assert copy.deepcopy(one) == one or name == "Own"
    for found in dataclasses.fields(one):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, found.name, 1)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(one, found.name)


@pytest.mark.parametrize("name", OURS)
def test_a_class_is_as_of_the_standard_library(name: str) -> None:
    """Its fields, slots, signature and patterns, also before there is an instance."""
    one, other = _made_by(ours)[name], THEIRS[name]
    assert str(inspect.signature(one)) == str(inspect.signature(other))
    assert one.__match_args__ == other.__match_args__
    assert one.__slots__ == other.__slots__
    assert one.__dataclass_params__.frozen
    assert [(f.name, f.default, f.kw_only) for f in dataclasses.fields(one)] == [
        (f.name, f.default, f.kw_only) for f in dataclasses.fields(other)
    ]


def test_a_change_makes_another() -> None:
    """`replace` works, with what is not compared as well."""
    point = OURS["Point"](1, note="a")
    assert dataclasses.replace(point, y=5) == OURS["Point"](1, 5)
    assert dataclasses.replace(point, y=5).note == "a"


@ours(frozen=True, slots=True)
class Sent:
    """What goes to another process."""

    x: int
    names: tuple[str, ...] = ()


def test_pickling_compiles_once() -> None:
    """Workers send an instance for every submission."""
    sent = pickle.dumps(Sent(1, ("a",)))
    assert pickle.loads(sent) == Sent(1, ("a",))  # noqa: S301 — our own
    methods = ("__init__", "__eq__", "__hash__", "__getstate__", "__setstate__")
    compiled = [getattr(Sent, name) for name in methods]
    assert pickle.loads(pickle.dumps(pickle.loads(sent))) == Sent(1, ("a",))  # noqa: S301
    assert [getattr(Sent, name) for name in methods] == compiled


def test_an_instance_is_pickled_into_a_process_that_has_made_none() -> None:
    """What arrives compares, hashes and shows itself as where it was made."""
    code = (
        "import pickle, sys; one = pickle.loads(sys.stdin.buffer.read());"
        "from tests.unit.archiver.startup.test_dataclass import Sent;"
        "assert one == Sent(1, ('a',)) and hash(one) == hash(Sent(1, ('a',)));"
        "assert repr(one) == \"Sent(x=1, names=('a',))\""
    )
    subprocess.run([sys.executable, "-c", code], input=pickle.dumps(Sent(1, ("a",))), check=True, cwd=ROOT)
    assert copy.copy(Sent(2)) == Sent(2)
