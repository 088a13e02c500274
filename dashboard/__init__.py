"""Pages that read results; filled by a later release."""
