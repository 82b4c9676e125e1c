"""The page of phones: one's own, and those of others that somebody may have wiped when they are lost."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cases.field import devices
from cases.models import FieldDevice
from cases.workflows import FIELD
from staff.access import ActingRequest, roles
from staff.enums import Role
from staff.workflow import Actor

KEEPERS = (*FIELD, Role.SYSADMIN)
PAGE = 50
MOST_OWN = 20


@require_GET
@roles(*KEEPERS)
def field_devices(request: ActingRequest) -> HttpResponse:
    """Last word, what waits there, wiping."""
    actor = Actor.current()
    query = request.GET.get("q", "").strip()
    own = devices.devices_of(actor.user_id)[:MOST_OWN] if actor.role in FIELD else []
    others = None
    if actor.role != Role.DIRECTOR:
        others = Paginator(devices.devices_kept_by(actor, query), PAGE).get_page(request.GET.get("page"))
    days = devices.days_for(request.assignment.post.region_id, timezone.localdate())
    context = {"own": list(own), "others": others, "query": query, "days": days}
    return render(request, "field/devices.html", context)


@require_POST
@roles(*KEEPERS)
def field_device_wipe(request: ActingRequest, pk: int) -> HttpResponse:
    """Destroy the key of a phone; the phone forgets the rest at its next word."""
    actor = Actor.current()
    own = devices.devices_of(actor.user_id).filter(pk=pk)
    device: FieldDevice = own.first() or get_object_or_404(devices.devices_kept_by(actor), pk=pk)
    devices.ask_wipe(actor=actor, at=timezone.now(), device=device)
    messages.success(
        request,
        _("%(phone)s of %(person)s: what it keeps can no longer be opened, and is deleted at its next word.")
        % {"phone": device.label, "person": device.user},
    )
    return redirect(reverse("cases:field_devices"))
