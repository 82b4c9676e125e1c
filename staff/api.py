"""What the API shows of this app, and what its viewsets share."""

from __future__ import annotations

from typing import Any

from django_filters import rest_framework as filters
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from staff.enums import Role
from staff.models import Region

READERS = frozenset({Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER})


class HasDuty(IsAuthenticated):
    """An account with a post in force whose role the view's ``allowed_roles`` names; None means any role."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        assignment = getattr(request._request, "assignment", None)
        allowed = getattr(view, "allowed_roles", READERS)
        if assignment is None or (allowed is not None and assignment.post.role not in allowed):
            raise PermissionDenied
        return True


class ReadOnly(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """List and detail of what the scope shows; out of scope is 404."""

    permission_classes = [HasDuty]
    allowed_roles: frozenset[Role] | None = READERS


class RegionSerializer(serializers.ModelSerializer[Region]):
    class Meta:
        model = Region
        fields = ("code", "name", "level", "parent", "valid_from", "valid_to", "successor")


class RegionFilter(filters.FilterSet):
    class Meta:
        model = Region
        fields = ("level", "parent")


class RegionViewSet(ReadOnly):
    """Administrative divisions."""

    allowed_roles = None
    queryset = Region.objects.order_by("code")
    serializer_class = RegionSerializer
    filterset_class = RegionFilter
    lookup_value_regex = r"\d{12}"
