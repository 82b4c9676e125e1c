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
    "outbox.sending": Look("now", "send", pgettext_lazy("state", "Sending")),
    "outbox.sent": Look("now", "check", pgettext_lazy("state", "Sent")),
    "outbox.needs_you": Look("back", "alert-circle", pgettext_lazy("state", "Needs you")),
    "planned": Look("", "calendar-event", pgettext_lazy("state", "Planned")),
    "case.planned": Look("now", "folder-open", pgettext_lazy("state", "Help in progress")),
    "unread": Look("now", "bell", pgettext_lazy("note", "New")),
    # review of visits
    "submitted": Look("now", "send", pgettext_lazy("state", "Submitted")),
    "to_approve": Look("now", "clock", pgettext_lazy("state", "To be reviewed")),
    "returned": Look("back", "corner-up-left", pgettext_lazy("state", "Returned")),
    "approved": Look("done", "check", pgettext_lazy("state", "Approved")),
    "escalated": Look("now", "arrow-up-right", pgettext_lazy("state", "Escalated")),
    "spotcheck.drawn": Look("now", "phone-call", pgettext_lazy("check", "To be called")),
    "spotcheck.confirmed": Look("done", "check", pgettext_lazy("check", "Confirmed by phone")),
    "spotcheck.contradicted": Look("bad", "x", pgettext_lazy("check", "The family says otherwise")),
    "spotcheck.unreached": Look("back", "phone-call", pgettext_lazy("check", "Nobody reached")),
    "keptvisit.kept": Look("now", "hourglass", pgettext_lazy("kept visit", "To be placed")),
    "keptvisit.offered": Look("now", "send", pgettext_lazy("kept visit", "Offered to the file's county")),
    "keptvisit.placed": Look("done", "check", pgettext_lazy("kept visit", "Placed in a file")),
    "keptvisit.dismissed": Look("off", "circle-off", pgettext_lazy("kept visit", "Not placed")),
    # what a child lacks
    "followed": Look("now", "user", pgettext_lazy("state", "Being followed")),
    "solved": Look("now", "checklist", pgettext_lazy("state", "Solved, to be checked")),
    "void": Look("off", "circle-off", pgettext_lazy("state", "None, or exempt")),
    # cases, plans and their actions
    "open": Look("now", "folder-open", pgettext_lazy("state", "Open")),
    "closed": Look("off", "archive", pgettext_lazy("state", "Closed")),
    "done": Look("done", "check", pgettext_lazy("state", "Done")),
    "cancelled": Look("off", "ban", pgettext_lazy("state", "Cancelled")),
    "casegoal.open": Look("now", "flag", pgettext_lazy("goal", "Being worked on")),
    "casegoal.reached": Look("done", "check", pgettext_lazy("goal", "Reached")),
    "casegoal.partly": Look("now", "hourglass", pgettext_lazy("goal", "Partly reached")),
    "casegoal.missed": Look("bad", "x", pgettext_lazy("goal", "Not reached")),
    "casegoal.dropped": Look("off", "circle-off", pgettext_lazy("goal", "No longer wanted")),
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
    "changing": Look("back", "hourglass", pgettext_lazy("state", "Change proposed")),
    "ended": Look("off", "circle-off", pgettext_lazy("state", "Ended")),
    # money asked back
    "recovery.proposed": Look("now", "hourglass", pgettext_lazy("state", "Proposed")),
    "recovery.open": Look("back", "cash", pgettext_lazy("state", "To be paid back")),
    "recovery.settled": Look("done", "check", pgettext_lazy("state", "Settled")),
    "recovery.dropped": Look("off", "circle-off", pgettext_lazy("state", "Not owed after all")),
    # temporary relief, and pay of child directors
    "asked": Look("now", "hourglass", pgettext_lazy("state", "Asked for")),
    "granted": Look("now", "check", pgettext_lazy("state", "Granted")),
    "given": Look("done", "heart-handshake", pgettext_lazy("state", "Given")),
    "temporaryrelief.refused": Look("bad", "x", pgettext_lazy("state", "Refused")),
    "appraised": Look("now", "checklist", pgettext_lazy("state", "Appraised")),
    "staffpay.paid": Look("done", "cash", pgettext_lazy("state", "Paid out")),
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
    "replaced": Look("off", "refresh", pgettext_lazy("state", "Replaced by a corrected list")),
    "review": Look("now", "search", pgettext_lazy("state", "To be decided")),
    "matchcandidate.pending": Look("now", "search", pgettext_lazy("state", "To be decided")),
    "matchcandidate.accepted": Look("done", "check", pgettext_lazy("state", "Same person")),
    "matchcandidate.unsure": Look("back", "alert-circle", pgettext_lazy("state", "Unsure")),
    "matchcandidate.proposed": Look("now", "users", pgettext_lazy("state", "Waits for a second person")),
    "matchcandidate.spot": Look("back", "eye", pgettext_lazy("state", "Spot check")),
    "rejected": Look("off", "x", pgettext_lazy("state", "Not the same person")),
    "to_review": Look("now", "search", pgettext_lazy("state", "To be decided")),
    "to_check": Look("now", "map-pin", pgettext_lazy("state", "To be checked")),
    "discrepancy.verified": Look("now", "search", pgettext_lazy("state", "Verified, county to decide")),
    "discrepancy.closed": Look("done", "check", pgettext_lazy("request", "Feedback returned")),
    "true": Look("bad", "alert-triangle", pgettext_lazy("state", "Found true")),
    "untrue": Look("done", "check", pgettext_lazy("state", "Found untrue")),
    "uncheckable": Look("off", "circle-off", pgettext_lazy("state", "Could not be checked")),
    # potential children, and exchanges with other departments
    "potentialchild.found": Look("back", "search", pgettext_lazy("lead", "To be visited")),
    "potentialchild.assigned": Look("now", "user", pgettext_lazy("lead", "Visit assigned")),
    "potentialchild.visited": Look("back", "clipboard-text", pgettext_lazy("lead", "Visited")),
    "potentialchild.applying": Look("now", "file-check", pgettext_lazy("lead", "Helped to apply")),
    "potentialchild.brought_in": Look("done", "check", pgettext_lazy("lead", "Brought into scope")),
    "potentialchild.dropped": Look("off", "circle-off", pgettext_lazy("lead", "Does not qualify")),
    "datarequest.submitted": Look("now", "clock", pgettext_lazy("request", "To be approved")),
    "datarequest.approved": Look("back", "file-spreadsheet", pgettext_lazy("request", "To be handed over")),
    "datarequest.sent": Look("now", "hourglass", pgettext_lazy("request", "Awaiting answer")),
    "datarequest.answered": Look("back", "checklist", pgettext_lazy("request", "Answered, feedback due")),
    "datarequest.closed": Look("done", "check", pgettext_lazy("request", "Feedback returned")),
    "datarequest.refused": Look("bad", "x", pgettext_lazy("request", "Not approved")),
    "datarequest.due": Look("back", "calendar-event", pgettext_lazy("request", "Due")),
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


# What is recorded of a thing beside the steps of its workflow.
ACTS = {
    "apply": _("Applied"),
    "propose": _("Put forward for confirmation"),
    "tell": _("Told the office that took it in"),
    "add_offset": _("Benefit set off"),
    "end_offset": _("Benefit no longer set off"),
    "continue": _("Continues on other terms"),
    "shorten": _("Ended earlier"),
    "agree_plan": _("Instalments agreed"),
}


def look_of(state: str, model: str = "") -> Look:
    """The look of a state code, of `model` (its name in lower case) where that has a word of its own.

    A code that nobody has listed shows itself as a plain chip: a page must not fall over a missing word.
    tests/test_templates.py reads every model's states and fails instead.
    """
    return STATUS.get(f"{model}.{state}") or STATUS.get(state) or Look("", "info-circle", state)
