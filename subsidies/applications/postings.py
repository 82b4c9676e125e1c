"""公示: what is posted before a decision, only under schemes whose terms ask for it.

Of orphans and de facto unattended children nothing is posted (rules.md 2.1: privacy). Where posting is asked for,
names are shortened, and neither number nor address nor the ground is on it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from cases.enums import PrimaryCategory
from staff import paper
from staff.audit import log_access
from staff.calendar import add_working_days
from staff.enums import Role
from staff.holidays import overrides
from staff.models import AccessLog, Region
from staff.paper import Table, Text
from staff.workflow import Actor
from subsidies.applications.clocks import COUNTY
from subsidies.applications.refusals import ApplicationRefused
from subsidies.entitlements.departed import attach_children
from subsidies.models import Application, Scheme
from subsidies.terms.enums import PublicityKind
from subsidies.terms.in_force import terms_of

POSTERS = frozenset({Role.SUPERVISOR, Role.CLERK})
# Never on a wall, whatever a county rules.
NEVER = frozenset({PrimaryCategory.ORPHAN, PrimaryCategory.PROTECTED, PrimaryCategory.DE_FACTO_UNATTENDED})


class PostingRefused(ApplicationRefused):
    """The list may not be posted; the message says why."""


@dataclass(frozen=True)
class Posting:
    """A list for the wall of one township: from the first to the last day, names shortened."""

    scheme: Scheme
    township: Region
    start: dt.date
    end: dt.date
    where: str
    lines: list[tuple[str, str]]


def schemes_posted(region_id: int, on: dt.date) -> list[Scheme]:
    """Schemes whose terms ask for posting in a county."""
    return [
        scheme
        for scheme in Scheme.objects.filter(is_active=True)
        if terms_of(scheme, region_id, on).publicity.kind != PublicityKind.NONE
    ]


def posting(*, actor: Actor, at: dt.datetime, scheme: Scheme, township: Region) -> Posting:
    """The list of a township's applications that the township has verified. Raises PostingRefused."""
    if actor.role not in POSTERS:
        raise PostingRefused(_("Your post does not have this duty."))
    start = timezone.localdate(at)
    terms = terms_of(scheme, township.pk, start)
    if terms.publicity.kind == PublicityKind.NONE:
        raise PostingRefused(
            _("Nothing is posted under this scheme: the rule forbids it, to protect the child.")
        )
    days = terms.publicity.days
    working = terms.publicity.kind == PublicityKind.WORKING_DAYS
    end = add_working_days(start, days, overrides()) if working else start + dt.timedelta(days=days)
    found = (
        Application.objects.filter(
            scheme=scheme, state__in=COUNTY, region__gte=township.lo, region__lte=township.hi
        )
        .select_related("region")
        .order_by("region_id", "pk")
    )
    lines = [
        (application.region.short_name, shortened(application.child.name))
        for application in attach_children(found)
        if not ({application.child.primary_category, application.decision.get("category", "")} & NEVER)
    ]
    return Posting(scheme, township, start, end, str(terms.publicity.where.label), lines)


def shortened(name: str) -> str:
    """A name that neighbours do not read: 林小满 → 林＊＊."""
    return name[:1] + "＊" * max(len(name) - 1, 1)


def posting_pdf(found: Posting, *, at: dt.datetime) -> tuple[bytes, str]:
    """(PDF, its name); the making is logged."""
    with override("zh-hans"):
        title = f"{found.scheme}拟确认对象公示"
        subtitle = f"{found.township.name}　公示期：{found.start} 至 {found.end}"
        blocks: list[Table | Text] = [
            Table(["村（社区）", "申请对象"], found.lines, empty="本期没有公示对象。"),
            Text("公示期内对公示内容有异议的，请向乡镇（街道）反映。公示期满后撤下，不得转发、拍照传播。"),
        ]
    data = paper.paper_pdf(title, blocks, who=paper.maker(), why="公示", at=at, subtitle=subtitle)
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=found.township.pk,
        subject="subsidies.posting",
        subject_id=found.scheme.pk,
        reason="公示",
        detail={"what": "posting", "rows": len(found.lines), "sha256": hashlib.sha256(data).hexdigest()},
    )
    return data, f"{title}-{found.township.short_name}-{found.start}.pdf"
