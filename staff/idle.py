"""Sessions end when nobody has used them for a while (GB/T 22239—2019, 8.1.4.1: time-out of an idle session).

The time of the last request is kept in the cache, so a page costs no query for it. A session that was opened
before the cache was emptied counts from its sign-in.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import logout
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

SIGNED_IN_AT = "signed_in_at"


def end_if_idle(request: HttpRequest) -> None:
    """Sign the person out when their session was idle for longer than settings.SESSION_IDLE_MINUTES; else
    note the time.
    """
    key = f"seen:{request.session.session_key}"
    now = timezone.now().timestamp()
    last = cache.get(key) or request.session.get(SIGNED_IN_AT)
    if last is not None and now - last > settings.SESSION_IDLE_MINUTES * 60:
        cache.delete(key)
        logout(request)
        return
    cache.set(key, now, settings.SESSION_COOKIE_AGE)
