"""Documents that families hand in, made safe: a picture is made anew, a PDF is taken only when nothing in it acts.

What a file is, its bytes say; its name and the type that a browser claims are not believed. Kept are two kinds: JPEG
(every picture, re-encoded, see :mod:`cases.visits.pictures`) and PDF without script, attachment, form or password. A file that
is two kinds at once (a PDF with an archive or a web page before or behind it) is refused.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cases.models import Child
from cases.visits.pictures import clean_photo
from staff import files, parameters
from staff.models import StoredFile

PDF, JPEG = "application/pdf", "image/jpeg"
LIMITS = ("photo_max_mb", "photo_max_megapixels")
MOST_UNPACKED = 20_000_000  # bytes that the object streams of a PDF may unpack to, all together
TAIL = 1024  # bytes before the end within which a PDF says that it ends
# What makes a PDF do something when it is opened or touched, and what carries other files inside it.
ACTIVE = re.compile(
    rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData|GoToE|Rendition|Encrypt)"
    rb"(?![A-Za-z0-9])"
)
ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
STREAM = re.compile(rb"(?<!end)stream(?:\r\n|\n)")
HEAD = 4000  # bytes of the dictionary before a stream


@dataclass(frozen=True)
class Document:
    """Clean bytes of a JPEG or a PDF. Made only by :func:`clean_document`."""

    name: str
    data: bytes
    content_type: str


def clean_document(file: IO[bytes], *, name: str, most_megabytes: int, most_megapixels: int) -> Document:
    """The uploaded file as a clean JPEG or PDF. ValidationError (codes as in ``clean_photo``, and empty, active) else."""
    data = file.read(most_megabytes * 1_000_000 + 1)
    if not data:
        raise ValidationError(_("%(name)s is empty.") % {"name": name}, code="empty")
    if len(data) > most_megabytes * 1_000_000:
        raise ValidationError(
            _("%(name)s is larger than %(most)d MB.") % {"name": name, "most": most_megabytes},
            code="too_large",
        )
    if data.startswith(b"%PDF-"):
        _check_pdf(data, name)
        return Document(_name(name, "pdf"), data, PDF)
    try:
        photo = clean_photo(
            io.BytesIO(data), name=name, most_megabytes=most_megabytes, most_megapixels=most_megapixels
        )
    except ValidationError as problem:
        if problem.code != "not_a_picture":
            raise
        raise ValidationError(
            _("%(name)s is neither a picture (JPEG, PNG, WebP) nor a PDF.") % {"name": name},
            code="not_a_document",
        ) from problem
    return Document(photo.name, photo.data, JPEG)


def _check_pdf(data: bytes, name: str) -> None:
    """ValidationError unless the PDF ends where it says, can be looked into, and does nothing by itself."""
    end = data.rfind(b"%%EOF")
    if end < len(data) - TAIL or data[end + 5 :].strip(b"\r\n\t \0"):
        raise ValidationError(_("%(name)s is damaged and cannot be read.") % {"name": name}, code="damaged")
    try:
        acts = any(ACTIVE.search(_plain(part)) for part in (data, *_object_streams(data)))
    except (zlib.error, ValueError) as error:
        raise ValidationError(
            _("%(name)s is damaged and cannot be read.") % {"name": name}, code="damaged"
        ) from error
    if acts:
        raise ValidationError(
            _(
                "%(name)s has a password, a form, a script or another file in it. "
                "Print it to PDF again, or take a photo of it."
            )
            % {"name": name},
            code="active",
        )


def _plain(data: bytes) -> bytes:
    """Names with their escapes undone: ``/J#61vaScript`` is ``/JavaScript``."""
    return ESCAPED.sub(lambda code: bytes([int(code[1], 16)]), data)


def _object_streams(data: bytes) -> Iterator[bytes]:
    """The unpacked object streams, where a PDF may keep its dictionaries. ValueError for what cannot be unpacked."""
    left = MOST_UNPACKED
    for found in STREAM.finditer(data):
        start = data.rfind(b"obj", max(0, found.start() - HEAD), found.start())
        head = _plain(data[max(start, 0) : found.start()])
        if b"/First" not in head:  # an object stream cannot be without it
            continue
        if b"/FlateDecode" not in head or b"/DecodeParms" in head:
            raise ValueError("an object stream that is not plainly deflated")
        unpacked = zlib.decompressobj().decompress(data[found.end() :], left)
        left -= len(unpacked)
        if left <= 0:
            raise ValueError("object streams unpack to too much")
        yield unpacked


def _name(name: str, ending: str) -> str:
    """The file's own name with the right ending; a path before it is dropped."""
    stem = name.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return f"{stem[:60] or ending}.{ending}"


class DocumentField(forms.FileField):
    """One uploaded picture or PDF → a clean :class:`Document`, None without one. Limits: :meth:`limit` to a county's."""

    widget = forms.ClearableFileInput(attrs={"accept": "image/jpeg,image/png,image/webp,application/pdf"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 200, "allow_empty_file": True} | kwargs)
        self.most_megabytes, self.most_megapixels = (parameters.DEFAULTS[key][0] for key in LIMITS)

    def limit(self, region_id: int, on: dt.date) -> None:
        """Take the limits in force in a region (``photo_max_mb``, ``photo_max_megapixels``). One query."""
        found = parameters.values(region_id, LIMITS, on)
        self.most_megabytes, self.most_megapixels = (found[key] for key in LIMITS)

    def clean(self, data: Any, initial: Any = None) -> Document | None:
        file = super().clean(data, initial)
        if not file:
            return None
        return clean_document(
            file,
            name=file.name or "document",
            most_megabytes=self.most_megabytes,
            most_megapixels=self.most_megapixels,
        )


def keep(
    document: Document, *, child: Child, at: dt.datetime, kind: str = StoredFile.Kind.EVIDENCE
) -> StoredFile:
    """Store a clean document about a child: evidence is read where the case or its money is handled, by nobody else."""
    return files.store(
        document.data,
        kind=kind,
        name=document.name,
        content_type=document.content_type,
        region_id=child.region_id,
        child_id=child.pk,
        at=at,
    )
