"""What each role finds in the menu: a table. Pages with a role the table does not name are reached from other pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

REGISTER = _("Register")
HOME = (_("Home"), "home", "cases:home", "")
QUEUE = (_("Review queue"), "checklist", "cases:queue", "")
CHILDREN = (_("Children"), "mood-kid", "cases:children", "")
VISITS = (_("Visits"), "clipboard-text", "cases:visits", "")
OUTBOX = (_("To be sent"), "cloud-upload", "cases:outbox", "")
CASES = (_("Cases"), "flag", "cases:cases", "")
REFERRALS = (_("Referrals"), "heart-handshake", "referrals:referrals", "")
DEFECTS = (_("Defects"), "alert-triangle", "cases:defects", REGISTER)
RECHECKS = (_("To be decided again"), "refresh", "cases:recheck_dates", REGISTER)
ASSESSMENTS = (_("Assessments due"), "clipboard-text", "cases:assessments_due", REGISTER)
CARES = (_("Entrusted care"), "users", "cases:cares", REGISTER)
HELP = (_("Help ledger"), "heart-handshake", "cases:help_ledger", REGISTER)
AGEING = (_("Coming of age"), "hourglass", "cases:ageing", REGISTER)
TOTALS = (_("Totals by category"), "chart-bar", "cases:register_totals", REGISTER)
IMPORTS = (_("Import of a register"), "file-spreadsheet", "cases:imports", REGISTER)
DUPLICATES = (_("Possible duplicates"), "folder-open", "cases:duplicates", REGISTER)
TRANSFERS = (_("Transfers"), "arrows-left-right", "cases:transfers", REGISTER)
DIVISIONS = (_("Changes of divisions"), "map-pin", "staff:region_changes", _("Reports and management"))
MONTH = (_("This month"), "calendar-month", "subsidies:month", "")
APPLICATIONS = (_("Applications"), "file-check", "subsidies:applications", _("Subsidies"))
BATCHES = (_("Payment batches"), "cash", "subsidies:batches", _("Subsidies"))
LISTS = (_("List matching"), "arrows-left-right", "cases:lists", _("Comparison"))
DISCREPANCIES = (_("Discrepancies"), "search", "cases:discrepancies", _("Comparison"))
REPORT = (_("Monthly report"), "chart-bar", "subsidies:report", _("Reports and management"))
ACCOUNTS = (_("People and posts"), "users", "staff:accounts", _("Reports and management"))
TRAIL = (_("Audit trail"), "history", "staff:trail", "")
ME = (_("Me"), "user", "staff:me", "")

MENU: dict[str, tuple[Any, ...]] = {
    "director": (
        HOME,
        CHILDREN,
        VISITS,
        OUTBOX,
        ME,
        CASES,
        APPLICATIONS,
        DEFECTS,
        CARES,
        ASSESSMENTS,
        TRANSFERS,
    ),
    "supervisor": (
        *(QUEUE, CHILDREN, CASES, APPLICATIONS, ME, VISITS, REFERRALS, DISCREPANCIES, REPORT),
        *(DEFECTS, RECHECKS, CARES, ASSESSMENTS, HELP, TOTALS, AGEING, TRANSFERS, DUPLICATES, IMPORTS),
    ),
    "clerk": (
        *(MONTH, CHILDREN, CASES, BATCHES, ME, REFERRALS, APPLICATIONS, LISTS, DISCREPANCIES, REPORT),
        *(
            TOTALS,
            DEFECTS,
            RECHECKS,
            CARES,
            ASSESSMENTS,
            HELP,
            AGEING,
            TRANSFERS,
            DUPLICATES,
            IMPORTS,
            DIVISIONS,
        ),
    ),
    "approver": (
        *(MONTH, APPLICATIONS, BATCHES, CHILDREN, ME, CASES, REFERRALS, DISCREPANCIES, REPORT),
        *(TOTALS, DEFECTS),
    ),
    "releaser": (BATCHES, REPORT, ME),
    "leader": (MONTH, CHILDREN, CASES, REPORT, ME, APPLICATIONS, BATCHES, DISCREPANCIES, REFERRALS, TOTALS),
    "auditor": (TRAIL, ME),
    "sysadmin": (ACCOUNTS, ME),
    "viewer": (REPORT, ME),
    "provider": (REFERRALS, ME),
}
TABS = 5
GROUPS = ("", REGISTER, _("Subsidies"), _("Comparison"), _("Reports and management"))
START = {role: items[0][2] for role, items in MENU.items()}


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``navigation`` (side menu), ``tabs`` (at most five),
    ``beyond_tabs`` (what a phone reaches from "Me"), ``post``, ``posts``, ``can_search``, ``today``."""
    assignment = getattr(request, "assignment", None)
    today = timezone.localdate()
    if assignment is None:
        return {"today": today, "navigation": [], "tabs": [], "beyond_tabs": [], "can_search": False}
    here = request.resolver_match.view_name if request.resolver_match else ""
    role = assignment.post.role
    items = [
        {"label": label, "icon": icon, "url": url, "name": name, "group": group, "outbox": name == OUTBOX[2]}
        for label, icon, name, group in MENU.get(role, (ME,))
        if (url := _address(name))
    ]
    current = next((item for item in items if item["name"] == here), None) or _closest(items, request.path)
    for item in items:
        item["current"] = item is current
    # The side menu puts "Me" last of its group; the phone shows the first five as tabs.
    side = sorted(items, key=lambda item: (GROUPS.index(item["group"]), item["name"] == ME[2]))
    return {
        "today": today,
        "navigation": side,
        "tabs": items[:TABS],
        "beyond_tabs": [item for item in side if item not in items[:TABS]],
        "can_search": any(item["name"] == CHILDREN[2] for item in items),
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
