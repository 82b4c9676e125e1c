"""Pages of the children's list: the list itself, its saved forms, its export, and what typing suggests."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import ages
from cases.bulk import services as bulk
from cases.children import export as exports
from cases.children import listing as child_list
from cases.children import saved_views
from cases.children.columns import COLUMNS, IN_FULL, Column, cells_of, columns_of
from cases.children.filters import Filters
from cases.children.list_forms import ExportForm, FilterForm, SavedViewForm
from cases.children.views import READERS, posted, show_errors
from cases.refusals import FIELD
from staff.access import roles
from staff.enums import RegionLevel, Role
from staff.models import Region
from staff.models.region import township_of
from staff.scope import current


def places_below(today: dt.date, chosen: str = "") -> list[Region]:
    """What the list can be narrowed to: townships of a county with the villages of the chosen one, the several
    villages of a smaller area. One query."""
    township = township_of(int(chosen)) if chosen.isdecimal() else 0
    wanted = Q(pk__in=())
    for low, high in current().ranges:
        levels = Q(level=RegionLevel.VILLAGE)
        if high - low > 1_000:
            levels &= Q(pk__range=(township, township + 999))
            levels |= Q(level=RegionLevel.TOWNSHIP)
        wanted |= Q(pk__range=(low, high)) & levels
    found = list(Region.objects.in_force(today).filter(wanted))
    return found if len(found) > 1 else []


def filter_form(data: QueryDict, today: dt.date) -> FilterForm:
    """The filters of an address."""
    form = FilterForm(data, places=places_below(today, data.get("region", "")))
    form.is_valid()
    return form


def heads_of(columns: list[Column], filters: Filters) -> list[dict[str, Any]]:
    """The table's headings; those of an order lead to it, and to its opposite when it is in force."""
    heads = []
    order = filters.order
    for column in columns:
        sorts = column.order and (column.order == "left") == filters.left
        now = order.removeprefix("-") == column.order
        down = order.startswith("-")
        heads.append(
            {
                "label": column.label,
                "look": column.look,
                "url": filters.address(sort=f"-{column.order}" if now and not down else column.order)
                if sorts
                else "",
                "sorted": ("descending" if down else "ascending") if now and sorts else "",
            }
        )
    return heads


def segments_of(filters: Filters) -> list[dict[str, Any]]:
    """The four lists that everybody asks for."""
    plain: dict[str, Any] = {"left": False, "left_reason": "", "left_from": None, "left_to": None}
    return [
        {
            "label": _("On the register"),
            "url": filters.address(due="", **plain),
            "current": not filters.due and not filters.left,
        },
        {
            "label": _("Overdue"),
            "url": filters.address(due="overdue", **plain),
            "current": filters.due == "overdue",
        },
        {
            "label": _("Due in 7 days"),
            "url": filters.address(due="week", **plain),
            "current": filters.due == "week",
        },
        {"label": _("Left"), "url": filters.address(due="", left=True, sort=""), "current": filters.left},
    ]


