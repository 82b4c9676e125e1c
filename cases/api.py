"""Children (masked), visits, cases and match candidates over the API: the same scope, services and selectors as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from cases import search
from cases.merging import standing_file
from cases.models import Case, Child, MatchCandidate, Visit
from cases.visit_forms import VisitForm
from cases.visits import VisitRefused, create_visit
from staff.api import ReadOnly
from staff.enums import Role
from staff.workflow import Actor

# The same whether the child never was in the area or has left it: a phone may send a visit long after it was made.
NOT_HERE = _(
    "This child is not in your area or no longer on its register; the file may have gone to another village. "
    "Tell your supervisor what you saw."
)


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
    class Meta:
        model = Visit
        fields = (
            "id", "uuid", "child", "region", "kind", "visited_at", "people_met", "answers", "problems", "text", "risk_before",
            "risk", "next_visit_date", "state", "conducted_by", "submitted_at", "reviewed_at",
        )  # fmt: skip


class NewVisitSerializer(serializers.Serializer[Any]):
    """What a phone sends; multipart with the same names when there are photos. Repeating a ``client_id`` changes nothing."""

    client_id = serializers.UUIDField()
    child = serializers.IntegerField()
    kind = serializers.CharField()
    visited_at = serializers.CharField(help_text="Local time, 2026-10-20T09:40")
    people_met = serializers.ListField(child=serializers.CharField())
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
    """Visits in scope. POST records one; the phone's outbox uses it."""

    serializer_class = VisitSerializer
    filterset_class = VisitFilter
    parser_classes = [JSONParser, MultiPartParser, FormParser]

    def get_queryset(self) -> QuerySet[Visit]:
        return Visit.objects.order_by("-visited_at", "-pk")

    @extend_schema(
        request=NewVisitSerializer,
        responses={
            201: VisitSerializer,
            200: OpenApiResponse(VisitSerializer, description="It was there already"),
        },
    )
    def create(self, request: Request) -> Response:
        if request._request.assignment.post.role not in {Role.DIRECTOR, Role.SUPERVISOR}:  # type: ignore[attr-defined]
            raise PermissionDenied
        now = timezone.now()
        data: Any = request.data
        child_id = str(data.get("child", ""))
        if not child_id.isdecimal():
            raise ValidationError({"child": ["?"]})
        child = standing_file(int(child_id))  # what was written without signal may name a file merged since
        if child is None or child.left_date is not None:
            raise NotFound(NOT_HERE)
        form = VisitForm(_flat(data), request.FILES, child=child, at=now)
        if not form.is_valid():
            raise ValidationError(
                {name: [str(m) for m in messages] for name, messages in form.errors.items()}
            )
        try:
            visit, created = create_visit(
                actor=Actor.current(),
                at=now,
                uuid=form.cleaned_data["client_id"],
                child=child,
                data=form.visit_data(),
                photos=form.cleaned_data["photos"],
                basis=form.cleaned_data["basis"],
                drop=form.cleaned_data["drop_photos"],
            )
        except VisitRefused as refused:
            raise ValidationError({"non_field_errors": [str(refused)]}) from refused
        return Response(
            VisitSerializer(visit).data, status=status.HTTP_201_CREATED if created else status.HTTP_200_OK
        )


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
            "id", "run", "list_row", "kind", "row_name", "child", "tier", "score", "rule", "reasons", "state", "remembered",
        )  # fmt: skip


class MatchCandidateFilter(filters.FilterSet):
    class Meta:
        model = MatchCandidate
        fields = ("run", "tier", "state", "child")


class MatchCandidateViewSet(ReadOnly):
    """Pairs of list row and child."""

    allowed_roles = frozenset({Role.CLERK, Role.APPROVER, Role.LEADER})
    serializer_class = MatchCandidateSerializer
    filterset_class = MatchCandidateFilter

    def get_queryset(self) -> QuerySet[MatchCandidate]:
        return (
            MatchCandidate.objects.select_related("list_row")
            .defer("list_row__id_number", "list_row__head_id")
            .order_by("pk")
        )


def _flat(data: Any) -> Any:
    """JSON as a form would send it: lists stay lists, so that multiple choices read them."""
    if hasattr(data, "getlist"):
        return data
    from django.http import QueryDict

    flat = QueryDict(mutable=True)
    for name, value in data.items():
        flat.setlist(
            name,
            [str(v) for v in value] if isinstance(value, list) else [str(value)] if value is not None else [],
        )
    return flat
