"""What a change of velocity costs in propellant, in whole grams: Tsiolkovsky's equation."""

from .explog import exp_less_1
from .simd import rows

G0_M_S2 = 9.80665
"""Standard gravity: exhaust velocity over specific impulse."""
PROPELLANT_MAX_G = 2**62
"""Returned where more would be needed: beyond any stock."""


@rows
def propellant_g(dry_g: int, delta_v_m_s: float, exhaust_m_s: float) -> int:
    """Return the propellant that gives a mass so much velocity: m (e^(dv/w) - 1), rounded up.

    With + - * / only, so that it is the same gram on every machine.

    Parameters
    ----------
    dry_g : int
        Mass without propellant at the end, grams.
    delta_v_m_s : float
        Change of velocity, 0 or more, m/s.
    exhaust_m_s : float
        Exhaust velocity, above 0, m/s: specific impulse times `G0_M_S2`.

    Returns
    -------
    int
        Grams; exact to a gram up to 1e15 g; `PROPELLANT_MAX_G` at most.
    """
    grams = dry_g * exp_less_1(delta_v_m_s / exhaust_m_s)
    if grams >= PROPELLANT_MAX_G:
        return PROPELLANT_MAX_G
    whole = int(grams)
    return whole + 1 if whole < grams else whole
