"""Photos of a visit made safe: verified, turned upright, made smaller, and stripped of everything but the
picture.

A phone writes place, time and device into a photo; re-encoding keeps the pixels alone. Sizes are checked
before any pixel is decoded, so that a small file which unpacks to gigabytes is refused at once.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import IO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP")
LONGEST = 1600  # pixels of the longer side that is kept
QUALITY = 82
MOST = 6  # photos of one visit
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif")


PLAIN = 12  # grey levels between the darkest and the lightest part of a picture that shows nothing


@dataclass(frozen=True)
class Photo:
    """A clean JPEG. Made only by :func:`clean_photo`.

    ``sha256`` (hex) is of the bytes as they were sent, ``fingerprint`` of what is seen (:func:`fingerprint_of`).
    """

    name: str
    data: bytes
    width: int
    height: int
    sha256: str = ""
    fingerprint: int | None = None


def clean_photo(file: IO[bytes], *, name: str, most_megabytes: int, most_megapixels: int) -> Photo:
    """The picture of an uploaded file as a clean JPEG, at most 1600 pixels on its longer side.

    ValidationError when it is too large, not a picture, of another format than JPEG, PNG or WebP, or damaged.
    """
    data = file.read(most_megabytes * 1_000_000 + 1)
    if len(data) > most_megabytes * 1_000_000:
        raise ValidationError(
            _("%(name)s is larger than %(most)d MB.") % {"name": name, "most": most_megabytes},
            code="too_large",
        )
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        raise ValidationError(
            _(
                "%(name)s is a HEIC photo, which this system cannot read. "
                "Set the camera to JPEG, or send a screenshot of it."
            )
            % {"name": name},
            code="heic",
        )
    too_many = ValidationError(
        _("%(name)s has more than %(most)d million pixels.") % {"name": name, "most": most_megapixels},
        code="too_many_pixels",
    )
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > most_megapixels * 1_000_000:
                raise too_many
            # A JPEG can be decoded at a fraction of its size; the other formats ignore this.
            picture.draft("RGB", (LONGEST, LONGEST))
            ImageOps.exif_transpose(picture, in_place=True)
            flat = _without_transparency(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_many from error
    except UnidentifiedImageError as error:
        raise ValidationError(
            _("%(name)s is not a JPEG, PNG or WebP picture.") % {"name": name}, code="not_a_picture"
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ValidationError(
            _("%(name)s is damaged and cannot be read.") % {"name": name}, code="damaged"
        ) from error
    flat.thumbnail((LONGEST, LONGEST))
    # The pixels alone are written: no EXIF, comment, thumbnail or colour profile. A copy of them is work for nothing.
    flat.info.clear()
    target = io.BytesIO()
    flat.save(target, "JPEG", quality=QUALITY, optimize=True, exif=b"", comment=b"")
    return Photo(
        name=_jpeg_name(name),
        data=target.getvalue(),
        width=flat.width,
        height=flat.height,
        sha256=hashlib.sha256(data).hexdigest(),
        fingerprint=fingerprint_of(flat),
    )


def fingerprint_of(picture: Image.Image) -> int | None:
    """64 bits of what a picture shows, as a signed number; None for a plain one, such as a covered lens.

    A difference hash: of 9 × 8 grey fields, whether each is darker than its right neighbour. Another size or
    compression of the same picture changes no or very few bits.
    """
    grey = picture.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    if max(grey) - min(grey) < PLAIN:
        return None
    bits = 0
    for row in range(8):
        for column in range(8):
            at = 9 * row + column
            bits = bits << 1 | (grey[at] < grey[at + 1])
    return int.from_bytes(bits.to_bytes(8, "big"), "big", signed=True)


def _without_transparency(picture: Image.Image) -> Image.Image:
    """The picture in RGB, transparent parts on white; itself when it is so already."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("RGB")
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _jpeg_name(name: str) -> str:
    """The file's own name with the ending .jpg; a path before it is dropped."""
    stem = name.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return f"{stem[:60] or 'photo'}.jpg"
