"""What every endpoint of the API shares: one shape for errors.

``{"error": {"code": "not_found", "message": "…", "fields": {"name": ["…"]}}}``; ``fields`` is there only for
invalid input and maps a field (``non_field_errors`` for the whole) to its messages.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler with our error shape; None (so a 500) for what is a defect of ours."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, DjangoValidationError):
        error = exceptions.ValidationError(
            error.message_dict if hasattr(error, "error_dict") else {"non_field_errors": error.messages}
        )
    response = drf_exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    body: dict[str, Any]
    if isinstance(error, exceptions.ValidationError):
        detail = error.detail
        fields = detail if isinstance(detail, dict) else {"non_field_errors": detail}
        body = {"code": "invalid", "message": _("Some fields are not valid."), "fields": fields}
    else:
        code = error.get_codes()
        body = {"code": code if isinstance(code, str) else "error", "message": str(error.detail)}
    response.data = {"error": body}
    return response
