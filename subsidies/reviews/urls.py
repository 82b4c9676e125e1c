"""Addresses of re-checks, proofs of schooling and changes of terms."""

from __future__ import annotations

from django.urls import URLPattern, path

from subsidies.entitlements import change_views
from subsidies.reviews import school_views
from subsidies.reviews import views as review_views

review_urls: list[URLPattern] = [
    path("reviews/", review_views.reviews, name="reviews"),
    path("reviews/confirm/", review_views.reviews_confirm, name="reviews_confirm"),
    path("reviews/open/", review_views.reviews_open, name="reviews_open"),
    path("reviews/<int:pk>/decide/", review_views.review_decide, name="review_decide"),
    path("rechecks/", review_views.rechecks, name="rechecks"),
    path("school-proofs/", school_views.school_proofs, name="school_proofs"),
    path("children/<int:pk>/school-proofs/add/", school_views.school_proof_add, name="school_proof_add"),
    path("entitlements/<int:pk>/terms/", change_views.terms_change, name="terms_change"),
    path("entitlements/<int:pk>/extend/", change_views.extension, name="extension"),
]
