from __future__ import annotations

import json

import pytest

from archiver.errors import DamagedBodyError
from archiver.listings.folders import Listed, parse_list

ITEM = {"last-modified": "12/18/2004 02:10:00 AM", "name": "master.gz", "type": "file", "size": "4096 KB"}


def body(*items: object, indent: int | None = None) -> bytes:
    """A folder list of these items."""
    directory = {"item": items, "name": "full-index/2004/QTR4/", "parent-dir": "../"}
    return json.dumps({"directory": directory}, indent=indent).encode()


@pytest.mark.parametrize("indent", [None, 1, 8])
def test_a_folder_list_is_read_in_either_spelling(indent: int | None) -> None:
    """Packed or indented, with names of folders that end in a slash."""
    listed = parse_list(body(ITEM, {"name": "QTR1/", "size": ""}, indent=indent))
    assert list(listed) == ["master.gz", "QTR1"]
    assert listed["master.gz"].stamp == "12/18/2004 02:10:00 AM 4096 KB"


@pytest.mark.parametrize("name", ["../../x", "a b", "\ud800", "", "a/b", "x" * 201, "you@example.com", None, 5.5])
def test_what_no_file_of_edgars_is_called_is_left_out(name: object) -> None:
    """A path, a lone surrogate, an address: none of it is kept or asked for."""
    listed = parse_list(body({**ITEM, "name": name}, ITEM))
    assert "master.gz" in listed
    assert set(listed) <= {"master.gz", "None", "5.5"}


@pytest.mark.parametrize("said", ["\ud800", "you@example.com", "<b>", 10**40])
def test_a_date_or_size_that_cannot_be_one_is_left_out(said: object) -> None:
    """They are written down with the kept copy."""
    (listed,) = parse_list(body({"name": "master.gz", "last-modified": said, "size": said})).values()
    assert listed.stamp == ""


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"[]",
        b"<html>",
        body(ITEM)[:-1],
        body(ITEM)[:-30],
        body(ITEM) + b"x",
        body({"size": "1 KB"}),
        body("x").replace(b'"x"', b'{"name":'),
        b'{"folder": {"item": []}}',
        body(ITEM, {**ITEM, "size": ["1 KB"]}),
        body(ITEM, [ITEM, {"in": ITEM}]),
    ],
)
def test_a_body_that_is_no_whole_list_is_refused(damaged: bytes) -> None:
    """A list with fewer files would hide days."""
    with pytest.raises(DamagedBodyError):
        parse_list(damaged)


@pytest.mark.parametrize(
    ("size", "size_bytes", "is_cut"),
    [
        ("4096 KB", 4096 * 1024, False),
        ("4096 KB", 4095 * 1024, False),
        ("4096 KB", 4000 * 1024, True),
        ("4 MB", 4 << 20, False),
        ("4 MB", 1 << 20, True),
        ("1 KB", 1, False),
        ("512", 10, True),
        ("", 1, False),
        ("many", 1, False),
    ],
)
def test_a_size_is_held_against_what_is_listed(size: str, size_bytes: int, *, is_cut: bool) -> None:
    """Rounded either way, it still tells a file that lacks its second half."""
    assert Listed("master.gz", "", size).is_cut(size_bytes) is is_cut
