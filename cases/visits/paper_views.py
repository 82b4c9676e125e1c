"""Visits on paper and as lists: one visit, those of a child, those of a place in a month."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from cases import key_pages, ledger_exports
from cases.children import selectors
from cases.children.paper_forms import PaperForm
from cases.children.views import READERS, open_file, posted
from cases.models import Visit
from cases.visits.enums import VisitState
from cases.visits.exports import PROBLEMS, VISITS
from cases.visits.listing import VisitFilters
from cases.visits.paper import KIND, MOST_VISITS, RELATED, make_visits_paper
from cases.visits.paper_forms import VisitListForm, VisitsPaperForm
from cases.workflows import FIELD
from staff import jobs
from staff.access import roles
from staff.paper import PaperTooLong, pdf_response
from staff.scope import current


@roles(*READERS)
def visit_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks what the paper is for; POST is the record of one visit, shown in the browser."""
    found = get_object_or_404(Visit.objects.exclude(state=VisitState.DRAFT).select_related(*RELATED), pk=pk)
    form = PaperForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            data = make_visits_paper(
                [found], title=_("Record of a visit"), reason=form.cleaned_data["reason"], at=timezone.now()
            )
        except PaperTooLong as refused:
            form.add_error(None, str(refused))
        else:
            day = timezone.localdate(found.visited_at).isoformat()
            return pdf_response(
                data, _("Visit-%(number)s-%(day)s.pdf") % {"number": found.child.number, "day": day}
            )
    title = _("Print the visit to %(name)s") % {"name": found.child.name}
    return _ask(request, form, title, reverse("cases:visit", args=[pk]))


def _ask(
    request: HttpRequest, form: PaperForm, title: str, back: str, note: str = "", status: int = 200
) -> HttpResponse:
    values = {"form": form, "title": title, "back": back, "note": note}
    return render(request, "cases/paper_ask.html", values, status=status)


def _wanted(request: HttpRequest) -> tuple[VisitFilters, VisitListForm]:
    """The filters of the address. A child's file is opened, which is logged; 404 out of sight."""
    today = timezone.localdate()
    places = key_pages.places_below(today)
    filters = VisitListForm(request.GET, places=places).filters(today.strftime("%Y-%m"))
    if filters.child and selectors.is_limited(open_file(filters.child)):
        raise Http404
    return filters, VisitListForm(filters.as_arguments(), places=places)


@require_GET
@roles(*READERS)
def visit_lists(request: HttpRequest) -> HttpResponse:
    """A month of a place: how many visits, and what can be made of them."""
    filters, form = _wanted(request)
    found = filters.visits().order_by().count()
    query = filters.address()
    links: list[dict[str, Any]] = [
        {
            "title": _("Records as one PDF"),
            "lines": [_("Each visit on a page of its own, with its photos and room for signatures.")],
            "url": reverse("cases:visits_pdf") + query,
        },
        {
            "title": _("List of visits"),
            "lines": [_("A spreadsheet in the columns of the Taizhou system.")],
            "url": reverse("cases:visits_export") + query,
        },
        {
            "title": _("List of problems"),
            "lines": [_("A spreadsheet: what was found, by area of help.")],
            "url": reverse("cases:visit_problems_export") + query,
        },
    ]
    if current().role in FIELD:
        links += [
            {
                "title": _("Blank forms for a day on paper"),
                "lines": [_("A sheet for each child, to be filled by hand.")],
                "url": reverse("cases:blank_forms"),
            },
            {
                "title": _("Type in filled sheets"),
                "lines": [_("Sheet after sheet from the keyboard; a broken-off stack goes on.")],
                "url": reverse("cases:stacks"),
            },
        ]
    summary = ngettext("%(n)d visit", "%(n)d visits", found) % {"n": found}
    return render(request, "cases/visit_lists.html", {"form": form, "links": links, "summary": summary})


@roles(*READERS)
def visits_pdf(request: HttpRequest) -> HttpResponse:
    """GET asks for the reason; POST starts the job that sets the visits of a child or of a place's month."""
    filters, _form = _wanted(request)
    form = VisitsPaperForm(posted(request))
    found = filters.visits().order_by().count()
    back = reverse("cases:child", args=[filters.child]) if filters.child else reverse("cases:visit_lists")
    if request.method == "POST" and form.is_valid():
        if found and found <= MOST_VISITS:
            job = jobs.start(
                KIND,
                region_id=current().ranges[0][0],
                arguments={
                    "filters": filters.as_arguments(),
                    "reason": form.cleaned_data["reason"],
                    "photos": form.cleaned_data["photos"],
                },
                at=timezone.now(),
                done_url=back,
            )
            return redirect("staff:job", job.pk)
        form.add_error(
            None,
            _(
                "%(n)d visits do not fit one paper: at most %(most)d, at least one. Choose another month or place."
            )
            % {"n": found, "most": MOST_VISITS},
        )
    words = ngettext("%(n)d visit: %(what)s", "%(n)d visits: %(what)s", found)
    note = words % {"n": found, "what": filters.said()}
    return _ask(request, form, _("Records of visits as one PDF"), back, note, 422 if form.errors else 200)


@roles(*READERS)
def visits_export(request: HttpRequest) -> HttpResponse:
    """The list of visits (走访) as a spreadsheet."""
    filters, _form = _wanted(request)
    return ledger_exports.ask(request, VISITS, filters.as_arguments(), reverse("cases:visit_lists"))


@roles(*READERS)
def visit_problems_export(request: HttpRequest) -> HttpResponse:
    """The list of problems (问题清单) as a spreadsheet."""
    filters, _form = _wanted(request)
    return ledger_exports.ask(request, PROBLEMS, filters.as_arguments(), reverse("cases:visit_lists"))
