"""The table of every address and who reaches it; tests/access/test_matrix.py walks it.

A row says who may: ``see`` get an answer, ``lost`` hold a post whose duty it would be but somewhere else and
get a 404, everybody else of the cast gets a 403. Nobody signed in is sent to the sign-in page (the API: 401).

Adding an address: add a row to the module of its subject (rows_cases.py, rows_transfer.py …: every module whose
name begins with ``rows_`` is read). ``kwargs`` names objects of tests/access/world.py, or of a module
``objects_<subject>.py`` with ``make(cast, own)`` beside it: {"pk": "visit_own"}; ``query`` does in braces. Rows of one address that
differ in the object are given together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

DIRECTORS = frozenset({"director", "other_director"})
SUPERVISORS = frozenset({"supervisor", "other_supervisor"})
COUNTY_DESK = frozenset({"clerk", "approver", "leader"})
EVERYBODY = frozenset(
    {
        "director",
        "other_director",
        "supervisor",
        "other_supervisor",
        "clerk",
        "approver",
        "releaser",
        "leader",
        "auditor",
        "sysadmin",
        "viewer",
        "provider",
        "stranger",
    }
)
ANYONE = frozenset(EVERYBODY | {"nobody"})
# Who reads the file of a child in the director's village, and who would in their own place.
READ_OWN = frozenset({"director", "supervisor"}) | COUNTY_DESK
ELSEWHERE = frozenset({"other_director", "other_supervisor", "stranger"})
READERS = READ_OWN | ELSEWHERE


@dataclass(frozen=True)
class Row:
    """One address with one object: who gets an answer, who gets 404; the rest of the cast gets 403."""

    see: frozenset[str]
    lost: frozenset[str] = frozenset()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    method: str = "get"
    data: Mapping[str, Any] = field(default_factory=dict)
    query: str = ""
    # The view answers without an account.
    open: bool = False
    api: bool = False

    def expected(self, member: str) -> str:
        """``answer``, ``404`` or ``403``."""
        return "answer" if member in self.see else "404" if member in self.lost else "403"


def page(see: Iterable[str], lost: Iterable[str] = (), *, query: str = "", **kwargs: Any) -> Row:
    """A page that is read."""
    return Row(frozenset(see), frozenset(lost), kwargs, query=query)


def act(
    see: Iterable[str],
    lost: Iterable[str] = (),
    *,
    data: Mapping[str, Any] | None = None,
    query: str = "",
    **kwargs: Any,
) -> Row:
    """A form that is sent, with nothing in it unless ``data`` is given: refused for its content, not for the
    person.
    """
    return Row(frozenset(see), frozenset(lost), kwargs, method="post", data=data or {}, query=query)


Rows = dict[str, Row | list[Row]]


def rows() -> dict[str, list[Row]]:
    """All rows by address."""
    from tests.access.world import part_modules

    found: dict[str, list[Row]] = {}
    for module in part_modules("rows_"):
        for name, given in module.ROWS.items():
            found.setdefault(name, []).extend(given if isinstance(given, list) else [given])
    return found
