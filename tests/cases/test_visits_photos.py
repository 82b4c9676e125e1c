"""Photos of visits: clean bytes, limits, and who can see them."""

from __future__ import annotations

import io
import struct
import zlib
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from cases.models import VisitPhoto
from cases.visits.pictures import LONGEST, MOST, Photo, clean_photo
from cases.visits.services import VisitRefused, create_visit
from staff import files
from staff.models import Parameter, StoredFile
from tests.cases.visiting import NOW, acting, form_values, picture, submitted, upload, visit_data
from tests.cast import COUNTY, START, Cast

PLACE = b"30.19 N 105.84 E"


def cleaned(data: bytes, name: str = "院子.jpg", megabytes: int = 10, megapixels: int = 50) -> Photo:
    return clean_photo(io.BytesIO(data), name=name, most_megabytes=megabytes, most_megapixels=megapixels)


def code_of(data: bytes, **limits: int) -> str:
    with pytest.raises(ValidationError) as caught:
        cleaned(data, **limits)
    return str(caught.value.code)


def with_place(orientation: int = 6) -> bytes:
    """A 60 × 40 JPEG whose EXIF names a place, lying on its side."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = PLACE.decode()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    return picture(exif=exif.tobytes(), comment=PLACE)


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of a few bytes that says it has 900 million pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def test_exif_is_gone_and_the_picture_stands_upright() -> None:
    original = with_place()
    assert PLACE in original
    photo = cleaned(original)
    with Image.open(io.BytesIO(photo.data)) as kept:
        assert kept.format == "JPEG"
        assert not kept.getexif()
        assert kept.size == (40, 60) == (photo.width, photo.height)
        assert "comment" not in kept.info
        assert "icc_profile" not in kept.info
    assert PLACE not in photo.data


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_nothing_that_travels_beside_the_pixels_stays(kind: str) -> None:
    beside = {"icc_profile": PLACE * 9, "xmp": b"<x>" + PLACE + b"</x>"}
    if kind == "PNG":
        beside = {"icc_profile": PLACE * 9, "pnginfo": _texts()}  # type: ignore[dict-item]
    original = picture(kind, exif=Image.Exif().tobytes(), **beside) + PLACE
    photo = cleaned(original)
    assert PLACE in original
    assert PLACE not in photo.data
    with Image.open(io.BytesIO(photo.data)) as kept:
        assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert set(dict(kept.getexif())) == set()


def _texts() -> PngInfo:
    texts = PngInfo()
    texts.add_text("Location", PLACE.decode())
    texts.add_itxt("XML:com.adobe.xmp", PLACE.decode())
    return texts


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_the_usual_formats_become_jpeg(kind: str) -> None:
    photo = cleaned(picture(kind, (300, 200)), name="C:\\照片\\院子.PNG")
    assert photo.name == "院子.jpg"
    with Image.open(io.BytesIO(photo.data)) as kept:
        assert (kept.format, kept.mode, kept.size) == ("JPEG", "RGB", (300, 200))


def test_transparent_parts_become_white() -> None:
    target = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(target, "PNG")
    with Image.open(io.BytesIO(cleaned(target.getvalue()).data)) as kept:
        assert kept.getpixel((10, 10)) == (255, 255, 255)


def test_a_large_picture_is_made_smaller() -> None:
    photo = cleaned(picture(size=(4000, 1000)))
    assert (photo.width, photo.height) == (LONGEST, 400)


def test_refusals_say_what_is_wrong() -> None:
    assert code_of(b"not a picture") == "not_a_picture"
    assert code_of(picture("GIF")) == "not_a_picture"
    assert code_of(b"\0\0\0\x18ftypheic" + b"\0" * 40) == "heic"
    assert code_of(picture("PNG", (200, 200))[:-60]) == "damaged"
    assert code_of(b"x" * 1_000_001, megabytes=1) == "too_large"
    assert code_of(picture(size=(1100, 1000)), megapixels=1) == "too_many_pixels"


def test_a_decompression_bomb_is_refused_before_it_unpacks() -> None:
    assert len(bomb()) < 200
    assert code_of(bomb()) == "too_many_pixels"
    assert code_of(bomb(10_000, 9_500)) == "too_many_pixels"


# --- With a visit ---------------------------------------------------------------------------------------


def test_photos_are_stored_encrypted_with_the_child_and_shown_in_order(cast: Cast) -> None:
    with acting(cast, "director") as actor:
        visit, _ = create_visit(
            actor=actor,
            at=NOW,
            uuid=uuid4(),
            child=cast.children["own"],
            data=visit_data(),
            photos=[cleaned(picture(), "一.jpg"), cleaned(picture(), "二.jpg")],
        )
        found = list(visit.photos.select_related("file"))
        assert [(one.position, one.file.name) for one in found] == [(0, "一.jpg"), (1, "二.jpg")]
        assert {one.file.child_id for one in found} == {visit.child_id}
        assert {one.file.kind for one in found} == {StoredFile.Kind.PHOTO}
        assert files._path(found[0].file.pk).read_bytes()[:3] != b"\xff\xd8\xff"


def test_more_photos_than_six_are_refused_and_nothing_is_kept(cast: Cast) -> None:
    photo = cleaned(picture())
    with acting(cast, "director") as actor:
        with pytest.raises(VisitRefused):
            create_visit(
                actor=actor,
                at=NOW,
                uuid=uuid4(),
                child=cast.children["own"],
                data=visit_data(),
                photos=[photo] * (MOST + 1),
            )
        assert not cast.children["own"].visits.exists()


def test_a_posted_photo_is_cleaned_shown_in_scope_and_hidden_outside(cast: Cast) -> None:
    client = cast.client("director")
    client.post("/visits/add/", form_values(cast.children["own"], photos=[upload(with_place())]))
    with acting(cast, "director"):
        photo = VisitPhoto.objects.get()
    address = f"/visits/{photo.visit_id}/photos/{photo.pk}/"
    response = client.get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert PLACE not in response.content
    assert "private" in response["Cache-Control"]
    assert cast.client("supervisor").get(address).status_code == 200
    for member in ("other_director", "other_supervisor", "stranger"):
        assert cast.client(member).get(address).status_code == 404
    assert cast.client("releaser").get(address).status_code == 403
    other = submitted(cast, cast.children["own"])
    assert client.get(f"/visits/{other.pk}/photos/{photo.pk}/").status_code == 404


def test_a_refused_photo_is_named_beside_the_field_and_the_words_are_kept(cast: Cast) -> None:
    with acting(cast, "director"):
        Parameter.objects.create(
            region_id=COUNTY, key="photo_max_megapixels", value=1, valid_from=START, source="测试"
        )
    client = cast.client("director", headers={"Accept-Language": "en"})
    large = upload(picture(size=(1100, 1000)), "大.jpg")
    response = client.post(
        "/visits/add/", form_values(cast.children["own"], photos=[large, upload(b"x", "坏.jpg")])
    )
    assert response.status_code == 200
    page = response.content.decode()
    assert "大.jpg has more than 1 million pixels." in page
    assert "祖母行动不便，邻居送饭。" in page
    with acting(cast, "director"):
        assert not cast.children["own"].visits.exists()
