"""Two files of one child become one, and two again if that was wrong.

The kept file takes what was chosen field by field and every row of the other one (:mod:`cases.duplicates.merge_rows`); the merged
file leaves the register as entered in error and leads to the kept one. Nothing of the days before is rewritten.
Everything that undoing needs is kept with the merge.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from guardian.models import UserObjectPermission

from cases import search
from cases.children import family
from cases.colours import resting_on
from cases.duplicates import merge_rows
from cases.duplicates.merge_fields import BY_KEY, MERGED, OWN, checked
from cases.enums import LeaveReason
from cases.models import CategoryPeriod, Child, ChildMerge, Household, NotSameChild, Transfer
from cases.refusals import REVIEWERS, RegisterRefused, check_duty
from staff.models.region import county_of
from staff.moving import carry
from staff.scope import current, open_scope
from staff.workflow import Actor

Finding = tuple[Literal["refuse", "note"], str]
Check = Callable[[Child, Child], Iterable[Finding]]
_CHECKS: list[Check] = []
LEFT_BEHIND = ("left_date", "left_reason", "merged_into_id", "next_visit_date")  # written on the merged file


class CannotMerge(RegisterRefused):
    """The two files cannot become one now; the message says what to do first."""


def before_merge(check: Check) -> Check:
    """Register what another app says of a merge: ``(kept, merged)`` → sentences that refuse it, or notes to read."""
    _CHECKS.append(check)
    return check


def findings(kept: Child, merged: Child) -> list[Finding]:
    """Everything that forbids the merge, and what the person must know. Reads only."""
    found: list[Finding] = [("refuse", text) for text in _obstacles(kept, merged)]
    for check in _CHECKS:
        found += check(kept, merged)
    return found


def _obstacles(kept: Child, merged: Child) -> Iterable[str]:
    both = (kept, merged)
    if kept.pk == merged.pk:
        yield _("These are the same file.")
        return
    if any(child.merged_into_id for child in both):
        yield _("One of the two files was merged already. Reload the page.")
    if not all(current().covers(child.region_id) for child in both):
        yield _("Both files must lie in your area. Ask the county bureau to merge them.")
    if county_of(kept.region_id) != county_of(merged.region_id):
        yield _("The files belong to different counties. Transfer one of them first.")
    if kept.left_date is not None:
        yield _("The file to be kept has left the register. Keep the other one, or take it back first.")
    first, second = sorted((kept.pk, merged.pk))
    if NotSameChild.objects.filter(first_id=first, second_id=second).exists():
        yield _("It was decided that these are two children. Take that decision back first.")
    if Transfer.objects.filter(child__in=both, state="proposed").exists():
        yield _("A transfer of one of the two is proposed. Have it decided or withdrawn first.")


def merge_children(
    kept: Child,
    merged: Child,
    choices: Mapping[str, str],
    *,
    reason: str,
    at: dt.datetime,
    actor: Actor | None = None,
) -> ChildMerge:
    """Make one file of two. ``choices``: group of :mod:`cases.duplicates.merge_fields` → ``kept`` or ``merged``.

    ValidationError without a reason; CannotMerge with the sentence that names what to do first.
    """
    actor = actor or Actor.current()
    check_duty(actor, REVIEWERS)
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": _("Write the reason in words.")})
    day = timezone.localdate(at)
    with open_scope(replace(current(), reason=reason)):
        kept, merged = _lock(kept.pk, merged.pk)
        if refused := [text for kind, text in findings(kept, merged) if kind == "refuse"]:
            raise CannotMerge(" ".join(refused))
        chosen = checked(choices, kept, merged)
        before: dict[str, Any] = {"kept": _snapshot(kept), "merged": _snapshot(merged)}
        before["villages"] = [merged.region_id, kept.region_id]
        before["periods"] = [_values(period) for period in CategoryPeriod.objects.filter(child=kept)]
        _lay(merged, kept.region_id)
        context = merge_rows.Context(kept, merged, day, at, actor, reason[:120])
        moved = merge_rows.move_rows(context)
        before["restricted"] = merge_rows.move_restricted(context)
        other = Child(**{f.attname: getattr(merged, f.attname) for f in Child._meta.concrete_fields})
        merged.left_date, merged.left_reason = merged.left_date or day, LeaveReason.ENTERED_IN_ERROR
        merged.merged_into, merged.next_visit_date = kept, None
        merged.save(update_fields=[*LEFT_BEHIND[:2], "merged_into", "next_visit_date", "updated_at"])
        before["household"] = _take(kept, other, chosen, day)
        before |= {
            "after": _snapshot(kept),
            "plain": moved.plain,
            "changed": moved.changed,
            "stayed": moved.stayed,
            "shares": _move_shares(merged.pk, kept.pk),
        }
        search.index_children([kept.pk, merged.pk])
        return ChildMerge.objects.create(
            kept=kept,
            merged=merged,
            region_id=kept.region_id,
            choices=chosen,
            moved=json.loads(_json(moved.plain)),
            before=_json(before),
            reason=reason[:200],
            user_id=actor.user_id or None,
            at=at,
        )


def _lock(kept: int, merged: int) -> tuple[Child, Child]:
    """Both files, locked in the order of their keys, so that two people who merge the same pair follow one another,
    and whoever writes a row on one of them has finished or waits."""
    rows = Child.objects.select_for_update(of=("self",)).filter(pk__in={kept, merged}).order_by("pk")
    found = {child.pk: child for child in rows}
    if kept not in found or merged not in found:
        raise CannotMerge(_("The record is no longer in your area."))
    return found[kept], found[merged]


def _lay(child: Child, region_id: int) -> None:
    """Put a file, those merged into it, and all that hangs on them into another village (one merged file, one place)."""
    if child.region_id == region_id:
        return
    ids = files_of(child.pk)
    Child.objects.filter(pk__in=ids).update(region_id=region_id)
    carry(ids)
    child.region_id = region_id


def _take(kept: Child, merged: Child, chosen: Mapping[str, str], day: dt.date) -> int | None:
    """Write the chosen values. Returns the household that was copied because the other one lies elsewhere."""
    for key, side in chosen.items():
        if side == MERGED:
            for name in BY_KEY[key].fields:
                setattr(kept, name, getattr(merged, name))
    copied = None
    if chosen.get("household") == MERGED and kept.household and kept.household.region_id != kept.region_id:
        household = kept.household
        household.pk, household.region_id = None, kept.region_id
        household._state.adding = True
        household.save(force_insert=True)
        kept.household, copied = household, household.pk
    if chosen.get("category") == MERGED:
        kept.category_since = max(day, kept.registered_date)
    kept.id_digest = family.digest_or_none(kept.id_number)
    kept.last_visit_date = max(filter(None, (kept.last_visit_date, merged.last_visit_date)), default=None)
    kept.next_visit_date = min(filter(None, (kept.next_visit_date, merged.next_visit_date)), default=None)
    kept.save()
    return copied


def _move_shares(source: int, target: int) -> list[list[Any]]:
    """People who were given the merged file see the kept one; [user, permission, whether it had to be given]."""
    moved: list[list[Any]] = []
    for share in _shares(source).order_by("pk"):
        _row, given = UserObjectPermission.objects.get_or_create(
            user_id=share.user_id,
            permission_id=share.permission_id,
            content_type_id=share.content_type_id,
            object_pk=str(target),
        )
        moved.append([share.user_id, share.permission_id, given])
        share.delete()
    return moved


def _shares(child_id: int) -> Any:
    return UserObjectPermission.objects.filter(
        content_type__app_label="cases", content_type__model="child", object_pk=str(child_id)
    )


# --- Taking it back ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Undone:
    """``edited`` names what was changed since the merge and was therefore left as it is."""

    merge: ChildMerge
    edited: tuple[str, ...]


def undo_merge(merge: ChildMerge, *, reason: str, at: dt.datetime, actor: Actor | None = None) -> Undone:
    """Make two files of one again, each as it was. What came after the merge stays with the kept file, what was
    edited since is kept and named. ValidationError without a reason; CannotMerge when it cannot be undone now."""
    actor = actor or Actor.current()
    check_duty(actor, REVIEWERS)
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": _("Write the reason in words.")})
    with open_scope(replace(current(), reason=reason)):
        kept, merged = _lock(merge.kept_id, merge.merged_id)
        found = ChildMerge.objects.select_for_update(of=("self",)).filter(pk=merge.pk).first()
        if found is None or found.undone_at is not None:
            raise CannotMerge(_("This merge was undone already."))
        if merged.merged_into_id != kept.pk:
            raise CannotMerge(_("The kept file was merged into another one since. Undo that merge first."))
        if not all(current().covers(child.region_id) for child in (kept, merged)):
            raise CannotMerge(_("Both files must lie in your area. Ask the county bureau to undo the merge."))
        before = json.loads(found.before)
        labels = merge_rows.move_back(before["plain"], before["changed"], kept, merged)
        with merge_rows.seeing_restricted():
            merge_rows.move_back(before.get("restricted", {}), [], kept, merged)
        with resting_on(f"merge:{found.pk}"):
            edited = _give_back(kept, before)
        if before["household"] and kept.household_id != before["household"]:
            Household.objects.filter(pk=before["household"], children=None).delete()
        village, laid = before["villages"]
        if merged.region_id == laid:
            _lay(merged, village)
        _restore(merged, before["merged"], LEFT_BEHIND)
        try:
            with transaction.atomic():
                merged.save(update_fields=[*LEFT_BEHIND[:2], "merged_into", "next_visit_date", "updated_at"])
        except IntegrityError as error:
            if "child_identity_once" not in str(error):
                raise
            raise CannotMerge(
                _("The identity number of the merged file is on the register again. Put that right first.")
            ) from error
        _move_shares_back(before["shares"], kept.pk, merged.pk)
        search.index_children([kept.pk, merged.pk])
        found.undone_at, found.undone_by_id, found.undo_reason = at, actor.user_id or None, reason[:200]
        found.save(update_fields=["undone_at", "undone_by", "undo_reason"])
    return Undone(found, (*edited, *(str(_verbose(label)) for label in dict.fromkeys(labels))))


def _give_back(kept: Child, before: dict[str, Any]) -> list[str]:
    """Put the kept file's own values back where nobody has changed them since; the names of the others."""
    own, after = before["kept"], before["after"]
    edited = []
    groups = [(str(group.label), group.fields) for group in BY_KEY.values()]
    columns: dict[str, Any] = {f.name: f for f in Child._meta.concrete_fields}
    groups += [(str(columns[name].verbose_name), (name,)) for name in LEFT_OF_VISITS]
    for label, fields in groups:
        names = (*fields, "category_since") if "primary_category" in fields else fields
        if all(own[name] == after[name] for name in names):
            continue
        if any(_plain(getattr(kept, name)) != after[name] for name in names):
            edited.append(label)
            continue
        _restore(kept, own, names)
    kept.id_digest = family.digest_or_none(kept.id_number)
    try:
        with transaction.atomic():
            kept.save()
    except IntegrityError as error:
        if "child_identity_once" not in str(error):
            raise
        raise CannotMerge(
            _("The identity number of the kept file is on the register again. Put that right first.")
        ) from error
    if own["primary_category"] != after["primary_category"] and _same_category(kept, own):
        _restore_periods(kept, before["periods"])
    return edited


