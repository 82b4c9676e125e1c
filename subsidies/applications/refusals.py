"""What keeps an act on an application from being done."""

from __future__ import annotations

from staff.workflow import TransitionRefused


class ApplicationRefused(TransitionRefused):
    """The act cannot be done on this application; the message says why."""
