"""Trips of a drive of low thrust: Edelbaum's spiral, at any time, as long as the thrust takes."""

import math

import numpy as np
import pytest

from auxon.policies import make
from auxon.sim.scenario import load
from auxon.sim.world import World

THRUST_M_S2, EXHAUST_M_S = 1e-4, 1863.0


def test_a_spiral_is_edelbaums() -> None:
    scenario = load("belt-wave").replace(
        {
            "belt.synthetic": {"n": 2000, "seed": 1},
            "belt.nearest": 30,
            "belt.drive.acceleration_m_s2": THRUST_M_S2,
            "belt.drive.most_km_s": 100.0,
        }
    )
    world = World(scenario, make("market"))
    assert world.travel.where
    bodies, plenty = np.arange(1, 6), np.full(len(world.material_names), 10**15)
    trips = world.travel.where.trips(0, bodies, 10**9, plenty)
    b = scenario.belt.bodies if scenario.belt else None
    assert b is not None
    node, tilt = np.radians(b.node_deg), np.radians(b.i_deg)
    pole = np.stack([np.sin(tilt) * np.sin(node), -np.sin(tilt) * np.cos(node), np.cos(tilt)])
    for body, trip in zip(bodies.tolist(), trips, strict=True):
        assert trip
        v1, v2 = 29784.7 / np.sqrt(b.a_au[[0, body]])
        angle = math.acos(min(1.0, float(pole[:, 0] @ pole[:, body])))
        dv_m_s = math.sqrt(v1**2 + v2**2 - 2 * v1 * v2 * math.cos(math.pi / 2 * angle))
        assert trip.left_at == world.step_count + 1
        days = dv_m_s / THRUST_M_S2 / 86_400
        assert trip.arrives_at - trip.left_at == pytest.approx(days, abs=0.6)  # whole steps
        burnt = (trip.burn_g + trip.brake_g) / 10**9
        # lots of 18 g twice, the speed of 1 AU in six digits, the angle in a series to 1e-6
        assert burnt == pytest.approx(math.expm1(dv_m_s / EXHAUST_M_S), rel=1e-4)
