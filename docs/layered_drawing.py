"""Drawings of directed graphs as SVG, in layers, for the pages of this folder.

Every arrow points down. The result depends on the graph alone, so a test can compare a committed drawing with the code.
The method is Sugiyama's (K. Sugiyama et al., 1981): layers by the longest path, order by barycentres, then positions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from statistics import fmean

_CHAR, _PADDING, _GAP = 7.4, 22, 16
_LINE, _BOX, _STEP = 16, 30, 76
_SWEEPS = 24
_STYLE = """
    text { font: 13px system-ui, sans-serif; text-anchor: middle; fill: #1a2733; }
    .note { font-size: 11px; fill: #52616e; }
    rect { fill: #eef3f7; stroke: #607d8b; rx: 5px; }
    path { fill: none; stroke: #78909c; stroke-width: 1.3; marker-end: url(#head); }
    marker path { fill: #78909c; stroke: none; marker-end: none; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e4ebf0; } .note { fill: #a9b8c3; } rect { fill: #2b3a45; stroke: #90a4ae; }
      path { stroke: #90a4ae; } marker path { fill: #90a4ae; }
    }
"""

Bend = tuple[str, str, int]
"""Where the arrow from one box to another passes a layer between them."""
Node = str | Bend


def drawing(arrows: Mapping[str, Iterable[str]], *, title: str, notes: Mapping[str, str] | None = None) -> str:
    """An SVG of the graph: each key of `arrows` points at its values; `notes` are second lines of boxes.

    `title` describes the drawing to people who cannot see it. Raises ValueError for a graph with a cycle.
    """
    targets = {name: sorted(set(values)) for name, values in sorted(arrows.items())}
    layers, links = _with_bends(_layers(targets), targets)
    layers = _ordered(layers, links)
    centres = _centres(layers, links, notes or {})
    return _svg(layers, centres, targets, title, notes or {})


def _layers(targets: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The layer of each box, 0 at the bottom: one above the highest box that it points at."""
    found: dict[str, int] = {}
    while len(found) < len(targets):
        ready = [name for name in targets if name not in found and all(other in found for other in targets[name])]
        if not ready:
            raise ValueError("the graph has a cycle")
        found |= {name: max((found[other] + 1 for other in targets[name]), default=0) for name in ready}
    return found


def _with_bends(
    layer_of: Mapping[str, int], targets: Mapping[str, Sequence[str]]
) -> tuple[list[list[Node]], list[tuple[Node, Node]]]:
    """The layers from the bottom to the top, with a bend wherever an arrow passes one, and the pieces of all arrows."""
    layers: list[list[Node]] = [[] for _ in range(max(layer_of.values(), default=0) + 1)]
    links: list[tuple[Node, Node]] = []
    for name, layer in layer_of.items():
        layers[layer].append(name)
    for name, others in targets.items():
        for other in others:
            passed: list[Node] = [(name, other, layer) for layer in range(layer_of[name] - 1, layer_of[other], -1)]
            for bend, layer in zip(passed, range(layer_of[name] - 1, layer_of[other], -1), strict=True):
                layers[layer].append(bend)
            line: list[Node] = [name, *passed, other]
            links += itertools.pairwise(line)
    return layers, links


def _ordered(layers: list[list[Node]], links: Sequence[tuple[Node, Node]]) -> list[list[Node]]:
    """The layers with their nodes in the order in which the fewest arrows cross."""
    above, below = _neighbours(links, 1), _neighbours(links, 0)
    best, fewest = layers, _crossings(layers, links)
    for sweep in range(_SWEEPS):
        layers = [list(layer) for layer in layers]
        upward = sweep % 2 == 0
        order = range(1, len(layers)) if upward else range(len(layers) - 2, -1, -1)
        for number in order:
            place = {node: at for at, node in enumerate(layers[number - 1 if upward else number + 1])}
            near = below if upward else above
            own = {node: at for at, node in enumerate(layers[number])}
            wanted = {
                node: fmean([place[other] for other in near[node]]) if near.get(node) else own[node]
                for node in layers[number]
            }
            layers[number].sort(key=wanted.__getitem__)
        crossings = _crossings(layers, links)
        if crossings < fewest:
            best, fewest = layers, crossings
    return best


def _neighbours(links: Sequence[tuple[Node, Node]], end: int) -> dict[Node, list[Node]]:
    found: dict[Node, list[Node]] = {}
    for link in links:
        found.setdefault(link[end], []).append(link[1 - end])
    return found


def _crossings(layers: Sequence[Sequence[Node]], links: Sequence[tuple[Node, Node]]) -> int:
    place = {node: (number, at) for number, layer in enumerate(layers) for at, node in enumerate(layer)}
    count = 0
    for number in range(1, len(layers)):
        ends = sorted((place[upper][1], place[lower][1]) for upper, lower in links if place[upper][0] == number)
        count += sum(later[1] < one[1] for at, one in enumerate(ends) for later in ends[at + 1 :])
    return count


def _centres(
    layers: Sequence[Sequence[Node]], links: Sequence[tuple[Node, Node]], notes: Mapping[str, str]
) -> dict[Node, float]:
    """The horizontal middle of each node: as near as possible to the nodes it is joined to."""
    near = _neighbours(links, 0)
    for node, others in _neighbours(links, 1).items():
        near[node] = near.get(node, []) + others
    centres: dict[Node, float] = {}
    for layer in layers:
        at = 0.0
        for node in layer:
            width = _width(node, notes)
            centres[node] = at + width / 2
            at += width + _GAP
    for _ in range(_SWEEPS):
        for layer in layers:
            wanted = [
                fmean([centres[other] for other in near[node]]) if near.get(node) else centres[node] for node in layer
            ]
            apart = [(_width(a, notes) + _width(b, notes)) / 2 + _GAP for a, b in itertools.pairwise(layer)]
            centres |= zip(layer, _spread(wanted, apart), strict=True)
    return centres


def _spread(wanted: Sequence[float], apart: Sequence[float]) -> list[float]:
    """Places as near to `wanted` as they can be (least squares), each pair of neighbours `apart` at least."""
    offsets = [0.0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    blocks: list[list[float]] = []
    for place, offset in zip(wanted, offsets, strict=True):
        blocks.append([place - offset])
        while len(blocks) > 1 and fmean(blocks[-2]) >= fmean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    bases = [fmean(block) for block in blocks for _ in block]
    return [base + offset for base, offset in zip(bases, offsets, strict=True)]


def _width(node: Node, notes: Mapping[str, str]) -> float:
    if not isinstance(node, str):
        return 4
    return max(len(node) * _CHAR, len(notes.get(node, "")) * _CHAR * 0.84) + _PADDING


def _svg(
    layers: Sequence[Sequence[Node]],
    centres: Mapping[Node, float],
    targets: Mapping[str, Sequence[str]],
    title: str,
    notes: Mapping[str, str],
) -> str:
    box = _BOX + (_LINE if notes else 0)
    step = _STEP + (_LINE if notes else 0)
    top = {node: (len(layers) - 1 - number) * step + 2 for number, layer in enumerate(layers) for node in layer}
    left = min(centres[node] - _width(node, notes) / 2 for node in centres) - 2
    width = max(centres[node] + _width(node, notes) / 2 for node in centres) - left + 2
    height = (len(layers) - 1) * step + box + 4
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" role="img" aria-label="{escape(title)}">'
        ),
        f"  <title>{escape(title)}</title>",
        f"  <style>{_STYLE}  </style>",
        (
            '  <defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto">'
            '<path d="M0,0 L8,4 L0,8 z"/></marker></defs>'
        ),
    ]
    for name, others in targets.items():
        for other in others:
            line: list[Node] = [
                name,
                *sorted((n for n in centres if n[:2] == (name, other)), key=top.__getitem__),
                other,
            ]
            points = [(centres[node] - left, top[node] + (box / 2 if node in line[1:-1] else 0)) for node in line]
            points[0] = (points[0][0], points[0][1] + box)
            parts.append(f'  <path d="{_curve(points)}"/>')
    for name in targets:
        x, y, wide = centres[name] - left, top[name], _width(name, notes)
        parts.append(f'  <rect x="{x - wide / 2:.1f}" y="{y}" width="{wide:.1f}" height="{box}"/>')
        parts.append(f'  <text x="{x:.1f}" y="{y + 20}">{escape(name)}</text>')
        if note := notes.get(name):
            parts.append(f'  <text class="note" x="{x:.1f}" y="{y + 20 + _LINE}">{escape(note)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _curve(points: Sequence[tuple[float, float]]) -> str:
    """A path through `points` that leaves and enters each of them vertically."""
    path = f"M{points[0][0]:.1f},{points[0][1]:.0f}"
    for (x, y), (next_x, next_y) in itertools.pairwise(points):
        middle = (y + next_y) / 2
        path += f" C{x:.1f},{middle:.0f} {next_x:.1f},{middle:.0f} {next_x:.1f},{next_y:.0f}"
    return path
