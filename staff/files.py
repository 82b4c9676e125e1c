"""Files on disk: encrypted with the key ring, named by id, readable only through their row's policy."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import transaction

from staff import crypto, scope
from staff.models import StoredFile


def _path(file_id: uuid.UUID) -> Path:
    name = file_id.hex
    return Path(settings.MEDIA_ROOT) / name[:2] / name[2:4] / name


def store(
    data: bytes,
    *,
    kind: str,
    name: str,
    content_type: str,
    region_id: int,
    at: dt.datetime,
    child_id: int | None = None,
    file_id: uuid.UUID | None = None,
) -> StoredFile:
    """Keep ``data`` and return its row. The file is removed again when its row is refused.

    ``file_id``: for work that may die between the file and the commit and is then done again, the same id each
    time, so that the second attempt writes over what the first has left.
    """
    file = StoredFile(
        id=file_id or uuid.uuid4(),
        kind=kind,
        region_id=region_id,
        child_id=child_id,
        user_id=scope.current().user_id or None,
        name=name[:200],
        content_type=content_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        created_at=at,
    )
    path = _path(file.id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(".new")
    temporary.write_bytes(crypto.encrypt_bytes(data))
    os.replace(temporary, path)
    try:
        with transaction.atomic():
            file.save(force_insert=True)
    except Exception:
        path.unlink(missing_ok=True)
        raise
    return file


@contextmanager
def workshop(name: str) -> Iterator[Path]:
    """A private folder for a file in the making, gone afterwards; what a killed worker left under the name goes first."""
    folder = Path(settings.MEDIA_ROOT) / "work" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read(file: StoredFile) -> bytes:
    """The clear bytes. Raises FileNotFoundError or DecryptionError; checks the sha256."""
    data = crypto.decrypt_bytes(_path(file.id).read_bytes())
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise crypto.DecryptionError("the stored file has changed")
    return data
