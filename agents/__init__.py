"""Mesa: the society as a model, robots as agents."""
