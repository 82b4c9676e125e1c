"""政策找人: minors on lists who may qualify, from clue to register."""
