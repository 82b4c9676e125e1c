from __future__ import annotations

from django.urls import URLPattern, path

app_name = "referrals"
urlpatterns: list[URLPattern] = []
