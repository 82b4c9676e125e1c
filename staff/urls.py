"""Addresses of accounts, posts, the trail, and what every app uses: reveal, files, long work."""

from __future__ import annotations

from django.urls import URLPattern, path

from staff.views import (
    accounts,
    components,
    holidays,
    me,
    posts,
    region_changes,
    reveals,
    signing,
    trail,
    work,
)

app_name = "staff"
urlpatterns: list[URLPattern] = [
    path("sign-in/", signing.sign_in, name="sign_in"),
    path("sign-out/", signing.sign_out, name="sign_out"),
    path("switch/", signing.switch, name="switch"),
    path("me/", me.me, name="me"),
    path("me/password/", me.password, name="password"),
    path("me/tokens/", me.token_add, name="token_add"),
    path("me/tokens/<int:pk>/revoke/", me.token_revoke, name="token_revoke"),
    path("accounts/", accounts.account_list, name="accounts"),
    path("accounts/add/", accounts.account_add, name="account_add"),
    path("accounts/<int:pk>/", accounts.account, name="account"),
    path("accounts/<int:pk>/change/", accounts.account_change, name="account_change"),
    path("posts/", posts.post_list, name="posts"),
    path("posts/add/", posts.post_add, name="post_add"),
    path("posts/<int:pk>/", posts.post, name="post"),
    path("assignments/<int:pk>/end/", posts.assignment_end, name="assignment_end"),
    path("assignments/<int:pk>/handover/", posts.handover, name="handover"),
    path("divisions/", region_changes.region_changes, name="region_changes"),
    path("divisions/change/", region_changes.region_change_add, name="region_change_add"),
    path("holidays/", holidays.holidays, name="holidays"),
    path("holidays/notice/", holidays.holiday_notice, name="holiday_notice"),
    path("trail/", trail.trail, name="trail"),
    path("trail/export/", trail.trail_export_start, name="trail_export"),
    path("reveal/<slug:key>/<int:pk>/", reveals.reveal, name="reveal"),
    path("files/<uuid:pk>/", work.file, name="file"),
    path("jobs/<uuid:pk>/", work.job, name="job"),
    path("jobs/<uuid:pk>/cancel/", work.job_cancel, name="job_cancel"),
    path("components/", components.components, name="components"),
]
