"""docs/layered_drawing.py: arrows point down, boxes stand apart, and nothing is cut off."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs.layered_drawing import drawing

_SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Graphs without a cycle: a box points only at boxes with a higher number."""
    count = draw(st.integers(1, 12))
    return {
        f"box{one}": [f"box{other}" for other in range(one + 1, count) if draw(st.booleans())] for one in range(count)
    }


@given(graph=graphs(), with_notes=st.booleans())
def test_boxes_stand_apart_and_arrows_point_down(graph: dict[str, list[str]], with_notes: bool) -> None:  # noqa: FBT001
    """Every box is inside the drawing and touches no other; every arrow leads from a box to a lower one."""
    root = ET.fromstring(drawing(graph, title="A graph", notes={"box0": "a longer note"} if with_notes else None))  # noqa: S314 — our own
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    boxes = [
        tuple(float(rect.attrib[name]) for name in ("x", "y", "width", "height")) for rect in root.iter(f"{_SVG}rect")
    ]
    assert len(boxes) == len(graph)
    for x, y, wide, high in boxes:
        assert x >= 0
        assert y >= 0
        assert x + wide <= width + 1
        assert y + high <= height
    for (x, y, wide, _), (other_x, other_y, other_wide, _) in itertools.combinations(boxes, 2):
        assert y != other_y or x + wide < other_x or other_x + other_wide < x
    paths = [path.attrib["d"] for path in root.findall(f"{_SVG}path")]
    assert len(paths) == sum(map(len, graph.values()))
    for path in paths:
        heights = [float(point.split(",")[1]) for point in re.findall(r"[-\d.]+,[-\d.]+", path)]
        assert heights == sorted(heights)


def test_the_same_graph_gives_the_same_drawing() -> None:
    """The order in which a graph is told does not matter."""
    assert drawing({"b": [], "a": ["c", "b"], "c": []}, title="t") == drawing(
        {"a": ["b", "c"], "c": [], "b": []}, title="t"
    )


def test_labels_are_escaped() -> None:
    """A label, a note or a title with markup in it stays text."""
    svg = drawing({"<b>": []}, title='"&"', notes={"<b>": "a < b"})
    assert [text.text for text in ET.fromstring(svg).iter(f"{_SVG}text")] == ["<b>", "a < b"]  # noqa: S314 — our own


def test_a_cycle_is_refused() -> None:
    """Layers need a graph without a cycle."""
    with pytest.raises(ValueError, match="cycle"):
        drawing({"a": ["b"], "b": ["a"]}, title="t")
