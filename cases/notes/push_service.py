"""Where a push may be sent, and sending it. A browser names the address, so it is checked like any stranger's word.

Only https on its own port, and only to machines on the public network: the name is resolved here, every answer is looked
at, and the connection goes to the very address that was looked at, so that a name cannot change its mind in between.
``PUSH_TRUSTED_ORIGINS`` exempts push services inside the office's own network, and the one of the tests.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from staff.workflow import TransitionRefused

SECONDS = 10
LONGEST = 1000  # characters of an address


class PushAddressRefused(TransitionRefused):
    """Nothing is sent to this address; the message says why."""


def origin_of(endpoint: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}"


def check_address(endpoint: str) -> SplitResult:
    """The parts of an address to which a push may go. PushAddressRefused otherwise; looks no name up."""
    refused = PushAddressRefused(_("This browser names no address that notes could be sent to."))
    if not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint or len(endpoint) > LONGEST:
        raise refused
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError as error:
        raise refused from error
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise refused
    if origin_of(endpoint) in settings.PUSH_TRUSTED_ORIGINS:
        return parts
    if parts.scheme != "https" or port not in (None, 443) or not _may_be_public(parts.hostname):
        raise refused
    return parts


def _may_be_public(host: str) -> bool:
    try:
        return _is_public(host)
    except ValueError:
        return "." in host  # a name; its addresses are looked at before anything is sent


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address)
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (inner is None or inner.is_global)


def post(endpoint: str, *, body: bytes, headers: dict[str, str]) -> int:
    """Send one push; returns the status. Follows no redirect.

    OSError or http.client.HTTPException when the service cannot be reached, PushAddressRefused when it must not be.
    """
    parts = check_address(endpoint)
    connection = _connect(parts)
    try:
        path = parts.path or "/"
        connection.request("POST", f"{path}?{parts.query}" if parts.query else path, body, headers)
        answer = connection.getresponse()
        answer.read(1000)
        return answer.status
    finally:
        connection.close()


def _connect(parts: SplitResult) -> http.client.HTTPConnection:
    host = str(parts.hostname)
    if origin_of(parts.geturl()) in settings.PUSH_TRUSTED_ORIGINS:
        plain = http.client.HTTPConnection if parts.scheme == "http" else http.client.HTTPSConnection
        return plain(host, parts.port, timeout=SECONDS)
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)]
    if not found or not all(map(_is_public, found)):
        raise PushAddressRefused(_("This browser names no address that notes could be sent to."))
    return _Pinned(host, found[0])


class _Pinned(http.client.HTTPSConnection):
    """A connection to one address of a host, with the certificate checked for the host's name."""

    def __init__(self, host: str, address: str) -> None:
        self.context = ssl.create_default_context()
        super().__init__(host, 443, timeout=SECONDS, context=self.context)
        self.address = address

    def connect(self) -> None:
        plain = socket.create_connection((self.address, self.port), self.timeout)
        self.sock = self.context.wrap_socket(plain, server_hostname=self.host)
