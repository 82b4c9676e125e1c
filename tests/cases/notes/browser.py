"""A browser that reads its pushes, written from RFC 8188 and 8291 on its own side; and a push service that takes them."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cases.notes.web_push import encode

CURVE = ec.SECP256R1()


def _hmac(key: bytes, data: bytes) -> bytes:
    made = HMAC(key, hashes.SHA256())
    made.update(data)
    return made.finalize()


class Browser:
    """Keys of one subscription, and reading what arrives for it."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | None = None, secret: bytes = b"") -> None:
        self.key = key or ec.generate_private_key(CURVE)
        self.secret = secret or os.urandom(16)

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def public_key(self) -> str:
        return encode(self.point)

    @property
    def secret_text(self) -> str:
        return encode(self.secret)

    def read(self, body: bytes) -> bytes:
        """The message of a body; InvalidTag when it is not for this browser."""
        salt, (_size, length) = body[:16], struct.unpack("!LB", body[16:21])
        sender, record = body[21 : 21 + length], body[21 + length :]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender))
        combined = _hmac(self.secret, shared)
        material = _hmac(combined, b"WebPush: info\0" + self.point + sender + b"\x01")
        first = _hmac(salt, material)
        key = _hmac(first, b"Content-Encoding: aes128gcm\0\x01")[:16]
        nonce = _hmac(first, b"Content-Encoding: nonce\0\x01")[:12]
        padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")
        assert padded.endswith(b"\x02")
        return padded[:-1]


@dataclass
class Service:
    """What a push service has got: path, headers and body of each push. ``answers`` are given in turn, then 201."""

    origin: str = ""
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@contextmanager
def push_service() -> Iterator[Service]:
    """A real one on this machine."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.got.append((self.path, dict(self.headers), body))
            self.send_response(service.answers.pop(0) if service.answers else 201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
