"""Blank forms for a day on paper: a sheet for each child, and empty ones, to be filled by hand."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from cases.children import selectors
from cases.models import Child, VisitStack
from cases.questions.choice import definition
from cases.stack.rows import rows_of
from staff.audit import log_access
from staff.models import AccessLog
from staff.paper import Ask, Asks, Facts, Section, maker, paper_pdf

LINE = "　" * 12


def make_blank_forms(stack: VisitStack, children: Sequence[Child], *, empty: int, at: dt.datetime) -> bytes:
    """The PDF of a stack's sheets, then ``empty`` ones without a child; every child on it stands in the access record.

    ``children`` in the order of the stack, with their regions. A sheet bears ``<stack>-<number>``, under which it is
    found again. Raises PaperTooLong.
    """
    asked = definition(stack.form_code, stack.form_version)
    with override("zh-hans"):
        form = _("%(form)s, version %(version)s") % {"form": asked.name, "version": asked.version}
        asks = [
            Ask(row.label, [f"{one.key} {one.text}" for one in row.choices], row.lines, row.hint)
            for row in rows_of(asked)
        ]
        signs = [(_("Guardian or child"), "　\n　"), (_("Visited by"), "　\n　")]
        why = _("a day of visits on paper, %(day)s") % {"day": stack.day.isoformat()}
        of: list[tuple[str, Child | None]] = [
            *((f"{stack.pk}-{number}", child) for number, child in enumerate(children, 1)),
            *[(f"{stack.pk}-", None)] * empty,
        ]
        sheets = [
            Section(
                _("No. %(number)s　%(name)s") % {"number": number, "name": child.name if child else ""},
                [Facts(_facts(stack, number, child)), Asks(asks), Facts(signs)],
                note=form,
                own_page=place > 0,
            )
            for place, (number, child) in enumerate(of)
        ]
        title = _("Record of a visit")
        data = paper_pdf(title, sheets, who=maker(), why=why, at=at, watermark=False)
    digest = hashlib.sha256(data).hexdigest()
    for child in children:
        log_access(
            kind=AccessLog.Kind.EXPORT,
            child_id=child.pk,
            region_id=child.region_id,
            subject="cases.visitstack",
            subject_id=stack.pk,
            reason=why,
            detail={"what": "blank_form_pdf", "sha256": digest},
        )
    return data


def _facts(stack: VisitStack, number: str, child: Child | None) -> list[tuple[Any, Any]]:
    return [
        (_("Child"), child.name if child else LINE),
        (_("Number of the sheet"), number if child else f"{number}{LINE}"),
        (_("Place"), selectors.place_name(child.region if child else stack.region)),
        (_("Last visit"), (child.last_visit_date or _("never visited")) if child else LINE),
        (_("Day of the visit"), stack.day),
        (_("Visited by"), stack.conducted_by),
    ]
