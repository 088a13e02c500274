"""Shipped scenarios by name: those of one body, with a belt, with what is hidden."""

from auxon.sim.library import SHIPPED
from auxon.sim.scenario import shipped
from auxon.sim.toml_errors import read

NAMES = [name for name, _ in shipped()]
BELTS = [name for name in NAMES if "belt" in read(SHIPPED / f"{name}.toml").data]
PARTIALS = [name for name in NAMES if "partial" in read(SHIPPED / f"{name}.toml").data]
ALONE = [name for name in NAMES if name not in BELTS]
