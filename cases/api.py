"""Children (masked), visits, cases and match candidates over the API: the same scope, services and selectors as the pages."""

from __future__ import annotations

import hashlib
import io
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiResponse, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from cases import search
from cases.field import api as field_api
from cases.field.photos import receive_photo
from cases.field.sending import Conflict, Taken
from cases.field.submission import Submission
from cases.models import Case, Child, MatchCandidate, Visit
from cases.questions.shown import answers_shown
from cases.visits.pictures import MOST
from cases.visits.refusals import VisitRefused
from cases.visits.selectors import readable
from cases.visits.sendings import Sending
from staff.api import ReadOnly
from staff.enums import Role


class ChildSerializer(serializers.ModelSerializer[Child]):
    """A child without anything that is kept encrypted; the identity number is masked."""

    identity_number = serializers.CharField(source="masked_identity", read_only=True)

    class Meta:
        model = Child
        fields = (
            "id", "number", "name", "identity_number", "birth_date", "sex", "primary_category", "placement", "region",
            "household_region", "residence_region", "school_stage", "risk", "registered_date", "last_visit_date",
            "next_visit_date", "left_date", "left_reason",
        )  # fmt: skip


class ChildFilter(filters.FilterSet):
    q = filters.CharFilter(method="search", label="Part of a name, pinyin, initials, or the end of a number")
    due_by = filters.DateFilter(field_name="next_visit_date", lookup_expr="lte")
    on_register = filters.BooleanFilter(field_name="left_date", lookup_expr="isnull")

    class Meta:
        model = Child
        fields = ("region", "primary_category", "placement", "risk")

    def search(self, queryset: QuerySet[Child], name: str, value: str) -> QuerySet[Child]:
        return queryset.filter(pk__in=search.find(value).values("pk"))


class ChildViewSet(ReadOnly):
    """Children in scope."""

    serializer_class = ChildSerializer
    filterset_class = ChildFilter

    def get_queryset(self) -> QuerySet[Child]:
        return Child.objects.order_by("pk")


class VisitSerializer(serializers.ModelSerializer[Visit]):
    """A visit. ``answers`` and ``problems`` are codes of the form that it answered; ``shown`` tells them in its words."""

    shown = serializers.SerializerMethodField()

    class Meta:
        model = Visit
        fields = (
            "id", "uuid", "child", "region", "kind", "visited_at", "people_met", "answers", "problems", "text", "risk_before",
            "risk", "next_visit_date", "state", "conducted_by", "submitted_at", "reviewed_at", "form_code", "form_version",
            "concern", "shown",
        )  # fmt: skip

    def get_shown(self, visit: Visit) -> list[dict[str, Any]]:
        return answers_shown(visit)


class NewVisitSerializer(serializers.Serializer[Any]):
    """What a phone sends; multipart with the same names when there are photos. Repeating a ``client_id`` changes nothing."""

    client_id = serializers.UUIDField()
    child = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    kind = serializers.CharField()
    visited_at = serializers.CharField(help_text="Local time, 2026-10-20T09:40")
    people_met = serializers.ListField(child=serializers.CharField())
    form_code = serializers.CharField(
        required=False,
        help_text="The form that is answered by answer_<code>; without it the first: regular 1",
    )
    form_version = serializers.IntegerField(required=False)
    answer_guardian = serializers.ChoiceField(["yes", "no"])
    answer_living = serializers.ChoiceField(["yes", "no"])
    answer_school = serializers.ChoiceField(["yes", "no"])
    answer_harm = serializers.ChoiceField(["yes", "no"])
    problems = serializers.ListField(child=serializers.CharField(), required=False)
    risk = serializers.ChoiceField(["red", "yellow", "blue", "green"])
    text = serializers.CharField(required=False)
    next_visit_date = serializers.DateField(required=False)
    photos = serializers.ListField(child=serializers.ImageField(), required=False)


class VisitFilter(filters.FilterSet):
    visited_after = filters.DateTimeFilter(field_name="visited_at", lookup_expr="gte")
    visited_before = filters.DateTimeFilter(field_name="visited_at", lookup_expr="lt")

    class Meta:
        model = Visit
        fields = ("child", "state", "kind", "region")


