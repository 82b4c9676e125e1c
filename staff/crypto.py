"""Encryption at rest and blind indexes, one place for both.

Key ring by environment: ``CHILDWELFARE_KEYS="k2:<base64 of 32 bytes>,k1:<…>"``, the first key encrypts, all decrypt;
``CHILDWELFARE_INDEX_KEY`` keys the digests. AES-256-GCM with a random 96-bit nonce; the key's name is authenticated
with the text, so a value cannot be moved to another key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django import forms
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

VERSION = b"\x01"


class DecryptionError(Exception):
    """The value was not made with a key of this ring, or was changed."""


@lru_cache(maxsize=8)
def _ring(text: str) -> tuple[str, dict[str, AESGCM]]:
    keys: dict[str, AESGCM] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, encoded = part.partition(":")
        raw = base64.b64decode(encoded)
        if len(raw) != 32 or not name or len(name) > 15:
            raise ImproperlyConfigured("CHILDWELFARE_KEYS: each key is name:base64 of 32 bytes")
        keys[name] = AESGCM(raw)
    if not keys:
        raise ImproperlyConfigured("CHILDWELFARE_KEYS is not set")
    return next(iter(keys)), keys


def encrypt_bytes(data: bytes) -> bytes:
    """data → version, length of key name, key name, nonce (12), ciphertext with tag (16)."""
    name, keys = _ring(settings.CHILDWELFARE_KEYS)
    head = VERSION + bytes([len(name)]) + name.encode()
    nonce = os.urandom(12)
    return head + nonce + keys[name].encrypt(nonce, data, head)


def decrypt_bytes(blob: bytes) -> bytes:
    """Inverse of :func:`encrypt_bytes`; raises DecryptionError."""
    blob = bytes(blob)
    if blob[:1] != VERSION:
        raise DecryptionError("unknown version")
    end = 2 + blob[1]
    _, keys = _ring(settings.CHILDWELFARE_KEYS)
    key = keys.get(blob[2:end].decode(errors="replace"))
    if key is None:
        raise DecryptionError("key is not in the ring")
    try:
        return key.decrypt(blob[end : end + 12], blob[end + 12 :], blob[:end])
    except InvalidTag as error:
        raise DecryptionError("wrong key or changed value") from error


def encrypt(text: str) -> bytes:
    return encrypt_bytes(text.encode())


def decrypt(blob: bytes) -> str:
    return decrypt_bytes(blob).decode()


def digest(text: str, purpose: str) -> bytes:
    """HMAC-SHA256 (32 bytes) for equality look-ups; ``purpose`` keeps the indexes of two columns apart."""
    key = _index_key(settings.CHILDWELFARE_INDEX_KEY)
    return hmac.digest(key, purpose.encode() + b"\x00" + text.encode(), hashlib.sha256)


@lru_cache(maxsize=4)
def _index_key(text: str) -> bytes:
    if not text:
        raise ImproperlyConfigured("CHILDWELFARE_INDEX_KEY is not set")
    return base64.b64decode(text)


class EncryptedField(models.Field):
    """Text in Python, ciphertext (bytea) in the database. Empty text is stored as empty bytes. Compares by digest columns only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)

    def get_internal_type(self) -> str:
        return "BinaryField"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None:
            return None
        if isinstance(value, str):
            value = encrypt(value) if value else b""
        return connection.Database.Binary(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str:
        return decrypt(bytes(value)) if value else ""

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj))

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": forms.CharField, **kwargs})
