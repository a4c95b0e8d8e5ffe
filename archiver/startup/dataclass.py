"""``dataclass`` as in the standard library, except that the methods are compiled when the first instance is made.

A command loads a hundred dataclasses and makes instances of thirty; compiling the methods of all took a fifth of the
time of a short search. All else is the standard library's: fields, slots, `replace`, `asdict`, `match`.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, **options: bool) -> Any:
        """The decorator of `dataclasses`, with its options."""
        return _decorated(cls, options) if cls is not None else lambda given: _decorated(given, options)


__all__ = ["dataclass"]

_LAZY = {"frozen": True, "slots": True}
"""The options of nearly all of our classes; those with others are made by the standard library."""


def _decorated(given: type, options: dict[str, bool]) -> type:
    inherits = any(hasattr(base, "__dataclass_fields__") for base in given.__bases__)
    if inherits or {**options, "kw_only": True} != {**_LAZY, "kw_only": True}:
        return dataclasses.dataclass(**options)(given)
    own = set(vars(given))
    if vars(given).get("__hash__", given) is None:  # Python's own None, for a class with `__eq__`
        own.discard("__hash__")
    if given.__doc__ is None:  # else the standard library would write one, from a signature
        given.__doc__ = given.__name__
    cls: Any = dataclasses.dataclass(
        init=False, repr=False, eq=False, slots=True, kw_only=options.get("kw_only", False)
    )(given)
    cls.__dataclass_params__.frozen = True

    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807 — it is one
        _compile_methods(cls, own)
        cls.__init__(self, *values, **named)

    def __getstate__(self: Any) -> list[Any]:  # noqa: N807 — as above
        """What is pickled."""
        _compile_pickling(cls, own)
        state: list[Any] = cls.__getstate__(self)
        return state

    def __setstate__(self: Any, state: list[Any]) -> None:  # noqa: N807 — as above
        """Unpickling makes an instance without `__init__`."""
        _compile_methods(cls, own)
        _compile_pickling(cls, own)
        cls.__setstate__(self, state)

    methods = {
        "__repr__": _repr,
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
        "__getstate__": __getstate__,
        "__setstate__": __setstate__,
    }
    for name, method in methods.items():
        if name not in own:
            setattr(cls, name, method)
    cls.__init__ = __init__
    cls.__signature__ = _Signature(cls, own)
    return cls  # type: ignore[no-any-return]  # made above


class _Signature:
    """The signature for `inspect`, which looks here first: compiles the methods, returns that of `__init__`."""

    def __init__(self, cls: type, own: set[str]) -> None:
        self._cls = cls
        self._own = own

    def __get__(self, _instance: object, _owner: type) -> Any:
        _compile_methods(self._cls, self._own)
        raise AttributeError("__signature__")


def _compile_methods(cls: Any, own: set[str]) -> None:
    """Give `cls` its `__init__`, `__eq__` and `__hash__`, unless the class defines them, in one compilation."""
    fields = dataclasses.fields(cls)
    scope: dict[str, Any] = {"FACTORY": _FACTORY}
    positional, named, body = ["self"], ["*"], []
    for field in fields:
        name = field.name
        scope[f"set_{name}"] = vars(cls)[name].__set__
        value = name
        parameter = name
        if field.default_factory is not dataclasses.MISSING:
            scope[f"make_{name}"] = field.default_factory
            value = f"make_{name}() if {name} is FACTORY else {name}" if field.init else f"make_{name}()"
            parameter = f"{name}=FACTORY"
        elif field.default is not dataclasses.MISSING:
            scope[f"default_{name}"] = field.default
            value = name if field.init else f"default_{name}"
            parameter = f"{name}=default_{name}"
        elif not field.init:
            continue
        if field.init:
            (named if field.kw_only else positional).append(parameter)
        body.append(f" set_{name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    parameters = ", ".join(positional + (named if len(named) > 1 else []))
    compared = [field.name for field in fields if field.compare]
    hashed = [field.name for field in fields if (field.compare if field.hash is None else field.hash)]
    source = [
        f"def __init__({parameters}):",
        *(body or [" pass"]),
        "def __eq__(self, other):",
        " if other.__class__ is not self.__class__:",
        "  return NotImplemented",
        f" return {_tuple('self', compared)} == {_tuple('other', compared)}",
        "def __hash__(self):",
        f" return hash({_tuple('self', hashed)})",
    ]
    exec("\n".join(source), scope)  # noqa: S102 — of names of fields alone, as the standard library does it
    types = {field.name: field.type for field in fields if field.init}
    scope["__init__"].__annotations__ = {**types, "return": None}
    for name in ("__init__", "__eq__", "__hash__"):
        if name == "__init__" or name not in own:
            scope[name].__qualname__ = f"{cls.__qualname__}.{name}"
            setattr(cls, name, scope[name])
    with contextlib.suppress(AttributeError):  # another thread was first
        del cls.__signature__


def _compile_pickling(cls: Any, own: set[str]) -> None:
    """Give `cls` the methods that pickling calls for each instance, unless the class defines them."""
    names = [field.name for field in dataclasses.fields(cls)]
    scope: dict[str, Any] = {f"set_{name}": vars(cls)[name].__set__ for name in names}
    source = [
        "def __getstate__(self):",
        f" return [{', '.join(f'self.{name}' for name in names)}]",
        "def __setstate__(self, state):",
        f" [{', '.join(names)}] = state",
        *(f" set_{name}(self, {name})" for name in names),
    ]
    exec("\n".join(source), scope)  # noqa: S102 — as in `_compile_methods`
    for name in ("__getstate__", "__setstate__"):
        if name not in own:
            setattr(cls, name, scope[name])


class _Factory:
    """The default of a parameter whose field has a `default_factory`."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()


def _tuple(of: str, names: list[str]) -> str:
    return "(" + "".join(f"{of}.{name}," for name in names) + ")"


def _repr(self: Any) -> str:
    values = ", ".join(
        f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr
    )
    return f"{type(self).__qualname__}({values})"


def _refuse_to_set(self: object, name: str, value: object) -> None:  # noqa: ARG001 — as Python calls it
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:  # noqa: ARG001 — as above
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
