"""What transfers cost without a date: Hohmann's and Edelbaum's, and the propellant for it.

Both take circular orbits and the best moment: the least that two burns, or a long thrust, can do.
"""

import math
from typing import NamedTuple

from .ephemeris import AU_D_M_S, GAUSS_K
from .explog import exp_less_1
from .simd import rows
from .trig import DEGREE, PI, sin_cos

G0_M_S2 = 9.80665
"""Standard gravity: exhaust velocity over specific impulse."""
PROPELLANT_MAX_G = 2**62
"""Returned where more would be needed: beyond any stock."""
_DAY_S = 86_400.0
_POINTS = 32
_ZOOMS = 24


class Hohmann(NamedTuple):
    """A transfer by half an ellipse between two circles.

    Attributes
    ----------
    first_m_s, second_m_s : float
        Both burns.
    first_tilt_deg : float
        How much of the change of plane the first burn makes.
    days : float
        Half a revolution on the ellipse.
    """

    first_m_s: float
    second_m_s: float
    first_tilt_deg: float
    days: float

    @property
    def delta_v_m_s(self) -> float:
        """Sum of both burns."""
        return self.first_m_s + self.second_m_s


@rows
def circular_m_s(a_au: float) -> float:
    """Return the speed on a circle about the Sun.

    Parameters
    ----------
    a_au : float
        Radius, AU.

    Returns
    -------
    float
        m/s.
    """
    return GAUSS_K / math.sqrt(a_au) * AU_D_M_S


@rows
def _turned(v1: float, v2: float, angle_rad: float) -> float:
    """Return the burn from speed v1 to v2 with a turn between, by the law of cosines.

    As (v1 - v2)^2 + 4 v1 v2 sin^2(angle / 2), which keeps its digits where both terms are small.
    """
    sine, _ = sin_cos(0.5 * angle_rad)
    return math.sqrt((v1 - v2) * (v1 - v2) + 4.0 * v1 * v2 * sine * sine)


@rows
def _split(v1: float, p: float, q: float, v2: float, tilt_rad: float) -> float:
    """Return the share of the turn at the first burn for which both burns are least.

    Near the best of some points, ever finer ones: there may be two minima.
    """
    best, at, wide = math.inf, 0.0, 1.0
    for zoom in range(_ZOOMS):
        middle = 0.5 if zoom == 0 else at
        for n in range(_POINTS + 1):
            share = min(max(middle + wide * (n / _POINTS - 0.5), 0.0), 1.0)
            cost = _turned(v1, p, share * tilt_rad) + _turned(q, v2, (1.0 - share) * tilt_rad)
            if cost < best:
                best, at = cost, share
        wide *= 0.25
    return at


def hohmann(a1_au: float, a2_au: float, tilt_deg: float) -> Hohmann:
    """Return the Hohmann transfer whose change of plane is split best between both burns.

    Parameters
    ----------
    a1_au, a2_au : float
        Radii of the circles, AU.
    tilt_deg : float
        Angle between their planes, 0 to 180 degrees.

    Returns
    -------
    Hohmann
    """
    a = 0.5 * (a1_au + a2_au)
    v1, v2, v = circular_m_s(a1_au), circular_m_s(a2_au), circular_m_s(a)
    p, q = v * math.sqrt(a2_au / a1_au), v * math.sqrt(a1_au / a2_au)
    tilt = tilt_deg * DEGREE
    share = _split(v1, p, q, v2, tilt)
    return Hohmann(
        _turned(v1, p, share * tilt),
        _turned(q, v2, (1.0 - share) * tilt),
        share * tilt_deg,
        PI * a * math.sqrt(a) / GAUSS_K,
    )


@rows
def edelbaum_m_s(a1_au: float, a2_au: float, tilt_deg: float) -> float:
    """Return the delta-v of a slow spiral between two circles.

    sqrt(v1^2 + v2^2 - 2 v1 v2 cos(pi i / 2)), Edelbaum 1961, "Propulsion requirements for
    controllable satellites", doi:10.2514/8.5723. From i = 2 rad on it is v1 + v2: out to infinity
    and back.

    Parameters
    ----------
    a1_au, a2_au : float
        Radii of the circles, AU.
    tilt_deg : float
        Angle i between their planes, degrees.

    Returns
    -------
    float
        m/s.
    """
    return _turned(circular_m_s(a1_au), circular_m_s(a2_au), min(0.5 * PI * tilt_deg * DEGREE, PI))


@rows
def thrust_days(delta_v_m_s: float, acceleration_m_s2: float) -> float:
    """Return for how long a constant acceleration must act: dv / acceleration.

    Parameters
    ----------
    delta_v_m_s : float
        m/s.
    acceleration_m_s2 : float
        m/s2.

    Returns
    -------
    float
        Days.
    """
    return delta_v_m_s / acceleration_m_s2 / _DAY_S


@rows
def propellant_g(dry_g: int, delta_v_m_s: float, exhaust_m_s: float) -> int:
    """Return the propellant that gives a mass so much velocity: m (e^(dv/w) - 1), rounded up.

    Tsiolkovsky's equation with + - * / only, so that it is the same gram on every machine.

    Parameters
    ----------
    dry_g : int
        Mass left when it is burnt, grams; 0 or more.
    delta_v_m_s : float
        Change of velocity, 0 or more, m/s.
    exhaust_m_s : float
        Exhaust velocity, above 0, m/s: specific impulse times `G0_M_S2`.

    Returns
    -------
    int
        Grams, right to one gram below 1e15 g; `PROPELLANT_MAX_G` where it would be more.
    """
    grams = dry_g * exp_less_1(delta_v_m_s / exhaust_m_s)
    if grams >= PROPELLANT_MAX_G:
        return PROPELLANT_MAX_G
    whole = int(grams)
    return whole + 1 if whole < grams else whole
