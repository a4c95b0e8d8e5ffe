"""Parsing plain values of options without pydantic, whose import takes as long as a short search.

A value that is not plain, or cannot be read, is typer's: it has the words for what is wrong. Help pages are those of
typer without its notation for types, ranges and required arguments.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from typer._coercion import RuntimeParam, build_runtime_param
from typer.core import TyperCommand, TyperGroup

from archiver.startup.patterns import lazy_pattern

_WHOLE = lazy_pattern(r"-?[0-9]{1,18}")
_NOT_PLAIN = object()


class PlainCommand(TyperCommand):
    """A verb whose plain values are read here."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its options and arguments, those of typer's own included."""
        return _read_plainly(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """A group of verbs whose plain values are read here."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its options, those of typer's own included."""
        return _read_plainly(super().get_params(ctx))


def _read_plainly(params: Iterable[Any]) -> list[Any]:
    found = list(params)
    for param in found:
        if not isinstance(param._runtime_param, _PlainParam):  # noqa: SLF001 — typer has no other way
            descriptor = param.type_descriptor
            param._runtime_param = _PlainParam(descriptor.parameter_info, descriptor.annotation)  # noqa: SLF001 — as above
        _describe_plainly(param)
    return found


def _describe_plainly(param: Any) -> None:
    """Make help show ``PATH...`` instead of ``{PATH}...``, ``[default: all]`` instead of ``[default: (all); x>=0]``.

    typer has no other way to change them.
    """
    param._get_number_range_help_str = lambda: None  # noqa: SLF001 — an error about a value says it
    if isinstance(default := param.show_default, str):
        param._get_default_string = lambda **_: default  # noqa: SLF001 — as above
    if param.param_type_name == "argument":
        param.display_type_rich = lambda **_: None  # the help says it; this would be Python's type
        more = "..." if param.nargs != 1 else ""
        shown = f"{param.display_name_raw}{more}" if param.required else f"[{param.display_name_raw}]{more}"
        param._usage_display_name = lambda: shown  # noqa: SLF001 — as above


class _PlainParam(RuntimeParam):
    """How one option is read."""

    @property
    def _is_list(self) -> bool:
        kind: Any = get_origin(self.annotation)
        return kind is list

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
        plain = self._many(value) if self._is_list else self._one(self.annotation, value)
        if plain is not _NOT_PLAIN:
            return plain
        return build_runtime_param(param.type_descriptor).coerce(value, param, ctx)

    def _many(self, value: Any) -> Any:
        [kind] = get_args(self.annotation)
        found = [self._one(kind, one) for one in value]
        return _NOT_PLAIN if _NOT_PLAIN in found else found

    def _one(self, kind: Any, value: Any) -> Any:  # noqa: PLR0911 — one for each kind of value
        info = self.parameter_info
        if get_origin(kind) is Literal:
            return value if value in get_args(kind) else _NOT_PLAIN
        if not isinstance(kind, type) or info.parser is not None or info.allow_dash or info.resolve_path or info.exists:
            return _NOT_PLAIN
        if isinstance(value, kind) and (kind in {str, bool} or issubclass(kind, Enum)):
            return value
        if issubclass(kind, Enum) and isinstance(value, str):
            return next((one for one in kind if one.value == value), _NOT_PLAIN)
        if kind is Path and isinstance(value, str):
            return Path(value) if not os.path.lexists(value) or os.access(value, os.R_OK) else _NOT_PLAIN
        if kind is int and _WHOLE.fullmatch(str(value)):
            number = int(value)
            within = (info.min is None or number >= info.min) and (info.max is None or number <= info.max)
            return number if within else _NOT_PLAIN
        return _NOT_PLAIN
