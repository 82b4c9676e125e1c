"""Under which category and sub-type a child is counted: the one write, with its reason.

The database keeps the periods (:mod:`cases.models.category_triggers`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.enums import DETAILS, CategoryDetail, PrimaryCategory
from cases.models import Child, ChildAttribute
from cases.refusals import REVIEWERS, RegisterRefused, check_duty
from staff.scope import current, open_scope
from staff.workflow import Actor


def check_detail(category: str, detail: str, field: str = "detail") -> str:
    """The sub-type, if it is one of the category or empty; ValidationError on ``field`` otherwise."""
    allowed = DETAILS.get(PrimaryCategory(category), ()) if category in PrimaryCategory else ()
    if detail and detail not in allowed:
        raise ValidationError(
            {
                field: _("This is no sub-type of %(category)s. Choose one that is, or none.")
                % {"category": PrimaryCategory(category).label if category in PrimaryCategory else category}
            }
        )
    return CategoryDetail(detail).value if detail else ""


def set_category(
    child: Child,
    category: str,
    *,
    since: dt.date,
    at: dt.datetime,
    actor: Actor | None = None,
    reason: str,
    detail: str = "",
) -> Child:
    """Count the child under another category or sub-type from a day on. The supervisor or the county decides,
    in words.

    The former category ends as an attribute, the new one begins as one, if it is not one already. A day that
    lies back replaces what was recorded of the days since (triggers, :mod:`cases.models.category_triggers`).
    """
    check_duty(actor or Actor.current(), REVIEWERS)
    chosen = PrimaryCategory(category)
    detail = check_detail(chosen, detail)
    if not reason.strip():
        raise ValidationError({"reason": _("Write the reason in words.")})
    if since > timezone.localdate(at):
        raise ValidationError({"since": _("This day is still to come.")})
    with open_scope(replace(current(), reason=reason)):
        locked = Child.objects.select_for_update(of=("self",)).get(pk=child.pk)
        if locked.left_date is not None:
            raise RegisterRefused(_("The child has left the register."))
        if (locked.primary_category, locked.category_detail) == (chosen, detail):
            raise RegisterRefused(_("The child is counted under this category already."))
        held = ChildAttribute.objects.filter(child=locked, end_date__isnull=True)
        if locked.primary_category != chosen:
            for former in held.filter(kind=locked.primary_category):
                former.end_date = max(former.start_date, since)
                former.save(update_fields=["end_date"])
        if not held.filter(kind=chosen).exists():
            ChildAttribute.objects.create(
                child=locked, region_id=locked.region_id, kind=chosen, start_date=since, evidence=reason[:120]
            )
        locked.primary_category, locked.category_detail, locked.category_since = chosen, detail, since
        locked.save(update_fields=["primary_category", "category_detail", "category_since", "updated_at"])
    return locked
