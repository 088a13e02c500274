"""What the command line prints of belts and bodies: tables for people, 80 to 100 columns wide."""

import math
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from auxon.sim.belt import Belt, Measured
from auxon.sim.body_class import CLASSES, front_end, usable_rock_kg
from auxon.sim.class_mix import ZONES_AU
from auxon.sim.orbit import mean_flux_w_m2

_LISTED = 20
"""Bodies listed of a belt with more than `_ALL`, the largest."""
_ALL = 100
_GRAVITY = 6.67430e-11


def facts(belt: Belt, row: int) -> dict[str, Any]:
    """Return what is known of a body, as plain data; keys carry units."""
    a, e = float(belt.a_au[row]), float(belt.e[row])
    mass, diameter = float(belt.mass_kg[row]), float(belt.diameter_km[row])
    bits = Measured(int(belt.measured[row]))
    rotation = float(belt.rotation_h[row])
    kind = CLASSES[belt.taxonomy[row]]
    return {
        "name": belt.name[row],
        "number": int(belt.number[row]),
        "a_au": a,
        "e": e,
        "i_deg": float(belt.i_deg[row]),
        "node_deg": float(belt.node_deg[row]),
        "peri_deg": float(belt.peri_deg[row]),
        "M_deg": float(belt.M_deg[row]),
        "epoch_jd_tdb": float(belt.epoch_jd_tdb[row]),
        "perihelion_au": a * (1 - e),
        "aphelion_au": a * (1 + e),
        "period_years": a * math.sqrt(a),
        "mean_sunlight_W_m2": mean_flux_w_m2(a, e),
        "H_mag": float(belt.H_mag[row]),
        "albedo": float(belt.albedo[row]),
        "diameter_km": diameter,
        "mass_kg": mass,
        "density_kg_m3": mass / (math.pi / 6 * (diameter * 1e3) ** 3),
        "escape_m_s": math.sqrt(4 * _GRAVITY * mass / (diameter * 1e3)),
        "rotation_h": None if math.isnan(rotation) else rotation,
        "class": kind.letter,
        "class_title": kind.title,
        "composition": belt.composition_of(row),
        "front_end": front_end(belt.composition_of(row)),
        "usable_rock_kg": float(usable_rock_kg(belt.mass_kg[row : row + 1])[0]),
        "measured": [bit.name.lower() for bit in Measured if bit & bits and bit.name],
    }


def body_table(belt: Belt, row: int) -> RenderableType:
    """Return a table of what is known of one body."""
    f = facts(belt, row)

    def how(fact: str) -> str:
        return "" if fact in f["measured"] else "  (derived)"

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), title=f["name"])
    table.title_justify, table.title_style = "left", "bold"
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    table.add_row(
        "orbit",
        f"a {f['a_au']:.4f} AU, e {f['e']:.4f}, i {f['i_deg']:.2f} degrees; "
        f"{f['perihelion_au']:.3f} to {f['aphelion_au']:.3f} AU in {f['period_years']:.3f} years",
    )
    table.add_row(
        "elements",
        f"node {f['node_deg']:.4f}, perihelion {f['peri_deg']:.4f}, mean anomaly {f['M_deg']:.4f} "
        f"degrees at JD {f['epoch_jd_tdb']:.1f}",
    )
    table.add_row("sunlight", f"{f['mean_sunlight_W_m2']:.1f} W/m2, mean over the orbit")
    table.add_row("brightness", f"H {f['H_mag']:.2f}, albedo {f['albedo']:.3f}{how('albedo')}")
    table.add_row("diameter", f"{f['diameter_km']:,.4g} km{how('diameter')}")
    table.add_row(
        "mass",
        f"{f['mass_kg']:.3e} kg, {f['density_kg_m3']:,.0f} kg/m3, escape at "
        f"{f['escape_m_s']:.3g} m/s{how('mass')}",
    )
    period = "unknown" if f["rotation_h"] is None else f"{f['rotation_h']:g} hours"
    table.add_row("rotation", period)
    table.add_row("class", f"{f['class']}: {f['class_title']}{how('taxonomy')}")
    digs = f["front_end"] or "no front end digs it yet"
    table.add_row("rock", f"{f['composition']}; {digs}")
    table.add_row("one site's", f"{f['usable_rock_kg']:.3g} kg of it at most")
    return table


def belt_table(belt: Belt) -> RenderableType:
    """Return tables of a belt: what it holds, by class, and its bodies or the largest of them."""
    head = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    head.add_column(style="bold", no_wrap=True)
    head.add_column()
    head.add_row("bodies", f"{len(belt):,}")
    edges = [0.0, *ZONES_AU, math.inf]
    counts = np.histogram(belt.a_au, edges)[0]
    zones = ("inside 4:1", "inner", "middle", "outer", "beyond 2:1")
    said = ", ".join(f"{zone} {n:,}" for zone, n in zip(zones, counts, strict=True) if n)
    head.add_row("where", said)
    head.add_row("mass", f"{belt.mass_kg.sum():.3e} kg")
    bits = {bit.name: int(np.count_nonzero(belt.measured & bit)) for bit in Measured}
    known = [f"{name.lower() if name != 'H' else 'H'} {n:,}" for name, n in bits.items() if name]
    head.add_row("measured", ", ".join(known))
    listed = len(belt) if len(belt) <= _ALL else _LISTED
    parts: list[RenderableType] = [head, Text(), _classes(belt), Text(), _bodies(belt, listed)]
    return Group(*parts)


def _classes(belt: Belt) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title, justify in (
        ("class", "left"),
        ("bodies", "right"),
        ("number", "right"),
        ("mass", "right"),
        ("dug by", "left"),
    ):
        table.add_column(title, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    count = np.bincount(belt.taxonomy, minlength=len(CLASSES))
    mass = np.bincount(belt.taxonomy, belt.mass_kg, len(CLASSES))
    for k in np.argsort(-count, kind="stable"):
        if count[k]:
            kind = CLASSES[k]
            table.add_row(
                f"{kind.letter}  {kind.title}",
                f"{count[k]:,}",
                f"{100 * count[k] / len(belt):.1f} %",
                f"{100 * mass[k] / mass.sum():.1f} %",
                front_end(kind.composition) or "",
            )
    return table


def _bodies(belt: Belt, listed: int) -> Table:
    caption = f"the {listed} largest of {len(belt):,}" if listed < len(belt) else None
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), caption=caption, caption_justify="left")
    table.add_column("body", overflow="fold", min_width=13)
    for title in ("a, AU", "e", "i, deg", "D, km", "mass, kg", "spin, h"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("rock", no_wrap=True)
    rows = np.argsort(-belt.diameter_km, kind="stable")[:listed]
    for row in rows.tolist() if listed < len(belt) else range(len(belt)):
        derived = "" if belt.measured[row] & Measured.MASS else "~"
        spin = belt.rotation_h[row]
        table.add_row(
            belt.name[row],
            f"{belt.a_au[row]:.3f}",
            f"{belt.e[row]:.3f}",
            f"{belt.i_deg[row]:.1f}",
            f"{belt.diameter_km[row]:,.4g}",
            f"{derived}{belt.mass_kg[row]:.2e}",
            "" if np.isnan(spin) else f"{spin:.4g}",
            CLASSES[belt.taxonomy[row]].letter,
            belt.composition_of(row),
        )
    return table
