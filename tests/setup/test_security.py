"""Headers of every response, the password rule, and the shape of API errors."""

from __future__ import annotations

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.test import Client
from rest_framework import exceptions

from childwelfare.api import exception_handler


@pytest.mark.django_db
def test_content_security_policy_is_strict(client: Client) -> None:
    response = client.get("/no-such-page")
    directives = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))
    assert directives["default-src"] == "'self'"
    assert directives["img-src"] == "'self' data: blob:"
    assert directives["object-src"] == directives["frame-ancestors"] == "'none'"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("password", ["Ab1!xyz", "abcdefgh", "abcdefg1", "ABCDEFG1", "12345678", "password1"])
def test_plain_passwords_are_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password)


@pytest.mark.parametrize("password", ["Tongfu-2026", "shuishan 77 A", "儿童Fuli2026"])
def test_mixed_passwords_pass(password: str) -> None:
    validate_password(password)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "permission_denied"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.ParseError(), 400, "parse_error"),
    ],
)
def test_api_errors_have_one_shape(error: Exception, status: int, code: str) -> None:
    response = exception_handler(error, {})
    assert response is not None
    assert response.status_code == status
    assert response.data["error"]["code"] == code
    assert response.data["error"]["message"]
    assert "fields" not in response.data["error"]


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (exceptions.ValidationError({"name": ["needed"]}), {"name": ["needed"]}),
        (exceptions.ValidationError(["wrong"]), {"non_field_errors": ["wrong"]}),
        (ValidationError({"name": ["needed"]}), {"name": ["needed"]}),
        (ValidationError("wrong"), {"non_field_errors": ["wrong"]}),
    ],
)
def test_invalid_input_names_its_fields(error: Exception, fields: dict[str, list[str]]) -> None:
    response = exception_handler(error, {})
    assert response is not None
    assert response.status_code == 400
    assert response.data["error"]["code"] == "invalid"
    assert response.data["error"]["fields"] == fields


def test_a_defect_is_no_api_error() -> None:
    assert exception_handler(ZeroDivisionError(), {}) is None
