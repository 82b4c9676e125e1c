"""What a browser fetches to work without a network: the shell, the service worker, the manifest."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_GET
from django.views.decorators.vary import vary_on_headers

from cases.field import shell
from cases.field.visitors import visitors
from staff.access import open_to_all


def _version(request: HttpRequest) -> str:
    return f'"{shell.version()}-{get_language()}"'


@require_GET
@visitors
@ensure_csrf_cookie
@gzip_page
@cache_control(private=True, no_cache=True)
@condition(etag_func=_version)
def field(request: HttpRequest) -> HttpResponse:
    """The shell; what it shows of people comes from the phone's own store."""
    return HttpResponse(shell.document())


@open_to_all
@require_GET
@gzip_page
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker of the whole site, at its root so that it may serve every page."""
    return HttpResponse(shell.worker(), content_type="text/javascript; charset=utf-8")


@open_to_all
@require_GET
@vary_on_headers("Accept-Language", "Cookie")
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    """Name, colours and icons for the home screen."""
    return JsonResponse(shell.manifest(), content_type="application/manifest+json")
