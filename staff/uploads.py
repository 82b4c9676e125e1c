"""Uploads are held in memory, never in a temporary file: they name people, and encryption comes after.

What is too large is refused by the length it announces, before any of it is read.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.defaults import bad_request


class UploadTooLarge(RequestDataTooBig):
    """The request announces more than `settings.UPLOAD_MOST_BYTES`."""


class InMemoryUploadHandler(MemoryFileUploadHandler):
    """Every file of a request in memory, together at most `settings.UPLOAD_MOST_BYTES`.

    The server reads no more of a request than the length it announces, so the length is a true limit.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, str],
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        if content_length > settings.UPLOAD_MOST_BYTES:
            raise UploadTooLarge(f"{content_length} bytes of upload")
        self.activated = True
        self.file = BytesIO()


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page of a request that could not be read (handler400); 413 with a remedy when it is too large."""
    if not isinstance(exception, UploadTooLarge):
        return bad_request(request, exception)
    return render(request, "413.html", {"megabytes": settings.UPLOAD_MOST_BYTES // 2**20}, status=413)
