"""The key that pictures are signed with: made at the first picture, or the organisation's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import SettingsError

if TYPE_CHECKING:
    from cryptography.x509 import KeyUsage

KEY, CHAIN = "key.pem", "certificates.pem"
YEARS = 10


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signs.

    Attributes:
        key: Private, in PEM.
        chain: The signer's certificate, then those that vouch for it, in PEM.
    """

    key: str
    chain: str


def load_credentials(folder: Path, certificate: Path | None = None, key: Path | None = None) -> Credentials:
    """Returns what pictures are signed with.

    Args:
        folder: Where the assistant's own key lies; it is made there where there is none.
        certificate: The organisation's own chain of certificates, for keys on the curve P-256.
        key: The private key that belongs to it.

    Raises:
        SettingsError: A file cannot be read or written.
    """
    try:
        if certificate and key:
            return Credentials(key.read_text(), certificate.read_text())
        if not (folder / CHAIN).exists():
            _write(folder, make_credentials())
        return Credentials((folder / KEY).read_text(), (folder / CHAIN).read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Pictures cannot be signed: {error}.") from error


def _write(folder: Path, made: Credentials) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # The chain is written last: where it is there, the key is whole.
    for name, text in ((KEY, made.key), (CHAIN, made.chain)):
        part = folder / f"{name}.{os.getpid()}"
        part.touch(mode=0o600)
        part.write_text(text)
        part.replace(folder / name)


def make_credentials() -> Credentials:
    """Makes a key on the curve P-256 with a certificate, and an authority of its own that vouches for it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(common: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Assistant"),
                x509.NameAttribute(NameOID.COMMON_NAME, common),
            ]
        )

    def certificate(
        subject: x509.Name,
        public: ec.EllipticCurvePublicKey,
        issuer: x509.Name,
        by: ec.EllipticCurvePrivateKey,
        *,
        ca: bool,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365 * YEARS))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
            .add_extension(_usage(ca=ca), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        )
        if not ca:
            built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        return built.sign(by, hashes.SHA256())

    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root, leaf = name("Assistant, this machine's authority"), name("Assistant, pictures of this machine")
    chain = (
        certificate(leaf, own.public_key(), root, authority, ca=False),
        certificate(root, authority.public_key(), root, authority, ca=True),
    )
    key = own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Credentials(key.decode(), "".join(each.public_bytes(serialization.Encoding.PEM).decode() for each in chain))


def _usage(*, ca: bool) -> KeyUsage:
    from cryptography.x509 import KeyUsage

    return KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
