"""Late visits (超期): who must act, since when, and what those above the director did about them."""
