"""Small forms of a child's file: those around it, category, sharing; one form, one service each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases.categories import changes as category_changes
from cases.children import family, selectors, sharing
from cases.children.forms import (
    CategoryForm,
    EndForm,
    GuardianForm,
    ShareForm,
    SituationForm,
)
from cases.children.payee_form import PayeeForm
from cases.children.payee_purposes import purposes
from cases.children.views import DECIDERS, EDITORS, open_file, posted, show_errors
from cases.models import Child, Guardian, ParentSituation
from cases.refusals import NeedsConfirmation, RegisterRefused
from staff.access import roles
from staff.models import User


def one_form(
    request: HttpRequest,
    child: Child,
    form: forms.Form,
    title: str,
    write: Callable[[dict[str, Any]], Any],
    *,
    done: str,
    submit: str = "",
    note: str = "",
    facts: list[dict[str, Any]] | None = None,
    shares: list[User] | None = None,
    back: str = "",
) -> HttpResponse:
    """Show a form, or write what it says and go back: to the file, or the address ``back``. ``write`` gets the
    data and ``confirmed``.
    """
    back = back or reverse("cases:child", args=[child.pk])
    warnings: list[str] = []
    if request.method == "POST" and form.is_valid():
        try:
            write(form.cleaned_data | {"confirmed": "confirmed" in request.POST})
            messages.success(request, done)
            return redirect(back)
        except NeedsConfirmation as doubt:
            warnings = [text for _field, text in doubt.warnings]
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    return render(
        request,
        "cases/child_part_form.html",
        {
            "child": child,
            "form": form,
            "title": title,
            "warnings": warnings,
            "submit": submit or _("Save"),
            "note": note,
            "facts": facts or [],
            "shares": shares or [],
            "back": back,
        },
    )


@roles(*EDITORS)
def child_guardian(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a guardian or caregiver."""
    child, form = open_file(pk), GuardianForm(posted(request))
    return one_form(
        request,
        child,
        form,
        _("Add a guardian or caregiver"),
        lambda _data: family.add_guardian(child, form.value(), at=timezone.now()),
        done=_("The guardian or caregiver was added."),
    )


@roles(*EDITORS)
def child_guardian_end(request: HttpRequest, pk: int, guardian: int) -> HttpResponse:
    """A guardian or caregiver is so no longer."""
    child = open_file(pk)
    found = get_object_or_404(Guardian.objects, pk=guardian, child=child)
    form = EndForm(posted(request), initial={"day": timezone.localdate()})
    return one_form(
        request,
        child,
        form,
        _("%(name)s is guardian or caregiver no longer") % {"name": found.name},
        lambda data: family.end_guardian(found, day=data["day"], at=timezone.now()),
        done=_("The relation was ended."),
    )


@roles(*EDITORS)
def child_parent(request: HttpRequest, pk: int) -> HttpResponse:
    """Record what has become of a parent."""
    child, form = open_file(pk), SituationForm(posted(request))
    return one_form(
        request,
        child,
        form,
        _("A parent's situation"),
        lambda _data: family.add_situation(child, form.value(), at=timezone.now()),
        done=_("The situation was recorded."),
        note=_(
            "Situation, dates and evidence decide whether the child is an orphan or de facto unattended, "
            "and when to ask again."
        ),
    )


@roles(*EDITORS)
def child_parent_end(request: HttpRequest, pk: int, situation: int) -> HttpResponse:
    """A parent's situation is over."""
    child = open_file(pk)
    found = get_object_or_404(ParentSituation.objects, pk=situation, child=child)
    form = EndForm(posted(request), initial={"day": timezone.localdate()})
    title = _("Ended: %(what)s") % {"what": f"{found.get_parent_display()} {found.get_kind_display()}"}
    return one_form(
        request,
        child,
        form,
        title,
        lambda data: family.end_situation(found, day=data["day"], at=timezone.now()),
        done=_("The situation was ended."),
    )


@roles(*EDITORS)
def child_payee(request: HttpRequest, pk: int) -> HttpResponse:
    """Name who receives the money: all of it, or that of one scheme."""
    child = open_file(pk)
    form = PayeeForm(
        posted(request),
        purposes=purposes(),
        initial={"purpose": request.GET.get("purpose", ""), "relation": request.GET.get("relation", "")},
    )
    return one_form(
        request,
        child,
        form,
        _("Change the payee"),
        lambda data: family.set_payee(child, form.value(), at=timezone.now(), confirmed=data["confirmed"]),
        done=_("The payee was changed."),
        note=_("The payee before ends the day before. Months already prepared are not changed."),
    )


@roles(*DECIDERS)
def child_category(request: HttpRequest, pk: int) -> HttpResponse:
    """Count the child under another category, with what the decision table says."""
    child, today = open_file(pk), timezone.localdate()
    decision = selectors.eligibility_of(child, today)
    suggested = decision.category or child.primary_category
    form = CategoryForm(
        posted(request), initial={"category": suggested, "detail": child.category_detail, "since": today}
    )
    facts: list[dict[str, Any]] = [
        {
            "label": _("Category now"),
            "value": " · ".join(
                filter(None, (child.get_primary_category_display(), child.get_category_detail_display()))
            ),
        },
        {"label": _("The table says"), "value": decision.answer.label},
        {"label": _("Because"), "value": decision.row.label, "wide": True},
        {"label": _("Regulation"), "value": decision.clause, "wide": True},
    ]
    return one_form(
        request,
        child,
        form,
        _("Change the category"),
        lambda data: category_changes.set_category(
            child,
            data["category"],
            detail=data["detail"],
            since=data["since"],
            reason=data["reason"],
            at=timezone.now(),
        ),
        done=_("The category was changed."),
        facts=facts,
        note=_("A child may have many attributes, but is counted once, under the most protected category."),
    )


@roles(*DECIDERS)
def child_share(request: HttpRequest, pk: int) -> HttpResponse:
    """Share the file with somebody elsewhere."""
    child, at = open_file(pk), timezone.now()
    choices = [
        (
            assignment.user_id,
            f"{assignment.user.name} · {assignment.post.region.short_name} · {assignment.post.title}",
        )
        for assignment in sharing.receivers(child, timezone.localdate(at))
    ]
    form = ShareForm(posted(request), receivers=choices)

    def write(data: dict[str, Any]) -> None:
        if data.get("receiver"):
            user = User.objects.filter(pk=data["receiver"]).first()
        else:
            user = User.objects.filter(username=data["username"].strip(), is_active=True).first()
        if user is None:
            raise ValidationError({"username": _("There is no account with this user name.")})
        sharing.share_child(child, user, reason=data["reason"], at=at)

    return one_form(
        request,
        child,
        form,
        _("Share the file of %(name)s") % {"name": child.name},
        write,
        done=_("The file was shared."),
        submit=_("Share"),
        shares=sharing.shared_with(child),
        note=_("The person sees and keeps this one file until you take it back. Both are logged."),
    )


@require_POST
@roles(*DECIDERS)
def child_unshare(request: HttpRequest, pk: int, user: int) -> HttpResponse:
    """Take a share back."""
    child = open_file(pk)
    try:
        sharing.unshare_child(child, get_object_or_404(User, pk=user), at=timezone.now())
        messages.success(request, _("The file is no longer shared with this person."))
    except RegisterRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("cases:child", pk)
