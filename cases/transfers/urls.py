"""Addresses of transfers."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.transfers import views

transfer_urls: list[URLPattern] = [
    path("transfers/", views.transfers, name="transfers"),
    path("transfers/places/", views.transfer_places, name="transfer_places"),
    path("transfers/<int:pk>/", views.transfer, name="transfer"),
    path("children/<int:pk>/transfer/", views.transfer_propose, name="transfer_propose"),
]
