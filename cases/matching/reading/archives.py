"""A .zip of list files → its files, one by one, with names as the sender's Windows wrote them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from django.utils.translation import gettext as _

from cases.matching.reading.sniff import BROKEN_ARCHIVE, MAX_FILE_BYTES, ListFileError, file_kind, stream_of

MAX_PARTS: Final = 2_000
MAX_UNPACKED_BYTES: Final = 600 * 2**20
MAX_RATIO: Final = 300
_UTF8_NAME: Final = 0x800
_NO_LISTS: Final = ("thumbs.db", "desktop.ini", ".ds_store")


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an upload: its name without folders, and its bytes."""

    name: str
    data: bytes


def parts_of(source: Path | bytes, *, name: str) -> Iterator[Part]:
    """The files of an upload: those of a .zip, in order, or the file itself.

    Raises `ListFileError` for an archive with a password, an archive within an archive, one that unpacks to far
    more than it weighs, and a damaged or empty one; nothing of it is read then.
    """
    if file_kind(source) != "zip":
        yield Part(name, source if isinstance(source, bytes) else source.read_bytes())
        return
    try:
        with stream_of(source) as stream, zipfile.ZipFile(stream) as archive:
            wanted = _wanted(archive)
            for info in wanted:
                # Stops at the size that the archive itself says, and checks what was read against its sum.
                data = archive.read(info)
                if data.startswith(b"PK") and file_kind(data) == "zip":
                    raise ListFileError(_("The archive holds another archive. Unpack it and send the lists."))
                yield Part(file_name(info), data)
    except BROKEN_ARCHIVE as error:
        raise ListFileError(_("The archive is damaged. Pack the lists again and upload it.")) from error


def _wanted(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    infos = [i for i in archive.infolist() if not i.is_dir() and i.file_size]
    wanted = [i for i in infos if not _is_clutter(file_name(i), i.filename)]
    if not wanted:
        raise ListFileError(_("The archive is empty. Ask the sender for the lists again."))
    if any(i.flag_bits & 1 for i in wanted):
        raise ListFileError(_("The archive is protected by a password. Unpack it and send the lists."))
    if len(wanted) > MAX_PARTS:
        raise ListFileError(
            _("The archive holds more than %(most)d files. Send the lists in several archives.")
            % {"most": MAX_PARTS}
        )
    unpacked, packed = sum(i.file_size for i in infos), sum(i.compress_size for i in infos)
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > 2**26 and unpacked > MAX_RATIO * max(packed, 1)):
        raise ListFileError(
            _("The archive unpacks to far more than lists can hold. Send the lists one by one.")
        )
    if any(i.file_size > MAX_FILE_BYTES for i in wanted):
        raise ListFileError(_("The file is too large. Split the list by township and send the parts."))
    return wanted


def file_name(info: zipfile.ZipInfo) -> str:
    """The name of a part without its folders; Windows packs Chinese names in GBK without saying so."""
    name = info.filename
    if not info.flag_bits & _UTF8_NAME:
        try:
            raw = name.encode("cp437")
        except UnicodeEncodeError:
            raw = b""
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding) or name
                break
            except UnicodeDecodeError:
                continue
    return PurePosixPath(name.replace("\\", "/")).name or name


def _is_clutter(name: str, path: str) -> bool:
    """What Office, Windows and macOS leave in folders."""
    return name.startswith(("~$", "._")) or name.lower() in _NO_LISTS or path.startswith("__MACOSX/")
