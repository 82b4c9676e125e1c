"""Forms of visits and of their review: validation only. Field names are also those of the API and the
phone's outbox.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.enums import RISK_HINTS, RiskLevel
from cases.models import Child, Visit
from cases.photos import MOST, Photo, clean_photo
from cases.visit_enums import (
    CASE_LEVELS,
    VISIT_KIND_SHORT,
    FocusQuestion,
    PersonMet,
    Problem,
    VisitKind,
    questions_for,
)
from cases.visit_rules import next_due
from cases.visit_selectors import intervals_for
from cases.visits import VisitData, basis_of
from staff import parameters

YES, NO = "yes", "no"
ANSWERS = ((NO, gettext_lazy("No, none")), (YES, gettext_lazy("Yes, there is")))
CLOCK_SKEW = dt.timedelta(minutes=10)  # a phone's clock may be a little ahead
MINUTES = "%Y-%m-%dT%H:%M"


class PhotosInput(forms.FileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Any]:
        return files.getlist(name) if hasattr(files, "getlist") else [files[name]] if name in files else []


class PhotosField(forms.Field):
    """Uploaded pictures → clean ones. The limits are the county's (``photo_max_mb``,
    ``photo_max_megapixels``).
    """

    widget = PhotosInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most_megabytes, self.most_megapixels = 10, 50

    def clean(self, value: Any) -> list[Photo]:
        given = [file for file in value or () if file]
        if len(given) > MOST:
            raise ValidationError(_("A visit has at most %(most)d photos.") % {"most": MOST}, code="too_many")
        photos, problems = [], []
        for file in given:
            try:
                photos.append(
                    clean_photo(
                        file,
                        name=file.name or "photo",
                        most_megabytes=self.most_megabytes,
                        most_megapixels=self.most_megapixels,
                    )
                )
            except ValidationError as problem:
                problems.append(problem)
        if problems:
            raise ValidationError(problems)
        return photos


class PhotoIds(forms.TypedMultipleChoiceField):
    """Photos to remove. Any number will do: a repeated sending names some that are gone, and the service looks
    only among those of the visit.
    """

    def valid_value(self, value: Any) -> bool:
        return str(value).isdecimal() and len(str(value)) < 19


class VisitForm(forms.Form):
    """One visit. ``draft`` accepts what is incomplete. ``intervals`` are the county's days by colour."""

    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    basis = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=gettext_lazy("How you visited"), choices=VISIT_KIND_SHORT.items())
    visited_at = forms.DateTimeField(
        label=gettext_lazy("Time of the visit"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MINUTES),
        input_formats=[MINUTES, "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    people_met = forms.MultipleChoiceField(
        label=gettext_lazy("Whom you met"),
        choices=PersonMet.choices,
        error_messages={"required": gettext_lazy("Say whom you met, or that nobody was there.")},
    )
    problems = forms.MultipleChoiceField(
        label=gettext_lazy("Problems found"), choices=Problem.choices, required=False
    )
    risk = forms.ChoiceField(
        label=gettext_lazy("Risk as you judge it"),
        choices=RiskLevel.choices,
        error_messages={"required": gettext_lazy("Choose a risk colour.")},
    )
    text = forms.CharField(
        label=gettext_lazy("What you found"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": gettext_lazy("Write what you found, in a few sentences.")},
    )
    next_visit_date = forms.DateField(
        label=gettext_lazy("Next visit"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    photos = PhotosField(label=gettext_lazy("Photos"), required=False)
    drop_photos = PhotoIds(coerce=int, required=False)

    def __init__(
        self,
        data: Any = None,
        files: Any = None,
        *,
        child: Child,
        at: dt.datetime,
        visit: Visit | None = None,
        draft: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, files, initial=_initial(child, at, visit), **kwargs)
        self.child, self.at, self.visit = child, at, visit
        self.intervals = intervals_for(child.region_id, timezone.localdate(at))
        for question in FocusQuestion:
            self.fields[answer_name(question)] = forms.ChoiceField(
                label=question.label, choices=ANSWERS, required=False, widget=forms.RadioSelect
            )
        self.draft = draft
        if draft:
            for field in self.fields.values():
                field.required = False
        if files:
            photos = self.fields["photos"]
            assert isinstance(photos, PhotosField)
            today = timezone.localdate(at)
            photos.most_megabytes = parameters.value(child.region_id, "photo_max_mb", today)
            photos.most_megapixels = parameters.value(child.region_id, "photo_max_megapixels", today)

    def clean_client_id(self) -> Any:
        return self.cleaned_data["client_id"] or (self.visit.uuid if self.visit else uuid4())

    def clean_visited_at(self) -> dt.datetime | None:
        visited_at: dt.datetime | None = self.cleaned_data["visited_at"]
        if visited_at and visited_at > self.at + CLOCK_SKEW:
            raise ValidationError(_("The visit lies in the future."))
        if visited_at and timezone.localdate(visited_at) < self.child.birth_date:
            raise ValidationError(_("The visit lies before the child's birth."))
        return visited_at

    def clean_people_met(self) -> list[str]:
        met: list[str] = self.cleaned_data["people_met"]
        if PersonMet.NOBODY in met and len(met) > 1:
            raise ValidationError(_("Either somebody was met or nobody was there."))
        return met

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.draft:
            return data
        kind, risk, visited_at = data.get("kind"), data.get("risk"), data.get("visited_at")
        if kind:
            for question in questions_for(VisitKind(kind)):
                name = answer_name(question)
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, _("Answer yes or no."))
        asked_for = data.get("next_visit_date")
        if asked_for and risk and visited_at:
            day = timezone.localdate(visited_at)
            latest = next_due(day, RiskLevel(risk), self.intervals)
            if not day < asked_for <= latest:
                self.add_error(
                    "next_visit_date",
                    _("For this colour the next visit is after the visit and by %(latest)s.")
                    % {"latest": latest.isoformat()},
                )
        return data

    def visit_data(self) -> VisitData:
        """The cleaned values for the service; a draft's gaps are filled with what the child has now."""
        data = self.cleaned_data
        kind = VisitKind(data.get("kind") or VisitKind.DOOR)
        answers = {question.value: data.get(answer_name(question)) for question in questions_for(kind)}
        return VisitData(
            kind=kind,
            visited_at=data.get("visited_at") or self.at,
            risk=data.get("risk") or self.child.risk,
            people_met=data.get("people_met") or (),
            answers={code: answer == YES for code, answer in answers.items() if answer},
            problems=data.get("problems") or (),
            text=(data.get("text") or "").strip(),
            next_visit_date=data.get("next_visit_date"),
        )


def answer_name(question: FocusQuestion) -> str:
    """Name of the field that answers a focus question."""
    return f"answer_{question.value}"


def _initial(child: Child, at: dt.datetime, visit: Visit | None) -> dict[str, Any]:
    if visit is None:
        return {"client_id": uuid4(), "kind": VisitKind.DOOR, "visited_at": at, "basis": ""}
    answers = {
        answer_name(FocusQuestion(code)): YES if answer else NO for code, answer in visit.answers.items()
    }
    return {
        "client_id": visit.uuid,
        "basis": basis_of(visit),
        "kind": visit.kind,
        "visited_at": visit.visited_at,
        "people_met": visit.people_met,
        "problems": [code for codes in visit.problems.values() for code in codes],
        "risk": visit.risk,
        "text": visit.text,
        "next_visit_date": visit.next_visit_date,
        **answers,
    }


RISK_CHOICES = [(level.value, RISK_HINTS[level], level.value) for level in RiskLevel]


class ReviewForm(forms.Form):
    """A reviewer's decision; the workflow itself says which reasons it needs."""

    action = forms.ChoiceField(choices=[("approve", ""), ("return", ""), ("escalate", "")])
    reason_code = forms.CharField(required=False, max_length=40)
    reason = forms.CharField(required=False, max_length=500)


class EscalateForm(forms.Form):
    """What a visit needs to become a case."""

    level = forms.ChoiceField(
        label=gettext_lazy("Level of the case"),
        choices=[(level.value, level.label) for level in CASE_LEVELS],
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    title = forms.CharField(label=gettext_lazy("What the case is about"), max_length=80)
    reason = forms.CharField(
        label=gettext_lazy("Situation and reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    to_county = forms.BooleanField(label=gettext_lazy("Hand it up to the county at once"), required=False)
