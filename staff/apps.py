from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class StaffConfig(AppConfig):
    name = "staff"
    verbose_name = _("Divisions and settings")
    default = True

    def ready(self) -> None:
        from staff import trail_export  # noqa: F401  (registers its job)


class AdministrationConfig(AdminConfig):
    """The administration site, for system administrators alone."""

    default_site = "staff.administration.AdministrationSite"
