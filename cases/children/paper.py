"""一人一档 on paper: the PDF of a child's file, put together from parts that any app registers.

A part is a function of a :class:`Dossier`; it reads through the open scope, so what the reader may not see is not there,
and a part without anything in it is left out. Pages compose by URL, papers by :func:`paper_part`: ``cases`` knows nobody
else's models::

    @paper_part("subsidies", _("Subsidies"), order=140)
    def subsidies(dossier: Dossier) -> list[Section]: …
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import override

from cases.children.columns import IN_FULL
from cases.models import Child, ProtectedFact
from cases.refusals import RegisterRefused
from staff.audit import log_access
from staff.models import AccessLog
from staff.paper import Section, maker, paper_pdf
from staff.scope import current

HIDDEN = "******"


@dataclass(frozen=True)
class Dossier:
    """Whose file, on which day, and whether numbers are written in full (``full``) and protected facts are in it."""

    child: Child
    today: dt.date
    full: bool = False
    protected: bool = False

    def number(self, value: str, mask: Callable[[str], str]) -> str:
        """A number as this paper shows it."""
        if not value:
            return ""
        return value if self.full else mask(value)

    def health(self, value: str) -> str:
        """A text on health: hidden unless in full."""
        if not value:
            return ""
        return value if self.full else HIDDEN


Part = Callable[[Dossier], Sequence[Section]]


@dataclass(frozen=True)
class Registered:
    label: Promise | str
    order: int
    make: Part


PARTS: dict[str, Registered] = {}


def paper_part(key: str, label: Promise | str, *, order: int) -> Callable[[Part], Part]:
    """Register a part of the file's paper under a key; parts stand in ``order``."""

    def register(make: Part) -> Part:
        if key in PARTS:
            raise ValueError(f"the part {key} is registered twice")
        PARTS[key] = Registered(label, order, make)
        return make

    return register


def parts_in_order() -> list[tuple[str, Promise | str]]:
    """Key and label of every part, as they stand on the paper."""
    return [(key, part.label) for key, part in sorted(PARTS.items(), key=lambda item: item[1].order)]


def may_have_in_full() -> bool:
    """Whether the acting role may take numbers out of the system in full: the rule of the list's export."""
    return current().role in IN_FULL


def has_protected(child: Child) -> bool:
    """Whether there are protected facts that the reader, being named, may read."""
    return ProtectedFact.objects.filter(child=child).exists()


def make_child_paper(
    child: Child,
    *,
    reason: str,
    at: dt.datetime,
    parts: Iterable[str] | None = None,
    full: bool = False,
    protected: bool = False,
) -> bytes:
    """The PDF of a child's file; the export is logged with its reason and sha256.

    ``parts``: keys of PARTS, None for all. ``full``: numbers and health in clear, for the roles of IN_FULL alone.
    ``protected``: also the protected facts that the reader is named on. Raises RegisterRefused, PaperTooLong.
    """
    if full and not may_have_in_full():
        raise RegisterRefused(
            _("Your post may not print numbers in full. Print them masked, or ask the county clerk.")
        )
    wanted = set(PARTS) if parts is None else set(parts)
    dossier = Dossier(child, timezone.localdate(at), full, protected)
    with override("zh-hans"):
        sections = [
            section
            for key, _label in parts_in_order()
            if key in wanted
            for section in PARTS[key].make(dossier)
            if section.blocks
        ]
        data = paper_pdf(
            _("Child's file: %(name)s") % {"name": child.name},
            sections,
            who=maker(),
            why=reason,
            at=at,
            subtitle=_("Register number %(number)s · as of %(day)s")
            % {"number": child.number, "day": dossier.today.isoformat()},
        )
    log_access(
        kind=AccessLog.Kind.EXPORT,
        child_id=child.pk,
        region_id=child.region_id,
        subject="cases.child",
        subject_id=child.pk,
        reason=reason,
        detail={
            "what": "child_pdf",
            "parts": sorted(wanted & set(PARTS)),
            "full": full,
            "protected": protected,
            "sha256": hashlib.sha256(data).hexdigest(),
        },
    )
    return data


def names(model: type[Model], *fields: str) -> list[Any]:
    """The official words for fields of a model, for headings."""
    return [model._meta.get_field(field).verbose_name for field in fields]  # type: ignore[union-attr]


def joined(*pieces: Any) -> str:
    """The pieces that are there, with a dot between."""
    return " · ".join(str(piece) for piece in pieces if piece)
