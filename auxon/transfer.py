"""The command `transfer`: when to fly from one body to another, and what it costs."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .sentences import sentences

if TYPE_CHECKING:
    from auxon.sim.porkchop import Flight

app = typer.Typer()

EXHAUST_M_S = {"steam": 1961.0, "H2+O2": 4462.0, "plasma": 7845.0, "ions": 29420.0}
"""Specific impulses of 200 s (water heated by the Sun to 1000 K), 455 (Metzger et al. 2013,
doi:10.1061/(ASCE)AS.1943-5525.0000236), 800 (water heated by
microwaves) and 3000 s (usual of their kinds, from memory)."""
ACCELERATION_M_S2 = 1e-4
"""Of a slow spiral: 1 N for 10 t."""
_FLIGHTS = 5
_DEPARTURES, _TIMES = 480, 320
"""Cells of the chart."""
_SHORTEST, _LONGEST = 0.2, 2.2
"""Times of flight, in those of a Hohmann transfer."""
_DAY = ["%Y-%m-%d"]


@app.command()
def transfer(
    origin: Annotated[str, typer.Argument(help="Body to leave, as in bodies.toml: '24 Themis'.")],
    target: Annotated[str, typer.Argument(help="Body to reach.")],
    since: Annotated[
        datetime, typer.Option("--from", formats=_DAY, help="First day of departure.")
    ] = datetime(2030, 1, 1),
    until: Annotated[
        datetime | None,
        typer.Option("--to", formats=_DAY, help="Last day of departure. [default: ten years on]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Picture. [default: runs/transfer-ORIGIN-TARGET.png]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find the best days to fly from body to body, and draw what it costs when.

    Days are those of the calendar; UTC and the time of the ephemeris (TDB) differ by a minute,
    which is ignored. Bodies pull nothing: to leave or reach a large one costs its escape besides.
    """
    with sentences():
        import numpy as np

        from auxon.sim.ephemeris import orbits
        from auxon.sim.errors import UsageError
        from auxon.sim.porkchop import best_flights, porkchop
        from auxon.sim.porkchop_picture import draw_porkchop, julian_date
        from auxon.sim.transfers import edelbaum_m_s, hohmann

        names = [_known(name) for name in (origin, target)]
        if names[0] == names[1]:
            raise UsageError(
                f"origin and target are both {names[0]}; expected two bodies; name another"
            )
        first = since.date()
        last = (
            until.date() if until else first.replace(year=first.year + 10, day=min(first.day, 28))
        )
        if last <= first:
            raise UsageError(
                f"--to is {last}; expected a day after --from, {first}; give a later one"
            )
        elements = [_elements(name) for name in names]
        o = orbits(*zip(*elements, strict=True))
        # the angle between both planes, by the unit vectors of angular momentum
        poles = np.cross(np.array([o.px, o.py, o.pz]).T, np.array([o.qx, o.qy, o.qz]).T)
        poles /= np.linalg.norm(poles, axis=1)[:, None]
        tilt_deg = float(np.degrees(np.arccos(np.clip(poles[0] @ poles[1], -1, 1))))
        ideal = hohmann(o.a_au[0], o.a_au[1], tilt_deg)
        chart = porkchop(
            o,
            0,
            1,
            np.linspace(julian_date(first), julian_date(last), _DEPARTURES),
            ideal.days * np.linspace(_SHORTEST, _LONGEST, _TIMES),
        )
        flights = best_flights(chart, _FLIGHTS)
        found = {
            "origin": names[0],
            "target": names[1],
            "from": str(first),
            "to": str(last),
            "flights": [_row(one) for one in flights],
            "tilt_deg": tilt_deg,
            "hohmann_m_s": ideal.delta_v_m_s,
            "hohmann_days": ideal.days,
            "spiral_m_s": edelbaum_m_s(o.a_au[0], o.a_au[1], tilt_deg),
        }
        if as_json:
            typer.echo(json.dumps(found))
        else:
            _report(found)
        if out or not as_json:
            slug = "-".join(name.lower().replace(" ", "-") for name in names)
            path = out or Path("runs") / f"transfer-{slug}.png"
            draw_porkchop(chart, flights, names[0], names[1], path)
            typer.echo(f"picture: {path}", err=as_json)


