"""Addresses of the subsidies; those of the monthly report stand in a module of their own."""

from __future__ import annotations

from django.urls import URLPattern, path

from subsidies import (
    application_views,
    batch_views,
    entitlement_views,
    handover_views,
    month_views,
    payment_views,
    rate_views,
)
from subsidies.report_urls import report_urls

app_name = "subsidies"
urlpatterns: list[URLPattern] = [
    path("handover/<int:assignment>/subsidies/", handover_views.handover_panel, name="handover_panel"),
    path("month/", month_views.month, name="month"),
    path("rechecks/", month_views.recheck_list, name="rechecks"),
    path("applications/", application_views.applications, name="applications"),
    path("applications/add/", application_views.application_add, name="application_add"),
    path("applications/<int:pk>/", application_views.application, name="application"),
    path(
        "applications/<int:pk>/step/", application_views.application_transition, name="application_transition"
    ),
    path("applications/<int:pk>/letter/", application_views.application_letter, name="application_letter"),
    path("entitlements/<int:pk>/", entitlement_views.entitlement, name="entitlement"),
    path(
        "entitlements/<int:pk>/step/", entitlement_views.entitlement_transition, name="entitlement_transition"
    ),
    path("entitlements/<int:pk>/offsets/add/", entitlement_views.offset_add, name="offset_add"),
    path("offsets/<int:pk>/end/", entitlement_views.offset_end, name="offset_end"),
    path("batches/", batch_views.batch_list, name="batches"),
    path("batches/prepare/", batch_views.batch_prepare, name="batch_prepare"),
    path("batches/<int:pk>/", batch_views.batch, name="batch"),
    path("batches/<int:pk>/step/", batch_views.batch_transition, name="batch_transition"),
    path("batches/<int:pk>/lines/", batch_views.batch_lines, name="batch_lines"),
    path("batches/<int:pk>/lines/pdf/", batch_views.batch_paper, name="batch_paper"),
    path("batches/<int:pk>/exceptions/<int:issue_pk>/", batch_views.batch_issue, name="batch_issue"),
    path("batches/<int:pk>/result/", batch_views.bank_result, name="bank_result"),
    path("bank-files/<int:pk>/", batch_views.bank_file, name="bank_file"),
    path("payments/<int:pk>/", payment_views.payment, name="payment"),
    path("rates/", rate_views.rates, name="rates"),
    path("rates/add/", rate_views.rate_add, name="rate_add"),
    path("children/<int:pk>/panels/subsidies/", entitlement_views.child_panel, name="child_panel"),
    *report_urls,
]
