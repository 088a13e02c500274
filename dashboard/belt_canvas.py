"""The map of the page Belt: what is sent to the browser, and the component that draws it.

Orbits and the story of a run are sent once, as bytes, under a key that is a hash of them; the map
is told which keys to draw. So moving a slider sends a handful of numbers.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from auxon.sim.ephemeris import Orbits
from auxon.sim.orbit import YEAR_DAYS

from .belt_view import CELLS, Story, arcs, codes, elements, rows_of

JS = "\n".join(
    (Path(__file__).parent / f"belt_{part}.js").read_text(encoding="utf-8")
    for part in ("pictures", "canvas")
)
_HTML = """
<div class="belt">
  <div class="bar">
    <button class="play" type="button">▶ Play</button>
    <select class="pace" aria-label="speed of the animation">
      <option value="30">30 days/s</option>
      <option value="100">100 days/s</option>
      <option value="365.25" selected>1 year/s</option>
      <option value="1826.25">5 years/s</option>
    </select>
    <button class="reset" type="button">Reset view</button>
    <span class="clock"></span>
  </div>
  <div class="sky">
    <canvas class="dots"></canvas>
    <canvas class="front" tabindex="0" role="img" aria-label="map of the belt"></canvas>
    <div class="tip" hidden></div>
  </div>
  <div class="keys"></div>
