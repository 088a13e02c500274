"""Data only: scenarios, bodies, compositions and industries as TOML."""
