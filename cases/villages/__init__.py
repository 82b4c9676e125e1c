"""Villages by coverage and risk (O-35), without a map: who is visited, who is late, where nobody is."""
