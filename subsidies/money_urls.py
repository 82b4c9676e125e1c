"""Addresses of budgets, the ledger, decisions by the many, and charts."""

from __future__ import annotations

from django.urls import URLPattern, path

from subsidies.approvals import views as approval_views
from subsidies.budgets import views as budget_views
from subsidies.ledger import views as ledger_views
from subsidies.month import views as month_views
from subsidies.reports import charts as chart_views

money_urls: list[URLPattern] = [
    path("budgets/", budget_views.budget_list, name="budgets"),
    path("budgets/appropriations/add/", budget_views.appropriation_add, name="appropriation_add"),
    path(
        "budgets/appropriations/<int:pk>/correct/",
        budget_views.appropriation_correct,
        name="appropriation_correct",
    ),
    path("approvals/", approval_views.approvals, name="approvals"),
    path("approvals/decide/", approval_views.decide, name="approvals_decide"),
    path("charts/", chart_views.charts, name="charts"),
    path("charts/xlsx/", chart_views.export, name="charts_export"),
    path("month/xlsx/", month_views.export, name="month_export"),
    path("ledger/", ledger_views.ledger, name="ledger"),
    path("ledger/xlsx/", ledger_views.export, name="ledger_export"),
    path("ledger/<int:pk>/", ledger_views.entry, name="ledger_entry"),
]
