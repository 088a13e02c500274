"""All that a killed training needs to go on: one safetensors file, whole or not there."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from auxon.sim.errors import ResumeError
from auxon.sim.files import whole

from .config import TrainingEntry
from .curves import Curves

Arrays = dict[str, NDArray[Any]]


class Checkpoint:
    """The last state of each stage of a training.

    Parameters
    ----------
    out : Path
        Folder of the training.
    entry : TrainingEntry

    Attributes
    ----------
    done : dict
        Turns made, by stage.

    Raises
    ------
    ResumeError
        The folder holds another training.
    """

    def __init__(self, out: Path, entry: TrainingEntry) -> None:
        self.path = out / "checkpoint.safetensors"
        self.entry = hashlib.blake2b(entry.model_dump_json().encode(), digest_size=8).hexdigest()
        self.done: dict[str, int] = {}
        self._arrays: dict[str, Arrays] = {}
        if not self.path.exists():
            return
        with safe_open(self.path, "numpy") as file:
            known = file.metadata()
            for name in file.keys():
                stage, _, own = name.partition("/")
                self._arrays.setdefault(stage, {})[own] = file.get_tensor(name)
        if known["training"] != self.entry:
            raise ResumeError(
                f"{out}: holds a training by another file; expected the file it began with; "
                "take another folder"
            )
        self.done = json.loads(known["done"])

    def arrays(self, stage: str) -> Arrays:
        """Return what was written last of a stage; empty if nothing was."""
        return self._arrays.get(stage, {})

    def write(self, stage: str, turns: int, arrays: Arrays, curves: Curves) -> None:
        """Write the state after so many turns of a stage, and the curves so far."""
        self.done[stage] = turns
        self._arrays[stage] = arrays
        curves.write()
        every = {f"{s}/{n}": np.ascontiguousarray(a) for s, own in self._arrays.items()
                 for n, a in own.items()}  # fmt: skip
        data = save(every, {"training": self.entry, "done": json.dumps(self.done)})
        with whole(self.path) as draft:
            draft.write_bytes(data)
