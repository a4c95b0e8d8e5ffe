"""The public names of the library."""

from __future__ import annotations

import inspect

import edgarchive
from archiver import errors


def test_all_is_sorted_and_complete() -> None:
    """`__all__` names every public object of the package once, in order."""
    public = {
        name
        for name, value in vars(edgarchive).items()
        if not name.startswith("_") and not inspect.ismodule(value) and name != "annotations"
    }
    assert edgarchive.__all__ == sorted(edgarchive.__all__)
    assert set(edgarchive.__all__) == public


def test_every_error_is_public() -> None:
    """Whatever edgarchive raises can be caught by a public name."""
    defined = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.EdgarchiveError)
    }
    assert defined <= set(edgarchive.__all__)


def test_the_async_library_has_the_methods_of_the_library() -> None:
    """`Library` and `AsyncLibrary` are twins: same names, same parameters, same defaults."""
    for name, method in inspect.getmembers(edgarchive.Library, inspect.isfunction):
        if not name.startswith("_"):
            twin = getattr(edgarchive.AsyncLibrary, name)
            assert inspect.signature(twin).parameters == inspect.signature(method).parameters
            assert inspect.iscoroutinefunction(twin)
