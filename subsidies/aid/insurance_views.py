"""Pages of insurance: lists by person and year, cover of one child, the insurer's list in and out."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from cases import key_pages, ledger_exports
from cases.models import Child
from staff.access import roles
from staff.enums import Role
from staff.workflow import Actor, TransitionRefused
from subsidies.aid import insurance as service
from subsidies.aid import insurance_files
from subsidies.aid.enums import InsuranceKind
from subsidies.aid.forms import CohortForm, CoverForm, CoverListForm
from subsidies.aid.insurance import SHOWS, Cohort
from subsidies.aid.insurance_files import ListRefused
from subsidies.aid.pages import (
    READERS,
    UNREAD,
    child_cell,
    column,
    page_by_key,
    place_of,
    role,
    say,
    segment,
    show_form,
    show_list,
)
from subsidies.aid.views import child_or_404
from subsidies.models import InsuranceCover


def _cohort(request: HttpRequest) -> tuple[Cohort, str, str]:
    """Insurance and year of the address, which list, and the address of both."""
    today = timezone.localdate()
    form = CohortForm(request.GET)
    form.is_valid()
    kind = form.cleaned_data.get("kind") or InsuranceKind.MEDICAL
    year = form.cleaned_data.get("year") or today.year
    show = form.cleaned_data.get("show", "")
    show = show if show in SHOWS else SHOWS[0]
    return Cohort.load(kind, year, today), show, f"&kind={kind}&year={year}"


@require_GET
@roles(*READERS)
def insurance(request: HttpRequest) -> HttpResponse:
    """Who is to be insured at the county's cost, who is, who lacks proof, and what it cost by source."""
    cohort, show, extra = _cohort(request)
    counts = cohort.counts()
    words = {
        "lacking": (_("Not insured by the government"), counts.lacking),
        "unproven": (_("Without proof of cover"), None),
        "covered": (_("Insured"), counts.covered),
        "others": (_("Others who are insured"), None),
    }
    address, after = f"?show={show}{extra}", request.GET.get("after", "")
    children, later = page_by_key(cohort.listed(show).defer(*UNREAD), after, address)
    key_pages.name_places(children)
    covers = {row.child_id: row for row in cohort.covers().filter(child__in=children)}
    paid = service.premiums(cohort.kind, cohort.year)
    actions: list[dict[str, Any]] = [
        {
            "label": _("Export"),
            "url": reverse("subsidies:insurance_export") + address,
            "icon": "download",
        }
    ]
    if role() == Role.CLERK:
        upload = {
            "label": _("Read the insurer's list"),
            "url": reverse("subsidies:insurance_upload"),
            "icon": "file-spreadsheet",
        }
        actions.insert(0, upload | {"primary": True, "url": f"{upload['url']}?{extra[1:]}"})
    return show_list(
        request,
        _("Insurance"),
        note=_("%(year)s · %(kind)s · %(covered)s of %(due)s who are insured at the county's cost")
        % {
            "year": cohort.year,
            "kind": InsuranceKind(cohort.kind).label,
            "covered": counts.covered,
            "due": counts.due,
        },
        actions=actions,
        form=CohortForm({"year": cohort.year, "kind": cohort.kind, "show": show}),
        segments=[segment(word, code, show, number, extra) for code, (word, number) in words.items()],
        columns=[
            *(column(_("Child"), "name"), column(_("Category")), column(_("Place"))),
            *(
                column(_("Premium paid by")),
                column(_("Premium (yuan)"), "money"),
                column(_("Proof of cover")),
            ),
        ],
        rows=[{"cells": _cells(child, covers.get(child.pk), extra)} for child in children],
        later=later,
        first=address if after else "",
        tables=[_premiums(paid)] if paid else [],
        empty_text=_("Nobody is in this list."),
    )


def _cells(child: Child, cover: InsuranceCover | None, extra: str) -> list[Any]:
    payer: Any = cover.get_payer_display() if cover else _("not on record")
    if role() == Role.CLERK:
        payer = (payer, reverse("subsidies:insurance_cover", args=[child.pk]) + "?" + extra[1:])
    return [
        *(child_cell(child), child.get_primary_category_display(), place_of(child), payer),
        *(cover.premium if cover else None, (cover.proof if cover else "") or "—"),
    ]


def _premiums(paid: list[tuple[str, int, Any]]) -> dict[str, Any]:
    return {
        "title": _("Premiums paid by the government"),
        "foot": _(
            "Premiums are paid to the insurer outside the batches; the ledger of allowances does not hold them."
        ),
        "columns": [
            column(_("Source of funds")),
            column(_("Persons"), "number"),
            column(_("Premiums (yuan)"), "money"),
        ],
        "rows": [{"cells": list(row)} for row in paid],
        "totals": [_("Total"), sum(row[1] for row in paid), sum(row[2] for row in paid)],
    }


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def insurance_cover(request: HttpRequest, pk: int) -> HttpResponse:
    """The cover of one child in one year."""
    child, at = child_or_404(pk), timezone.now()
    cohort, show, extra = _cohort(request)
    known = cohort.covers().filter(child=child).first()
    names = ("payer", "premium", "source", "proof")
    initial = {name: getattr(known, name) for name in names} if known else {"source": "county"}
    form = CoverForm(request.POST or None, initial=initial)
    back = reverse("subsidies:insurance") + f"?show={show}{extra}"
    if request.method == "POST" and form.is_valid():
        try:
            service.set_cover(
                actor=Actor.current(),
                at=at,
                child=child,
                year=cohort.year,
                kind=cohort.kind,
                data=form.value(),
            )
            say(request, _("The cover is on record."))
            return redirect(back)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    note = f"{cohort.year} · {InsuranceKind(cohort.kind).label}"
    return show_form(request, _("Insurance"), form, back, person=child.name, note=note)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def insurance_upload(request: HttpRequest) -> HttpResponse:
    """Mark who is insured from the insurer's list, all or nobody."""
    cohort, _show, extra = _cohort(request)
    form = CoverListForm(
        request.POST or None, request.FILES or None, initial={"year": cohort.year, "kind": cohort.kind}
    )
    back = reverse("subsidies:insurance") + f"?{extra[1:]}"
    problems: list[Any] = []
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data | {"data": form.cleaned_data["file"].read()}
        del data["file"]
        try:
            done = insurance_files.mark_list(actor=Actor.current(), at=timezone.now(), **data)
            said = ngettext(
                "%(lines)s line read, %(changed)s new or changed.",
                "%(lines)s lines read, %(changed)s new or changed.",
                done.lines,
            )
            say(request, said % {"lines": done.lines, "changed": done.changed})
            return redirect(
                f"{reverse('subsidies:insurance')}?kind={data['kind']}&year={data['year']}&show=covered"
            )
        except ListRefused as why:
            problems = why.problems
            form.add_error(None, str(why))
    note = _(
        "Columns 姓名 and 身份证号; also 保费, 凭证号 and 参保情况 (政府资助参保, 自费参保, 未参保) where given."
    )
    title, submit = _("Read the insurer's list"), _("Read the list")
    return show_form(request, title, form, back, note=note, submit=submit, problems=problems, upload=True)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*READERS)
def insurance_export(request: HttpRequest) -> HttpResponse:
    """The list for the insurer: asks what for; whole identity numbers for the clerk alone, and logged."""
    cohort, show, extra = _cohort(request)
    arguments = {"kind": cohort.kind, "year": cohort.year, "show": show}
    back = reverse("subsidies:insurance") + f"?show={show}{extra}"
    return ledger_exports.ask(request, insurance_files.EXPORT, arguments, back)
