"""Voyager: sites that imagine what comes of an expedition before they lay one down.

Everything else is left to a script. At its review a site imagines every plan of launching and
holding over the next turns in a learned model (`foresight`), and launches only if the best plan
that begins with a launch promises more than the best that begins by holding. Only that first act is
done; at the next review, which may come before the turn is over, it plans anew (receding horizon).
Each site plans for its own house: robots of a society are the sum over houses, and houses hinder
one another only where bodies are scarce. With some six decisions every plan can be looked at, so
nothing cleverer is called for.
"""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.observation import Action, Observation

from .foresight import Foresight
from .quota import Scripted
from .site_features import features


class Voyager:
    """A script whose sites plan their expeditions.

    Parameters
    ----------
    foresight : Foresight
    base : Scripted
        Decides everything else.
    """

    def __init__(self, foresight: Foresight, base: Scripted) -> None:
        self.foresight, self.base = foresight, base
        self.memory_width = base.memory_width

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        """Do as the script does, and let sites hold where holding promises as much."""
        o = observation
        action, memory = self.base.act(o, memory)
        if o.kit is None:
            return action, memory
        asked = o.here[(o.here + o.step) % o.kit.every == 0]
        if not len(asked):
            return action, memory
        hold, go = self.foresight.promises(features(o, asked)).T
        launch = np.ones(len(o.sites.claim), np.bool_)
        launch[asked] = go > hold
        return Action(action.task, action.desire, action.ahead_s, action.conduct, launch), memory
