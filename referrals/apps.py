from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "referrals"

    def ready(self) -> None:
        from referrals import paper, services  # noqa: F401  (register a part of the file's paper, what a restriction hides)
