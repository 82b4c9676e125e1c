"""Why a visit is not recorded; each message says it in the user's language."""

from __future__ import annotations

from staff.workflow import TransitionRefused


class VisitRefused(TransitionRefused):
    """The visit cannot be recorded."""


class FileGone(VisitRefused):
    """The child's file is not, or no longer, in the actor's area."""


class HasLeft(VisitRefused):
    """The child had left the register before the day of the visit."""


class TooManyPhotos(VisitRefused):
    """The visit would have more photos than it may."""
