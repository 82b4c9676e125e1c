"""Addresses of the audit and of what leaves the office."""

from __future__ import annotations

from django.urls import path

from subsidies.audit import views as audit_views
from subsidies.reports import output_views

output_urls = [
    path("audit/", audit_views.audit, name="audit"),
    path("audit/lines/", audit_views.audit_lines, name="audit_lines"),
    path("payments/<int:pk>/evidence/", audit_views.payment_evidence, name="payment_evidence"),
    path("payments/<int:pk>/notice/", output_views.payment_notice, name="payment_notice"),
    path("reports/notices/", output_views.payment_notices, name="payment_notices"),
    path("reports/funds/", output_views.funds_report, name="funds_report"),
    path("reports/funds/payments/", output_views.payment_list_export, name="payment_list_export"),
    path("reports/funds/statistics/", output_views.funds_export, name="funds_export"),
    path("reports/funds/baoshan/", output_views.baoshan_export, name="baoshan_export"),
    path("reports/public/", output_views.public_table, name="public_table"),
]
