"""The form of a county's rule: the terms that hold now, to be changed; what stays as it is is not part of the rule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.enums import Placement, PrimaryCategory, SchoolStage
from subsidies.aid.enums import Cadence, PayeeKind
from subsidies.enums import ConflictMode, EndReason, LastMonthRule, OffsetKind, StopRule, TekunMode
from subsidies.forms import MonthField
from subsidies.ledger.enums import Source
from subsidies.terms.enums import PublicityKind, PublicityPlace, Recheck, ShareKind, Starts
from subsidies.terms.reading import READERS, TermsError
from subsidies.terms.types import Terms
from subsidies.terms.words import LABELS

CHOICES: dict[str, type[TextChoices]] = {
    "payee": PayeeKind,
    "cadence": Cadence,
    "tekun_mode": TekunMode,
    "conflict_mode": ConflictMode,
    "starts": Starts,
    "last_month_rule": LastMonthRule,
    "stop_rule": StopRule,
    "recheck": Recheck,
}
LISTS: dict[str, type[TextChoices]] = {
    "categories": PrimaryCategory,
    "placements": Placement,
    "offsets": OffsetKind,
    "extension_stages": SchoolStage,
    "grace_reasons": EndReason,
}
NUMBERS = ("age_most", "grace_months", "verify_working_days", "confirm_working_days", "visit_days")
YUAN = ("amount_least", "amount_most")
FLAGS: dict[str, Promise] = {
    "higher_of": gettext_lazy("Several categories at once: the highest standard counts"),
    "school_proof": LABELS["school_proof"],
}
# Terms of several parts, which few counties rule: written as JSON, left empty when they stay.
AS_JSON = ("grades", "formulas", "evidence")
EXAMPLES = {
    "grades": '[{"code": "poor_severe", "name": {"zh": "贫困重残重病", "en": "Poor, severely ill or disabled"}}]',
    "formulas": '[{"category": "guardianship_lacking", "of": {"scheme": "basic_living"}, "percent": "80", "at_least": true}]',
    "evidence": '[{"code": "application_form", "name": {"zh": "申请表", "en": "Application form"}, "required": true}]',
}


class SchemeRuleForm(forms.Form):
    """What a county rules from a month on. ``changes`` afterwards holds the JSON values that differ from ``terms``."""

    valid_from = MonthField(label=gettext_lazy("From month"))
    document = forms.CharField(
        label=gettext_lazy("Document that rules it (number)"),
        max_length=120,
        help_text=gettext_lazy("Every term that you change is shown with it."),
    )

    def __init__(self, terms: Terms, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.terms = terms
        self.changes: dict[str, Any] = {}
        for key, kind in CHOICES.items():
            self.fields[key] = forms.ChoiceField(
                label=str(LABELS[key]),
                choices=kind.choices,
                initial=getattr(terms, key).value,
                required=False,
            )
        for key, kind in LISTS.items():
            self.fields[key] = forms.MultipleChoiceField(
                label=str(LABELS[key]),
                choices=kind.choices,
                required=False,
                initial=[item.value for item in getattr(terms, key)],
                widget=forms.CheckboxSelectMultiple(attrs={"class": "cw-chips"}),
            )
        for key in NUMBERS:
            self.fields[key] = forms.IntegerField(
                label=str(LABELS[key]), required=False, min_value=0, initial=getattr(terms, key)
            )
        for key in YUAN:
            self.fields[key] = forms.DecimalField(
                label=str(LABELS[key]), required=False, min_value=0, decimal_places=2, initial=getattr(terms, key),
                help_text=_("Yuan a period; empty: nothing is flagged."),
            )  # fmt: skip
        for key, label in FLAGS.items():
            self.fields[key] = forms.BooleanField(
                label=str(label), required=False, initial=getattr(terms, key)
            )
        self.fields["same_month"] = forms.MultipleChoiceField(
            label=_("The month of the event is not paid after"),
            choices=EndReason.choices,
            required=False,
            initial=self._same_month(),
            widget=forms.CheckboxSelectMultiple(attrs={"class": "cw-chips"}),
        )
        self._add_publicity()
        self._add_funding()
        for key in AS_JSON:
            self.fields[key] = forms.CharField(
                label=str(LABELS[key]),
                required=False,
                widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
                help_text=_("Empty: stays as it is. Example: %(example)s") % {"example": EXAMPLES[key]},
            )

    def _same_month(self) -> list[str]:
        return [
            reason.value for reason, rule in self.terms.stop_by_reason.items() if rule == StopRule.SAME_MONTH
        ]

    def _add_publicity(self) -> None:
        now = self.terms.publicity
        self.fields["publicity"] = forms.ChoiceField(
            label=str(LABELS["publicity"]),
            choices=PublicityKind.choices,
            initial=now.kind.value,
            required=False,
        )
        self.fields["publicity_days"] = forms.IntegerField(
            label=_("Days of posting"), required=False, min_value=1, initial=now.days or None
        )
        self.fields["publicity_where"] = forms.ChoiceField(
            label=_("Where it is posted"),
            choices=PublicityPlace.choices,
            initial=now.where.value,
            required=False,
        )

    def _add_funding(self) -> None:
        now = {share.source: share for share in self.terms.funding}
        for source in Source:
            share = now.get(source)
            self.fields[f"share_{source.value}"] = forms.ChoiceField(
                label=source.label,
                choices=[("", _("nothing")), *ShareKind.choices],
                required=False,
                initial=share.kind.value if share else "",
            )
            self.fields[f"value_{source.value}"] = forms.DecimalField(
                label=_("%(source)s: yuan or percent") % {"source": source.label},
                required=False,
                min_value=0,
                decimal_places=2,
                initial=share.value if share else None,
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for key, value in self._values(data):
            try:
                read = READERS[key](key, value)
            except TermsError as error:
                self.add_error("share_county" if key == "funding" else key, error.message)
                continue
            if read != getattr(self.terms, key):
                self.changes[key] = value
        if not self.changes and not self.errors:
            raise ValidationError(_("Nothing differs from what holds already. Change at least one term."))
        return data

    def _values(self, data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """The JSON value of each term that was sent."""
        for key in (*CHOICES, *LISTS):
            if data.get(key) or key in LISTS:
                yield key, data.get(key, [])
        for key in NUMBERS:
            if data.get(key) is not None:
                yield key, data[key]
        for key in YUAN:
            if key in data:
                yield key, None if data[key] is None else str(data[key])
        for key in FLAGS:
            yield key, bool(data.get(key))
        if sorted(data.get("same_month", [])) != sorted(self._same_month()):
            yield "stop_by_reason", dict.fromkeys(data["same_month"], StopRule.SAME_MONTH.value)
        if data.get("publicity"):
            yield (
                "publicity",
                {
                    "kind": data["publicity"],
                    "days": data.get("publicity_days"),
                    "where": data.get("publicity_where") or PublicityPlace.VILLAGE.value,
                },
            )
        yield (
            "funding",
            [
                {"source": source.value, "kind": data[f"share_{source.value}"]}
                | (
                    {"value": str(data[f"value_{source.value}"])}
                    if data.get(f"value_{source.value}") is not None
                    and data[f"share_{source.value}"] != ShareKind.REST
                    else {}
                )
                for source in Source
                if data.get(f"share_{source.value}")
            ],
        )
        for key in AS_JSON:
            if text := data.get(key, "").strip():
                try:
                    yield key, json.loads(text)
                except json.JSONDecodeError as error:
                    self.add_error(
                        key,
                        _("This is no JSON: line %(line)d, character %(column)d: %(what)s.")
                        % {"line": error.lineno, "column": error.colno, "what": error.msg},
                    )

    def groups(self) -> list[dict[str, Any]]:
        """Bound fields in the order of the page: [{title, fields, rare}]."""
        parts = [
            (_("Recipients"), ["categories", "placements", "age_most", "higher_of"]),
            (_("Payment"), ["payee", "cadence"]),
            (
                _("Who funds it"),
                [f"{part}_{source.value}" for source in Source for part in ("share", "value")],
            ),
            (_("Amount"), ["offsets", "tekun_mode", "conflict_mode", "amount_least", "amount_most"]),
            (
                _("Months"),
                [
                    *("starts", "last_month_rule", "extension_stages", "stop_rule", "same_month"),
                    *("grace_months", "grace_reasons"),
                ],
            ),
            (
                _("Procedure"),
                [
                    *("publicity", "publicity_days", "publicity_where", "verify_working_days"),
                    *("confirm_working_days", "recheck", "school_proof", "visit_days"),
                ],
            ),
            (_("Grades, formulas and documents"), list(AS_JSON)),
        ]
        return [
            {
                "title": title,
                "fields": [self[name] for name in names],
                "rare": names == list(AS_JSON),
                "pairs": names[0].startswith("share_"),
            }
            for title, names in parts
        ]
