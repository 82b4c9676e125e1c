"""Documents handed in: what the bytes are counts, not the name; nothing is kept that can act."""

from __future__ import annotations

import io
import zipfile
import zlib

import pytest
from django.core.exceptions import ValidationError
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, TextStringObject

from cases.documents import JPEG, PDF, Document, clean_document, keep
from staff import files
from staff.models import StoredFile
from staff.scope import open_scope
from tests.cases.test_visits_photos import PLACE, bomb, with_place
from tests.cases.visiting import NOW, picture
from tests.cast import Cast

HTML = b"<html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def paper(change: str = "") -> bytes:
    """A PDF of one empty page, with what ``change`` puts into it."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    if change == "script":
        action = DictionaryObject(
            {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("x")}
        )
        writer.root_object[NameObject("/OpenAction")] = action
    elif change == "attachment":
        writer.add_attachment("x.exe", b"MZ")
    elif change == "password":
        writer.encrypt("secret")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def in_object_stream(body: bytes, *, key: str = "/FlateDecode") -> bytes:
    """A PDF that keeps ``body`` in a deflated object stream, where a plain search does not find it."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    stream = DecodedStreamObject()
    stream.set_data(zlib.compress(body))
    stream.update({NameObject("/Type"): NameObject("/ObjStm"), NameObject("/Filter"): NameObject(key)})
    stream[NameObject("/First")] = NameObject("/0")
    writer._add_object(stream)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def archive() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("bomb", b"\0" * 10_000_000)
    return written.getvalue()


def cleaned(data: bytes, name: str = "证明.pdf", megabytes: int = 10) -> Document:
    return clean_document(io.BytesIO(data), name=name, most_megabytes=megabytes, most_megapixels=50)


def test_a_plain_pdf_is_kept_as_it_is_whatever_it_is_called() -> None:
    found = cleaned(paper(), "C:\\扫描\\证明.html")
    assert (found.name, found.content_type, found.data) == ("证明.pdf", PDF, paper())


def test_a_pdf_made_by_us_is_taken() -> None:
    """Typst packs its dictionaries into object streams or not; both must pass."""
    plain = in_object_stream(b"1 0 <</Type /Catalog>>")
    assert cleaned(plain).data == plain


def test_a_picture_is_made_anew_without_its_place() -> None:
    found = cleaned(with_place() + HTML, "证明.pdf")
    assert (found.name, found.content_type) == ("证明.jpg", JPEG)
    assert PLACE not in found.data
    assert b"script" not in found.data
    with Image.open(io.BytesIO(found.data)) as kept:
        assert kept.size == (40, 60)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (HTML, "not_a_document"),
        (SVG, "not_a_document"),
        (archive(), "not_a_document"),
        (b"MZ" + b"\0" * 400, "not_a_document"),
        (b"\n" + paper(), "not_a_document"),
        (HTML + paper(), "not_a_document"),
        (paper() + archive(), "damaged"),
        (paper() + HTML, "damaged"),
        (paper()[:-200], "damaged"),
        (paper("script"), "active"),
        (paper("attachment"), "active"),
        (paper("password"), "active"),
        (paper().replace(b"/Pages", b"/J#61vaScript /Pages", 1), "active"),
        (in_object_stream(b"1 0 <</S /JavaScript /JS (x)>>"), "active"),
        (in_object_stream(b"1 0 <</S /J#61vaScript>>"), "active"),
        (in_object_stream(b"\0" * 40_000_000), "damaged"),
        (in_object_stream(b"1 0", key="/LZWDecode"), "damaged"),
        (bomb(), "too_many_pixels"),
    ],
    ids=[
        *("empty", "html", "svg", "zip bomb", "program", "line before", "html before", "zip behind"),
        *("html behind", "cut off", "script", "attachment", "password", "escaped name", "packed script"),
        *("packed and escaped", "unpacks to too much", "other packing", "pixels"),
    ],
)
def test_what_is_refused_and_why(data: bytes, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        cleaned(data)
    assert caught.value.code == code


def test_one_byte_too_many() -> None:
    whole = paper()
    padded = whole.replace(b"\n", b"\n%" + b"x" * (1_000_000 - len(whole) - 2) + b"\n", 1)
    assert cleaned(padded[:-1] if len(padded) > 1_000_000 else padded, megabytes=1).content_type == PDF
    with pytest.raises(ValidationError) as caught:
        cleaned(padded + b"\n" * (1_000_001 - len(padded)), megabytes=1)
    assert caught.value.code == "too_large"


def test_served_to_who_reads_the_file_only_and_never_as_a_page(cast: Cast) -> None:
    with open_scope(cast.scope("director")):
        pdf = keep(cleaned(paper()), child=cast.children["own"], at=NOW)
        photo = keep(cleaned(picture(), "门口.jpg"), child=cast.children["own"], at=NOW)
        assert StoredFile.objects.get(pk=pdf.pk).sha256 == pdf.sha256
        assert paper() == files.read(pdf)
    for file, shown in ((pdf, "attachment"), (photo, "inline")):
        seen = {"director": 200, "clerk": 200, "other_director": 404, "stranger": 404, "auditor": 200}
        for member, status in (seen | {"provider": 404}).items():
            response = cast.client(member).get(f"/files/{file.pk}/")
            assert response.status_code == status, member
        response = cast.client("supervisor").get(f"/files/{file.pk}/")
        assert response.headers["Content-Disposition"].startswith(shown)
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert cast.client("director").get(f"/files/{file.pk.int}/").status_code == 404
