"""Places nodes and flows in layers, from left to right: Sugiyama's method for weighted flows.

Sugiyama, Tagawa, Toda 1981, doi:10.1109/TSMC.1981.4308636: layers, dummies where a flow passes a
layer, an order in each layer, coordinates. The order is by where mass ends up, so that what
becomes robots runs on top and waste at the bottom; coordinates are the least squares of the bends,
in that order (pool adjacent violators).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from .mass_flows import EARTH, ROBOTS, ROCK, SURPLUS, WASTE, Flow, depths

_SINKS = {ROBOTS: 0.0, SURPLUS: 0.8, WASTE: 1.0}
"""Where each end is sought between top and bottom."""
_COUNTS = 0.05
"""Share of what comes into a node from which a flow decides on its layer."""
_SWEEPS = 60


@dataclass(eq=False)
class Item:
    """A node, or the place where a flow passes a layer.

    Attributes
    ----------
    name : str
        Empty for a passing flow.
    layer : int
    kg : float
        What goes through.
    fate : float
        0: all of it ends in robots; 1: in waste. 1 more for what leaves, passing under machines.
    above : float
        Room kept for the label, in the units of `y`.
    height, y : float
        Of the bar; y grows downwards, its top.
    before, after : list of (Item, float)
        Neighbours with kilograms.
    """

    name: str
    layer: int
    kg: float
    fate: float
    above: float = 0.0
    height: float = 0.0
    y: float = 0.0
    before: list[tuple["Item", float]] = field(default_factory=list, repr=False)
    after: list[tuple["Item", float]] = field(default_factory=list, repr=False)


@dataclass
class Layout:
    """What to draw.

    Attributes
    ----------
    nodes : Mapping[str, Item]
    ways : list of (Flow, list of Item)
        Each flow with the items it runs through, ends included.
    returns : list of Flow
        Those that run back, or within a layer.
    layers : list of list of Item
        From top to bottom.
    scale : float
        Height for a kilogram.
    """

    nodes: Mapping[str, Item]
    ways: list[tuple[Flow, list[Item]]]
    returns: list[Flow]
    layers: list[list[Item]]
    scale: float


def layered(
    flows: Sequence[Flow],
    top: float,
    bottom: float,
    gap: float,
    room: Callable[[str], float],
    thin: float,
) -> Layout:
    """Return the layout of flows.

    Parameters
    ----------
    top, bottom : float
        Between which everything lies.
    gap : float
        Between neighbours in a layer.
    room : callable
        Name of a node -> height of its label.
    thin : float
        Least height of a bar.
    """
    edges = {(f.source, f.target): f.kg for f in flows}
    layer_of = layers_of(flows)
    fates = _fates(edges)
    nodes = {
        name: Item(name, layer, _through(edges, name), fates[name], above=room(name))
        for name, layer in layer_of.items()
    }
    layers: list[list[Item]] = [[] for _ in range(max(layer_of.values()) + 1)]
    for item in nodes.values():
        layers[item.layer].append(item)
    ways, returns = [], []
    for flow in flows:
        first, last = nodes[flow.source], nodes[flow.target]
        if first.layer >= last.layer:
            returns.append(flow)
            continue
        way = [first]
        for layer in range(first.layer + 1, last.layer):
            passing = Item("", layer, flow.kg, last.fate)
            if flow.target in (SURPLUS, WASTE):  # what leaves later runs above, and crosses nothing
                passing.fate += 1 - 0.01 * first.layer / len(layers)
            layers[layer].append(passing)
            way.append(passing)
        way.append(last)
        for a, b in pairwise(way):
            a.after.append((b, flow.kg))
            b.before.append((a, flow.kg))
        ways.append((flow, way))
    scale = min(
        (bottom - top - gap * (len(items) - 1) - sum(i.above + thin for i in items))
        / sum(i.kg for i in items)
        for items in layers
    )
    for items in layers:
        items.sort(key=lambda item: item.fate)
        for item in items:
            item.height = max(item.kg * scale, thin if item.name else 0.0)
    _order(layers)
    _place(layers, top, bottom, gap)
    return Layout(nodes, ways, returns, layers, scale)


def _through(edges: Mapping[tuple[str, str], float], name: str) -> float:
    into = sum(kg for (_, b), kg in edges.items() if b == name)
    return max(into, sum(kg for (a, _), kg in edges.items() if a == name))


def layers_of(flows: Iterable[Flow]) -> dict[str, int]:
    """Return the layer of every node: right of those it has its mass from; sinks last."""
    edges = {(f.source, f.target): f.kg for f in flows}
    depth = depths(edges)
    layer = {ROCK: 0, EARTH: 0}
    layer = {name: 0 for name in layer if name in depth and _through(edges, name)}
    for name in sorted(set(depth) - set(_SINKS) - {ROCK, EARTH}, key=lambda n: depth[n]):
        into = sum(kg for (_, b), kg in edges.items() if b == name)
        behind = (
            layer[a]
            for (a, b), kg in edges.items()
            if b == name and a in layer and kg >= _COUNTS * into
        )
        layer[name] = 1 + max(behind, default=0)
    last = 1 + max(layer.values())
    return layer | {name: last for name in _SINKS if _through(edges, name)}


def _fates(edges: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """Return the mean place of the sinks in which the mass of each node ends."""
    names = sorted({name for edge in edges for name in edge} - set(_SINKS))
    place = {name: i for i, name in enumerate(names)}
    shares, ends = np.zeros((len(names), len(names))), np.zeros(len(names))
    out = np.zeros(len(names))
    for (a, b), kg in edges.items():
        out[place[a]] += kg
        if b in place:
            shares[place[a], place[b]] += kg
        else:
            ends[place[a]] += kg * _SINKS[b]
    fates = np.linalg.solve(np.diag(out * (1 + 1e-9)) - shares, ends)
    return dict(zip(names, fates.tolist(), strict=True)) | _SINKS


def _order(layers: list[list[Item]]) -> None:
    """Swap neighbours in a layer as long as flows cross less, but keep what leaves below."""
    for _ in range(_SWEEPS):
        swapped = False
        rank = {id(item): i for items in layers for i, item in enumerate(items)}
        for items in layers:
            for i in range(len(items) - 1):
                upper, lower = items[i], items[i + 1]
                if upper.fate <= 1 < lower.fate:
                    continue
                if _crossing(upper, lower, rank) > _crossing(lower, upper, rank) * (1 + 1e-9):
                    items[i], items[i + 1] = lower, upper
                    rank[id(lower)], rank[id(upper)] = i, i + 1
                    swapped = True
        if not swapped:
            return


def _crossing(upper: Item, lower: Item, rank: Mapping[int, int]) -> float:
    """Return how much flow crosses between two neighbours in this order."""
    crossing = 0.0
    for mine, others in ((upper.before, lower.before), (upper.after, lower.after)):
        crossing += sum(
            min(kg, other_kg)
            for item, kg in mine
            for other, other_kg in others
            if rank[id(item)] > rank[id(other)]
        )
    return crossing


def _place(layers: list[list[Item]], top: float, bottom: float, gap: float) -> None:
    for items in layers:
        _settle(items, [0.5 * (top + bottom)] * len(items), top, bottom, gap)
    for sweep in range(_SWEEPS):
        for items in layers if sweep % 2 == 0 else layers[::-1]:
            wanted = []
            for item in items:
                pull = [(_middle(n), kg) for n, kg in item.before + item.after]
                total = sum(kg for _, kg in pull)
                here = _middle(item)
                mean = sum(y * kg for y, kg in pull) / total if total else here
                wanted.append(0.5 * (here + mean))
            _settle(items, wanted, top, bottom, gap)


def _middle(item: Item) -> float:
    return item.y + item.height / 2


def _settle(
    items: Iterable[Item], middles: Sequence[float], top: float, bottom: float, gap: float
) -> None:
    """Move items to where they want to be, as near as order and room allow."""
    items = list(items)
    offsets, room = [], 0.0  # of each bar's middle, if all were pushed to the top
    for item in items:
        offsets.append(room + item.above + item.height / 2)
        room += item.above + item.height + gap
    slack = max(0.0, bottom - top - (room - gap))
    free = [m - top - o for m, o in zip(middles, offsets, strict=True)]
    weights = [item.kg for item in items]
    for item, offset, shift in zip(items, offsets, _rising(free, weights), strict=True):
        item.y = top + offset + min(max(shift, 0.0), slack) - item.height / 2


def _rising(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return the nearest sequence that never falls: pool adjacent violators."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        pool = value, weight, 1
        while pools and pools[-1][0] > pool[0]:
            v, w, n = pools.pop()
            both = w + pool[1]
            pool = (v * w + pool[0] * pool[1]) / both, both, n + pool[2]
        pools.append(pool)
    return [v for v, _, n in pools for _ in range(n)]
