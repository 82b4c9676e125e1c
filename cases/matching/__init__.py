"""Monthly lists of other offices: read, normalise, stage, match, review."""
