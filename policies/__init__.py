"""What chooses the tasks: act(observation, memory) -> action, memory."""