LEFT_OF_VISITS = ("last_visit_date", "next_visit_date")


def _same_category(kept: Child, own: dict[str, Any]) -> bool:
    names = ("primary_category", "category_detail", "category_since")
    return all(_plain(getattr(kept, name)) == own[name] for name in names)


def _restore_periods(kept: Child, periods: list[dict[str, Any]]) -> None:
    CategoryPeriod.objects.filter(child=kept).delete()
    CategoryPeriod.objects.bulk_create(
        CategoryPeriod(
            **{name: merge_rows.read(CategoryPeriod, name, value) for name, value in period.items()}
            | {"region_id": kept.region_id}
        )
        for period in periods
    )


def _restore(child: Child, values: dict[str, Any], names: Iterable[str]) -> None:
    for name in names:
        setattr(child, name, merge_rows.read(Child, name, values[name]))


def _move_shares_back(shares: list[list[Any]], kept: int, merged: int) -> None:
    for user_id, permission_id, given in shares:
        rows = _shares(kept).filter(user_id=user_id, permission_id=permission_id)
        share = rows.first()
        if share is None:
            continue  # taken back since: not given again
        content = share.content_type_id
        if given:
            share.delete()
        UserObjectPermission.objects.get_or_create(
            user_id=user_id, permission_id=permission_id, content_type_id=content, object_pk=str(merged)
        )


