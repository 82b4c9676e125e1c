"""Views as somebody might write them by mistake: no scope, no filter, no role."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path

OURS = ("staff", "cases", "referrals", "subsidies")


def by_manager(request: HttpRequest) -> HttpResponse:
    """Every row of every model, through the manager that adds nothing."""
    found: dict[str, Any] = {}
    for model in apps.get_models():
        if model._meta.app_label in OURS:
            found[model._meta.label] = [str(row) for row in model._base_manager.values()]
    return JsonResponse(found)


def by_sql(request: HttpRequest) -> HttpResponse:
    """Every row of every table and view of ours, by SQL."""
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') "
            "AND split_part(relname, '_', 1) = ANY (%s)",
            [list(OURS)],
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = [str(row) for row in cursor.fetchall()]
    return JsonResponse(found)


def by_key(request: HttpRequest, model: str, pk: str) -> HttpResponse:
    """One row of any model by its key, as an address that was guessed would ask for it."""
    found = apps.get_model(model)._base_manager.filter(pk=pk).values().first()
    return JsonResponse({"row": str(found) if found else None})


urlpatterns = [
    path("forgetful/manager/", by_manager),
    path("forgetful/sql/", by_sql),
    path("forgetful/<str:model>/<str:pk>/", by_key),
    path("", include("childwelfare.urls")),
]
