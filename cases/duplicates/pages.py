"""What the pages about two files of one child show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.children.listing import name_places
from cases.children.selectors import place_name
from cases.duplicates.forms import MergeForm, PartForm, UndoForm
from cases.duplicates.merge_fields import GROUPS, Group
from cases.duplicates.merge_rows import counts_of
from cases.duplicates.merging import findings
from cases.duplicates.services import KINDS, PAGE, Pair
from cases.duplicates.twins import Why
from cases.models import Child, ChildMerge, NotSameChild
from staff.differences import mark_differences

# What a person knows by name among the rows that move; the rest is counted together.
NAMED = {
    "cases.Visit": gettext_lazy("Visits"),
    "cases.VisitPhoto": gettext_lazy("Photos"),
    "cases.Case": gettext_lazy("Cases"),
    "cases.Guardian": gettext_lazy("Guardians and caregivers"),
    "cases.ParentSituation": gettext_lazy("Parents' situations"),
    "cases.Payee": gettext_lazy("Payees"),
    "cases.GuardianshipAssessment": gettext_lazy("Assessments"),
    "cases.EntrustedCare": gettext_lazy("Entrusted care"),
    "cases.Need": gettext_lazy("Needs"),
    "cases.Help": gettext_lazy("Help given"),
    "cases.Defect": gettext_lazy("Defects"),
    "referrals.Referral": gettext_lazy("Referrals"),
    "subsidies.Application": gettext_lazy("Applications"),
    "subsidies.Entitlement": gettext_lazy("Entitlements"),
}
SHORT = {
    Why.IDENTITY: gettext_lazy("Same number"),
    Why.NAME: gettext_lazy("Same name"),
    Why.SOUND: gettext_lazy("Same sound"),
    Why.GUARDIAN: gettext_lazy("Same guardian"),
}
Reveal = Callable[[str, int], str]


def segments_of(show: str, kind: str) -> list[dict[str, Any]]:
    """What the list can be narrowed to."""
    page = reverse("cases:duplicates")
    kinds = [("", _("All"))] + [(why.value, str(SHORT[why])) for why in KINDS]
    found = [
        {
            "label": label,
            "url": f"{page}?kind={value}" if value else page,
            "current": not show and kind == value,
        }
        for value, label in kinds
    ]
    decided = (("parted", _("Not the same child")), ("merged", _("Merged")))
    return found + [
        {"label": label, "url": f"{page}?show={value}", "current": show == value} for value, label in decided
    ]


def pair_rows(pairs: list[Pair]) -> list[dict[str, Any]]:
    """One pair a row: the file on the register that was opened first is proposed as the one to keep."""
    rows = []
    for pair in pairs:
        files = sorted((pair.first, pair.second), key=lambda child: (child.left_date is not None, child.pk))
        rows.append(
            {
                "why": pair.why,
                "files": files,
                "merge": reverse("cases:merge", args=[files[0].pk, files[1].pk]),
                "part": reverse("cases:not_same", args=[files[0].pk, files[1].pk]),
                "form": PartForm(),
            }
        )
    return rows


def decision_rows(found: list[NotSameChild] | list[ChildMerge], show: str) -> dict[str, Any]:
    """Decisions of a page, each with what takes it back, and the address of the older ones."""
    rows: list[dict[str, Any]] = []
    for one in found[:PAGE]:
        merged = isinstance(one, ChildMerge)
        files = [one.kept, one.merged] if isinstance(one, ChildMerge) else [one.first, one.second]
        rows.append(
            {
                "files": files,
                "at": one.at,
                "by": one.user.name if one.user else "",
                "reason": one.reason,
                "undo": reverse("cases:merge_undo" if merged else "cases:not_same_undo", args=[one.pk]),
            }
        )
    name_places([child for row in rows for child in row["files"]])
    later = f"?show={show}&before={found[PAGE - 1].pk}" if len(found) > PAGE else ""
    return {"rows": rows, "later": later}


def merge_context(form: MergeForm, kept: Child, merged: Child, reveal: Reveal) -> dict[str, Any]:
    """The comparison, what moves, and what stands against it."""
    counted = counts_of((kept, merged))
    found = findings(kept, merged)
    return {
        "form": form,
        "kept": kept,
        "merged": merged,
        "places": [place_name(child.region) for child in (kept, merged)],
        "lines": [_line(group, form, kept, merged, reveal) for group in GROUPS],
        "moves": [
            {"label": label, "kept": counted[kept.pk].get(key, 0), "merged": counted[merged.pk].get(key, 0)}
            for key, label in NAMED.items()
            if counted[merged.pk].get(key, 0)
        ],
        "others": sum(n for key, n in counted[merged.pk].items() if key not in NAMED),
        "refusals": [text for kind, text in found if kind == "refuse"],
        "notes": [text for kind, text in found if kind == "note"],
        "swap": reverse("cases:merge", args=[merged.pk, kept.pk]),
        "part": reverse("cases:not_same", args=[kept.pk, merged.pk]),
    }


def _line(group: Group, form: MergeForm, kept: Child, merged: Child, reveal: Reveal) -> dict[str, Any]:
    left, right = group.text(kept), group.text(merged)
    key = f"choose-{group.key}"
    differs = key in form.fields
    marked = mark_differences(left, right) if differs and left and right else (left, right)
    return {
        "key": key,
        "label": group.label,
        "differs": differs,
        "chosen": form[key].value() if differs else "",
        "masked": bool(group.reveal),
        "sides": [
            {
                "side": side,
                "text": text,
                "free": differs and side in dict(form.fields[key].choices),  # type: ignore[attr-defined]
                "eye": reveal(group.reveal, child.pk) if group.reveal and plain else "",
                "of": child,
            }
            for side, text, plain, child in (
                ("kept", marked[0], left, kept),
                ("merged", marked[1], right, merged),
            )
        ],
    }


def undo_context(form: UndoForm, done: ChildMerge) -> dict[str, Any]:
    """Who merged what and why, and what goes back."""
    facts = [
        {
            "label": _("Kept file"),
            "value": f"{done.kept.name} {done.kept.number}",
            "url": reverse("cases:child", args=[done.kept_id]),
        },
        {"label": _("Merged file"), "value": f"{done.merged.name} {done.merged.number}"},
        {"label": _("Merged on"), "value": f"{done.at:%Y-%m-%d}", "number": True},
        {"label": _("By"), "value": done.user.name if done.user else ""},
        {"label": _("Reason"), "value": done.reason, "wide": True},
    ]
    moved = done.moved
    back = [{"label": label, "merged": len(moved[key])} for key, label in NAMED.items() if moved.get(key)]
    others = sum(len(ids) for key, ids in moved.items() if key not in NAMED)
    return {"form": form, "merge": done, "facts": facts, "back": back, "others": others}