@roles(*READERS)
def children(request: HttpRequest) -> HttpResponse:
    """The list: filtered, ordered, in the chosen columns, page by key."""
    today = timezone.localdate()
    form = filter_form(request.GET, today)
    filters = form.filters()
    if chosen := [key for key in request.GET.getlist("col") if key in COLUMNS]:
        filters = Filters.read(filters.as_arguments() | {"cols": ".".join(chosen)})
    if "shown" in request.GET:  # a form was sent: its address without what is empty can be passed on
        return redirect(reverse("cases:children") + filters.address())
    role = current().role
    columns = columns_of(filters.cols, role, left=filters.left)
    page = child_list.page_of(
        filters, columns, today, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    simple = role == Role.DIRECTOR
    actions: list[dict[str, Any]] = [
        {
            "label": _("Export"),
            "url": reverse("cases:children_export") + filters.address(),
            "icon": "download",
        }
    ]
    if role in FIELD:
        actions.append(
            {"label": _("Add a child"), "url": reverse("cases:child_add"), "icon": "plus", "primary": True}
        )
    keys = {column.key for column in columns}
    return render(
        request,
        "cases/children.html",
        {
            "page": page,
            "heads": heads_of(columns, filters),
            "rows": [(child, cells_of(child, columns, page.around)) for child in page.children],
            "form": form,
            "simple": simple,
            "filters": filters,
            "said": form.said(),
            "segments": segments_of(filters),
            "actions": actions,
            "counted": page.counted,
            "acts": bulk.acts_of(role) if not filters.left else [],
            "bulk_most": bulk.MOST,
            "today": today,
            "columns": [(key, column.label, key in keys) for key, column in COLUMNS.items()],
            "as_usual": filters.address(cols=""),
            "query": filters.address().removeprefix("?"),
            "views": [] if simple else list(saved_views.views_seen()),
            "view_form": SavedViewForm(),
            "me": current().user_id,
        },
    )


@roles(*READERS)
def child_suggest(request: HttpRequest) -> HttpResponse:
    """The first ten children that ``q`` may mean: options for other forms, links to their files with
    ``format=links``, or JSON with ``format=json``."""
    query = request.GET.get("q", "")
    today = timezone.localdate()
    found = child_list.suggestions(query) if query.strip() else []
    rows = [
        {
            "id": child.pk,
            "number": child.number,
            "name": child.name,
            "age": ages.age_on(child.birth_date, today),
            "place": f"{child.township} {child.village}".strip(),  # type: ignore[attr-defined]
            "left": child.left_date is not None,
        }
        for child in found
    ]
    if request.GET.get("format") == "json":
        return JsonResponse({"results": rows})
    template = "_child_found" if request.GET.get("format") == "links" else "_child_suggestions"
    return render(request, f"cases/{template}.html", {"rows": rows, "query": query})


@roles(*READERS)
def children_export(request: HttpRequest) -> HttpResponse:
    """Ask what the list is for, then make it in a job."""
    at = timezone.now()
    today = timezone.localdate(at)
    shown = filter_form(request.GET, today)
    filters, role = shown.filters(), current().role
    said = [entry["text"] for entry in shown.said()]
    form = ExportForm(posted(request), may_see_all=role in IN_FULL, initial={"form": "xlsx"})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        job = exports.start_export(
            filters,
            reason=data["reason"],
            at=at,
            said="；".join(said),
            form=data["form"],
            full=data.get("full", False),
        )
        return redirect("staff:job", job.pk)
    return render(
        request,
        "cases/children_export.html",
        {
            "form": form,
            "found": child_list.count_of(filters.children(today)),
            "counted": child_list.COUNTED,
            "columns": [column.label for column in columns_of(filters.cols, role, left=filters.left)],
            "said": said,
            "back": reverse("cases:children") + filters.address(),
        },
    )


@roles(*READERS)
def views(request: HttpRequest) -> HttpResponse:
    """The reader's saved lists, to rename, share or delete, and those that others share."""
    found = list(saved_views.views_seen())
    me = current().user_id
    return _views_page(
        request,
        [
            (view, SavedViewForm(initial={"name": view.name, "shared": view.shared}, prefix=str(view.pk)))
            for view in found
            if view.user_id == me
        ],
        [view for view in found if view.user_id != me],
    )


def _views_page(request: HttpRequest, own: list[Any], shared: list[Any]) -> HttpResponse:
    return render(request, "cases/saved_views.html", {"own": own, "shared": shared})


@roles(*READERS)
@require_POST
def views_save(request: HttpRequest) -> HttpResponse:
    """Keep the list that is shown under a name; what is wrong is told on the form alone."""
    form = SavedViewForm(request.POST)
    query = filter_form(QueryDict(request.POST.get("query", "")), timezone.localdate()).filters().address()
    if form.is_valid():
        try:
            view = saved_views.save_view(
                form.cleaned_data["name"], query, shared=form.cleaned_data["shared"], at=timezone.now()
            )
            return redirect(f"{reverse('cases:children')}?{view.query}")
        except ValidationError as error:
            show_errors({"": form}, error)
    context = {"form": form, "query": query, "back": reverse("cases:children") + query}
    return render(request, "cases/saved_view_form.html", context)


@roles(*READERS)
@require_POST
def views_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename, share or keep to oneself a list of one's own."""
    view = get_object_or_404(saved_views.own_view(pk))
    form = SavedViewForm(request.POST, prefix=str(pk))
    if form.is_valid():
        try:
            saved_views.change_view(view, name=form.cleaned_data["name"], shared=form.cleaned_data["shared"])
            return redirect("cases:views")
        except ValidationError as error:
            show_errors({"": form}, error)
    return _views_page(request, [(view, form)], [])


@roles(*READERS)
@require_POST
def views_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a list of one's own."""
    get_object_or_404(saved_views.own_view(pk)).delete()
    return redirect("cases:views")
