"""A note about each child of the cast, and one browser that is woken."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from cases.models import Child, Note, PushSubscription
from staff.scope import open_scope
from tests.access.world import AT, mark
from tests.cast import VILLAGE, Cast

# Child → who tells whom about it: two people who see its file. The last is told by the system.
TOLD = {
    "own": ("supervisor", "director"),
    "neighbour": ("supervisor", "other_director"),
    "township": ("clerk", "other_supervisor"),
    "strange": ("", "stranger"),
}


def make(cast: Cast, own: Child) -> dict[str, Any]:
    """``note_<child>``, its text marked; ``own_village``."""
    made: dict[str, Any] = {"own_village": VILLAGE}
    for name, (sender, recipient) in TOLD.items():
        child = cast.children[name]
        note = Note(
            region_id=child.region_id,
            recipient=cast.users[recipient],
            sent_by=cast.users.get(sender),
            text=mark(name),
            child=child,
            created_at=AT,
        )
        # A note with a sender is written by them alone.
        with open_scope(cast.scope(sender)) if sender else nullcontext():
            note.save(force_insert=True)
        made[f"note_{name}"] = note.pk
    PushSubscription.objects.create(
        user=cast.users["director"], region_id=VILLAGE, endpoint="https://push.example/x", digest="0" * 64,
        public_key="x", secret="x", created_at=AT,
    )  # fmt: skip
    return made
