"""Addresses of the subsidies; those of the monthly report stand in a module of their own."""

from __future__ import annotations

from django.urls import URLPattern, path

from subsidies import child_panel_views, handover_views
from subsidies.aid.urls import aid_urls
from subsidies.applications.urls import application_urls
from subsidies.audit import payment_views
from subsidies.bank.urls import bank_urls
from subsidies.batches import views as batch_views
from subsidies.entitlements import views as entitlement_views
from subsidies.money_urls import money_urls
from subsidies.month import views as month_views
from subsidies.recovery.urls import recovery_urls
from subsidies.reports.output_urls import output_urls
from subsidies.reports.urls import report_urls
from subsidies.reviews.urls import review_urls
from subsidies.terms import rate_views
from subsidies.terms.urls import scheme_urls

app_name = "subsidies"
urlpatterns: list[URLPattern] = [
    path("handover/<int:assignment>/subsidies/", handover_views.handover_panel, name="handover_panel"),
    path("month/", month_views.month, name="month"),
    *application_urls,
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
    path("rates/<int:pk>/correct/", rate_views.rate_correct, name="rate_correct"),
    path("children/<int:pk>/panels/subsidies/", child_panel_views.child_panel, name="child_panel"),
    *aid_urls,
    *bank_urls,
    *money_urls,
    *report_urls,
    *scheme_urls,
    *recovery_urls,
    *review_urls,
    *output_urls,
]
