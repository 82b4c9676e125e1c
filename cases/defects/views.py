"""Pages of defects: the list, one defect with its steps, opening one by hand, the counts."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases import key_pages
from cases.children.views import DECIDERS, EDITORS, READERS, open_file, posted, show_errors
from cases.circumstances.enums import DefectKind
from cases.defects import pages, rules, selectors, services
from cases.defects import sheet as defect_sheet
from cases.defects.facts import Duty, facts_of
from cases.defects.forms import DefectFilterForm, OpenForm, OwnerForm, PeriodForm, StepForm
from cases.defects.selectors import MEASURES, Counts, Period
from cases.models import Defect, DefectStep
from cases.refusals import FIELD, REVIEWERS, RegisterRefused
from staff.access import roles
from staff.audit import log_access
from staff.models import AccessLog, User
from staff.scope import current
from staff.workflow import Actor, TransitionRefused, history


@require_GET
@roles(*READERS)
def defects(request: HttpRequest) -> HttpResponse:
    """What children lack, what is due first on top; or the list behind a figure of the counts."""
    today = timezone.localdate()
    form = DefectFilterForm(request.GET, places=key_pages.places_below(today))
    filters = form.filters()
    after = request.GET.get("after", "")
    page = selectors.page_of(filters, today, after=after)
    context = {
        "page": page,
        "rows": [pages.row_of(one, today) for one in page.rows],
        "form": form,
        "filters": filters,
        "segments": pages.segments(filters, current().role),
        "measure": MEASURES[filters.measure].label if filters.measure else "",
        "counts_url": reverse("cases:defect_counts"),
        "counted": key_pages.COUNTED,
        "first": filters.address() if after else "",
        "today": today,
        "actions": [{"label": _("Counts"), "url": reverse("cases:defect_counts"), "icon": "chart-bar"}],
    }
    return render(request, "cases/defects.html", context)


def _defect(pk: int) -> Defect:
    found = get_object_or_404(
        Defect.objects.select_related("child", "owner", "solved_by", "checked_by").prefetch_related(
            "child__guardians"
        ),
        pk=pk,
    )
    key_pages.name_places([found])
    return found


@require_GET
@roles(*READERS)
def defect(request: HttpRequest, pk: int) -> HttpResponse:
    """One defect: what is missing and where to enter it, what was done, what can be done now."""
    found, today = _defect(pk), timezone.localdate()
    log_access(
        kind=AccessLog.Kind.READ,
        child_id=found.child_id,
        region_id=found.region_id,
        subject="cases.defect",
        subject_id=pk,
    )
    known = facts_of([found.child_id], today).get(found.child_id)
    kind = DefectKind(found.kind)
    there = known is None or rules.is_there(kind, known.facts, today)
    live = found.state in services.LIVE
    steps = list(DefectStep.objects.filter(defect=found).select_related("user"))
    role = current().role
    context = {
        "defect": found,
        "child": found.child,
        "facts": pages.facts(found, today),
        "there": there,
        "missing": "" if there else services.MISSING[kind](),
        "enter_url": pages.enter_url(found) if live and not there else "",
        "is_open": found.state in services.OPEN,
        "actions": pages.actions(found, there, Actor.current()),
        "events": pages.events(found, list(history(found)), steps),
        "former": pages.former_rows(selectors.former(found)),
        "step_form": StepForm(initial={"date": today}) if live and role in FIELD else None,
        "may_change_owner": live and role in REVIEWERS,
        "today": today,
    }
    return render(request, "cases/defect.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*EDITORS)
def defect_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a defect of a child by hand."""
    child = open_file(pk)
    form = OpenForm(posted(request), initial={"kind": request.GET.get("kind", "")})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            opened = services.open_by_hand(child, data["kind"], note=data["note"], at=timezone.now())
            messages.success(request, _("The defect was opened."))
            return redirect("cases:defect", opened.pk)
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    return render(
        request,
        "cases/child_part_form.html",
        {
            "child": child,
            "form": form,
            "title": _("%(name)s lacks something") % {"name": child.name},
            "warnings": [],
            "submit": _("Open"),
            "note": _(
                "What the register itself shows is opened without you, every night and with every change."
            ),
            "facts": [],
            "shares": [],
            "back": reverse("cases:child", args=[pk]),
        },
    )


