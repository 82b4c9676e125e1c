from __future__ import annotations

from django.urls import path

from referrals import views

app_name = "referrals"
urlpatterns = [
    path("referrals/", views.referrals, name="referrals"),
    path("referrals/<int:pk>/", views.referral, name="referral"),
    path("referrals/<int:pk>/transition/", views.referral_transition, name="referral_transition"),
    path("cases/<int:case_pk>/refer/", views.referral_add, name="referral_add"),
    path("children/<int:pk>/referrals/", views.child_panel, name="child_panel"),
    path("cases/<int:pk>/referrals/", views.case_panel, name="case_panel"),
]
