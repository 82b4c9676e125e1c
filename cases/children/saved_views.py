"""Lists kept under a name: the query string of the children's list. Everybody keeps their own.

A shared list belongs to the area of the post under which it was saved. Row policies show it to whoever works
with children of that whole area: colleagues of the same office, and those above them (a county sees the shared
lists of its townships, a township not those of the county, whose filters it could not use).
"""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qsl, urlencode

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cases import identity
from cases.models import SavedView
from staff.scope import current

MOST = 30  # lists a person keeps; more are not found again
KEPT = 600  # characters of a query string


def views_seen() -> QuerySet[SavedView]:
    """The actor's own lists and those shared with them, own ones first, then by name."""
    mine = Q(user_id=current().user_id)
    return (
        SavedView.objects.filter(mine | Q(shared=True))
        .select_related("user")
        .order_by("shared", "name", "pk")
    )


def own_view(pk: int) -> QuerySet[SavedView]:
    """A list that the actor saved, as a query set of at most one. Nobody changes a list of somebody else."""
    return SavedView.objects.filter(pk=pk, user_id=current().user_id)


def save_view(name: str, query: str, *, shared: bool, at: dt.datetime) -> SavedView:
    """Keep a list under a name, under the actor's own post. ValidationError by field."""
    scope = current()
    query = _plain(query)
    if SavedView.objects.filter(user_id=scope.user_id).count() >= MOST:
        raise ValidationError(
            {"name": _("You have %(most)d saved lists. Delete one first.") % {"most": MOST}}
        )
    view = SavedView(region_id=scope.ranges[0][0], user_id=scope.user_id, query=query, created_at=at)
    return _named(view, name, shared)


def change_view(view: SavedView, *, name: str, shared: bool) -> SavedView:
    """Rename one's own list, share it or keep it to oneself. ValidationError by field."""
    return _named(view, name, shared)


def _named(view: SavedView, name: str, shared: bool) -> SavedView:
    view.name, view.shared = name.strip(), shared
    if not view.name:
        raise ValidationError({"name": _("Give the list a name.")})
    # Beyond the scope of the present post: the name must be new among all that the person has saved.
    same = SavedView._base_manager.filter(user_id=view.user_id, name=view.name).exclude(pk=view.pk)
    if same.exists():
        raise ValidationError({"name": _("You have saved a list under this name already.")})
    view.save()
    return view


def _plain(query: str) -> str:
    """The query string without keys of pages; ValidationError when it is too long to keep."""
    pairs = [pair for pair in parse_qsl(query.removeprefix("?")) if pair[0] not in ("after", "before")]
    if any(key == "q" and identity.is_valid(identity.canonical(value)) for key, value in pairs):
        raise ValidationError(
            {"name": _("An identity number is not kept in a list. Search by something else.")}
        )
    text = urlencode(pairs)
    if len(text) > KEPT:
        raise ValidationError({"name": _("These filters are too many to be saved.")})
    return text
