from __future__ import annotations

from django.urls import path

from subsidies.reports import views

report_urls = [
    path("reports/monthly/", views.report, name="report"),
    path("reports/monthly/lock/", views.report_lock, name="report_lock"),
    path("reports/monthly/export/", views.report_export, name="report_export"),
    path("reports/monthly/rows/", views.report_rows, name="report_rows"),
]
