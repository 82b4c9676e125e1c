"""The matcher: rows of lists against people of a register, in memory, without a database."""
