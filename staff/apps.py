from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class StaffConfig(AppConfig):
    name = "staff"
    verbose_name = _("Divisions and settings")
    default = True

    def ready(self) -> None:
        from staff import region_changes, trail_export  # noqa: F401  (register their jobs)


class AdministrationConfig(AdminConfig):
    """The administration site, for system administrators alone."""

    default_site = "staff.administration.AdministrationSite"
