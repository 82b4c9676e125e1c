"""What the tests of visits and cases share: acting as a member of the cast, a filled-in visit, a picture."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from cases.models import Child, Visit
from cases.visits.services import VisitData, create_visit
from staff.scope import open_scope
from staff.workflow import Actor
from tests.cast import Cast

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 10, 20, 11, 5, tzinfo=SHANGHAI)
TODAY = NOW.date()
VISITED = dt.datetime(2026, 10, 20, 9, 40, tzinfo=SHANGHAI)
# No page makes more than 15 queries. A test's own transaction adds four to every request: the scope opens
# nested, so it
# takes a savepoint, remembers the settings around it, puts them back, and releases the savepoint.
BUDGET = 15 + 4
ANSWERS = {"guardian": False, "living": False, "school": False, "harm": False}


@contextmanager
def acting(cast: Cast, name: str) -> Iterator[Actor]:
    """Everything inside happens under the member's scope; yields the member as an actor."""
    with open_scope(cast.scope(name)):
        yield Actor.current()


def visit_data(**changes: Any) -> VisitData:
    values: dict[str, Any] = {
        "kind": "door",
        "visited_at": VISITED,
        "risk": "yellow",
        "people_met": ["child", "grandmother"],
        "answers": ANSWERS,
        "text": "祖母行动不便，邻居送饭。",
    }
    return VisitData(**(values | changes))


def submitted(
    cast: Cast, child: Child | None = None, by: str = "director", at: dt.datetime = NOW, **changes: Any
) -> Visit:
    """A visit submitted by a member."""
    with acting(cast, by) as actor:
        visit, _ = create_visit(
            actor=actor, at=at, uuid=uuid4(), child=child or cast.children["own"], data=visit_data(**changes)
        )
    return visit


def fresh(cast: Cast, obj: Any, by: str = "clerk") -> Any:
    """The object as the database has it now."""
    with acting(cast, by):
        return type(obj)._base_manager.get(pk=obj.pk)


def form_values(child: Child, **changes: Any) -> dict[str, Any]:
    """What the visit form posts."""
    values: dict[str, Any] = {
        "client_id": str(uuid4()),
        "child": child.pk,
        "kind": "door",
        "visited_at": "2026-10-20T09:40",
        "people_met": ["child", "grandmother"],
        "risk": "yellow",
        "text": "祖母行动不便，邻居送饭。",
        **{f"answer_{code}": "no" for code in ANSWERS},
    }
    return values | changes


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, (10, 120, 140)).save(target, kind, **options)
    return target.getvalue()


def upload(data: bytes, name: str = "院子.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="image/jpeg")
