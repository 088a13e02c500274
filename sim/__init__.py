"""Arrays and rules: scenario, state, random numbers, industry, engine, records."""
