"""What each role finds in the menu: a table. Pages with a role the table does not name are reached from other pages."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

CARE = _("Visits and help")
REGISTER = _("Register")
MONEY = _("Funds and accounts")
HOME = (_("Home"), "home", "cases:home", "")
QUEUE = (_("Review queue"), "checklist", "cases:queue", "")
CHILDREN = (_("Children"), "mood-kid", "cases:children", "")
VISITS = (_("Visits"), "clipboard-text", "cases:visits", "")
OUTBOX = (_("To be sent"), "cloud-upload", "cases:outbox", "")
CASES = (_("Cases"), "flag", "cases:cases", "")
REFERRALS = (_("Referrals"), "heart-handshake", "referrals:referrals", "")
VILLAGES = (_("Overview of villages"), "map-pin", "cases:villages", CARE)
SWEEPS = (_("Sweeps"), "checklist", "cases:sweeps", CARE)
LATE = (_("Visits overdue"), "clock", "cases:late", CARE)
DEFECTS = (_("Defects"), "alert-triangle", "cases:defects", REGISTER)
RECHECKS = (_("Re-checks"), "refresh", "subsidies:reviews", _("Subsidies"))
PROOFS = (_("Proofs of schooling"), "file-check", "subsidies:school_proofs", _("Subsidies"))
RECOVERIES = (_("Money asked back"), "receipt-refund", "subsidies:recoveries", MONEY)
ASSESSMENTS = (_("Assessments due"), "clipboard-text", "cases:assessments_due", CARE)
CARES = (_("Entrusted care"), "users", "cases:cares", CARE)
HELP = (_("Help ledger"), "heart-handshake", "cases:help_ledger", CARE)
AGEING = (_("Coming of age"), "hourglass", "cases:ageing", REGISTER)
VISIT_FORMS = (_("Visit forms"), "checklist", "cases:visit_forms", CARE)
TOTALS = (_("Totals by category"), "chart-bar", "cases:register_totals", REGISTER)
IMPORTS = (_("Import of a register"), "file-spreadsheet", "cases:imports", REGISTER)
DUPLICATES = (_("Possible duplicates"), "folder-open", "cases:duplicates", REGISTER)
TRANSFERS = (_("Transfers"), "arrows-left-right", "cases:transfers", REGISTER)
DIVISIONS = (_("Changes of divisions"), "map-pin", "staff:region_changes", _("Reports and management"))
MONTH = (_("This month"), "calendar-month", "subsidies:month", "")
APPLICATIONS = (_("Applications"), "file-check", "subsidies:applications", _("Subsidies"))
BATCHES = (_("Payment batches"), "cash", "subsidies:batches", _("Subsidies"))
SCHEMES = (_("Schemes and standards"), "list", "subsidies:schemes", MONEY)
APPROVALS = (_("My decisions"), "checklist", "subsidies:approvals", "")
BUDGET = (_("Budget"), "chart-bar", "subsidies:budgets", MONEY)
LEDGER = (_("Ledger"), "list", "subsidies:ledger", MONEY)
CHARTS = (_("Recipients and money"), "chart-bar", "subsidies:charts", MONEY)
AID = (_("Aid and services"), "heart-handshake", "subsidies:aid", _("Subsidies"))
LISTS = (_("List matching"), "arrows-left-right", "cases:lists", _("Comparison"))
DISCREPANCIES = (_("Discrepancies"), "search", "cases:discrepancies", _("Comparison"))
LEADS = (_("Potential children"), "mood-kid", "cases:leads", _("Comparison"))
REQUESTS = (_("Partners and requests"), "arrows-left-right", "cases:requests", _("Comparison"))
REPORT = (_("Monthly report"), "chart-bar", "subsidies:report", _("Reports and management"))
OFFICIAL = (
    _("Official tables"),
    "file-spreadsheet",
    "subsidies:funds_report",
    _("Reports and management"),
)
NOTICES = (_("Payment notices"), "printer", "subsidies:payment_notices", _("Subsidies"))
CALENDAR = (_("Working days"), "calendar-month", "staff:holidays", _("Reports and management"))
ACCOUNTS = (_("People and posts"), "users", "staff:accounts", _("Reports and management"))
PHONES = (_("Phones"), "lock", "cases:field_devices", _("Reports and management"))
AUDIT = (_("Money under audit"), "search", "subsidies:audit", MONEY)
TRAIL = (_("Audit trail"), "history", "staff:trail", "")
ME = (_("Me"), "user", "staff:me", "")
NOTES = (_("Notes"), "bell", "cases:notes", "")
CHECKS = (_("Spot checks"), "phone-call", "cases:checks", CARE)

MENU: dict[str, tuple[Any, ...]] = {
    "director": (
        HOME,
        CHILDREN,
        VISITS,
        OUTBOX,
        ME,
        NOTES,
        CASES,
        SWEEPS,
        APPLICATIONS,
        DEFECTS,
        CARES,
        ASSESSMENTS,
        TRANSFERS,
        AID,
        LEADS,
    ),
    "supervisor": (
        *(
            QUEUE,
            CHILDREN,
            CASES,
            APPLICATIONS,
            ME,
            NOTES,
            CHECKS,
            VISITS,
            VILLAGES,
            LATE,
            SWEEPS,
            REFERRALS,
            DISCREPANCIES,
            LEADS,
            REPORT,
        ),
        *(DEFECTS, RECHECKS, CARES, ASSESSMENTS, HELP, TOTALS, AGEING, TRANSFERS, DUPLICATES, IMPORTS),
        AID,
        NOTICES,
    ),
    "clerk": (
        *(
            MONTH,
            CHILDREN,
            CASES,
            BATCHES,
            ME,
            NOTES,
            CHECKS,
            VILLAGES,
            LATE,
            SWEEPS,
            REFERRALS,
            APPLICATIONS,
            LISTS,
            DISCREPANCIES,
            LEADS,
            REQUESTS,
            REPORT,
        ),
        *(
            TOTALS,
            DEFECTS,
            RECHECKS,
            CARES,
            ASSESSMENTS,
            HELP,
            AGEING,
            VISIT_FORMS,
            TRANSFERS,
            DUPLICATES,
            IMPORTS,
            DIVISIONS,
            CALENDAR,
            RECOVERIES,
            AID,
            SCHEMES,
            OFFICIAL,
            NOTICES,
            BUDGET,
            LEDGER,
            CHARTS,
        ),
    ),
    "approver": (
        *(
            MONTH,
            APPROVALS,
            BATCHES,
            CHILDREN,
            ME,
            NOTES,
            CHECKS,
            APPLICATIONS,
            CASES,
            REFERRALS,
            DISCREPANCIES,
            LEADS,
            REQUESTS,
            REPORT,
        ),
        *(TOTALS, DEFECTS, VISIT_FORMS, AID, SCHEMES, OFFICIAL, AUDIT, BUDGET, LEDGER, CHARTS),
    ),
    "releaser": (BATCHES, REPORT, ME, BUDGET, LEDGER, CHARTS),
    "leader": (
        *(
            MONTH,
            CHILDREN,
            CASES,
            REPORT,
            ME,
            VILLAGES,
            SWEEPS,
            APPLICATIONS,
            BATCHES,
            DISCREPANCIES,
            LEADS,
            REQUESTS,
            REFERRALS,
            TOTALS,
            VISIT_FORMS,
        ),
        AID,
        *(SCHEMES, RECHECKS, RECOVERIES, OFFICIAL, AUDIT, BUDGET, LEDGER, CHARTS),
    ),
    "auditor": (AUDIT, TRAIL, ME, SCHEMES, RECOVERIES, BUDGET, LEDGER, CHARTS),
    "sysadmin": (ACCOUNTS, PHONES, ME, CALENDAR),
    "viewer": (REPORT, CHARTS, ME),
    "provider": (REFERRALS, ME),
}
TABS = 5
# Who visits, so that their browsers are made ready for work without a signal.
IN_FIELD = ("director", "supervisor")
# Who gets notes; others have no bell.
TOLD = ("director", "supervisor", "clerk", "approver")
GROUPS = ("", CARE, REGISTER, _("Subsidies"), MONEY, _("Comparison"), _("Reports and management"))
# A side menu longer than this is folded: only the group of the page that is shown stands open.
LONG_MENU = 16
START = {role: items[0][2] for role, items in MENU.items()}


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``navigation`` (side menu), ``phone_tabs`` (at most five),
    ``beyond_tabs`` (what a phone reaches from "Me"), ``post``, ``posts``, ``can_search``, ``today``, ``in_field``
    (whether the post visits)."""
    assignment = getattr(request, "assignment", None)
    today = timezone.localdate()
    if assignment is None:
        return {
            "today": today,
            "note_url": "",
            "navigation": [],
            "phone_tabs": [],
            "beyond_tabs": [],
            "can_search": False,
            "in_field": False,
        }
    here = request.resolver_match.view_name if request.resolver_match else ""
    role = assignment.post.role
    items = [
        {"label": label, "icon": icon, "url": url, "name": name, "group": group, "outbox": name == OUTBOX[2]}
        for label, icon, name, group in MENU.get(role, (ME,))
        if (url := _address(name))
    ]
    current = next((item for item in items if item["name"] == here), None) or _closest(items, request.path)
    notes = _notes(request, role)
    for item in items:
        item["current"] = item is current
        if item["name"] == NOTES[2]:
            item |= {"count": notes.get("unread", 0), "hot": True}
    open_group = current["group"] if current else ""
    for item in items:
        folds = len(items) > LONG_MENU and item["group"]
        item["fold"] = ("open" if item["group"] == open_group else "closed") if folds else ""
    # The side menu puts "Me" last of its group; the phone shows the first five as tabs.
    side = sorted(items, key=lambda item: (GROUPS.index(item["group"]), item["name"] == ME[2]))
    return {
        "today": today,
        "navigation": side,
        "phone_tabs": items[:TABS],
        "beyond_tabs": [item for item in side if item not in items[:TABS]],
        "can_search": any(item["name"] == CHILDREN[2] for item in items),
        "in_field": role in IN_FIELD,
        "note_url": "",
        **notes,
        "post": {
            "person": request.user.name,  # type: ignore[union-attr]
            "role": assignment.post.get_role_display(),
            "place": assignment.post.region.short_name,
        },
        "posts": [
            {
                "id": held.pk,
                "label": f"{held.post.region.short_name} · {held.post.get_role_display()}",
                "current": held == assignment,
            }
            for held in request.assignments  # type: ignore[attr-defined]
        ],
    }


def _notes(request: HttpRequest, role: str) -> dict[str, Any]:
    """``notices_url``; ``note_url`` for who may write one; ``unread``, a function that counts once, when a page shows it."""
    # The settings read this module before there are models.
    from cases.notes.selectors import unread_in_menu
    from cases.notes.services import SENDERS

    if role not in TOLD:
        return {}
    return {
        "notices_url": _address(NOTES[2]),
        "note_url": _address("cases:note_add") if role in SENDERS else "",
        "unread": cache(lambda: unread_in_menu(request.user.pk or 0)),
    }


def _address(name: str) -> str:
    """The page's address; empty while it is not built. tests/access/test_matrix.py insists that all are."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _closest(items: list[dict[str, Any]], path: str) -> dict[str, Any] | None:
    """The item whose address is the longest beginning of the path."""
    inside = [item for item in items if item["url"] != "/" and path.startswith(item["url"])]
    return max(inside, key=lambda item: len(item["url"]), default=None)
