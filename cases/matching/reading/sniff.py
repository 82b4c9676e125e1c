"""What a file is by its content, and the sentence for one that is no list: names and endings are not believed."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, Final

from django.utils.translation import gettext as _

MAX_FILE_BYTES: Final = 100 * 2**20
MAX_TEXT_BYTES: Final = 2 * 2**30
HEAD_BYTES: Final = 8192
BLOCK: Final = 2**20
MOST_LOST: Final = 0.002  # share of the characters of a text that may be damaged
OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_DOCUMENT: Final = "WordDocument".encode("utf-16-le")
_SLIDES: Final = "PowerPoint Document".encode("utf-16-le")
_MACROS: Final = "_VBA_PROJECT".encode("utf-16-le")
_MARKUP = re.compile(rb"<\s*(!doctype|html|table|\?xml|!--|head|meta|body|style)", re.IGNORECASE)
_MAIL: Final = b"mime-version:"
_ARCHIVES: Final = (b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_PICTURES: Final = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*")
_DELIMITERS: Final = ",\t;|"
WORKBOOK: Final = "xl/workbook.xml"
# What zipfile raises for an archive that is damaged; NotImplementedError is its word for a packing method it does not know.
BROKEN_ARCHIVE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
)


class ListFileError(Exception):
    """The file as a whole cannot be read; the message says why and what to do about it."""


def stream_of(source: Path | bytes) -> BinaryIO:
    """The bytes of a file, to be closed."""
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def size_of(source: Path | bytes) -> int:
    """Bytes of a file."""
    return len(source) if isinstance(source, bytes) else source.stat().st_size


def file_kind(source: Path | bytes) -> str:
    """``xlsx``, ``xls``, ``zip`` (an archive of files) or ``text``. Raises `ListFileError` for anything else."""
    size = size_of(source)
    if size == 0:
        raise ListFileError(_("The file is empty. Ask the sender for the list again."))
    with stream_of(source) as stream:
        head = stream.read(HEAD_BYTES)
    packed = head.startswith((b"PK", OLE))
    if size > (MAX_FILE_BYTES if packed else MAX_TEXT_BYTES):
        raise ListFileError(_("The file is too large. Split the list by township and send the parts."))
    if head.startswith(OLE):
        _refuse_ole(source)
        return "xls"
    if head.startswith(b"PK"):
        return _packed_kind(source)
    _refuse_other(head)
    return "text"


def _refuse_other(head: bytes) -> None:
    """Refuse what is neither a workbook nor text, by how it begins."""
    if head.startswith(_ARCHIVES):
        raise ListFileError(
            _("This is a packed archive that cannot be opened here. Unpack it and send the files, or a .zip.")
        )
    if head.startswith(_PICTURES):
        raise ListFileError(
            _("This is a picture or a PDF, not a list. Ask the sender for the table itself (.xlsx or .csv).")
        )
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if _MARKUP.match(start) or start[:200].lower().startswith(_MAIL):
        raise ListFileError(
            _(
                "This is a web page with the name of a spreadsheet. "
                "Open it in Excel or WPS and save it as .xlsx."
            )
        )


def _refuse_ole(source: Path | bytes) -> None:
    with stream_of(source) as stream:
        data = stream.read()
    if _ENCRYPTED in data:
        raise ListFileError(protected())
    if _MACROS in data:
        raise ListFileError(has_macros())
    if _DOCUMENT in data or _SLIDES in data:
        raise ListFileError(
            _("This is a Word or PowerPoint file. Copy the table into Excel or WPS and save it as .xlsx.")
        )


def _packed_kind(source: Path | bytes) -> str:
    try:
        with stream_of(source) as stream, zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
            locked = any(p.flag_bits & 1 for p in archive.infolist())
    except BROKEN_ARCHIVE as error:
        raise ListFileError(damaged()) from error
    if WORKBOOK in names:
        if locked:
            raise ListFileError(protected())
        if any(name.lower().endswith("vbaproject.bin") for name in names):
            raise ListFileError(has_macros())
        return "xlsx"
    if "[Content_Types].xml" in names or "mimetype" in names or "content.xml" in names:
        raise ListFileError(_("This is not a spreadsheet. Save the list as .xlsx or .csv and upload that."))
    return "zip"


def protected() -> str:
    """The sentence for a workbook with a password."""
    return _(
        "The workbook is protected by a password. Open it, remove the password, save it and upload it again."
    )


def has_macros() -> str:
    """The sentence for a workbook that carries programs; they are never run, nor let in."""
    return _("The workbook holds macros (programs). Save it as .xlsx without macros and upload that.")


def damaged() -> str:
    """The sentence for a workbook that does not open."""
    return _("The workbook is damaged. Open it in Excel or WPS, save it again as .xlsx and upload it.")


def damaged_old() -> str:
    """The sentence for an .xls or .et file that does not open."""
    return _("This old .xls or .et file cannot be read. Open it in Excel or WPS and save it as .xlsx.")


def broken_off(row: int) -> str:
    """The sentence for text that ends within a quotation."""
    return _(
        "The text breaks off in row %(row)s: a quotation mark is not closed. Save the list as .xlsx."
    ) % {"row": row}


# ---- text -----------------------------------------------------------------------------------------


def encoding_of(source: Path | bytes, head: bytes) -> str:
    """UTF-16 by its mark or its look, UTF-8 (with or without mark), else GB18030, over the whole file."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\x00" in head:
        for encoding in ("utf-16-le", "utf-16-be"):
            if _looks_like(head, encoding):
                return encoding
        raise ListFileError(
            _("This is neither a workbook nor text. Save the list as .xlsx or .csv and upload that.")
        )
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        try:
            with stream_of(source) as stream:
                while block := stream.read(BLOCK):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise ListFileError(unknown_encoding())


def decode(source: Path | bytes) -> str:
    """The whole text of a file. Raises `ListFileError` for an unknown encoding or a character cut off."""
    data = source if isinstance(source, bytes) else source.read_bytes()
    head = data[:HEAD_BYTES]
    if b"\x00" in head or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode(encoding_of(data, head)).removeprefix("\ufeff")
        except UnicodeError as error:
            raise ListFileError(unknown_encoding()) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and error.start > HEAD_BYTES:
            raise ListFileError(
                _("The file breaks off in the middle of a character. Ask the sender for the list again.")
            ) from error
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError as error:
        # A damaged character here and there is marked as lost, as a name with a lost character is.
        for encoding in ("utf-8-sig", "gb18030"):
            text = data.decode(encoding, errors="replace")
            if text.count("\ufffd") <= MOST_LOST * len(text):
                return text
        raise ListFileError(unknown_encoding()) from error


def _looks_like(head: bytes, encoding: str) -> bool:
    """Whether nearly all of it are Chinese characters, ASCII and line ends in an encoding without mark."""
    text = head[: len(head) // 2 * 2].decode(encoding, errors="replace")
    known = sum(
        c in "\t\r\n" or " " <= c <= "~" or "\u3000" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef"
        for c in text
    )
    return known >= 0.95 * len(text)


def unknown_encoding() -> str:
    """The sentence for text in an unknown encoding."""
    return _(
        "The text is in no known encoding (UTF-8, GB18030). Open it in Excel or WPS and save it as .xlsx."
    )


def delimiter_of(start: str) -> str:
    """The character between cells, by the beginning of a text."""
    return max(_DELIMITERS, key=start.count)
