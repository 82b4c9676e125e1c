"""What the scripts of the shell say, in the language that is active. Those that count have two forms: one, many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from staff.status import RISK_WORDS
from staff.templatetags.look import weekday


def words() -> dict[str, Any]:
    """By name: a text, a list of texts, or texts by code. ``%(n)s`` and the like stand for what the script puts in."""
    return {
        "risk": {code: str(word) for code, word in RISK_WORDS.items()},
        "weekdays": [weekday(dt.date(2024, 1, day)) for day in range(1, 8)],
        "greetings": [
            _("Good morning, %(name)s"),
            _("Good afternoon, %(name)s"),
            _("Good evening, %(name)s"),
        ],
        "today": _("Today"),
        "never": _("Not visited yet"),
        "late": _two(lambda n: ngettext("%(n)d day overdue", "%(n)d days overdue", n)),
        "days": _two(lambda n: ngettext("%(n)d day", "%(n)d days", n)),
        "age": _two(lambda n: ngettext("%(n)d year old", "%(n)d years old", n)),
        "every": _two(lambda n: ngettext("Visited every %(n)d day", "Visited every %(n)d days", n)),
        "last": _("last on %(day)s"),
        "groups": {
            "drafts": _("Drafts on this phone"),
            "overdue": _("Overdue"),
            "returned": _("Returned, please change"),
            "office": _("Drafts at the office"),
            "tasks": _("Visits asked for"),
            "soon": _("Today and the next days"),
            "later": _("Later"),
            "waiting": _("Awaiting the supervisor's review"),
            "found": _("Found"),
        },
        "none_found": _("Nobody of this name. Look for it with a signal: it may be in another village."),
        "supervisor": _("Supervisor: %(words)s"),
        "office_photos": _two(
            lambda n: ngettext(
                "%(n)d photo of this visit is at the office and stays with it.",
                "%(n)d photos of this visit are at the office and stay with it.",
                n,
            )
        ),
        "go_on": _("Go on with the draft"),
        "record": _("Record a visit"),
        "fetched": _("List of %(when)s. Only what a visit needs is on this phone."),
        "cut": _("Only the 600 children whose visits are due first are on this phone."),
        "unsent": _two(lambda n: ngettext("%(n)d visit waits to be sent", "%(n)d visits wait to be sent", n)),
        "notes": _two(lambda n: ngettext("%(n)d unread note", "%(n)d unread notes", n)),
        "read": _("Read"),
        "prepare": _("Without a signal this phone cannot open your list yet."),
        "prepare_link": _("Prepare it"),
        "roster_goes": _two(
            lambda n: ngettext(
                "Without a signal for %(n)d more day the list of children goes from this phone.",
                "Without a signal for %(n)d more days the list of children goes from this phone.",
                n,
            )
        ),
        "draft_goes": _two(
            lambda n: ngettext(
                "A visit that was not sent is deleted from this phone in %(n)d day. Send it, or go on writing.",
                "A visit that was not sent is deleted from this phone in %(n)d days. Send it, or go on writing.",
                n,
            )
        ),
        "look": _("Look"),
        "unreadable": _two(
            lambda n: ngettext(
                "%(n)d record on this phone cannot be read. The others are all here. Tell the office before you delete anything.",
                "%(n)d records on this phone cannot be read. The others are all here. Tell the office before you delete anything.",
                n,
            )
        ),
        "sign_in": _("Sign in"),
        "sign_in_to_send": _(
            "Sign in, so that what you have written is sent. Everything stays here until then."
        ),
        "needs_signal": _("That page needs a signal. Here is what you can do without one."),
        "try_again": _("Try again"),
        "kept": _two(
            lambda n: ngettext(
                "%(n)d visit is written on this phone and not yet sent.",
                "%(n)d visits are written on this phone and not yet sent.",
                n,
            )
        ),
        "kept_none": _("Everything that you have written here was sent."),
        "terms": _(
            "The list of children stays %(roster)s days after the last signal, a visit that was not sent %(drafts)s days."
        ),
        "loss": _("The list of children comes back with your next sign-in."),
        "loss_unsent": _("What has not been sent is lost, for nobody else has it."),
        "locked": {
            "insecure": {
                "title": _("Nothing can be kept on this phone"),
                "text": _(
                    "This address is not encrypted (https), or the browser is old. Visits are written on the ordinary page, with a signal."
                ),
                "to": "/visits/add/",
                "link": _("Record a visit"),
            },
            "offline": {
                "title": _("No signal"),
                "text": _("What is kept on this phone opens with the password of its account."),
            },
            "nobody": {
                "title": _("No signal"),
                "text": _(
                    "No account has been prepared for use without a signal on this phone. Sign in where there is one."
                ),
            },
            "signed_out": {
                "title": _("Please sign in"),
                "text": _(
                    "What you have written on this phone is still here. It opens when you are signed in."
                ),
                "to": "/sign-in/?next=/field/",
                "link": _("Sign in"),
            },
            "forbidden": {
                "title": _("Your post does not visit"),
                "text": _("This page is for children's directors and supervisors."),
                "to": "/",
                "link": _("Home"),
            },
            "replaced": {
                "title": _("What is on this phone was written under a former key"),
                "text": _(
                    "The phone was silent for long. Once prepared, it still opens with your password; or forget it and begin anew."
                ),
            },
            "wiped": {
                "title": _("This phone has forgotten the account"),
                "text": _(
                    "The office asked for it, because the phone was lost or changed hands. Sign in to begin anew."
                ),
                "to": "/sign-in/?next=/field/",
                "link": _("Sign in"),
            },
            "forgotten": {
                "title": _("Everything is deleted from this phone"),
                "text": _("Sign in to fetch the list of children again."),
                "to": "/sign-in/?next=/field/",
                "link": _("Sign in"),
            },
            "broken": {
                "title": _("The phone's store cannot be opened"),
                "text": _(
                    "There may be no room left on the phone. Free some and try again; nothing was deleted."
                ),
                "to": "/field/",
                "link": _("Try again"),
            },
        },
        "password": _("The password is wrong."),
        "others": _("Also on this phone, but only with a signal: %(names)s"),
        "preparing": _("Preparing…"),
        "outbox": _("To be sent"),
        "phone": _("This phone"),
        "visits": _("Visits"),
    }


def _two(count: Callable[[int], str]) -> list[str]:
    """Both forms as the language has them; %(n)d stays in its place."""
    return [count(n) for n in (1, 2)]
