"""Entitlements and payments over the API. Accounts are masked; amounts are decimal strings in yuan."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers

from cases import identity
from staff.api import READERS, ReadOnly
from staff.enums import Role
from subsidies.models import Entitlement, Payment


class EntitlementSerializer(serializers.ModelSerializer[Entitlement]):
    scheme = serializers.CharField(source="scheme.code", read_only=True)

    class Meta:
        model = Entitlement
        fields = (
            "id", "child", "scheme", "region", "category", "placement", "start_month", "end_month", "state", "end_reason",
            "confirmed_at",
        )  # fmt: skip


class EntitlementFilter(filters.FilterSet):
    scheme = filters.CharFilter(field_name="scheme__code")

    class Meta:
        model = Entitlement
        fields = ("child", "state", "region", "category", "placement")


class EntitlementViewSet(ReadOnly):
    """Entitlements in scope."""

    allowed_roles = READERS | {Role.RELEASER}
    serializer_class = EntitlementSerializer
    filterset_class = EntitlementFilter

    def get_queryset(self) -> QuerySet[Entitlement]:
        return Entitlement.objects.select_related("scheme").order_by("pk")


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    scheme = serializers.CharField(source="scheme.code", read_only=True)
    batch = serializers.CharField(source="batch.number", read_only=True)
    account = serializers.SerializerMethodField(help_text="First and last four digits")

    class Meta:
        model = Payment
        fields = (
            "id", "batch", "line", "child", "child_name", "entitlement", "scheme", "region", "month", "kind", "standard",
            "amount", "explanation", "payee_name", "bank_name", "account", "state", "fail_reason", "paid_date",
        )  # fmt: skip

    def get_account(self, payment: Payment) -> str:
        return identity.mask_account(payment.account) if payment.account else ""


class PaymentFilter(filters.FilterSet):
    batch = filters.CharFilter(field_name="batch__number")
    scheme = filters.CharFilter(field_name="scheme__code")

    class Meta:
        model = Payment
        fields = ("child", "month", "kind", "state", "region")


class PaymentViewSet(ReadOnly):
    """Payments in scope, without those of batches that were returned."""

    allowed_roles = frozenset({Role.CLERK, Role.APPROVER, Role.RELEASER, Role.LEADER})
    serializer_class = PaymentSerializer
    filterset_class = PaymentFilter

    def get_queryset(self) -> QuerySet[Payment]:
        return Payment.objects.filter(cancelled=False).select_related("scheme", "batch").order_by("pk")
