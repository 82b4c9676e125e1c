"""Sweeps (排查, 一年两排): everybody of a place is visited within some weeks; how far it has come, village by village."""
