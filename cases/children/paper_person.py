"""The child's file on paper, first half: who the child is, with whom it lives, why it is on the register."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import ages, identity
from cases.children import selectors
from cases.children.paper import Dossier, joined, names, paper_part
from cases.models import (
    CategoryPeriod,
    Child,
    ChildAttribute,
    DisabilityCard,
    Guardian,
    Illness,
    ParentAbsence,
    ParentSituation,
    Payee,
)
from staff.paper import Facts, Section, Table, Text


@paper_part("person", gettext_lazy("Personal details"), order=10)
def person(dossier: Dossier) -> list[Section]:
    child = dossier.child
    rows: list[tuple[Any, Any]] = [
        (*names(Child, "name"), child.name),
        (*names(Child, "number"), child.number),
        (*names(Child, "sex"), child.get_sex_display()),
        (
            *names(Child, "birth_date"),
            joined(
                child.birth_date,
                _("aged %(age)s")
                % {"age": ages.age_on(child.birth_date, max(dossier.today, child.birth_date))},
            ),
        ),
        (*names(Child, "id_number"), dossier.number(child.id_number, identity.mask) or _("None")),
        (*names(Child, "ethnicity"), child.ethnicity),
        (*names(Child, "primary_category"), child.get_primary_category_display()),
        (*names(Child, "category_detail"), child.get_category_detail_display()),
        (*names(Child, "category_since"), child.category_since),
        (*names(Child, "placement"), child.get_placement_display()),
        (*names(Child, "risk"), child.get_risk_display()),
        (*names(Child, "registration"), child.get_registration_display()),
        (*names(Child, "household_region"), selectors.place_name(child.household_region)),
        (
            *names(Child, "residence_region"),
            joined(selectors.place_name(child.residence_region), child.residence_since),
        ),
        (*names(Child, "address"), dossier.number(child.address, identity.mask_address)),
        (*names(Child, "phone"), dossier.number(child.phone, identity.mask_phone)),
        (*names(Child, "school_stage"), child.get_school_stage_display()),
        (*names(Child, "school_name"), child.school_name),
        (*names(Child, "health_status"), child.get_health_status_display()),
        (*names(Child, "insurance"), child.get_insurance_display()),
        (_("About health"), dossier.health(child.health_note)),
        (*names(Child, "region"), selectors.place_name(child.region)),
        (*names(Child, "registered_date"), child.registered_date),
        (*names(Child, "last_visit_date"), child.last_visit_date),
        (*names(Child, "next_visit_date"), child.next_visit_date),
    ]
    if child.left_date:
        rows.append((*names(Child, "left_date"), joined(child.left_date, child.get_left_reason_display())))
    found = [Section(_("Personal details"), [Facts(rows)])]
    held = ChildAttribute.objects.filter(child=child)
    if held:
        found.append(
            Section(
                _("Attributes"),
                [
                    Table(
                        names(ChildAttribute, "kind", "start_date", "end_date", "evidence"),
                        [(a.get_kind_display(), a.start_date, a.end_date, a.evidence) for a in held],
                    )
                ],
            )
        )
    return found


@paper_part("family", gettext_lazy("Household and guardians"), order=20)
def family(dossier: Dossier) -> list[Section]:
    child = dossier.child
    blocks: list[Facts | Table] = []
    if household := child.household:
        others = Child.objects.filter(household=household, left_date__isnull=True).exclude(pk=child.pk)
        with_it = "、".join(others.order_by("birth_date", "pk").values_list("name", flat=True))
        blocks.append(
            Facts(
                [
                    (_("Head of household"), household.head_name),
                    (_("Identity number"), dossier.number(household.head_id_number, identity.mask)),
                    (_("Address"), dossier.number(household.address, identity.mask_address)),
                    (_("Other children of the household on the register"), with_it),
                ]
            )
        )
    guardians = Guardian.objects.filter(child=child).order_by("-end_date", "start_date", "pk")
    if guardians:
        blocks.append(
            Table(
                names(Guardian, "name", "relation", "kind", "id_number", "phone", "start_date", "end_date"),
                [
                    (
                        row.name,
                        row.get_relation_display(),
                        row.get_kind_display(),
                        dossier.number(row.id_number, identity.mask),
                        dossier.number(row.phone, identity.mask_phone),
                        row.start_date,
                        row.end_date,
                    )
                    for row in guardians
                ],
            )
        )
    return [Section(_("Household and guardians"), blocks)]


@paper_part("eligibility", gettext_lazy("Parents and eligibility"), order=30)
def eligibility(dossier: Dossier) -> list[Section]:
    child = dossier.child
    rows = list(
        ParentSituation.objects.filter(child=child).order_by("parent", "-end_date", "start_date", "pk")
    )
    if not rows:
        return []
    decision = selectors.eligibility_of(child, dossier.today, rows)
    table = Table(
        [
            _("Parent"),
            *names(
                ParentSituation, "parent_name", "kind", "start_date", "expected_end_date", "end_date", "evidence",
                "document", "verified_by", "verified_date",
            ),
        ],
        [
            (
                row.get_parent_display(), row.parent_name, row.get_kind_display(), row.start_date,
                row.expected_end_date, row.end_date, row.get_evidence_display(), row.document,
                row.verified_by, row.verified_date,
            )
            for row in rows
        ],
    )  # fmt: skip
    lines = [
        joined(
            decision.answer.label,
            decision.category.label if decision.category else "",
            decision.row.label,
            decision.clause,
        )
    ]
    for gap in decision.missing_evidence:
        papers = " / ".join(str(paper.label) for paper in gap.accepted)
        whose = (gap.parent.label, gap.kind.label) if gap.parent and gap.kind else ()
        lines.append(joined(*whose, gap.gap.label) + (f"（{papers}）" if papers else ""))
    if decision.ask_again_on:
        lines.append(_("To be checked again by %(date)s.") % {"date": decision.ask_again_on.isoformat()})
    return [Section(_("Parents and eligibility"), [table, Text("\n".join(lines))])]


@paper_part("categories", gettext_lazy("Categories so far"), order=40)
def categories(dossier: Dossier) -> list[Section]:
    rows = (
        CategoryPeriod.objects.filter(child=dossier.child).select_related("user").order_by("start_date", "pk")
    )
    if not rows:
        return []
    return [
        Section(
            _("Categories so far"),
            [
                Table(
                    [*names(CategoryPeriod, "category", "detail", "start_date", "end_date", "reason"), _("By")],
                    [
                        (
                            row.get_category_display(), row.get_detail_display(), row.start_date, row.end_date,
                            row.reason, row.user,
                        )
                        for row in rows
                    ],
                )
            ],
        )
    ]  # fmt: skip


@paper_part("payees", gettext_lazy("Payees"), order=50)
def payees(dossier: Dossier) -> list[Section]:
    rows = Payee.objects.filter(child=dossier.child).order_by("-start_date", "-pk")
    if not rows:
        return []
    return [
        Section(
            _("Payees"),
            [
                Table(
                    names(Payee, "name", "relation", "bank_name", "account", "start_date", "end_date"),
                    [
                        (
                            row.name, row.get_relation_display(), row.bank_name,
                            dossier.number(row.account, identity.mask_account), row.start_date, row.end_date,
                        )
                        for row in rows
                    ],
                )
            ],
        )
    ]  # fmt: skip


@paper_part("circumstances", gettext_lazy("Circumstances"), order=60)
def circumstances(dossier: Dossier) -> list[Section]:
    child, blocks = dossier.child, []
    if away := ParentAbsence.objects.filter(child=child):
        blocks.append(
            Table(
                [_("Parent"), *names(ParentAbsence, "start_date", "end_date", "destination", "note")],
                [(a.get_parent_display(), a.start_date, a.end_date, a.destination, a.note) for a in away],
            )
        )
    if cards := DisabilityCard.objects.filter(child=child):
        blocks.append(
            Table(
                names(DisabilityCard, "number", "kind", "level", "start_date", "end_date"),
                [
                    (
                        dossier.number(card.number, identity.mask), card.get_kind_display(), card.level,
                        card.start_date, card.end_date,
                    )
                    for card in cards
                ],
            )
        )  # fmt: skip
    if ill := Illness.objects.filter(child=child):
        blocks.append(
            Table(
                names(Illness, "diagnosis", "severe", "self_paid", "start_date", "end_date"),
                [
                    (
                        dossier.health(row.diagnosis), row.severe, row.self_paid,
                        row.start_date, row.end_date,
                    )
                    for row in ill
                ],
            )
        )  # fmt: skip
    return [Section(_("Circumstances"), blocks)]
