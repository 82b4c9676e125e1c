"""A county's own question sets: published as new versions, withdrawn from a day on, never changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import QuestionSet
from cases.questions.definition import Definition
from cases.questions.reading import SetError, read_set
from cases.refusals import RegisterRefused, check_duty
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog
from staff.models.region import county_of
from staff.scope import current
from staff.workflow import Actor

PUBLISHERS = frozenset({Role.CLERK})
VERSION_TAKEN = "questionset_version_once"


class SetRefused(RegisterRefused):
    """The set cannot be published or withdrawn; the message says why."""


def own_code(region_id: int, code: str) -> str:
    """The code of the county's own copy of a set: ``500152-regular`` of ``regular``; its own codes stay."""
    prefix = _prefix(region_id)
    return code if code.startswith(prefix) else prefix + code.rpartition("-")[2]


def checked(data: Mapping[str, Any], *, valid_from: dt.date, document: str, version: int) -> Definition:
    """What would be published. SetError."""
    whole = {
        **data,
        "version": version,
        "valid_from": valid_from.isoformat(),
        "document": document.strip(),
    }
    return read_set(whole)


def publish_set(
    *,
    actor: Actor,
    at: dt.datetime,
    region_id: int,
    data: Mapping[str, Any],
    valid_from: dt.date,
    document: str,
) -> QuestionSet:
    """Put a new version of a county's own set in force from a day on; visits made before keep theirs.

    ``data`` is a definition (cases.questions.definition); its version, day and document are those given here. SetError
    when it is none; SetRefused when the code is not the county's, the day has passed, the document is missing or nothing
    has changed.
    """
    county = own_county(actor, region_id)
    code = str(data.get("code", ""))
    if not code.startswith(_prefix(county)):
        raise SetRefused(_("The code of an own form begins with %(prefix)s.") % {"prefix": _prefix(county)})
    _check(valid_from, document, at)
    with transaction.atomic():
        last = QuestionSet.objects.filter(code=code).order_by("-version").first()
        found = checked(
            data, valid_from=valid_from, document=document, version=last.version + 1 if last else 1
        )
        if last and not last.withdrawn and _content(last.definition) == _content(found.source):
            raise SetRefused(_("Nothing was changed since version %(n)d.") % {"n": last.version})
        return _add(actor, county, found, valid_from, document, withdrawn=False)


def withdraw_set(
    *, actor: Actor, at: dt.datetime, region_id: int, code: str, day: dt.date, document: str
) -> QuestionSet:
    """Use a county's own set no longer from a day on: the packaged one takes its place. SetRefused."""
    county = own_county(actor, region_id)
    _check(day, document, at)
    with transaction.atomic():
        last = QuestionSet.objects.filter(region_id=county, code=code).order_by("-version").first()
        if last is None or last.withdrawn:
            raise SetRefused(_("This form is not in use."))
        found = checked(last.definition, valid_from=day, document=document, version=last.version + 1)
        return _add(actor, county, found, day, document, withdrawn=True)


def own_county(actor: Actor, region_id: int) -> int:
    """The county of a region, whose forms the actor makes. SetRefused for another duty or county."""
    check_duty(actor, PUBLISHERS)
    county = county_of(region_id)
    if not current().covers(county):
        raise SetRefused(_("This county is not yours."))
    return county


def _prefix(region_id: int) -> str:
    return f"{county_of(region_id) // 1_000_000}-"


def _check(day: dt.date, document: str, at: dt.datetime) -> None:
    if day < timezone.localdate(at):
        raise SetRefused(_("Choose today or a later day: what was asked before stays as it was."))
    if not document.strip():
        raise SetRefused(_("Write the document that sets the form."))


def _content(data: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked, in a shape that is equal for equal forms."""
    found = read_set(data)
    return {
        name: getattr(found, name)
        for name in ("name", "categories", "placements", "risks", "kinds", "sections", "domains")
    }


def _add(
    actor: Actor, county: int, found: Definition, day: dt.date, document: str, *, withdrawn: bool
) -> QuestionSet:
    try:
        with transaction.atomic():
            row = QuestionSet.objects.create(
                region_id=county,
                code=found.code,
                version=found.version,
                definition=dict(found.source),
                withdrawn=withdrawn,
                valid_from=day,
                document=document.strip()[:120],
                published_by_id=actor.user_id,
            )
    except IntegrityError as error:
        if VERSION_TAKEN not in str(error):
            raise
        raise SetRefused(
            _("Somebody published this form at the same moment. Look at theirs first.")
        ) from error
    log_access(
        kind=AccessLog.Kind.SETTING,
        region_id=county,
        subject="cases.questionset",
        subject_id=row.pk,
        reason=document.strip(),
        detail={"code": row.code, "version": row.version, "from": day.isoformat(), "withdrawn": withdrawn},
    )
    return row


__all__ = ["SetError", "SetRefused", "checked", "own_code", "own_county", "publish_set", "withdraw_set"]
