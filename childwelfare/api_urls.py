"""Addresses of the API, version 1."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from cases.api import CaseViewSet, ChildViewSet, MatchCandidateViewSet, VisitViewSet
from cases.field.api_urls import field_api_urls
from staff.api import RegionViewSet
from subsidies.api import EntitlementViewSet, PaymentViewSet

router = SimpleRouter()
router.register("regions", RegionViewSet, "region")
router.register("children", ChildViewSet, "child")
router.register("visits", VisitViewSet, "visit")
router.register("cases", CaseViewSet, "case")
router.register("match-candidates", MatchCandidateViewSet, "match-candidate")
router.register("entitlements", EntitlementViewSet, "entitlement")
router.register("payments", PaymentViewSet, "payment")

app_name = "api"
urlpatterns = [
    path("", include(router.urls)),
    *field_api_urls,
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
]
