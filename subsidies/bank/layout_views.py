"""Pages of the bank layouts: which are used, and one of them with a sample of invented people."""

from __future__ import annotations

import datetime as dt
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.matching.reading.files import open_grids
from staff.access import roles
from staff.enums import Role
from staff.scope import current
from subsidies.bank import writing as bank_writing
from subsidies.bank.layout_forms import ColumnFormSet, LayoutForm, NewLayoutForm, data_of, initial_of
from subsidies.bank.layouts import Choice, Format, Layout, LayoutRefused, choices_of, parse
from subsidies.bank.writing import About, Line
from subsidies.batches.views import county
from subsidies.duties import refuse_page
from subsidies.models import BankLayout

VIEWERS = (Role.CLERK, Role.RELEASER)
# Nobody of these exists.
SAMPLE = (
    Line("PB-202610-01-00001", 1, "桂林街道", "样例甲", "5001**********0018", dt.date(2026, 1, 1), None,
         Decimal("1550.00"), "样例祖母", "6217000000000000018", "样例农村商业银行", dt.date(2026, 10, 1), False),
    Line("PB-202610-01-00002", 2, "梓潼街道", "样例乙", "5001**********0026", dt.date(2026, 3, 1),
         dt.date(2026, 12, 1), Decimal("1230.00"), "样例外公", "6217000000000000026", "样例农村商业银行",
         dt.date(2026, 10, 1), False),
    Line("PB-202610-01-00003", 3, "梓潼街道", "样例乙", "5001**********0026", dt.date(2026, 3, 1),
         dt.date(2026, 12, 1), Decimal("320.00"), "样例外公", "6217000000000000026", "样例农村商业银行",
         dt.date(2026, 9, 1), True),
)  # fmt: skip
ABOUT = About(
    "PB-202610-01", dt.date(2026, 10, 21), len(SAMPLE), sum((line.amount for line in SAMPLE), Decimal(0))
)


@require_GET
@roles(*VIEWERS)
def layouts(request: HttpRequest) -> HttpResponse:
    """The layouts of the county, packaged and its own."""
    return render(
        request,
        "subsidies/layouts.html",
        {"choices": choices_of(county().pk), "may_edit": current().role == Role.CLERK},
    )


@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def layout_add(request: HttpRequest) -> HttpResponse:
    """A layout of the county's own, begun as a copy; it is not used before it was looked at."""
    region = county()
    known = {choice.code: choice for choice in choices_of(region.pk)}
    form = NewLayoutForm(
        request.POST if request.method == "POST" else None,
        known=[(code, choice.name) for code, choice in known.items()],
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        BankLayout.objects.create(
            region=region,
            code=given["code"],
            name=given["name"],
            layout=known[given["like"]].data,
            is_active=False,
            user_id=request.user.pk,
            at=timezone.now(),
        )
        return redirect("subsidies:layout", code=given["code"])
    return render(request, "subsidies/layout_add.html", {"form": form})


def _choice(code: str) -> Choice:
    found = next((choice for choice in choices_of(county().pk) if choice.code == code), None)
    if found is None:
        raise Http404
    return found


@require_http_methods(["GET", "POST"])
@roles(*VIEWERS)
def layout(request: HttpRequest, code: str) -> HttpResponse:
    """One layout with its sample; the clerk changes it. Files that were written stay as they are."""
    found = _choice(code)
    may_edit = request.assignment.post.role == Role.CLERK  # type: ignore[attr-defined]
    if request.method == "POST" and not may_edit:
        back = reverse("subsidies:layout", args=[code])
        return refuse_page(request, _("Your post does not have this duty."), back)
    given = request.POST if request.method == "POST" else None
    form, columns = _forms(found, given)
    problems: list[str] = []
    data = found.data
    if given is not None and form.is_valid() and columns.is_valid():
        data = data_of(form, columns)
        try:
            parse(code, form.cleaned_data["name"], data)
        except LayoutRefused as why:
            problems = why.problems
        else:
            _save(found, form, data, request.user.pk)
            messages.success(request, _("The layout was saved. It counts from the next release."))
            return redirect("subsidies:layout", code=code)
    context = {"choice": found, "form": form, "columns": columns, "problems": problems, "may_edit": may_edit}
    return render(request, "subsidies/layout.html", context | sample_of(found.code, found.name, data))


@require_POST
@roles(*VIEWERS)
def layout_sample(request: HttpRequest, code: str) -> HttpResponse:
    """The sample of a layout as it stands in the form, not saved."""
    found = _choice(code)
    form, columns = _forms(found, request.POST)
    if not (form.is_valid() and columns.is_valid()):
        context: dict[str, Any] = {"sample_problems": [_("Correct the fields that are marked.")]}
    else:
        context = sample_of(code, form.cleaned_data["name"], data_of(form, columns))
    return render(request, "subsidies/_layout_sample.html", context)


def _forms(found: Choice, given: Any) -> tuple[LayoutForm, Any]:
    data = found.data
    initial = {
        **{key: data.get(key) for key in ("format", "titles", "replacement")},
        "name": found.name,
        "used": found.used,
        "encoding": data.get("encoding", "gb18030"),
        "delimiter": data.get("delimiter", ","),
        "paid": " ".join(data.get("paid", [])),
        "failed": " ".join(data.get("failed", [])),
    }
    columns = ColumnFormSet(given, initial=initial_of(data), prefix="c")
    return LayoutForm(given, initial=initial), columns


def _save(found: Choice, form: LayoutForm, data: dict[str, Any], user_id: int | None) -> None:
    values = {
        "name": form.cleaned_data["name"],
        "is_active": form.cleaned_data["used"],
        "layout": data,
        "user_id": user_id,
        "at": timezone.now(),
    }
    with transaction.atomic():
        BankLayout.objects.update_or_create(region_id=county().pk, code=found.code, defaults=values)


def sample_of(code: str, name: str, data: dict[str, Any]) -> dict[str, Any]:
    """What a file in the layout looks like: ``sample_rows`` of a workbook or delimited text, ``sample_text`` of fixed
    width; or ``sample_problems``.
    """
    try:
        found = parse(code, name, data)
        content = _written(found)
    except LayoutRefused as why:
        return {"sample_problems": why.problems}
    if found.format == Format.XLSX:
        return {"sample_rows": [cells for grid in open_grids(content) for _row, cells, _rounded in grid.rows]}
    return {"sample_text": content.decode(found.encoding)}


def _written(layout: Layout) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample"
        bank_writing.write(layout, ABOUT, SAMPLE, path, made_at=dt.datetime(2026, 10, 21, 9))  # noqa: DTZ001  (local time, as in a file)
        return path.read_bytes()
