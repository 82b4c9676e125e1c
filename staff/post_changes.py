"""Posts of a division that is merged or moved: their holders go on in the successor, unless somebody does that work there."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from django.utils import timezone
from django.utils.translation import gettext as _

from staff.enums import Role
from staff.models import Assignment, Post, PostRegion, Region
from staff.posts import end_assignment
from staff.scope import current, open_scope


def posts_follow(old: Region, new: Region, *, at: dt.datetime) -> list[str]:
    """Give the holders of posts in ``old`` the same in ``new``; a sentence about each post.

    A post's role and region never change, because people's past acts refer to them: the holder gets a new post and
    the old assignment ends the day before. Where the successor has a holder of that role already, the old one's access
    ends at once; a post with further villages goes on beside them. A provider's post names no area and stays.

    Posts are the administrator's business; a change of divisions may do this much under whoever carries it out.
    """
    today = timezone.localdate(at)
    with open_scope(replace(current(), lenses=current().lenses | {"staff"})):
        told = [
            sentence
            for post in Post.objects.filter(region=old).exclude(role=Role.PROVIDER).order_by("pk")
            for sentence in _follow(post, new, today, at)
        ]
        _further_regions(old, new)
    return told


def _follow(post: Post, new: Region, today: dt.date, at: dt.datetime) -> list[str]:
    held = list(Assignment.objects.on(today).filter(post=post).select_related("user", "post").order_by("pk"))
    if not held:
        return []
    further = list(post.further_regions.exclude(pk=new.pk))
    there = Assignment.objects.on(today).filter(region=new, role=post.role).select_related("user").first()
    names = "、".join(one.user.name for one in held)
    if there is not None and not further:
        for one in held:
            _end(one, today, at)
        return [
            _("%(post)s (%(people)s): closed, %(holder)s holds it in %(place)s.")
            % {"post": post.title, "people": names, "holder": there.user.name, "place": new.short_name}
        ]
    seat = Post.objects.create(region=new, role=post.role, title=post.title, unit=new.short_name)
    seat.further_regions.set(further)
    for one in held:
        _end(one, today, at, goes_on=True)
        Assignment.objects.create(user=one.user, post=seat, start_date=today, phone=one.phone)
    return [
        _("%(post)s (%(people)s): goes on in %(place)s.")
        % {"post": post.title, "people": names, "place": new.short_name}
    ]


def _end(one: Assignment, today: dt.date, at: dt.datetime, *, goes_on: bool = False) -> None:
    """End access through the old post. Shares are taken back only from those who hold no post any more."""
    others = Assignment.objects.on(today).filter(user_id=one.user_id).exclude(pk=one.pk).exists()
    if not (goes_on or others):
        end_assignment(one, last_day=today, at=at, now=True)
        return
    yesterday = today - dt.timedelta(days=1)
    one.end_date = max(yesterday, one.start_date)
    one.withdrawn_at = at if one.end_date == today else None
    one.save(update_fields=["end_date", "withdrawn_at"])


def _further_regions(old: Region, new: Region) -> None:
    """Posts elsewhere that cover the old division as well cover its successor."""
    rows = PostRegion.objects.filter(region=old)
    have = PostRegion.objects.filter(region=new).values("post_id")
    own = Post.objects.filter(region=new).values("pk")
    rows.filter(post_id__in=have).delete()
    rows.filter(post_id__in=own).delete()
    rows.update(region=new)
