"""A message that only one browser can read (RFC 8291), from a sender the push service can tell (RFC 8292). Pure.

The two RFCs need one record of one encoding and one signed token, so they stand here on ``cryptography`` alone. Of the
known packages http-ece is released as source only, which an installation by hashes in a closed network cannot build, and
carries two encodings that browsers have left; py-vapid would bring the token alone. The vectors of the RFCs are tests.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
RECORD = 4096  # bytes of the one record; push services take no more
POINT, SECRET = 65, 16  # bytes of a browser's public key and of its secret


def encode(data: bytes) -> str:
    """Base64url without padding, as the RFCs write bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Inverse of :func:`encode`; ValueError for anything else."""
    try:
        return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error


def new_key() -> str:
    """A private key of a sender: 32 bytes as base64url."""
    number = ec.generate_private_key(CURVE).private_numbers().private_value
    return encode(number.to_bytes(32, "big"))


def public_key_of(key: str) -> str:
    """The public key of a sender as the browser wants it. ValueError when ``key`` is not such a private key."""
    return encode(_point(_private(key)))


def is_browser_key(public_key: str, secret: str) -> bool:
    """Whether these are a point on the curve and a secret of the right length."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decode(public_key))
        return len(decode(public_key)) == POINT and len(decode(secret)) == SECRET
    except ValueError:
        return False


def encrypt(
    message: bytes,
    *,
    public_key: str,
    secret: str,
    salt: bytes | None = None,
    once: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """The body of a push: header and one record, ``aes128gcm``. ``salt`` and ``once`` are given by tests alone."""
    if len(message) > RECORD - 17 - POINT - 21:
        raise ValueError("the message is too long for one record")
    salt = salt or os.urandom(16)
    once = once or ec.generate_private_key(CURVE)
    browser = decode(public_key)
    shared = once.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, browser))
    whom = b"WebPush: info\0" + browser + _point(once)
    material = _derive(shared, salt=decode(secret), info=whom, length=32)
    key = _derive(material, salt=salt, info=b"Content-Encoding: aes128gcm\0", length=16)
    nonce = _derive(material, salt=salt, info=b"Content-Encoding: nonce\0", length=12)
    head = salt + struct.pack("!LB", RECORD, POINT) + _point(once)
    return head + AESGCM(key).encrypt(nonce, message + b"\x02", None)


def authorization(*, audience: str, contact: str, expires: int, key: str) -> str:
    """The Authorization header: who sends, to which push service (its origin), until when (Unix time)."""
    claims = {"aud": audience, "exp": expires, "sub": contact}
    parts = [
        encode(json.dumps(part, separators=(",", ":")).encode())
        for part in ({"typ": "JWT", "alg": "ES256"}, claims)
    ]
    private = _private(key)
    r, s = decode_dss_signature(private.sign(".".join(parts).encode(), ec.ECDSA(hashes.SHA256())))
    token = ".".join([*parts, encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))])
    return f"vapid t={token}, k={encode(_point(private))}"


def _private(key: str) -> ec.EllipticCurvePrivateKey:
    raw = decode(key)
    if len(raw) != 32:
        raise ValueError("the key of a sender has 32 bytes")
    return ec.derive_private_key(int.from_bytes(raw, "big"), CURVE)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derive(material: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length=length, salt=salt, info=info).derive(material)
