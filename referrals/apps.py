from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "referrals"

    def ready(self) -> None:
        from referrals import paper, services, waiting  # noqa: F401  (register a part of the file's paper, what a restriction hides, work of the queue)
