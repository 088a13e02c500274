"""Training of learned policies: the only place that needs torch (the extra `learn`)."""
