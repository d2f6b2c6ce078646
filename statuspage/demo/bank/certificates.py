"""A certificate authority of the demonstration's own, and two certificates from it for the bank: a good one and one that has run out."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

_CA_DAYS, _GOOD_DAYS = 3650, 90


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Bank"), x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


class Authority:
    """Keeps ca.pem and ca.key in `folder`; makes them if they are missing or about to run out, so that probers may keep ca.pem."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self._folder = folder
        self._now = now
        self.ca_file = folder / "ca.pem"
        key_file = folder / "ca.key"
        if self.ca_file.exists() and key_file.exists():
            self._certificate = x509.load_pem_x509_certificate(self.ca_file.read_bytes())
            key = load_pem_private_key(key_file.read_bytes(), password=None)
            if isinstance(key, ec.EllipticCurvePrivateKey) and self._certificate.not_valid_after_utc > now + timedelta(days=_GOOD_DAYS):
                self._key = key
                return
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._make_ca()
        _write_key(key_file, self._key)
        self.ca_file.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def _make_ca(self) -> x509.Certificate:
        name = _name("Example Bank demonstration authority")
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)  # signs certificates and lists of revoked ones
        builder = _builder(name, name, self._key, self._now - timedelta(days=2), self._now + timedelta(days=_CA_DAYS))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(usage, critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        return builder.add_extension(identifier, critical=False).sign(self._key, hashes.SHA256())

    def context(self, name: str, host: str, *, expired: bool) -> ssl.SSLContext:
        """A server's TLS context with a new certificate for localhost, 127.0.0.1 and `host`; an expired one ended yesterday."""
        key = ec.generate_private_key(ec.SECP256R1())
        start, end = self._now - timedelta(days=2), self._now + timedelta(days=_GOOD_DAYS)
        builder = _builder(_name("localhost"), self._certificate.subject, key, start, self._now - timedelta(days=1) if expired else end)
        names: list[x509.GeneralName] = [x509.DNSName("localhost")]
        names += [x509.IPAddress(ip_address(address)) for address in sorted({"127.0.0.1", "::1", *_addresses(host)})]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = builder.add_extension(issuer, critical=False).sign(self._key, hashes.SHA256())
        chain, key_file = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        chain.write_bytes(certificate.public_bytes(Encoding.PEM))
        _write_key(key_file, key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key_file)
        return context


def _addresses(host: str) -> set[str]:
    try:
        address = ip_address(host)
    except ValueError:
        return set()
    return set() if address.is_unspecified else {str(address)}
