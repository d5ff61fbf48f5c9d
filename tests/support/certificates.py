"""Certificates for tests of TLS: one that signed itself, or one that an authority signed."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def certificate(directory: Path, *names: str, rsa_key: bool = False) -> tuple[Path, Path]:
    """A self-signed certificate for localhost and other names, and its key, as files: P-256, or RSA."""
    key = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    alternatives = x509.SubjectAlternativeName([x509.DNSName(one) for one in ("localhost", *names)])
    made = _builder(name, name, key.public_key()).add_extension(alternatives, critical=False)
    cert_file, key_file = directory / "cert.pem", directory / "key.pem"
    cert_file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


def certificate_of_authority(directory: Path) -> tuple[Path, Path, Path]:
    """An authority's certificate, one for localhost that it signed, and its key, as files.

    RSA, since old clients know nothing else.
    """
    authority_key = rsa.generate_private_key(65537, 2048)
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Conformance authority")])
    authority = _builder(authority_name, authority_name, authority_key.public_key())
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    key = rsa.generate_private_key(65537, 2048)
    own_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    server = _builder(own_name, authority_name, key.public_key())
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    server = server.add_extension(x509.SubjectAlternativeName(names), critical=False)
    server = server.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    server = server.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    pem = serialization.Encoding.PEM
    ca_file, cert_file, key_file = (directory / name for name in ("ca.pem", "server.pem", "server.key"))
    ca_file.write_bytes(authority.sign(authority_key, hashes.SHA256()).public_bytes(pem))
    cert_file.write_bytes(server.sign(authority_key, hashes.SHA256()).public_bytes(pem))
    key_file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    )
    return ca_file, cert_file, key_file


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
    )
