"""The child's file on paper, second half: what was seen, decided and done for the child."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import identity
from cases.children import selectors
from cases.children.paper import Dossier, joined, names, paper_part
from cases.models import (
    CareContact,
    Case,
    Defect,
    DefectStep,
    EntrustedCare,
    GuardianshipAssessment,
    Help,
    Need,
    ProtectedFact,
    Transfer,
    Visit,
)
from cases.plans.paper import case_blocks
from cases.plans.selectors import read_plan
from cases.visits.enums import PersonMet
from cases.visits.pages import findings
from staff.paper import Facts, Section, Table


@paper_part("visits", gettext_lazy("Visits"), order=70)
def visits(dossier: Dossier) -> list[Section]:
    found = (
        Visit.objects.filter(child=dossier.child)
        .exclude(state="draft")
        .select_related("conducted_by", "reviewed_by")
        .order_by("-visited_at", "-pk")
    )
    rows = [
        (
            visit.visited_at,
            visit.get_kind_display(),
            visit.conducted_by,
            "、".join(str(PersonMet(code).label) for code in visit.people_met),
            "\n".join(filter(None, (findings(visit), visit.text))),
            visit.get_risk_display(),
            joined(visit.get_state_display(), visit.reviewed_by),
        )
        for visit in found
    ]
    if not rows:
        return []
    heads = [
        *names(Visit, "visited_at", "kind", "conducted_by", "people_met", "text", "risk", "state"),
    ]
    return [Section(_("Visits"), [Table(heads, rows)], note=_("%(count)s in all") % {"count": len(rows)})]


@paper_part("cases", gettext_lazy("Cases"), order=80)
def cases(dossier: Dossier) -> list[Section]:
    """Cases with their plans. Restricted ones are in it for the people named on them: the database decides."""
    found = list(
        Case.objects.filter(child=dossier.child)
        .select_related("owner", "opened_by")
        .order_by("opened_at", "pk")
    )
    hidden = _("Restricted: for the people named on it alone")
    sections = [
        Section(case.title, case_blocks(case, read_plan(case)), note=hidden if case.restricted else "")
        for case in found
    ]
    if not sections:
        return []
    blocks: list[Section | Table] = [*sections]
    if dossier.protected and (facts := list(ProtectedFact.objects.filter(child=dossier.child))):
        table = Table(names(ProtectedFact, "kind", "text"), [(fact.kind, fact.text) for fact in facts])
        blocks.append(
            Section(_("Protected facts"), [table], note=_("For the people named on the case alone"))
        )
    return [Section(_("Cases"), blocks)]


@paper_part("defects", gettext_lazy("Defects"), order=90)
def defects(dossier: Dossier) -> list[Section]:
    found = list(
        Defect.objects.filter(child=dossier.child).select_related("owner").order_by("opened_date", "pk")
    )
    if not found:
        return []
    steps: dict[int, list[str]] = {}
    for step in DefectStep.objects.filter(child=dossier.child).select_related("user").order_by("date", "pk"):
        steps.setdefault(step.defect_id, []).append(joined(step.date, step.user, step.text))
    heads = [
        *names(Defect, "kind", "opened_date", "due_date", "owner", "state", "solved_date"),
        _("What was done"),
    ]
    rows = [
        (
            defect.get_kind_display(),
            defect.opened_date,
            defect.due_date,
            defect.owner,
            defect.get_state_display(),
            defect.solved_date,
            "\n".join([*filter(None, [defect.note]), *steps.get(defect.pk, [])]),
        )
        for defect in found
    ]
    return [Section(_("Defects"), [Table(heads, rows)])]


@paper_part("care", gettext_lazy("Entrusted care"), order=100)
def care(dossier: Dossier) -> list[Section]:
    found = list(EntrustedCare.objects.filter(child=dossier.child).order_by("-start_date", "-pk"))
    contacts: dict[int, list[CareContact]] = {}
    for contact in (
        CareContact.objects.filter(child=dossier.child).select_related("user").order_by("-date", "-pk")
    ):
        contacts.setdefault(contact.care_id, []).append(contact)
    sections = []
    for row in found:
        facts = Facts(
            [
                (
                    *names(EntrustedCare, "carer_name"),
                    joined(row.carer_name, row.get_carer_relation_display()),
                ),
                (*names(EntrustedCare, "entrusted_by"), row.get_entrusted_by_display()),
                (
                    *names(EntrustedCare, "carer_id_number"),
                    dossier.number(row.carer_id_number, identity.mask),
                ),
                (*names(EntrustedCare, "carer_phone"), dossier.number(row.carer_phone, identity.mask_phone)),
                (*names(EntrustedCare, "start_date"), row.start_date),
                (*names(EntrustedCare, "end_date"), joined(row.end_date, row.get_end_reason_display())),
                *(
                    (*names(EntrustedCare, field), getattr(row, field))
                    for field in ("agreed_date", "heard_date", "school_told_date", "village_told_date")
                ),
            ]
        )
        blocks: list[Facts | Table] = [facts]
        if shown := contacts.get(row.pk):
            blocks.append(
                Table(
                    [*names(CareContact, "date", "kind", "note"), _("By")],
                    [(one.date, one.get_kind_display(), one.note, one.user) for one in shown],
                )
            )
        sections.append(Section(joined(row.carer_name, row.start_date), blocks))
    return [Section(_("Entrusted care"), sections)]


@paper_part("assessments", gettext_lazy("Assessments of guardianship"), order=110)
def assessments(dossier: Dossier) -> list[Section]:
    found = GuardianshipAssessment.objects.filter(child=dossier.child).select_related("assessed_by")
    rows = [
        (
            row.assessed_date,
            str(row.score),
            row.get_grade_display(),
            row.assessed_by,
            row.get_state_display(),
            row.note,
        )
        for row in found.order_by("-assessed_date", "-pk")
    ]
    if not rows:
        return []
    heads = names(GuardianshipAssessment, "assessed_date", "score", "grade")
    more = names(GuardianshipAssessment, "state", "note")
    return [Section(_("Assessments of guardianship"), [Table([*heads, _("By"), *more], rows)])]


@paper_part("needs", gettext_lazy("Needs and help"), order=120)
def needs(dossier: Dossier) -> list[Section]:
    blocks = []
    wanted = [
        (row.get_area_display(), row.text, row.get_state_display(), row.noted_date, row.settled_date)
        for row in Need.objects.filter(child=dossier.child).order_by("noted_date", "pk")
    ]
    if wanted:
        blocks.append(Table(names(Need, "area", "text", "state", "noted_date", "settled_date"), wanted))
    given = [
        (row.date, row.get_area_display(), row.get_form_display(), row.giver, row.what, row.amount)
        for row in Help.objects.filter(child=dossier.child).order_by("-date", "-pk")
    ]
    if given:
        blocks.append(Table(names(Help, "date", "area", "form", "giver", "what", "amount"), given))
    return [Section(_("Needs and help"), blocks)]


@paper_part("transfers", gettext_lazy("Transfers"), order=130)
def transfers(dossier: Dossier) -> list[Section]:
    rows = [
        (
            row.effective_date,
            selectors.place_name(row.region),
            selectors.place_name(row.to_region),
            joined(row.get_reason_code_display(), row.reason),
            row.get_state_display(),
        )
        for row in Transfer.objects.filter(child=dossier.child)
        .select_related("region__parent", "to_region__parent")
        .order_by("proposed_at", "pk")
    ]
    if not rows:
        return []
    heads = names(Transfer, "effective_date", "region", "to_region", "reason_code", "state")
    return [Section(_("Transfers"), [Table(heads, rows)])]
