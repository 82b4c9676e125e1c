"""Validation of what people type on the staff pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from staff import scope
from staff.api_tokens import LONGEST_DAYS
from staff.enums import ROLE_LEVELS, RegionLevel, Role
from staff.models import AccessLog, Region, User


class DateField(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("Account"),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PasswordForm(forms.Form):
    old = forms.CharField(
        label=_("Present password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=128,
        help_text=_("At least 8 characters; mix at least three of small letters, capitals, digits, others."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("New password once more"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", _("The two new passwords differ."))
        return data


class TokenForm(forms.Form):
    name = forms.CharField(label=_("What it is for"), max_length=60)
    days = forms.IntegerField(label=_("Valid for (days)"), min_value=1, max_value=LONGEST_DAYS, initial=90)


class AccountForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=40)
    username = forms.CharField(
        label=_("Account"),
        max_length=60,
        validators=[UnicodeUsernameValidator()],
        help_text=_("Letters, digits and . _ - @ +. It cannot be changed later."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )

    def clean_username(self) -> str:
        username = User.normalize_username(self.cleaned_data["username"])
        if User.objects.filter(username=username).exists():
            raise forms.ValidationError(_("This account name is taken."))
        return username


class AccountFilter(forms.Form):
    """The filter above the list of accounts."""

    STATES = [
        ("", _("all accounts")),
        ("in_post", _("in a post")),
        ("without_post", _("without a post")),
        ("locked", _("locked")),
        ("closed", _("closed")),
    ]
    q = forms.CharField(label=_("Name or account"), required=False, max_length=60)
    role = forms.ChoiceField(label=_("Role"), required=False, choices=[("", _("all roles")), *Role.choices])
    state = forms.ChoiceField(label=_("State"), required=False, choices=STATES)


class RegionCodeField(forms.Field):
    """A division by its 12-digit code or its exact name, inside the administrator's range. Cleans to a
    Region.
    """

    default_error_messages = {
        "unknown": _("No division inside your region has this code or name."),
        "several": _("Several divisions have this name; write the 12-digit code."),
    }

    def clean(self, value: Any) -> Region | None:
        text = (super().clean(value) or "").strip()
        if not text:
            return None
        found = Region.objects.in_force(timezone.localdate())
        found = (
            found.filter(code=int(text)) if text.isdecimal() and len(text) <= 12 else found.filter(name=text)
        )
        inside = [region for region in found[:200] if scope.current().covers(region.code)]
        if len(inside) != 1:
            raise forms.ValidationError(self.error_messages["several" if inside else "unknown"])
        return inside[0]


class PostForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    region = RegionCodeField(
        label=_("Region"),
        help_text=_("12-digit code, or the exact name."),
        widget=forms.TextInput(attrs={"list": "regions", "autocomplete": "off"}),
    )
    title = forms.CharField(label=_("Title"), max_length=60)
    unit = forms.CharField(label=_("Office"), max_length=60, required=False)
    further = forms.CharField(
        label=_("Further regions"),
        required=False,
        help_text=_("One a line, for example a second village. 12-digit code, or the exact name."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean_further(self) -> list[Region]:
        field = RegionCodeField()
        lines = filter(None, (line.strip() for line in self.cleaned_data["further"].splitlines()))
        return [region for line in lines if (region := field.clean(line))]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        role, region = data.get("role"), data.get("region")
        if role and region and RegionLevel(region.level) not in ROLE_LEVELS[Role(role)]:
            levels = ", ".join(str(level.label) for level in RegionLevel if level in ROLE_LEVELS[Role(role)])
            self.add_error(
                "region",
                _("A post of this role belongs to a region of the level: %(levels)s") % {"levels": levels},
            )
        return data


class PostFilter(forms.Form):
    q = forms.CharField(label=_("Title, office or place"), required=False, max_length=60)
    role = forms.ChoiceField(label=_("Role"), required=False, choices=[("", _("all roles")), *Role.choices])
    vacant = forms.BooleanField(label=_("only vacant posts"), required=False)


class AssignForm(forms.Form):
    """``person``: account name, of this region or of another whose person takes a post here."""

    person = forms.CharField(
        label=_("Account"),
        max_length=60,
        widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off"}),
    )
    start = DateField(label=_("From"))
    end = DateField(label=_("Last day"), required=False)
    phone = forms.CharField(label=_("Work phone"), max_length=20, required=False)

    def clean_person(self) -> User:
        user = User.objects.filter(username=User.normalize_username(self.cleaned_data["person"])).first()
        if user is None:
            raise forms.ValidationError(_("No account has this name."))
        return user

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("start") and data.get("end") and data["end"] < data["start"]:
            self.add_error("end", _("The end date lies before the start date."))
        return data


class EndForm(forms.Form):
    when = forms.ChoiceField(
        label=_("When"),
        choices=[("now", _("At once: access stops now")), ("day", _("At the end of a day"))],
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )
    last_day = DateField(label=_("Last day"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("when") == "day" and not data.get("last_day") and "last_day" not in self.errors:
            self.add_error("last_day", _("Give the last day."))
        return data


class TrailFilter(forms.Form):
    """The filter of the audit trail. Without dates: the last seven days."""

    since = DateField(label=_("From"), required=False)
    until = DateField(label=_("To"), required=False)
    person = forms.CharField(label=_("Account"), required=False, max_length=60)
    child = forms.IntegerField(label=_("Child (internal number)"), required=False, min_value=1)
    kind = forms.ChoiceField(label=_("Kind"), required=False)

    def __init__(self, *args: Any, kinds: list[tuple[str, Any]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", _("all")), *(kinds or AccessLog.Kind.choices)]  # type: ignore[attr-defined]

    def clean_person(self) -> User | None:
        name = self.cleaned_data["person"].strip()
        if not name:
            return None
        user = User.objects.filter(username=User.normalize_username(name)).first()
        if user is None:
            raise forms.ValidationError(_("No account has this name."))
        return user

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            self.add_error("until", _("The last day lies before the first day."))
        return data
