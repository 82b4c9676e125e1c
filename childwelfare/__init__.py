"""The project: settings, URLs, Celery and the servers it can bring along. No app imports it."""

from childwelfare.celery import celery_app

__all__ = ["celery_app"]