</div>
"""
_CSS = """
.belt { font-family: var(--st-font); color: var(--st-text-color); font-size: 0.875rem; }
.bar, .keys { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 0.7rem; }
.bar { margin-bottom: 0.5rem; }
.bar button, .bar select {
  font: inherit; color: inherit; padding: 0.3rem 0.7rem; cursor: pointer;
  background: var(--st-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius);
}
.bar button:hover, .bar select:hover { border-color: var(--st-primary-color); }
.bar .play { min-width: 5.6rem; }
.clock { font-variant-numeric: tabular-nums; }
.sky {
  position: relative; width: 100%; height: clamp(340px, 52vw, 600px); overflow: hidden;
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius);
  background: radial-gradient(ellipse at center,
    var(--st-secondary-background-color), var(--st-background-color) 75%);
}
canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
.dots { pointer-events: none; }
.front { touch-action: pan-y; outline-offset: -3px; }
.tip {
  position: absolute; pointer-events: none; white-space: pre-line; padding: 0.3rem 0.55rem;
  font-size: 0.8rem; background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius);
  max-width: 60%;
}
.tip[hidden] { display: none; }
.keys { margin-top: 0.45rem; }
.keys span { display: inline-flex; align-items: center; gap: 0.35rem; }
.keys .disc { width: 0.75rem; height: 0.75rem; border-radius: 50%; }
.keys .dot { width: 3px; height: 3px; border-radius: 50%; background: var(--st-text-color); }
.keys .ship {
  width: 0; height: 0; border: 4px solid transparent; border-left: 9px solid currentColor;
  border-right: 0;
}
"""
# Once, as this module is imported: a page that is run again must not register anew.
_KEEP = st.components.v2.component("auxon_belt_packet", js=JS)
_MAP = st.components.v2.component("auxon_belt_map", html=_HTML, css=_CSS, js=JS)


def packet(kind: str, arrays: Mapping[str, NDArray[Any]], **rest: Any) -> tuple[str, bytes]:
    """Put arrays into one string of bytes.

    Parameters
    ----------
    kind : str
        The browser keeps one packet of each.
    arrays : mapping of str to ndarray
        float32, int32, uint32 or uint8; shapes are not kept.
    **rest
        Goes with them as JSON.

    Returns
    -------
    key : str
        Equal packets have equal keys.
    bytes
        Length of the head (uint32, little-endian), the head (JSON; of each array its name, type,
        place in bytes after the head, and length), arrays at multiples of four bytes.
    """
    places, chunks, at = [], [], 0
    for name, array in arrays.items():
        flat = np.ascontiguousarray(array).ravel()
        places.append([name, f"{flat.dtype.kind}{flat.dtype.itemsize}", at, len(flat)])
        chunk = flat.astype(flat.dtype.newbyteorder("<"), copy=False).tobytes()
        chunks.append(chunk + bytes(-len(chunk) % 4))
        at += len(chunks[-1])
    body = b"".join(chunks)
    head = {"kind": kind, "arrays": places, **rest}
    key = hashlib.blake2b(json.dumps(head).encode() + body, digest_size=8).hexdigest()
    text = json.dumps({**head, "key": key}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return key, len(text).to_bytes(4, "little") + text + body


def orbit_packet(bodies: pd.DataFrame, orbit: Orbits, rows: NDArray[np.int64]) -> tuple[str, bytes]:
    """Return the packet of the bodies that are drawn one by one."""
    shown = bodies.iloc[rows]
    size = np.log10(shown.diameter_km / max(1e-9, float(shown.diameter_km.median())))
    bright = np.clip(105 + 75 * np.nan_to_num(size), 70, 255).astype(np.uint8)
    return packet(
        "orbits",
        {"elements": elements(orbit.take(rows)), "bright": bright},
        n=len(rows),
        names="\n".join(shown.body),
    )


def story_packet(
    story: Story,
    trips: pd.DataFrame,
    bodies: pd.DataFrame,
    orbit: Orbits,
    rows: NDArray[np.int64],
    names: Mapping[str, list[str]],
) -> tuple[str, bytes]:
    """Return the packet of who lived where, and of the ships.

    Parameters
    ----------
    story : Story
    trips : DataFrame
        Of `auxon.dashboard.belt_view.voyages`.
    bodies : DataFrame
    orbit : Orbits
    rows : (n,) int64
        Of the bodies that are drawn one by one, in order.
    names : mapping
        ``lineage`` and ``front``: names, in the order of their colours.
    """
    place = np.full(len(bodies), -1, np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    end = np.where(np.isfinite(trips.end_year), trips.end_year * YEAR_DAYS, 1e9)
    return packet(
        "story",
        {
            "years": story.years.astype(np.float32),
            "body": place[story.body],
            "number": story.site,
            "lineage": codes(story.lineage, names["lineage"]),
            "front": codes(story.front, names["front"]),
            "rank": np.minimum(story.rank, 255).astype(np.uint8),
            "robots": story.robots,
            "arcs": arcs(trips, bodies, orbit),
            "left": (trips.left_year * YEAR_DAYS).to_numpy(np.float32),
            "lands": (trips.arrival_year * YEAR_DAYS).to_numpy(np.float32),
            "end": end.astype(np.float32),
            "ship": trips.ship.to_numpy(np.int32),
            "flown_lineage": codes(trips.lineage, names["lineage"]),
            "flown_rank": trips["rank"].clip(0, 255).to_numpy(np.uint8),
        },
        lineages=names["lineage"],
        start=trips.start.tolist(),
        goal=trips.goal.tolist(),
    )


def density_packet(count: NDArray[np.uint8], reach_AU: float) -> tuple[str, bytes]:
    """Return the packet of an image of where bodies are."""
    return packet("density", {"count": count}, cells=CELLS, reach=reach_AU)


def drawn_rows(story: Story, trips: pd.DataFrame, bodies: pd.DataFrame, most: int) -> Any:
    """Return (n,) the rows of bodies that are drawn one by one.

    All, if there are at most so many; else those where somebody ever lived, or that ships left or
    made for.
    """
    if len(bodies) <= most:
        return np.arange(len(bodies))
    ends = pd.concat([trips.start, trips.goal]).dropna().unique()
    rows = np.unique(np.concatenate([story.body, rows_of(ends, bodies)]))
    return rows[rows >= 0].astype(np.int64)


def keep(data: bytes, key: str) -> None:
    """Have the browser keep a packet; it shows nothing."""
    _KEEP(data=data, key=key, height=1)


def belt_map(
    options: Mapping[str, Any],
    key: str,
    on_picked: Callable[[], None],
    on_stopped: Callable[[], None],
) -> None:
    """Show the map.

    Parameters
    ----------
    options : mapping
        ``orbits``, ``story``, ``density`` (keys of packets, "" for none), ``year``, ``grain``
        (years by which the map may be off that), ``horizon`` (year in which it ends), ``reach``
        (AU that are seen), ``flat``, ``by`` (lineage, rank or front), ``title`` and ``legend``
        (names with colours), ``paths`` (orbits are drawn), ``chosen`` (place of a body among
        those drawn, -1 for none).
    key : str
        Of the component. In the callbacks ``st.session_state[key]`` has ``picked``, the place of
        a body, or ``stopped``, a year.
    on_picked : callable
        An inhabited body was clicked.
    on_stopped : callable
        The animation was stopped, or has come to its end.
    """
    _MAP(
        data=dict(options),
        key=key,
        on_picked_change=on_picked,
        on_stopped_change=on_stopped,
    )
