"""Forms of visits and of their review: validation only. Field names are also those of the API and the
phone's outbox.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.enums import RiskLevel
from cases.free_text import FreeText
from cases.models import Child, Visit
from cases.questions import fields as asking
from cases.questions.choice import Forms, UnknownForm, definition, definition_of
from cases.questions.concern import flat
from cases.questions.definition import FIRST_FORM, Definition
from cases.visits.enums import CASE_LEVELS, MET_NOBODY, VISIT_KIND_SHORT, PersonMet, VisitKind
from cases.visits.pictures import MOST, Photo, clean_photo
from cases.visits.rules import next_due
from cases.visits.selectors import intervals_for
from cases.visits.services import VisitData, basis_of
from staff import parameters

CLOCK_SKEW = dt.timedelta(minutes=10)  # a phone's clock may be a little ahead
IN_THE_FUTURE = gettext_lazy("The visit lies in the future.")
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


class VisitFields(forms.Form):
    """What every visit form has, and the questions, problems and kinds of its ``definition``."""

    definition: Definition
    intervals: Mapping[RiskLevel, int]

    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    basis = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    form_code = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    form_version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=gettext_lazy("How you visited"))
    visited_at = forms.DateTimeField(
        label=gettext_lazy("Time of the visit"),
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "data-future": IN_THE_FUTURE}, format=MINUTES
        ),
        input_formats=[MINUTES, "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    people_met = forms.MultipleChoiceField(
        label=gettext_lazy("Whom you met"),
        choices=PersonMet.choices,
        error_messages={"required": gettext_lazy("Say whom you met, or that nobody was there.")},
    )
    problems = forms.MultipleChoiceField(label=gettext_lazy("Problems found"), required=False)
    risk = forms.ChoiceField(
        label=gettext_lazy("Risk as you judge it"),
        choices=RiskLevel.choices,
        error_messages={"required": gettext_lazy("Choose a risk colour.")},
    )
    text = FreeText(
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

    def ask(self, asked: Definition) -> None:
        """Put the questions of a definition into the form."""
        kinds, problems = self.fields["kind"], self.fields["problems"]
        assert isinstance(kinds, forms.ChoiceField)
        assert isinstance(problems, forms.ChoiceField)
        kinds.choices = [(kind.value, VISIT_KIND_SHORT[kind]) for kind in asked.kinds]
        problems.choices = [(code, str(one.text)) for code, one in asked.problems().items()]
        for code, question in asked.questions().items():
            self.fields[asking.answer_name(code)] = asking.field_for(question)


class VisitForm(VisitFields):
    """One visit, on the form that the child is visited with. ``draft`` accepts what is incomplete.

    Which form: that of ``visit``; else the one that the data name in ``form_code`` and ``form_version`` (without them the
    first of all, for those who write it by the API); else the child's on the day of ``at``, for a ``kind`` of visit.
    ``definition`` is the form in use, ``intervals`` are the county's days between visits by colour.
    """

    def __init__(
        self,
        data: Any = None,
        files: Any = None,
        *,
        child: Child,
        at: dt.datetime,
        visit: Visit | None = None,
        draft: bool = False,
        kind: str = "",
        **kwargs: Any,
    ) -> None:
        self.child, self.at, self.visit, self.draft = child, at, visit, draft
        self.choice: Forms | None = None  # known of a form begun here
        self.unknown = False
        self.definition = self._definition(data, kind)
        super().__init__(data, files, initial=_initial(self.definition, child, at, visit, kind), **kwargs)
        self.intervals = intervals_for(child.region_id, timezone.localdate(at))
        self.ask(self.definition)
        if draft:
            for field in self.fields.values():
                field.required = False
        if files:
            photos = self.fields["photos"]
            assert isinstance(photos, PhotosField)
            today = timezone.localdate(at)
            photos.most_megabytes = parameters.value(child.region_id, "photo_max_mb", today)
            photos.most_megapixels = parameters.value(child.region_id, "photo_max_megapixels", today)

    def _definition(self, data: Any, kind: str) -> Definition:
        if self.visit is not None:
            return definition_of(self.visit)
        if data is None:
            self.choice = Forms([self.child], timezone.localdate(self.at))
            ref = self.choice.of(self.child, kind)
            return definition(ref.code, ref.version)
        code, version = data.get("form_code"), str(data.get("form_version") or "")
        if not code:
            return definition(FIRST_FORM.code, FIRST_FORM.version)
        try:
            return definition(str(code), int(version) if version.isdecimal() and len(version) < 6 else 0)
        except UnknownForm:
            self.unknown = True
            return definition(FIRST_FORM.code, FIRST_FORM.version)

    def clean_client_id(self) -> Any:
        return self.cleaned_data["client_id"] or (self.visit.uuid if self.visit else uuid4())

    def clean_visited_at(self) -> dt.datetime | None:
        visited_at: dt.datetime | None = self.cleaned_data["visited_at"]
        if visited_at and visited_at > self.at + CLOCK_SKEW:
            raise ValidationError(IN_THE_FUTURE)
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
        if self.unknown:
            self.add_error(
                None,
                _("This form is not known here. Open the visit again and fill in the form that is shown."),
            )
        if self.draft:
            return data
        kind, risk, visited_at = data.get("kind"), data.get("risk"), data.get("visited_at")
        if kind and data.get("people_met") != MET_NOBODY:
            for question in self.definition.asked(kind):
                name = asking.answer_name(question.code)
                empty = asking.stored(question, data.get(name)) is None
                if question.required and empty and name not in self.errors:
                    self.add_error(name, asking.missing(question))
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
        kind = VisitKind(data.get("kind") or self.definition.kinds[0])
        answers = {
            one.code: asking.stored(one, data.get(asking.answer_name(one.code)))
            for one in self.definition.asked(kind)
        }
        return VisitData(
            kind=kind,
            visited_at=data.get("visited_at") or self.at,
            risk=data.get("risk") or self.child.risk,
            people_met=data.get("people_met") or (),
            answers={code: answer for code, answer in answers.items() if answer is not None},
            problems=data.get("problems") or (),
            text=(data.get("text") or "").strip(),
            next_visit_date=data.get("next_visit_date"),
            form=self.definition.ref,
        )


class BlankVisitForm(VisitFields):
    """The same fields without a child: what a phone keeps, and what the county looks at."""

    def __init__(self, asked: Definition, intervals: Mapping[RiskLevel, int]) -> None:
        values = {"form_code": asked.code, "form_version": asked.version, "kind": asked.kinds[0]}
        super().__init__(initial=values)
        self.definition, self.intervals = asked, intervals
        self.ask(asked)


def _initial(
    asked: Definition, child: Child, at: dt.datetime, visit: Visit | None, kind: str
) -> dict[str, Any]:
    form = {"form_code": asked.code, "form_version": asked.version}
    if visit is None:
        begun = kind if kind in asked.kinds else asked.kinds[0]
        return {"client_id": uuid4(), "kind": begun, "visited_at": at, "basis": "", **form}
    return {"client_id": visit.uuid, "basis": basis_of(visit), **form, **written_in(visit, asked)}


def written_in(visit: Visit, asked: Definition) -> dict[str, Any]:
    """What a visit says, as initial values of the fields of its form."""
    return {
        "kind": visit.kind,
        "visited_at": visit.visited_at,
        "people_met": visit.people_met,
        "problems": [code for code in asked.problems() if code in flat(visit.problems)],
        "risk": visit.risk,
        "text": visit.text,
        "next_visit_date": visit.next_visit_date,
        **asking.initial_of(asked, visit.answers),
    }


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
    reason = FreeText(
        label=gettext_lazy("Situation and reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    to_county = forms.BooleanField(label=gettext_lazy("Hand it up to the county at once"), required=False)
