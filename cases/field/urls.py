"""Addresses of work without a signal."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.field import device_pages, device_views, shell_views

field_urls: list[URLPattern] = [
    path("sw.js", shell_views.worker, name="field_worker"),
    path("manifest.webmanifest", shell_views.manifest, name="field_manifest"),
    path("field/", shell_views.field, name="field"),
    path("field/key/", device_views.field_key, name="field_key"),
    path("field/word/", device_views.field_word, name="field_word"),
    path("field/offline/", device_views.field_offline, name="field_offline"),
    path("field/roster/", device_views.field_roster, name="field_roster"),
    path("field/devices/", device_pages.field_devices, name="field_devices"),
    path("field/devices/<int:pk>/wipe/", device_pages.field_device_wipe, name="field_device_wipe"),
]