def _known(name: str) -> str:
    """Return the full name of a body, with its number; without it or in small letters is enough."""
    from auxon.sim.errors import UsageError
    from auxon.sim.library import SHIPPED
    from auxon.sim.toml_errors import nearest, read

    full: dict[str, str] = {}
    for known in read(SHIPPED / "bodies.toml").data["body"]:
        full |= {known.lower(): known, known.partition(" ")[2].lower() or known.lower(): known}
    if name.lower() not in full:
        shorter = {known.partition(" ")[2] or known for known in full.values()}
        hint = nearest(name, shorter) if name[:1].isalpha() else nearest(name, full.values())
        raise UsageError(f"no body '{name}'; expected one of bodies.toml; {hint}")
    return full[name.lower()]


def _elements(name: str) -> tuple[float, ...]:
    from auxon.sim.library import body_and_composition
    from auxon.sim.toml_errors import Source

    b, _ = body_and_composition(name, None, Source("auxon transfer", {"body": name}))
    return b.a_au, b.e, b.i_deg, b.node_deg, b.peri_deg, b.M_deg, b.epoch_jd_tdb


def _row(one: "Flight") -> dict[str, Any]:
    from auxon.sim.explog import exp_less_1
    from auxon.sim.porkchop_picture import calendar_date

    ratios = {name: exp_less_1(one.delta_v_m_s / speed) for name, speed in EXHAUST_M_S.items()}
    return {
        "departure": str(calendar_date(one.departure_jd)),
        "arrival": str(calendar_date(one.departure_jd + one.tof_d)),
        "days": round(one.tof_d, 1),
        "delta_v_m_s": round(one.delta_v_m_s, 1),
        "departure_m_s": round(one.departure_m_s, 1),
        "arrival_m_s": round(one.arrival_m_s, 1),
        "propellant_share": {name: round(r / (1 + r), 4) for name, r in ratios.items()},
    }


def _report(found: dict[str, Any]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from auxon.sim.transfers import thrust_days

    table = Table(box=SIMPLE_HEAD, padding=(0, 0, 0, 1), pad_edge=False)
    for heading in ("", "leave", "days", "m/s", "burns", *EXHAUST_M_S):
        table.add_column(heading, justify="right", no_wrap=True)
    for rank, row in enumerate(found["flights"], 1):
        table.add_row(
            str(rank),
            row["departure"],
            f"{row['days']:,.0f}",
            f"{row['delta_v_m_s']:,.0f}",
            f"{row['departure_m_s']:,.0f}+{row['arrival_m_s']:,.0f}",
            *(f"{share:.1%}" for share in row["propellant_share"].values()),
        )
    console = Console(highlight=False)
    spiral = thrust_days(found["spiral_m_s"], ACCELERATION_M_S2) / 365.25
    speeds = ", ".join(f"{name} {speed:,.0f}" for name, speed in EXHAUST_M_S.items())
    console.print(
        f"{found['origin']} to {found['target']}, "
        f"leaving between {found['from']} and {found['to']}",
        table,
        f"On the right: propellant as a share of the mass at departure; exhaust, m/s: {speeds}.",
        f"Circles of that size, {found['tilt_deg']:.1f} degrees apart: Hohmann "
        f"{found['hohmann_m_s']:,.0f} m/s in {found['hohmann_days']:,.0f} days; a slow spiral "
        f"{found['spiral_m_s']:,.0f} m/s in {spiral:.1f} years at {ACCELERATION_M_S2:g} m/s2.",
        sep="\n",
    )
