"""Addresses of other help: what is given beside the monthly allowances."""

from __future__ import annotations

from django.urls import URLPattern, path

from subsidies.aid import disability_views, following_views, insurance_views, relief_views, staff_pay_views
from subsidies.aid import views as aid_views

aid_urls: list[URLPattern] = [
    path("aid/", aid_views.aid, name="aid"),
    path("children/<int:pk>/panels/aid/", aid_views.child_aid, name="child_aid"),
    path("aid/care/", following_views.care_list, name="care_list"),
    path("aid/care/step/", following_views.care_act, name="care_act"),
    path("aid/study/", following_views.study_list, name="study_list"),
    path("aid/services/", aid_views.services, name="services"),
    path("aid/services/<int:pk>/remove/", aid_views.service_remove, name="service_remove"),
    path("children/<int:pk>/services/add/", aid_views.service_add, name="service_add"),
    path("aid/disability/", disability_views.disability_subsidies, name="disability_subsidies"),
    path("aid/disability/<int:pk>/end/", disability_views.disability_end, name="disability_end"),
    path("aid/disability/<int:pk>/set-off/", disability_views.disability_set_off, name="disability_set_off"),
    path("children/<int:pk>/disability/add/", disability_views.disability_add, name="disability_add"),
    path("aid/insurance/", insurance_views.insurance, name="insurance"),
    path("aid/insurance/read/", insurance_views.insurance_upload, name="insurance_upload"),
    path("aid/insurance/export/", insurance_views.insurance_export, name="insurance_export"),
    path("children/<int:pk>/insurance/", insurance_views.insurance_cover, name="insurance_cover"),
    path("aid/relief/", relief_views.relief, name="relief"),
    path("aid/relief/add/", relief_views.relief_add, name="relief_add"),
    path("aid/relief/<int:pk>/", relief_views.relief_case, name="relief_case"),
    path("aid/relief/<int:pk>/step/", relief_views.relief_step, name="relief_step"),
    path("aid/pay/", staff_pay_views.staff_pay, name="staff_pay"),
    path("aid/pay/appraise/", staff_pay_views.staff_pay_appraise, name="staff_pay_appraise"),
    path("aid/pay/step/", staff_pay_views.staff_pay_step, name="staff_pay_step"),
    path("aid/pay/list/", staff_pay_views.staff_pay_list, name="staff_pay_list"),
]
