"""The matcher measured: quality against a known truth, speed beside its baselines."""
