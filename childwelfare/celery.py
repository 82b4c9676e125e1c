"""The Celery application; its settings are the CELERY_* names of childwelfare.settings."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "childwelfare.settings")

celery_app = Celery("childwelfare")
celery_app.config_from_object("django.conf:settings", namespace="CELERY")
celery_app.autodiscover_tasks()
