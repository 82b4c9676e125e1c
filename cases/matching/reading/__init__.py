"""Files as offices send them, read into columns with every row accounted for."""
