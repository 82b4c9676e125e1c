"""The administration site at /admin/: maintained tables, for system administrators, within their region.

Only what :func:`administered` registers appears; packages that register their models with every site are
ignored. No model that names a child may be registered here (tests/access/test_administration.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from staff import scope
from staff.access import to_sign_in
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog, Region
from staff.sign_in import sign_out

A = TypeVar("A", bound="type[RegionalAdmin]")


class AdministrationSite(admin.AdminSite):
    """Enters by the active assignment, not by a flag of the account. Signing in is the ordinary page, with
    its lock.
    """

    site_header = _("Childwelfare administration")
    site_title = _("Childwelfare administration")
    index_title = _("Maintained tables")
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        if admin_class is not None and issubclass(admin_class, RegionalAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return is_administrator(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            if not self.has_permission(request):
                raise PermissionDenied
            return inner(request, *args, **kwargs)

        return update_wrapper(guarded, view)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.user.is_authenticated:
            raise PermissionDenied
        return to_sign_in(request)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        sign_out(request)
        return redirect("staff:sign_in")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("staff:password")


def is_administrator(request: HttpRequest) -> bool:
    """Whether the active assignment is a system administrator's."""
    assignment = getattr(request, "assignment", None)
    return bool(assignment and assignment.post.role == Role.SYSADMIN)


class RegionalAdmin(admin.ModelAdmin):
    """Base of the site's pages: permissions follow the active post, rows and choices of region follow its
    range.

    ``region_field`` names the foreign key to Region; empty for tables of the whole country, which every
    system administrator keeps. Nothing is deleted here: dated rows are ended.
    """

    region_field = "region"
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_administrator(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return is_administrator(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_administrator(request)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        if not is_administrator(request):
            return False
        return obj is None or not self.region_field or scope.current().covers(self._region_id(obj))

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def _region_id(self, obj: models.Model) -> int:
        field = self.opts.get_field(self.region_field)
        return int(getattr(obj, field.attname))  # type: ignore[union-attr]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == self.region_field:
            kwargs["queryset"] = regions_in_scope()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        if self.region_field and not scope.current().covers(self._region_id(obj)):
            raise PermissionDenied
        super().save_model(request, obj, form, change)
        log_access(
            kind=AccessLog.Kind.SETTING,
            subject=obj._meta.label_lower,
            subject_id=obj.pk,
            detail={"changed": form.changed_data},
        )


def regions_in_scope() -> models.QuerySet[Region]:
    """Counties, prefectures and provinces whose code lies in the scope's ranges."""
    found = models.Q(pk__in=[])
    for low, high in scope.current().ranges:
        found |= models.Q(code__range=(low, high))
    return Region.objects.filter(found, level__in=["province", "prefecture", "county"])


def administered(model: type[models.Model]) -> Callable[[A], A]:
    """Class decorator: register the page with the administration site."""

    def decorate(page: A) -> A:
        admin.site.register(model, page)
        return page

    return decorate
