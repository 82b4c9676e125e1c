"""The field API: a phone puts a visit, then each of its photos by itself, and asks what has arrived.

Every answer is safe to lose: putting the same again gives the same again and changes nothing.
"""

from __future__ import annotations

import io
from typing import IO, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, OpenApiTypes, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound, ParseError, PermissionDenied
from rest_framework.exceptions import ValidationError as Invalid
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.field import photos, sending
from cases.field.devices import OthersPhone, speaking
from cases.field.keeping import TOLD
from cases.field.submission import Submission, SubmissionSerializer
from cases.models import KeptVisit
from cases.visits.enums import VisitState
from cases.visits.refusals import VisitRefused
from cases.visits.services import basis_of
from staff.scope import current
from staff.workflow import Actor


class HasVisited(IsAuthenticated):
    """Whoever holds, or ever held, a post that visits: what they wrote then is still theirs to send."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        if request.user.must_change_password or not sending.has_visited(acting(request)):  # type: ignore[union-attr]
            raise PermissionDenied
        try:
            speaking(request._request)
        except OthersPhone as refused:
            raise PermissionDenied(str(refused), "others_phone") from refused
        return True


class Picture(BaseParser):
    """The body itself, not yet read."""

    media_type = "image/*"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream


class Written(JSONParser):
    """JSON; nested without end it is none."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as error:
            raise ParseError from error


class FieldVisit(APIView):
    """One visit by the number that the phone gave it."""

    permission_classes = [HasVisited]
    parser_classes = [Written]

    @extend_schema(
        request=SubmissionSerializer,
        responses={
            201: OpenApiResponse(OpenApiTypes.OBJECT, description="Taken into the child's file"),
            200: OpenApiResponse(OpenApiTypes.OBJECT, description="It was there already"),
            202: OpenApiResponse(OpenApiTypes.OBJECT, description="Kept aside: the file is not where it was"),
            409: OpenApiResponse(OpenApiTypes.OBJECT, description="The file says something else, by field"),
            422: OpenApiResponse(
                OpenApiTypes.OBJECT, description="Incomplete, by field, or refused in words"
            ),
        },
    )
    def put(self, request: Request, uuid: UUID) -> Response:
        try:
            return answer(take(request, uuid, Submission.read(request.data)))
        except Invalid as error:
            return invalid(error.detail)
        except ValidationError as error:
            return invalid(error.message_dict)
        except VisitRefused as refused:
            return refusal(refused)

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request, uuid: UUID) -> Response:
        """What has arrived of a visit of one's own: its state, and the photos that came and that are awaited."""
        actor = acting(request)
        kept = KeptVisit._base_manager.filter(uuid=uuid, author_id=actor.user_id).first()
        holder = kept or sending.own_visit(actor, uuid)
        if holder is None:
            raise NotFound
        return Response(
            {
                "state": holder.state,
                "photos": {"arrived": photos.arrived(holder), "awaited": holder.photos_awaited},
            }
        )


class FieldPhoto(APIView):
    """One photo of a visit, by the number that the phone gave it."""

    permission_classes = [HasVisited]
    parser_classes = [Picture]

    @extend_schema(
        request={"image/jpeg": OpenApiTypes.BINARY, "image/png": OpenApiTypes.BINARY},
        responses={
            201: OpenApiResponse(description="Taken"),
            200: OpenApiResponse(description="It was there already"),
            404: OpenApiResponse(description="The visit has not arrived"),
            409: OpenApiResponse(description="The visit does not expect it"),
            422: OpenApiResponse(description="No picture, or too large"),
        },
    )
    def put(self, request: Request, uuid: UUID, photo: UUID) -> Response:
        actor, now = acting(request), timezone.now()
        try:
            body: Any = request.data or io.BytesIO()  # nothing, or the stream itself
            created = photos.receive_photo(actor=actor, at=now, visit_uuid=uuid, photo_uuid=photo, file=body)
        except photos.UnknownVisit as unknown:
            raise NotFound(str(unknown)) from unknown
        except photos.NotAnnounced as refused:
            return refusal(refused, status.HTTP_409_CONFLICT)
        except ValidationError as error:
            return invalid({"photo": error.messages})
        return Response({}, status=status.HTTP_201_CREATED if created else status.HTTP_200_OK)

    @extend_schema(request=None, responses={204: OpenApiResponse(description="No longer awaited")})
    def delete(self, request: Request, uuid: UUID, photo: UUID) -> Response:
        """The visit no longer waits for this photo. One that has arrived stays."""
        try:
            photos.withdraw_photo(actor=acting(request), visit_uuid=uuid, photo_uuid=photo)
        except photos.UnknownVisit as unknown:
            raise NotFound(str(unknown)) from unknown
        return Response(status=status.HTTP_204_NO_CONTENT)


def acting(request: Request) -> Actor:
    """Who sends, with the post they act under, if they hold one."""
    active = Actor.current()
    return active if active.user_id else Actor(request.user.pk or 0, None, "")


def take(request: Request, uuid: UUID, given: Submission) -> sending.Outcome:
    """Hand a submission to the service. A token acts for its one assignment, a person for every post they hold."""
    return sending.receive_visit(
        actor=acting(request),
        at=timezone.now(),
        uuid=uuid,
        given=given,
        every_post=not hasattr(request._request, "api_token"),
    )


def answer(outcome: sending.Outcome) -> Response:
    """What the phone is told."""
    if isinstance(outcome, KeptVisit):
        body = {
            "state": "kept",
            "reason": outcome.reason,
            "said": str(TOLD[outcome.reason]),
            "awaited": outcome.photos_awaited,
        }
        return Response(body, status=status.HTTP_202_ACCEPTED)
    if isinstance(outcome, sending.Conflict):
        return Response(conflict(outcome), status=status.HTTP_409_CONFLICT)
    visit = outcome.visit
    seen = current().covers(visit.region_id)
    body = {
        "state": "taken",
        "page": reverse("cases:visit", args=[visit.pk]) if seen else "",
        "awaited": visit.photos_awaited,
        "also_today": [
            {
                "who": str(other.conducted_by),
                "at": f"{timezone.localtime(other.visited_at):%H:%M}",
                "how": other.get_kind_display(),
            }
            for other in outcome.also_today
        ],
    }
    return Response(body, status=status.HTTP_201_CREATED if outcome.created else status.HTTP_200_OK)


def conflict(found: sending.Conflict) -> dict[str, Any]:
    """Both versions of every field that differs, and whether one's own can still be put in its place."""
    if found.changeable:
        said = _(
            "This visit was changed at the office after you began. Decide field by field; nothing is lost."
        )
    elif found.visit.state == VisitState.SUBMITTED:
        said = _(
            "The office has this visit already, with other words, and it awaits its review. It can be changed when "
            "your supervisor returns it."
        )
    else:
        said = _("This visit was reviewed meanwhile and cannot be changed any more.")
    return {
        "state": "conflict",
        "basis": basis_of(found.visit),
        "changeable": found.changeable,
        "said": said,
        "fields": [vars(one) for one in found.fields],
    }


def invalid(fields: Any) -> Response:
    """Errors by field, in the shape of the API."""
    body = {"code": "invalid", "message": _("Some fields are not valid."), "fields": fields}
    return Response({"error": body}, status=status.HTTP_422_UNPROCESSABLE_ENTITY)


def refusal(refused: VisitRefused, code: int = status.HTTP_422_UNPROCESSABLE_ENTITY) -> Response:
    """A refusal in words."""
    return Response({"error": {"code": "refused", "message": str(refused)}}, status=code)