@require_POST
@roles(*EDITORS)
def defect_transition(request: HttpRequest, pk: int) -> HttpResponse:
    """Solved, checked, open again, none or exempt: ``action`` and ``reason``."""
    try:
        services.decide(
            _defect(pk),
            request.POST.get("action", ""),
            reason=request.POST.get("reason", ""),
            at=timezone.now(),
        )
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect("cases:defect", pk)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*EDITORS)
def defect_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down what was done."""
    found, today = _defect(pk), timezone.localdate()
    form = StepForm(posted(request), initial={"date": today})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.add_step(found, data["text"], day=data["date"], at=timezone.now())
            messages.success(request, _("Written down."))
            return redirect("cases:defect", pk)
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    return _one_form(request, found, form, _("What was done"), _("Save"))


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*DECIDERS)
def defect_owner(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the defect to another person."""
    found, at = _defect(pk), timezone.now()
    keys = Duty([found.region_id], timezone.localdate(at)).people(found.region_id)
    names = User.objects.in_bulk(keys)
    people = [names[key] for key in keys if key in names]
    form = OwnerForm(posted(request), people=people, initial={"owner": found.owner_id})
    if request.method == "POST" and form.is_valid():
        try:
            services.change_owner(found, names[form.cleaned_data["owner"]], at=at)
            return redirect("cases:defect", pk)
        except RegisterRefused as error:
            show_errors({"": form}, error)
    return _one_form(request, found, form, _("Who is responsible"), _("Save"))


def _one_form(request: HttpRequest, found: Defect, form: object, title: str, submit: str) -> HttpResponse:
    context = {
        "child": found.child,
        "form": form,
        "title": title,
        "warnings": [],
        "submit": submit,
        "note": "",
        "facts": [{"label": _("Defect"), "value": found.get_kind_display()}],
        "shares": [],
        "back": reverse("cases:defect", args=[found.pk]),
    }
    return render(request, "cases/child_part_form.html", context)


# --- Counts ----------------------------------------------------------------------------------------------------


def _counted(request: HttpRequest) -> tuple[PeriodForm, Period, Counts]:
    today = timezone.localdate()
    default = pages.default_period(today)
    form = PeriodForm(request.GET or None, initial={"start": default[0], "end": default[1]})
    start, end = form.period(default) if form.is_bound else default
    period = Period(start, end, today)
    return form, period, selectors.counts(period)


@require_GET
@roles(*READERS)
def defect_counts(request: HttpRequest) -> HttpResponse:
    """How many defects are open, overdue, to be checked, opened and solved in a period, by kind and township."""
    form, period, counts = _counted(request)
    chosen = request.GET.get("measure", "")
    chosen = chosen if chosen in MEASURES else "open"
    span = f"start={period.start.isoformat()}&end={period.end.isoformat()}"
    here = reverse("cases:defect_counts")
    context = {
        "form": form,
        "period": period,
        "measures": [measure.label for measure in MEASURES.values()],
        "kinds": [kind.label for kind in DefectKind],
        "by_kind": pages.kind_rows(counts, period),
        "by_township": pages.township_rows(counts, period, chosen),
        "measure": chosen,
        "segments": [
            {
                "label": measure.label,
                "url": f"{here}?{span}&measure={code}",
                "current": code == chosen,
                "count": counts.number(code),
            }
            for code, measure in MEASURES.items()
        ],
        "actions": [
            {
                "label": _("Export Excel"),
                "url": f"{reverse('cases:defect_counts_export')}?{span}",
                "icon": "file-spreadsheet",
                "download": True,
            }
        ],
    }
    return render(request, "cases/defect_counts.html", context)


@require_GET
@roles(*READERS)
def defect_counts_export(request: HttpRequest) -> HttpResponse:
    """The same counts as a workbook; the export is logged."""
    _form, period, counts = _counted(request)
    region = request.assignment.post.region  # type: ignore[attr-defined]
    data = defect_sheet.workbook(counts, period, region.short_name)
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=region.pk,
        subject="cases.defect",
        detail={"what": "defect counts", "start": period.start.isoformat(), "end": period.end.isoformat()},
    )
    response = HttpResponse(data, content_type=defect_sheet.CONTENT_TYPE)
    name = _("Defects %(start)s to %(end)s.xlsx") % {
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
    }
    response["Content-Disposition"] = f"attachment; filename=defects.xlsx; filename*=UTF-8''{quote(name)}"
    return response
