"""Pages of schemes (补贴项目): the terms in force, each with the document that set it, the rules and rates by date."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from staff.access import roles
from staff.enums import Role
from staff.models import Region
from staff.scope import current
from staff.workflow import Actor
from subsidies.batches.views import county
from subsidies.enums import SchemeCode
from subsidies.forms import month_or_none
from subsidies.models import Rate, Scheme, SchemeRule
from subsidies.reckoning.months import month_of
from subsidies.terms.in_force import Rulebook, ancestors
from subsidies.terms.reading import READERS
from subsidies.terms.rule_forms import SchemeRuleForm
from subsidies.terms.ruling import RuleRefused, add_rule
from subsidies.terms.types import SetBy, Terms
from subsidies.terms.words import GROUPS, LABELS, words

READERS_OF_RULES = (Role.CLERK, Role.APPROVER, Role.LEADER, Role.AUDITOR, Role.SUPERVISOR)


def _scheme(code: str) -> Scheme:
    if code not in SchemeCode.values:
        raise Http404
    return get_object_or_404(Scheme, code=code)


@require_GET
@roles(*READERS_OF_RULES)
def schemes(request: HttpRequest) -> HttpResponse:
    """Every scheme on record, with what it pays, whom, and how many rules the county added."""
    region, today = county(), timezone.localdate()
    book = Rulebook.load(region.pk)
    where = ancestors(region.pk)
    found = Scheme.objects.annotate(
        own_rules=Count("rules", filter=Q(rules__region=region), distinct=True),
        rate_count=Count("rates", filter=Q(rates__region_id__in=where), distinct=True),
    ).order_by("-is_active", "pk")
    rows = [{"scheme": scheme, "terms": book.terms(scheme.code, today)} for scheme in found]
    return render(
        request,
        "subsidies/schemes.html",
        {
            "rows": rows,
            "region": region,
            "may_simulate": current().role in (Role.CLERK, Role.APPROVER, Role.LEADER),
        },
    )


@require_GET
@roles(*READERS_OF_RULES)
def scheme(request: HttpRequest, code: str) -> HttpResponse:
    """One scheme: the terms in force in a month (``?month=``) in words, who set each, rules and rates by date."""
    found, region = _scheme(code), county()
    day = month_or_none(request.GET.get("month", "")) or timezone.localdate()
    book = Rulebook.load(region.pk)
    where = ancestors(region.pk)
    names = dict(Region.objects.filter(pk__in=where).values_list("pk", "name"))
    terms = book.terms(code, day)
    rules = (
        SchemeRule.objects.filter(scheme=found, region_id__in=where)
        .select_related("region", "user")
        .order_by("-valid_from", "-region_id")
    )
    rates = (
        Rate.objects.filter(scheme=found, region_id__in=where, superseded=False)
        .select_related("region")
        .order_by("-valid_from", "grade", "category", "placement", "-region_id", "pk")
    )
    return render(
        request,
        "subsidies/scheme.html",
        {
            "scheme": found,
            "region": region,
            "month": month_of(day),
            "groups": _groups(terms, names),
            "rules": [{"rule": row, "changes": _changes(row)} for row in rules],
            "rates": [
                {"rate": row, "grade": terms.grade_name(row.grade) if row.grade else ""} for row in rates
            ],
            "may_add": current().role == Role.CLERK,
        },
    )


def _groups(terms: Terms, names: dict[int, str]) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "rows": [
                {
                    "label": LABELS[key],
                    "lines": words(key, getattr(terms, key)),
                    "document": _document(terms.sources[key]),
                    "level": _level(terms.sources[key], names),
                    "own": terms.sources[key].rule_id is not None,
                }
                for key in keys
            ],
        }
        for title, keys in GROUPS
    ]


def _document(source: SetBy) -> str:
    return _("no document: default of this system") if source.document == "proposal" else source.document


def _level(source: SetBy, names: dict[int, str]) -> str:
    if source.region_id is None:
        return "" if source.document == "proposal" else _("national or default")
    name = names.get(source.region_id, "")
    return _("%(place)s, from %(month)s") % {"place": name, "month": f"{source.valid_from:%Y-%m}"}


def _changes(rule: SchemeRule) -> list[dict[str, Any]]:
    return [
        {"label": LABELS[key], "lines": words(key, READERS[key](key, value))}
        for key, value in rule.changes.items()
    ]


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def scheme_rule_add(request: HttpRequest, code: str) -> HttpResponse:
    """What the county rules differently from a month on: the terms that hold then, to be changed."""
    found, region = _scheme(code), county()
    this_month = month_of(timezone.localdate())
    wanted = month_or_none(request.POST.get("valid_from", "") or request.GET.get("month", "")) or this_month
    terms = Rulebook.load(region.pk).terms(code, wanted)
    form = SchemeRuleForm(terms, request.POST or None, initial={"valid_from": wanted})
    if request.method == "POST" and form.is_valid() and _added(form, found, region, this_month, request):
        return redirect("subsidies:scheme", code=code)
    return render(
        request, "subsidies/scheme_rule_add.html", {"form": form, "scheme": found, "region": region}
    )


def _added(
    form: SchemeRuleForm, found: Scheme, region: Region, this_month: dt.date, request: HttpRequest
) -> bool:
    data = form.cleaned_data
    try:
        add_rule(
            actor=Actor.current(),
            at=timezone.now(),
            region=region,
            scheme=found,
            valid_from=data["valid_from"],
            document=data["document"],
            changes=form.changes,
        )
    except RuleRefused as why:
        form.add_error(why.key if why.key in form.fields else None, str(why))
        return False
    messages.success(request, _("The rule is on record and holds from %(month)s.") % {"month": f"{data['valid_from']:%Y-%m}"})  # fmt: skip
    if data["valid_from"] < this_month:
        messages.warning(
            request, _("It begins in the past: the next batch proposes the difference of the months since.")
        )
    return True
