"""A visit as a phone sends it, read from JSON and kept as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework import serializers

from cases.visits.pictures import MOST
from cases.visits.sendings import Sending

LONGEST = 200_000  # characters of all values of a form
FIELDS = 400  # values of one form


class SubmissionSerializer(serializers.Serializer[Any]):
    """The body of a PUT. ``fields`` are the form's own, as pairs (name, value) in their order."""

    sending = serializers.UUIDField(help_text="The id of this submission; repeating it changes nothing")
    child = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    child_name = serializers.CharField(max_length=60, allow_blank=True, default="")
    basis = serializers.CharField(max_length=40, allow_blank=True, default="")
    started_at = serializers.DateTimeField(required=False, allow_null=True)
    written_at = serializers.DateTimeField(required=False, allow_null=True)
    photos = serializers.ListField(child=serializers.UUIDField(), max_length=MOST, default=list)
    fields_ = serializers.ListField(
        child=serializers.ListField(
            child=serializers.CharField(allow_blank=True, trim_whitespace=False), min_length=2, max_length=2
        ),
        max_length=FIELDS,
    )

    def get_fields(self) -> dict[str, Any]:
        """``fields`` is a word of the library's own, so the attribute has another name than the key."""
        found = super().get_fields()
        found["fields"] = found.pop("fields_")
        return found

    def validate_fields(self, value: list[list[str]]) -> list[list[str]]:
        if sum(len(name) + len(text) for name, text in value) > LONGEST:
            raise serializers.ValidationError(_("This is too long."))
        return value


@dataclass(frozen=True)
class Submission:
    """``fields`` are those of the visit form; ``child`` is the number the phone knows; ``basis`` the version it was
    written on, empty for a new visit."""

    sending: Sending
    child: int
    fields: QueryDict
    child_name: str = ""
    basis: str = ""

    @classmethod
    def read(cls, data: Any) -> Submission:
        """From the body of a request. ValidationError by field."""
        form = SubmissionSerializer(data=data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        return cls(
            sending=Sending(
                given["sending"], given.get("started_at"), given.get("written_at"), tuple(given["photos"])
            ),
            child=given["child"],
            child_name=given["child_name"],
            basis=given["basis"],
            fields=_query(given["fields"]),
        )

    def written(self) -> str:
        """As JSON, for a visit that is kept."""
        sending = self.sending
        return json.dumps(
            {
                "sending": str(sending.uuid),
                "started_at": sending.started_at.isoformat() if sending.started_at else None,
                "written_at": sending.written_at.isoformat() if sending.written_at else None,
                "photos": [str(uuid) for uuid in sending.photos],
                "child": self.child,
                "child_name": self.child_name,
                "basis": self.basis,
                "fields": [[name, value] for name, values in self.fields.lists() for value in values],
            },
            ensure_ascii=False,
        )

    @classmethod
    def kept(cls, payload: str) -> Submission:
        """From what :meth:`written` gave."""
        given = json.loads(payload)
        begun, done = given["started_at"], given["written_at"]
        return cls(
            sending=Sending(
                UUID(given["sending"]),
                parse_datetime(begun) if begun else None,
                parse_datetime(done) if done else None,
                tuple(UUID(one) for one in given["photos"]),
            ),
            child=given["child"],
            child_name=given["child_name"],
            basis=given["basis"],
            fields=_query(given["fields"]),
        )


def _query(pairs: list[list[str]]) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in pairs:
        data.appendlist(name, value)
    return data