# --- What stood there, as text -------------------------------------------------------------------------------


def _values(row: Any) -> dict[str, Any]:
    return {f.attname: _plain(getattr(row, f.attname)) for f in row._meta.concrete_fields}


def _snapshot(child: Child) -> dict[str, Any]:
    return {
        name: value
        for name, value in _values(child).items()
        if name not in OWN - {*LEFT_BEHIND, "category_since"}
    }


def _plain(value: Any) -> Any:
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, (uuid.UUID, decimal.Decimal)):
        return str(value)
    if isinstance(value, (bytes, memoryview)):
        return None  # digests are worked out anew
    return value


def _json(value: Any) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _verbose(label: str) -> Any:
    return next(m._meta.verbose_name for m in merge_rows.linked_models() if m._meta.label == label)


# --- Reading ---------------------------------------------------------------------------------------------------


def files_of(child_id: int) -> list[int]:
    """The keys of all files that are this child's: its own, and those merged into it. One query."""
    merged = Child.objects.filter(merged_into_id=child_id).order_by("pk").values_list("pk", flat=True)
    return [child_id, *merged]


def standing_file(pk: int) -> Child | None:
    """The file that stands for this one now: itself, or the one it was merged into; None when out of sight."""
    found = Child.objects.filter(pk=pk).first()
    while found is not None and found.merged_into_id is not None:
        found = Child.objects.filter(pk=found.merged_into_id).first()
    return found
