"""The encryption and the token of a push, against the vectors of the RFCs and read the way a browser reads."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from django.core.management import call_command

from cases.notes.web_push import (
    CURVE,
    authorization,
    decode,
    encode,
    encrypt,
    is_browser_key,
    new_key,
    public_key_of,
)
from childwelfare.checks import settings_problems
from tests.cases.notes.browser import Browser

# RFC 8291, appendix A.
MESSAGE = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
BROWSER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
BROWSER_PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SECRET = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decode(text), "big"), CURVE)


def test_the_body_is_the_one_of_the_rfc() -> None:
    body = encrypt(MESSAGE, public_key=BROWSER_PUBLIC, secret=SECRET, salt=decode(SALT), once=key(SENDER))
    assert encode(body) == BODY
    assert Browser(key(BROWSER), decode(SECRET)).read(body) == MESSAGE


def test_every_push_is_encrypted_anew_and_only_its_browser_reads_it() -> None:
    browser, stranger = Browser(), Browser()
    bodies = [encrypt(b"x", public_key=browser.public_key, secret=browser.secret_text) for _ in range(2)]
    assert bodies[0] != bodies[1]
    assert [browser.read(body) for body in bodies] == [b"x", b"x"]
    with pytest.raises(InvalidTag):
        stranger.read(bodies[0])


def test_a_message_longer_than_a_record_is_refused() -> None:
    browser = Browser()
    with pytest.raises(ValueError, match="too long"):
        encrypt(b"x" * 4096, public_key=browser.public_key, secret=browser.secret_text)


def test_the_token_names_service_office_and_end_and_is_signed_by_the_key() -> None:
    mine = new_key()
    header = authorization(audience="https://push.example", contact="mailto:a@b.cn", expires=5, key=mine)
    scheme, token, public = header.replace(",", "").split(" ")
    assert scheme == "vapid"
    assert public == f"k={public_key_of(mine)}"
    head, claims, signature = token.removeprefix("t=").split(".")
    assert json.loads(decode(head)) == {"typ": "JWT", "alg": "ES256"}
    assert json.loads(decode(claims)) == {"aud": "https://push.example", "exp": 5, "sub": "mailto:a@b.cn"}
    raw = decode(signature)
    signed = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    point = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decode(public_key_of(mine)))
    point.verify(signed, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        point.verify(signed, f"{head}.{encode(b'{}')}".encode(), ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("text", ["", "abc", "é", "A" * 42, "A" * 44])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"base64url|32 bytes"):
        public_key_of(text)


@pytest.mark.parametrize(
    ("public", "secret", "taken"),
    [
        (BROWSER_PUBLIC, SECRET, True),
        (BROWSER_PUBLIC, "AAAA", False),
        (encode(b"\x04" + b"\x01" * 64), SECRET, False),  # not on the curve
        ("BCVx", SECRET, False),
        ("<script>", SECRET, False),
    ],
)
def test_a_browsers_keys_are_checked(public: str, secret: str, taken: bool) -> None:
    assert is_browser_key(public, secret) is taken


def test_the_command_makes_a_key_that_the_start_up_check_takes(settings: Any) -> None:
    out = io.StringIO()
    call_command("push_key", stdout=out)
    settings.PUSH_KEY = out.getvalue().splitlines()[0].removeprefix("CHILDWELFARE_PUSH_KEY=")
    settings.PUSH_CONTACT = "mailto:office@example.gov.cn"
    assert problems() == []
    settings.PUSH_CONTACT = ""
    assert len(problems()) == 1
    settings.PUSH_KEY = settings.PUSH_KEY[:-1]
    assert len(problems()) == 2
    settings.PUSH_KEY = ""
    assert problems() == []


def problems() -> list[str]:
    return [text for code, text in settings_problems() if code == "childwelfare.E005"]
