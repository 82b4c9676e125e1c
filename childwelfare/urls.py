"""Addresses of the whole site. Each app names its own; /healthz, the API and the administration site stand here."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

handler400 = "staff.uploads.unreadable"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("staff.urls")),
    path("", include("cases.urls")),
    path("", include("referrals.urls")),
    path("", include("subsidies.urls")),
    path("api/v1/", include("childwelfare.api_urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]
