"""Paper days: blank forms that are printed for children, and the filled stack typed in afterwards."""
