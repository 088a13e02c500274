"""Charts: cell by cell from parts checked elsewhere; threads and compiler do not matter."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from lamberthub import gooding1990

from auxon.sim import jit
from auxon.sim.ephemeris import AU_D_M_S, SUN_AU3_D2, orbits, state
from auxon.sim.errors import UsageError
from auxon.sim.porkchop import best_flights, cheapest, flight, porkchop
from auxon.sim.transfers import hohmann
from tests.orbit_cases import EPOCH_JD, belt

ROOT = Path(__file__).parents[1]
DEPARTURES = EPOCH_JD + np.arange(0, 3600, 30.0)
TOF = np.linspace(90, 2000, 180)
BITS = """
import hashlib
import numpy as np
from auxon.sim.ephemeris import states
from auxon.sim.lambert import lambert_all
from auxon.sim.neighbours import Neighbours
from auxon.sim.porkchop import porkchop
from auxon.sim.transfers import edelbaum_m_s, hohmann, propellant_g
from tests.orbit_cases import EPOCH_JD, belt

def show(name, *arrays):
    data = b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)
    print(name, hashlib.sha256(data).hexdigest())

o = belt(60, 1)
o.e[7] = 0.995
now = states(o, EPOCH_JD + 500.5)
show("states", now)
chart = porkchop(o, 3, 7, EPOCH_JD + np.arange(0, 2000, 400.0), [3.0, 30.0, 300.0, 900.0, 2000.0])
show("chart", chart.delta_v_m_s)
show("all", *(each.v1 for each in lambert_all(now[:3, 1], now[:3, 2], 5000.0, 9)))
near = Neighbours(o, EPOCH_JD)
show("points", near.points, *near.nearest([1, 2, 3], 8))
show("transfers", hohmann(2.2, 3.2, 5.0), edelbaum_m_s(2.2, 3.2, 5.0))
print("grams", [propellant_g(10**k, 700.0 * k, 4413.0) for k in range(1, 15)])
"""


def test_cells_are_what_they_should_be() -> None:
    o = belt(4, 1)
    chart = porkchop(o, 0, 1, DEPARTURES, TOF)
    assert chart.delta_v_m_s.shape == (120, 180)
    for i, k in ((0, 0), (3, 50), (77, 100), (119, 179)):
        here = np.array(state(o, 0, DEPARTURES[i]))
        there = np.array(state(o, 1, DEPARTURES[i] + TOF[k]))
        v1, v2 = gooding1990(SUN_AU3_D2, here[:3], there[:3], TOF[k])
        burns = [np.linalg.norm(v1 - here[3:]), np.linalg.norm(v2 - there[3:])]
        cost = sum(burns) * AU_D_M_S
        # 1e-12 of speeds of 20 km/s, as in the test of the solver
        assert chart.delta_v_m_s[i, k] == pytest.approx(cost, abs=1e-7)
        one = flight(o, 0, 1, DEPARTURES[i], TOF[k])
        assert one.delta_v_m_s == pytest.approx(cost, abs=1e-7)
        assert one.departure_m_s == pytest.approx(burns[0] * AU_D_M_S, abs=1e-7)


def test_threads_do_not_matter() -> None:
    o = belt(30, 2)
    before = jit.threads()
    found = []
    for threads in (1, 2):
        jit.threads(threads)
        chart = porkchop(o, 0, 1, DEPARTURES, TOF)
        assert chart.delta_v_m_s.size >= 20_000  # so that two threads share it
        many = cheapest(o, 0, np.arange(1, 30), DEPARTURES, TOF)
        found.append([chart.delta_v_m_s.tobytes(), *(each.tobytes() for each in many)])
    jit.threads(before)
    assert found[0] == found[1]


def test_the_cheapest_cell_is_that_of_the_chart() -> None:
    o = belt(10, 3)
    cost, departure, tof = cheapest(o, 4, [7, 2], DEPARTURES, TOF)
    for n, target in enumerate((7, 2)):
        chart = porkchop(o, 4, target, DEPARTURES, TOF)
        assert cost[n] == chart.delta_v_m_s.min()
        at = (np.searchsorted(DEPARTURES, departure[n]), np.searchsorted(TOF, tof[n]))
        assert chart.delta_v_m_s[at] == cost[n]


def test_the_best_flight_between_circles_is_hohmanns() -> None:
    """Two circles in one plane, for longer than their synodic period of 2.1 years."""
    o = orbits([1.0, 1.524], 0.0, 0.0, 0.0, 0.0, [0.0, 100.0], EPOCH_JD)
    chart = porkchop(o, 0, 1, EPOCH_JD + np.arange(0, 900, 10.0), np.arange(100, 500, 10.0))
    best = best_flights(chart, 3)
    ideal = hohmann(1.0, 1.524, 0.0)
    # the minimum is flat: 0.01 days, the finest cell, cost less than a millionth
    assert best[0].delta_v_m_s == pytest.approx(ideal.delta_v_m_s, rel=1e-6)
    # nothing beats it, but for digits lost with the sine of the angle, some 1e-5 here
    assert best[0].delta_v_m_s >= ideal.delta_v_m_s * (1 - 1e-9)
    assert best[0].tof_d == pytest.approx(ideal.days, abs=0.5)  # flat, so loosely
    assert [each.delta_v_m_s for each in best] == sorted(each.delta_v_m_s for each in best)


def test_best_flights_are_apart_and_no_worse_than_their_cells() -> None:
    o = belt(10, 4)
    chart = porkchop(o, 2, 5, DEPARTURES, TOF)
    best = best_flights(chart, 5)
    assert best[0].delta_v_m_s <= chart.delta_v_m_s.min()
    # a finer chart about the best one finds nothing better than by rounding
    fine = porkchop(
        o,
        2,
        5,
        best[0].departure_jd + np.linspace(-2, 2, 41),
        best[0].tof_d + np.linspace(-2, 2, 41),
    )
    if best[0].departure_jd > DEPARTURES[0]:
        assert fine.delta_v_m_s.min() > best[0].delta_v_m_s * (1 - 1e-6)
    for n, one in enumerate(best):
        assert DEPARTURES[0] <= one.departure_jd <= DEPARTURES[-1]
        assert TOF[0] <= one.tof_d <= TOF[-1]
        for other in best[:n]:
            days = abs(one.departure_jd - other.departure_jd) / 3600
            # a twelfth of the chart, less two cells by which the refined ones may have moved
            assert max(days, abs(one.tof_d - other.tof_d) / 1910) > 1 / 12 - 2 / 120


def test_compiled_or_plain_python_give_the_same_bits() -> None:
    said = []
    for flag in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", BITS], capture_output=True, text=True, check=True, cwd=ROOT,
            env={**os.environ, "NUMBA_DISABLE_JIT": flag},
        )  # fmt: skip
        said.append(done.stdout.splitlines())
    assert [line.split()[0] for line in said[0]] == [
        "states", "chart", "all", "points", "transfers", "grams",
    ]  # fmt: skip
    assert said[0] == said[1]


def test_what_is_refused() -> None:
    o = belt(3, 5)
    with pytest.raises(UsageError, match="there is no body in row 3; expected 0 to 2; name a row"):
        porkchop(o, 0, 3, DEPARTURES, TOF)
    with pytest.raises(UsageError, match="row 1 is origin and target; expected two bodies"):
        cheapest(o, 1, [0, 1], DEPARTURES, TOF)
    with pytest.raises(UsageError, match=r"tof_d begins with 0.0; expected more than 0; arrive"):
        porkchop(o, 0, 1, DEPARTURES, [0.0, 1.0])
    with pytest.raises(UsageError, match=r"departures_jd is \[nan\]; expected one row of finite"):
        porkchop(o, 0, 1, [np.nan], TOF)
