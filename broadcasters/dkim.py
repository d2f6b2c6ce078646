"""Signs mails (DKIM, RFC 6376): relaxed/relaxed, RSA with SHA-256, which every receiver can verify.

Both unsubscribe headers are under the signature, without which no mailbox provider shows its button (RFC 8058). The signature covers
From twice: nobody can add a second one.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

SMALLEST_RSA = 1024
_SPACES = re.compile(rb"[ \t]+")
_LINE_ENDS = re.compile(rb"[ \t]+\r\n")

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Signer:
    """domain, selector: where the public key stands in DNS, at SELECTOR._domainkey.DOMAIN. key: the private one."""

    domain: str
    selector: str
    key: rsa.RSAPrivateKey = field(repr=False)

    def header(self, headers: Headers, body: bytes, at: int) -> tuple[bytes, bytes]:
        """The DKIM-Signature of a mail.

        headers   name and value, every one of them is signed;  body   with CRLF;  at   seconds since 1970
        """
        names = b":".join([*(name.lower() for name, _ in headers), b"from"])
        place = f"d={self.domain}; s={self.selector}; t={at}".encode()
        digest = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest())
        value = b"v=1; a=rsa-sha256; c=relaxed/relaxed; %s;\r\n h=%s;\r\n bh=%s;\r\n b=" % (place, _folded(names), digest)
        signed = b"".join(_relaxed(name, text) + b"\r\n" for name, text in headers)  # the second From is none: it adds nothing
        content = signed + _relaxed(b"DKIM-Signature", value)
        signature = base64.b64encode(self.key.sign(content, padding.PKCS1v15(), hashes.SHA256()))
        return b"DKIM-Signature", value + b"\r\n ".join(signature[at : at + 70] for at in range(0, len(signature), 70))


def signer(domain: str, selector: str, pem: str) -> Signer:
    """From a private key in PEM. Raises ValueError; never with a piece of the key in its text."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("dkim_key: it cannot be read; allowed is a private RSA key in PEM without a password") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("dkim_key: found a key of another kind; allowed is RSA, which every receiver can verify")
    if key.key_size < SMALLEST_RSA:
        raise ValueError(f"dkim_key: found an RSA key of {key.key_size} bits; at least {SMALLEST_RSA} are needed, 2048 are usual")
    return Signer(domain, selector, key)


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376, 3.4.4."""
    text = _SPACES.sub(b" ", _LINE_ENDS.sub(b"\r\n", body if body.endswith(b"\r\n") else body + b"\r\n"))
    stripped = text.rstrip(b"\r\n")
    return stripped + b"\r\n" if stripped else b""


def _relaxed(name: bytes, value: bytes) -> bytes:
    """RFC 6376, 3.4.2."""
    return name.lower() + b":" + _SPACES.sub(b" ", value.replace(b"\r\n", b"")).strip()


def _folded(names: bytes) -> bytes:
    """A list of names over several lines, none longer than 76."""
    lines, line = [], b""
    for name in names.split(b":"):
        if line and len(line) + len(name) > 70:
            lines.append(line)
            line = b""
        line += name + b":"
    return b"\r\n ".join([*lines, line]).rstrip(b":")
