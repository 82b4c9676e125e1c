"""A month carried out: keys of the register, the match, its pairs, frozen and compared."""
