"""The calendar of working days: which years are known, and entering the notice of one: read it, look at it, confirm."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from staff import holidays as services
from staff.access import ActingRequest, roles
from staff.calendar import LAST_YEAR, is_known_year
from staff.enums import Role
from staff.models import Holiday
from staff.scope import current
from staff.workflow import Actor

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER, Role.SYSADMIN)


class NoticeForm(forms.Form):
    """The words of a year's notice. ``days`` is what they say, once the form is valid."""

    year = forms.TypedChoiceField(label=gettext_lazy("Year"), coerce=int)
    source = forms.CharField(label=gettext_lazy("Number of the document"), max_length=120)
    text = forms.CharField(
        label=gettext_lazy("Text of the notice"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=gettext_lazy("Copy the paragraphs on each holiday, with the days that are worked instead."),
    )
    confirmed = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, years: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [(year, str(year)) for year in years]  # type: ignore[attr-defined]
        self.days: list[services.NoticeDay] = []

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "year" in data and "text" in data:
            try:
                self.days = services.read_notice(data["year"], data["text"])
            except services.NoticeRefused as refused:
                self.add_error("text", str(refused))
        return data


def open_years() -> list[int]:
    """Years whose notice the reader may enter now: without one, or to be replaced by a system administrator."""
    today, known = timezone.localdate(), services.overrides()
    return [
        year
        for year in (today.year, today.year + 1)
        if year > LAST_YEAR and (current().role == Role.SYSADMIN or not is_known_year(year, known))
    ]


@require_GET
@roles(*READERS)
def holidays(request: ActingRequest) -> HttpResponse:
    """This year and the next: known or not, and the days that differ from the week."""
    today, known = timezone.localdate(), services.overrides()
    rows = list(Holiday.objects.filter(date__year__gte=today.year).order_by("date")[:200])
    years = [
        {
            "year": year,
            "packaged": year <= LAST_YEAR,
            "known": is_known_year(year, known),
            "days": [row for row in rows if row.date.year == year],
        }
        for year in (today.year, today.year + 1)
    ]
    may = current().role in services.KEEPERS and open_years()
    url = reverse("staff:holiday_notice")
    action = {"label": _("Enter a year's notice"), "url": url, "icon": "plus", "primary": True}
    return render(request, "staff/holidays.html", {"years": years, "actions": [action] if may else []})


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*services.KEEPERS)
def holiday_notice(request: ActingRequest) -> HttpResponse:
    """Paste the notice, look at the days it names, confirm. The text that was looked at is the text that is entered."""
    years = open_years()
    form = NoticeForm(
        request.POST if request.method == "POST" else None,
        years=years,
        initial={"year": years[-1] if years else None},
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if not data["confirmed"]:
            return render(request, "staff/holiday_notice.html", {"form": form, "days": form.days})
        try:
            moved = services.enter_notice(
                actor=Actor.current(),
                year=data["year"],
                days=form.days,
                source=data["source"],
                today=timezone.localdate(),
            )
        except services.NoticeRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request,
                _("The notice for %(year)d is entered; %(count)d deadlines moved with it.")
                % {"year": data["year"], "count": moved},
            )
            return redirect("staff:holidays")
    return render(request, "staff/holiday_notice.html", {"form": form})