class VisitViewSet(ReadOnly):
    """Visits in scope. POST records one with its photos; phones put theirs piece by piece (cases/field/api.py)."""

    serializer_class = VisitSerializer
    filterset_class = VisitFilter
    parser_classes = [JSONParser, MultiPartParser, FormParser]

    def get_queryset(self) -> QuerySet[Visit]:
        return Visit.objects.filter(readable()).order_by("-visited_at", "-pk")

    @extend_schema(
        request=NewVisitSerializer,
        responses={
            201: VisitSerializer,
            200: OpenApiResponse(VisitSerializer, description="It was there already"),
            202: OpenApiResponse(OpenApiTypes.OBJECT, description="Kept aside: the file is not where it was"),
            409: OpenApiResponse(OpenApiTypes.OBJECT, description="The file says something else, by field"),
        },
    )
    def create(self, request: Request) -> Response:
        """Visit and photos in one request, by the same service as a phone's: all of it is taken, or nothing."""
        if request._request.assignment.post.role not in {Role.DIRECTOR, Role.SUPERVISOR}:  # type: ignore[attr-defined]
            raise PermissionDenied
        uuid, given, pictures = _submission(request)
        try:
            with transaction.atomic():
                outcome = field_api.take(request, uuid, given)
                if not isinstance(outcome, Conflict):
                    for name, data in pictures.items():
                        receive_photo(
                            actor=field_api.acting(request), at=timezone.now(), visit_uuid=uuid, photo_uuid=name,
                            file=io.BytesIO(data),
                        )  # fmt: skip
        except DjangoValidationError as error:
            fields = error.message_dict if hasattr(error, "error_dict") else {"photos": error.messages}
            raise ValidationError(fields) from error
        except VisitRefused as refused:
            raise ValidationError({"non_field_errors": [str(refused)]}) from refused
        answer = field_api.answer(outcome)
        if isinstance(outcome, Taken):
            answer.data = VisitSerializer(outcome.visit).data
        return answer


class CaseSerializer(serializers.ModelSerializer[Case]):
    class Meta:
        model = Case
        fields = (
            "id", "child", "region", "title", "level", "restricted", "at_county", "state", "opened_at", "owner", "due_at",
            "closed_at", "outcome",
        )  # fmt: skip


class CaseFilter(filters.FilterSet):
    class Meta:
        model = Case
        fields = ("child", "state", "level", "region", "at_county")


class CaseViewSet(ReadOnly):
    """Cases in scope; restricted ones only for those named on them."""

    serializer_class = CaseSerializer
    filterset_class = CaseFilter

    def get_queryset(self) -> QuerySet[Case]:
        return Case.objects.order_by("-opened_at", "-pk")


class MatchCandidateSerializer(serializers.ModelSerializer[MatchCandidate]):
    row_name = serializers.CharField(source="list_row.name", read_only=True)
    kind = serializers.CharField(source="list_row.kind", read_only=True)

    class Meta:
        model = MatchCandidate
        fields = (
            "id", "run", "list_row", "kind", "row_name", "child", "role", "person_id", "tier", "score", "rule", "reasons", "state",
            "remembered", "sampled",
        )  # fmt: skip


class MatchCandidateFilter(filters.FilterSet):
    class Meta:
        model = MatchCandidate
        fields = ("run", "tier", "state", "child", "role", "sampled")


class MatchCandidateViewSet(ReadOnly):
    """Pairs of a list row and a person of a child's file."""

    allowed_roles = frozenset({Role.CLERK, Role.APPROVER, Role.LEADER})
    serializer_class = MatchCandidateSerializer
    filterset_class = MatchCandidateFilter

    def get_queryset(self) -> QuerySet[MatchCandidate]:
        return (
            MatchCandidate.objects.select_related("list_row")
            .defer("list_row__id_number", "list_row__head_id")
            .order_by("pk")
        )


def _submission(request: Request) -> tuple[UUID, Submission, dict[UUID, bytes]]:
    """A form in one request as a phone would send it. What names it comes from its content, so that repeating changes
    nothing: of the submission its fields, of a photo its bytes."""
    data: Any = request.data
    fields = _flat(data)
    head = NewVisitSerializer(
        data={"client_id": fields.get("client_id"), "child": fields.get("child")}, partial=True
    )
    head.is_valid(raise_exception=True)
    uuid = head.validated_data.get("client_id") or uuid4()
    files = request.FILES.getlist("photos") if hasattr(request.FILES, "getlist") else []
    if len(files) > MOST:
        raise ValidationError({"photos": [_("A visit has at most %(most)d photos.") % {"most": MOST}]})
    pictures = {
        uuid5(uuid, hashlib.sha256(content).hexdigest()): content for content in (f.read() for f in files)
    }
    words = repr(sorted((name, values) for name, values in fields.lists() if name != "photos"))
    sending = Sending(uuid5(uuid, words), photos=tuple(pictures))
    basis = str(fields.get("basis", ""))[:40]
    return uuid, Submission(sending, head.validated_data["child"], fields, basis=basis), pictures


def _flat(data: Any) -> QueryDict:
    """JSON as a form would send it: lists stay lists, so that multiple choices read them."""
    flat = QueryDict(mutable=True)
    if not hasattr(data, "items"):
        raise ValidationError({"non_field_errors": [_("This is not an object of fields.")]})
    named = data.lists() if hasattr(data, "lists") else data.items()
    for name, value in named:
        if name != "photos":
            flat.setlist(
                name,
                [str(v) for v in value]
                if isinstance(value, list)
                else [str(value)]
                if value is not None
                else [],
            )
    return flat
