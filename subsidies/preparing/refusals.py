"""The one refusal of working out and changing batches."""

from __future__ import annotations

from staff.workflow import TransitionRefused


class BatchRefused(TransitionRefused):
    """The batch cannot be worked out or changed; the message names the remedy."""
