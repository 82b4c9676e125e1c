"""A visit on paper: who went when and whom they met, what was answered and seen, what became of it, with photos and signatures.

One visit at once; several of a child, or a month of a village, as one PDF by a job. Words are those of the form that the
visit answered; numbers are masked; what the maker may not read is not there, and each child's paper is in the access record.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from cases import identity
from cases.children import selectors
from cases.children.paper import joined
from cases.models import Visit, VisitPhoto
from cases.questions.choice import definition_of
from cases.questions.shown import answers_shown, nothing, problems_shown
from cases.visits.enums import PersonMet, VisitState
from cases.visits.listing import VisitFilters
from cases.visits.selectors import steps_of
from staff import files, jobs
from staff.audit import log_access
from staff.crypto import DecryptionError
from staff.models import AccessLog, Job, StoredFile, TransitionRecord
from staff.paper import (
    CONTENT_TYPE,
    Block,
    Facts,
    PaperTooLong,
    Picture,
    Pictures,
    Section,
    Table,
    Text,
    maker,
    paper_pdf,
    picture_for_paper,
)

KIND = "visits_pdf"
MOST_VISITS, MOST_PHOTOS = 300, 240
SMALL = 120_000  # bytes of a photo where there are many
MANY = 36
RELATED = ("child", "region__parent", "conducted_by", "entered_by", "reviewed_by")


def make_visits_paper(
    visits: Sequence[Visit],
    *,
    title: str,
    reason: str,
    at: dt.datetime,
    photos: bool = True,
    told: Callable[[int], None] = lambda done: None,
) -> bytes:
    """The PDF of visits (with RELATED loaded), one after the other, each on a page of its own; every child's is logged.

    ``told`` hears how many are done. Six photos take at most 1.8 MB, many are made smaller. Raises PaperTooLong.
    """
    pictures = _pictures(visits) if photos else {}
    if len(visits) > MOST_VISITS or sum(map(len, pictures.values())) > MOST_PHOTOS:
        raise PaperTooLong(
            _(
                "At most %(visits)d visits and %(photos)d photos fit one paper. Choose fewer days, or leave the photos out."
            )
            % {"visits": MOST_VISITS, "photos": MOST_PHOTOS}
        )
    records = steps_of(visits)
    with override("zh-hans"):
        sections = []
        for number, visit in enumerate(visits):
            told(number)
            shown = [
                _picture(photo, SMALL if sum(map(len, pictures.values())) > MANY else None)
                for photo in pictures.get(visit.pk, [])
            ]
            sections.append(_visit(visit, records.get(visit.pk, []), shown, own_page=number > 0))
        blocks = sections[0].blocks if len(sections) == 1 else sections
        subtitle = sections[0].title if len(sections) == 1 else _("%(count)s visits") % {"count": len(visits)}
        data = paper_pdf(title, blocks, who=maker(), why=reason, at=at, subtitle=subtitle)
    digest = hashlib.sha256(data).hexdigest()
    for visit in visits:
        log_access(
            kind=AccessLog.Kind.EXPORT,
            child_id=visit.child_id,
            region_id=visit.region_id,
            subject="cases.visit",
            subject_id=visit.pk,
            reason=reason,
            detail={"what": "visit_pdf", "visits": len(visits), "photos": photos, "sha256": digest},
        )
    return data


# --- One visit ------------------------------------------------------------------------------------------


def _visit(
    visit: Visit, records: Sequence[TransitionRecord], shown: Sequence[Picture], *, own_page: bool
) -> Section:
    answered = [(row["question"], joined(row["answer"], row["note"])) for row in answers_shown(visit)]
    blocks: list[Block] = [Facts(_facts(visit))]
    if answered:
        heads = [_("Question asked"), _("Answer given")]
        blocks.append(Section(_("Questions of the visit"), [Table(heads, answered)]))
    problems = "、".join(problems_shown(visit)) or nothing(visit)
    blocks.append(Section(_("Problems found"), [Text(problems)]))
    blocks.append(Section(_("What was found"), [Text(visit.text or "—")]))
    if reviewed := [_step(visit, record) for record in records]:
        heads = [_("Step"), _("By"), _("When"), _("In words")]
        blocks.append(Section(_("What became of it"), [Table(heads, reviewed)]))
    if shown:
        blocks.append(Section(_("Photos"), [Pictures(shown)]))
    signs = [(_("Visited by"), "　\n　"), (_("Guardian or child"), "　\n　"), (_("Checked by"), "　\n　")]
    blocks.append(Section(_("Signatures"), [Facts(signs)]))
    day = timezone.localtime(visit.visited_at).date().isoformat()
    return Section(joined(visit.child.name, visit.get_kind_display(), day), blocks, own_page=own_page)


def _facts(visit: Visit) -> list[tuple[Any, Any]]:
    child = visit.child
    met = "、".join(str(PersonMet(code).label) for code in visit.people_met)
    facts: list[tuple[Any, Any]] = [
        (_("Child"), child.name),
        (_("Register number"), child.number),
        (_("Identity number"), identity.mask(child.id_number) if child.id_number else _("None")),
        (_("Place"), selectors.place_name(visit.region)),
        (_("How you visited"), visit.get_kind_display()),
        (_("Time of the visit"), visit.visited_at),
        (_("Visited by"), visit.conducted_by),
        (_("Whom you met"), met),
        (
            _("Colour before and after the visit"),
            f"{visit.get_risk_before_display()} → {visit.get_risk_display()}",
        ),
        (_("Next visit"), visit.next_visit_date or _("by the interval")),
        (_("Form of the visit"), _form_name(visit)),
        (_("Standing"), joined(visit.get_state_display(), visit.reviewed_by)),
    ]
    if visit.entered_by_id:
        facts.append((_("Copied from paper by"), visit.entered_by))
    return facts


def _form_name(visit: Visit) -> str:
    form = definition_of(visit)
    return _("%(form)s, version %(version)s") % {"form": form.name, "version": form.version}


def _step(visit: Visit, record: TransitionRecord) -> tuple[Any, ...]:
    step = visit.workflow.by_name.get(record.name)
    return step.label if step else record.name, record.user, record.at, record.reason


def _picture(photo: VisitPhoto, most_bytes: int | None) -> Picture:
    words = _("Photo %(n)d of the visit") % {"n": photo.position + 1}
    try:
        data = files.read(photo.file)
    except (FileNotFoundError, DecryptionError):
        return Picture(_("%(photo)s: the file is missing") % {"photo": words})
    made = (
        picture_for_paper(data, words)
        if most_bytes is None
        else picture_for_paper(data, words, most_bytes=most_bytes)
    )
    return made if made.data else Picture(_("%(photo)s: the file cannot be read") % {"photo": words})


def _pictures(visits: Sequence[Visit]) -> dict[int, list[VisitPhoto]]:
    found: dict[int, list[VisitPhoto]] = {}
    wanted = VisitPhoto.objects.filter(visit__in=[visit.pk for visit in visits]).select_related("file")
    for photo in wanted.order_by("visit_id", "position", "pk"):
        found.setdefault(photo.visit_id, []).append(photo)
    return found


# --- Several, by a job ----------------------------------------------------------------------------------


@jobs.handler(KIND, gettext_lazy("Visits as one PDF"))
def make_papers(job: Job) -> dict[str, Any]:
    """Set the visits that the filters let through into one stored PDF. Result: file, name, rows."""
    filters = VisitFilters(**job.arguments["filters"])
    found = list(
        filters.visits()
        .exclude(state=VisitState.DRAFT)
        .select_related(*RELATED)
        .order_by("visited_at", "pk")[: MOST_VISITS + 1]
    )
    if not found:
        raise jobs.JobError(_("No visit was made in this time. Choose other days or another place."))
    title = _("Records of visits: %(what)s") % {"what": filters.said()}
    try:
        data = make_visits_paper(
            found,
            title=title,
            reason=job.arguments["reason"],
            at=timezone.now(),
            photos=bool(job.arguments.get("photos")),
            told=lambda done: jobs.progress(job, done, len(found)),
        )
    except PaperTooLong as refused:
        raise jobs.JobError(str(refused)) from refused
    jobs.progress(job, len(found), len(found))
    name = _("Visits %(what)s.pdf") % {"what": filters.said()}
    file = files.store(
        data,
        kind=StoredFile.Kind.EXPORT,
        name=name,
        content_type=CONTENT_TYPE,
        region_id=job.region_id,
        at=timezone.now(),
    )
    return {"file": str(file.pk), "name": name, "rows": len(found)}
