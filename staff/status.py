"""What every state and risk level looks like: one word, one chip, one icon, everywhere.

Keys are the short codes that models store and workflows name; a state that two models share keeps one word.
`chip` is the suffix of the `cw-status-` class and says what the state asks of the reader: nothing yet
(``""``), someone has it now (``now``), finished well (``done``), it needs something from you (``back``),
failed or late (``bad``), closed (``off``).

Where one code means different things for two models, the word of a model stands under "model.code".
"""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Look(NamedTuple):
    """How a state is shown: `chip` class suffix, `icon` name in the sprite, translated `word`."""

    chip: str
    icon: str
    word: str | Promise


STATUS: dict[str, Look] = {
    # on this device, or with nobody yet
    "draft": Look("", "pencil", pgettext_lazy("state", "Draft")),
    "unsent": Look("", "cloud-upload", pgettext_lazy("state", "Waiting to send")),
    "planned": Look("", "calendar-event", pgettext_lazy("state", "Planned")),
    "case.planned": Look("now", "folder-open", pgettext_lazy("state", "Help in progress")),
    # review of visits
    "submitted": Look("now", "send", pgettext_lazy("state", "Submitted")),
    "to_approve": Look("now", "clock", pgettext_lazy("state", "To be reviewed")),
    "returned": Look("back", "corner-up-left", pgettext_lazy("state", "Returned")),
    "approved": Look("done", "check", pgettext_lazy("state", "Approved")),
    "escalated": Look("now", "arrow-up-right", pgettext_lazy("state", "Escalated")),
    # what a child lacks
    "followed": Look("now", "user", pgettext_lazy("state", "Being followed")),
    "solved": Look("now", "checklist", pgettext_lazy("state", "Solved, to be checked")),
    "void": Look("off", "circle-off", pgettext_lazy("state", "None, or exempt")),
    # cases, plans and their actions
    "open": Look("now", "folder-open", pgettext_lazy("state", "Open")),
    "closed": Look("off", "archive", pgettext_lazy("state", "Closed")),
    "done": Look("done", "check", pgettext_lazy("state", "Done")),
    "cancelled": Look("off", "ban", pgettext_lazy("state", "Cancelled")),
    # referrals and invitations
    "pending": Look("now", "hourglass", pgettext_lazy("state", "Awaiting reply")),
    "accepted": Look("done", "check", pgettext_lazy("state", "Accepted")),
    "declined": Look("bad", "x", pgettext_lazy("state", "Declined")),
    # transfers
    "proposed": Look("now", "hourglass", pgettext_lazy("state", "Waits for the other side")),
    "transfer.refused": Look("bad", "x", pgettext_lazy("state", "Declined")),
    # assessments of guardianship
    "guardianshipassessment.proposed": Look("now", "hourglass", pgettext_lazy("state", "To be decided")),
    "guardianshipassessment.held": Look("done", "check", pgettext_lazy("state", "Colour stays")),
    "kept": Look("done", "check", pgettext_lazy("state", "On file")),
    "lowered": Look("done", "arrow-down-right", pgettext_lazy("state", "Colour lowered")),
    "superseded": Look("off", "archive", pgettext_lazy("state", "Superseded")),
    # needs
    "partly": Look("now", "hourglass", pgettext_lazy("need", "Partly met")),
    "met": Look("done", "check", pgettext_lazy("need", "Met")),
    "dropped": Look("off", "circle-off", pgettext_lazy("need", "No longer needed")),
    # applications and entitlements
    "to_accept": Look("now", "hourglass", pgettext_lazy("state", "To be accepted")),
    "application.submitted": Look("now", "hourglass", pgettext_lazy("state", "To be accepted")),
    "supplement": Look("back", "file-plus", pgettext_lazy("state", "Documents needed")),
    "verifying": Look("now", "search", pgettext_lazy("state", "Verifying")),
    "checking": Look("now", "checklist", pgettext_lazy("state", "County check")),
    "to_confirm": Look("now", "file-check", pgettext_lazy("state", "To be confirmed")),
    "confirmed": Look("done", "check", pgettext_lazy("state", "Confirmed")),
    "refused": Look("bad", "x", pgettext_lazy("state", "Not confirmed")),
    "withdrawn": Look("off", "ban", pgettext_lazy("state", "Withdrawn")),
    "active": Look("done", "check", pgettext_lazy("state", "Entitled")),
    "rechecking": Look("now", "refresh", pgettext_lazy("state", "Re-checking")),
    "ending": Look("back", "hourglass", pgettext_lazy("state", "To be ended")),
    "ended": Look("off", "circle-off", pgettext_lazy("state", "Ended")),
    # batches and payments
    "prepared": Look("now", "file-check", pgettext_lazy("state", "Awaiting approval")),
    "approved_batch": Look("now", "cash", pgettext_lazy("state", "Awaiting release")),
    "paymentbatch.approved": Look("now", "cash", pgettext_lazy("state", "Awaiting release")),
    "released": Look("done", "check", pgettext_lazy("state", "Released")),
    "reconciled": Look("done", "checklist", pgettext_lazy("state", "Reconciled")),
    "payment.prepared": Look("now", "file-check", pgettext_lazy("state", "Calculated")),
    "nothing": Look("off", "circle-off", pgettext_lazy("state", "Nothing to pay")),
    "sent": Look("now", "send", pgettext_lazy("state", "Sent to the bank")),
    "paid": Look("done", "check", pgettext_lazy("state", "Paid")),
    "failed": Look("bad", "x", pgettext_lazy("state", "Payment failed")),
    "calculated": Look("", "check", pgettext_lazy("state", "Calculated")),
    "held": Look("back", "player-pause", pgettext_lazy("state", "Held back")),
    # list matching
    "preview": Look("", "eye", pgettext_lazy("state", "Preview")),
    "staged": Look("done", "check", pgettext_lazy("state", "Imported")),
    "review": Look("now", "search", pgettext_lazy("state", "To be decided")),
    "matchcandidate.pending": Look("now", "search", pgettext_lazy("state", "To be decided")),
    "matchcandidate.accepted": Look("done", "check", pgettext_lazy("state", "Same child")),
    "rejected": Look("off", "x", pgettext_lazy("state", "Not the same child")),
    "to_review": Look("now", "search", pgettext_lazy("state", "To be decided")),
    "to_check": Look("now", "map-pin", pgettext_lazy("state", "To be checked")),
    "true": Look("bad", "alert-triangle", pgettext_lazy("state", "Found true")),
    "untrue": Look("done", "check", pgettext_lazy("state", "Found untrue")),
    "uncheckable": Look("off", "circle-off", pgettext_lazy("state", "Could not be checked")),
    # imports of a register
    "registerimport.uploaded": Look(
        "back", "file-spreadsheet", pgettext_lazy("state", "Columns to be named")
    ),
    "registerimport.checking": Look("now", "refresh", pgettext_lazy("state", "Being checked")),
    "registerimport.checked": Look("back", "eye", pgettext_lazy("state", "To be taken over")),
    "registerimport.applying": Look("now", "refresh", pgettext_lazy("state", "Being taken over")),
    "registerimport.applied": Look("done", "check", pgettext_lazy("state", "Taken over")),
    "registerimport.undoing": Look("now", "refresh", pgettext_lazy("state", "Being taken back")),
    "registerimport.undone": Look("off", "corner-up-left", pgettext_lazy("state", "Taken back")),
    "registerimport.discarded": Look("off", "ban", pgettext_lazy("state", "Put aside")),
    # long work
    "queued": Look("now", "clock", pgettext_lazy("state", "Waiting its turn")),
    "running": Look("now", "refresh", pgettext_lazy("state", "Running")),
    "matchrun.failed": Look("bad", "alert-triangle", pgettext_lazy("state", "Stopped by an error")),
    "job.failed": Look("bad", "alert-triangle", pgettext_lazy("state", "Stopped by an error")),
    "broken": Look("bad", "alert-triangle", pgettext_lazy("state", "Stopped by an error")),
    # what a clock or a lock adds to any of them
    "locked": Look("off", "lock", pgettext_lazy("state", "Locked")),
    "overdue": Look("bad", "alert-triangle", pgettext_lazy("state", "Overdue")),
}

RISK_WORDS: dict[str, str | Promise] = {
    "red": _("Red · high"),
    "yellow": _("Yellow · medium"),
    "blue": _("Blue · low"),
    "green": _("Green · stable"),
}


def look_of(state: str, model: str = "") -> Look:
    """The look of a state code, of `model` (its name in lower case) where that has a word of its own.

    A code that nobody has listed shows itself as a plain chip: a page must not fall over a missing word.
    tests/test_templates.py reads every model's states and fails instead.
    """
    return STATUS.get(f"{model}.{state}") or STATUS.get(state) or Look("", "info-circle", state)
