"""The demo county: 潼南区 with invented people. Nothing here is a real person, account or rate."""

from __future__ import annotations

from childwelfare.demo.posts import DEMO_PASSWORD, SIGN_INS


def accounts() -> list[dict[str, str]]:
    """The accounts worth trying, in the order of the work: ``username``, ``password``, ``role``, ``name``, ``place``."""
    return [
        {
            "username": person.username,
            "password": DEMO_PASSWORD,
            "role": person.role,
            "name": person.name,
            "place": person.place,
        }
        for person in SIGN_INS
    ]
