"""The certificate chain of a server, as far as an engineer asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

_DAY_S = 86400.0


@dataclass(frozen=True)
class Certificate:
    """One certificate of a chain. subject, issuer: as RFC 4514 writes them; hosts: names it is for."""

    subject: str
    issuer: str
    not_after: datetime
    hosts: tuple[str, ...] = ()
    fingerprint: str = ""  # SHA-256 of the whole certificate

    def days_left(self, now: datetime) -> float:
        """Negative once it has expired."""
        return (self.not_after - now).total_seconds() / _DAY_S


def read_chain(info: Sequence[Sequence[tuple[str, str]]]) -> tuple[Certificate, ...]:
    """From curl's CERTINFO, the server's own certificate first. One that cannot be read is left out."""
    chain = []
    for fields in info:
        pem = dict(fields).get("Cert")
        if pem is None:
            continue
        try:
            chain.append(_read(x509.load_pem_x509_certificate(pem.encode("ascii"))))
        except ValueError:
            continue
    return tuple(chain)


def first_to_expire(chain: Sequence[Certificate]) -> Certificate | None:
    """The one that breaks the chain first; None if there is none."""
    return min(chain, key=lambda certificate: certificate.not_after, default=None)


def _read(certificate: x509.Certificate) -> Certificate:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = tuple(names.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        hosts = ()
    return Certificate(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        not_after=certificate.not_valid_after_utc,
        hosts=hosts,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
    )
