"""Forms of plans and conferences: validation only."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cases.casework.selectors import Person, person_choices
from cases.field.enums import FollowUp, GoalState, ParticipantRole
from cases.models import CaseGoal
from cases.visits.enums import CaseOutcome

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
LONGEST_DECISION = 120  # characters: a line becomes the title of an action
JUDGEMENTS = [(state.value, state.label) for state in GoalState if state != GoalState.OPEN]


class ComingDayMixin(forms.Form):
    """A day by which something is to be done: today or later."""

    due_date = forms.DateField(label=gettext_lazy("By when"), widget=DAY)

    def clean_due_date(self) -> dt.date:
        due: dt.date = self.cleaned_data["due_date"]
        if due < timezone.localdate():
            raise ValidationError(_("This day has passed."))
        return due


class ReasonMixin(forms.Form):
    """Why something of the plan becomes another."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )


class GoalWordsMixin(forms.Form):
    """What a goal says: what shall be so, and how one will know."""

    text = forms.CharField(
        label=gettext_lazy("What shall be so"),
        max_length=200,
        help_text=gettext_lazy("For the child, not for the office: “goes to school every day”."),
    )
    measure = forms.CharField(
        label=gettext_lazy("How one will know"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("What can be seen or counted: the teacher's word, a document, a visit."),
    )


class GoalForm(GoalWordsMixin, ComingDayMixin):
    """A goal: what shall be so, how one will know, by when."""

    field_order = ["text", "measure", "due_date"]


class GoalWordsForm(GoalWordsMixin, ReasonMixin):
    """Other words for a goal, with the reason."""

    field_order = ["text", "measure", "reason"]


class JudgeForm(forms.Form):
    """What became of a goal."""

    state = forms.ChoiceField(
        label=gettext_lazy("Was it reached?"),
        choices=JUDGEMENTS,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    outcome = forms.CharField(
        label=gettext_lazy("What came of it"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


class ActionForm(ComingDayMixin):
    """One action of the plan. ``people`` are those who may be responsible, ``goals`` those still worked on."""

    goal = forms.TypedChoiceField(
        label=gettext_lazy("For which goal"), coerce=int, required=False, empty_value=None
    )
    title = forms.CharField(label=gettext_lazy("Action"), max_length=120)
    owner = forms.TypedChoiceField(label=gettext_lazy("Who"), coerce=int)
    field_order = ["goal", "title", "owner", "due_date"]

    def __init__(self, *args: Any, people: list[Person], goals: list[CaseGoal], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = person_choices(people)  # type: ignore[attr-defined]
        self.fields["goal"].choices = goal_choices(goals)  # type: ignore[attr-defined]
        if not goals:
            del self.fields["goal"]


class DoneForm(forms.Form):
    """What came of an action."""

    note = forms.CharField(
        label=gettext_lazy("What came of it"), max_length=200, widget=forms.Textarea(attrs={"rows": 2})
    )


class GoalDayForm(ComingDayMixin, ReasonMixin):
    """Another day for a goal, with the reason."""

    field_order = ["due_date", "reason"]


class ActionDayForm(GoalDayForm):
    """Another day or another responsible person for an action."""

    owner = forms.TypedChoiceField(label=gettext_lazy("Who"), coerce=int)
    field_order = ["due_date", "owner", "reason"]

    def __init__(self, *args: Any, people: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = person_choices(people)  # type: ignore[attr-defined]


class ActionWordsForm(ReasonMixin):
    """Other words for an action, with the reason."""

    title = forms.CharField(label=gettext_lazy("Action"), max_length=120)
    field_order = ["title", "reason"]


class ReviewForm(forms.Form):
    """The plan looked at as a whole."""

    text = forms.CharField(
        label=gettext_lazy("What the review found"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
    next_date = forms.DateField(label=gettext_lazy("Next review by"), widget=DAY)


class CloseForm(forms.Form):
    """How a case ended and what follows."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        choices=CaseOutcome.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Outcome in words"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    follow_up = forms.ChoiceField(
        label=gettext_lazy("What follows"),
        choices=FollowUp.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
        help_text=gettext_lazy(
            "Closing changes no colour: a better one needs an assessment and the supervisor's approval."
        ),
    )
    visit_date = forms.DateField(
        label=gettext_lazy("Visit the child once more by"), required=False, widget=DAY
    )


# --- Conferences ----------------------------------------------------------------------------------------


class OutsiderForm(forms.Form):
    """Somebody from another office or the family; a line without a name is left out."""

    role = forms.ChoiceField(
        label=gettext_lazy("Comes from"), choices=ParticipantRole.choices, required=False
    )
    organisation = forms.CharField(label=gettext_lazy("Organisation"), max_length=80, required=False)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=60, required=False)


OutsiderFormSet = forms.formset_factory(OutsiderForm, extra=3, max_num=30)


class ConferenceForm(forms.Form):
    """When, where, chaired by whom, and who of the offices around the child is asked."""

    held_at = forms.DateTimeField(
        label=gettext_lazy("When"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    place = forms.CharField(label=pgettext_lazy("conference", "Place"), max_length=100, required=False)
    chair = forms.CharField(label=gettext_lazy("Chaired by"), max_length=60)
    insiders = forms.TypedMultipleChoiceField(
        label=gettext_lazy("From our offices"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "cw-choices cw-choices-1"}),
    )

    def __init__(self, *args: Any, people: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["insiders"].choices = person_choices(people)  # type: ignore[attr-defined]


class MinutesForm(forms.Form):
    """Minutes, decisions one a line, and who came of those asked: pairs (key, name)."""

    came = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Who came"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "cw-choices cw-choices-1"}),
    )
    minutes = forms.CharField(
        label=pgettext_lazy("conference", "Minutes"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=gettext_lazy("They are written once. Later words are added below them."),
    )
    decisions = forms.CharField(
        label=gettext_lazy("What was decided"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("One decision a line; next you put them into the plan."),
    )

    def __init__(self, *args: Any, asked: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["came"].choices = asked  # type: ignore[attr-defined]
        if not asked:
            del self.fields["came"]

    def clean_decisions(self) -> str:
        text: str = self.cleaned_data["decisions"]
        if any(len(line.strip()) > LONGEST_DECISION for line in text.splitlines()):
            raise ValidationError(
                _("A line is at most %(count)s characters long. Write the rest in the minutes.")
                % {"count": LONGEST_DECISION}
            )
        return text


class WordsForm(forms.Form):
    """Words added below minutes."""

    text = forms.CharField(
        label=gettext_lazy("Words to add"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )


class DecisionForm(forms.Form):
    """One decision on its way into the plan."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Becomes"),
        choices=[
            ("action", gettext_lazy("An action")),
            ("goal", gettext_lazy("A goal")),
            ("", gettext_lazy("Neither")),
        ],
        required=False,
        widget=forms.RadioSelect(attrs={"class": "cw-chips"}),
    )
    text = forms.CharField(max_length=LONGEST_DECISION, widget=forms.HiddenInput)
    due_date = forms.DateField(label=gettext_lazy("By when"), required=False, widget=DAY)
    owner = forms.TypedChoiceField(label=gettext_lazy("Who"), coerce=int, required=False)
    goal = forms.TypedChoiceField(
        label=gettext_lazy("For which goal"), coerce=int, required=False, empty_value=None
    )

    def __init__(self, *args: Any, people: list[Person], goals: list[CaseGoal], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = person_choices(people)  # type: ignore[attr-defined]
        self.fields["goal"].choices = goal_choices(goals)  # type: ignore[attr-defined]
        if not goals:
            del self.fields["goal"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("kind"):
            return cleaned
        due = cleaned.get("due_date")
        if due is None and "due_date" not in self.errors:
            self.add_error("due_date", _("Say by when."))
        elif due is not None and due < timezone.localdate():
            self.add_error("due_date", _("This day has passed."))
        if cleaned["kind"] == "action" and not cleaned.get("owner"):
            self.add_error("owner", _("Say who is responsible."))
        return cleaned


DecisionFormSet = forms.formset_factory(DecisionForm, extra=0, max_num=30)


def goal_choices(goals: list[CaseGoal]) -> list[tuple[Any, str]]:
    """The goals still worked on, after "none of them"."""
    return [("", _("No goal")), *((goal.pk, goal.text) for goal in goals)]
