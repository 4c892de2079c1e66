"""Key files: sealed, refused, never written over."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from nacl.signing import VerifyKey

from node.errors import FileError, Reason
from node.folder.keyfile import create_log_key, create_tls_identity, load_log_key, load_tls_identity

NOW = datetime.now(UTC)


@pytest.mark.parametrize("passphrase", [None, "湘江".encode()])
def test_log_key_round_trip(tmp_path: Path, passphrase: bytes | None) -> None:
    path = tmp_path / "log.key"
    made = create_log_key(path, "changsha", passphrase)
    read = load_log_key(path, lambda: passphrase)
    assert read.key == made.key
    VerifyKey(made.public_key).verify(b"text", read.sign(b"text"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert (b"PRIVATE" in path.read_bytes()) is (passphrase is None)
    assert "SigningKey" not in repr(read)


@pytest.mark.parametrize("passphrase", [None, b"secret"])
def test_tls_identity_round_trip(tmp_path: Path, passphrase: bytes | None) -> None:
    path = tmp_path / "tls.pem"
    made = create_tls_identity(path, "changsha.gongzhi.internal", NOW, passphrase)
    read = load_tls_identity(path, lambda: passphrase)
    assert (read.certificate, read.key_pem) == (made.certificate, made.key_pem)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (b"ENCRYPTED" in path.read_bytes()) is (passphrase is not None)
    assert "PRIVATE KEY" not in repr(read)
    certificate = x509.load_pem_x509_certificate(read.cert_pem)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


@pytest.mark.parametrize("given", [None, b"wrong"])
def test_another_passphrase_is_refused(tmp_path: Path, given: bytes | None) -> None:
    create_log_key(tmp_path / "log.key", "changsha", b"right")
    create_tls_identity(tmp_path / "tls.pem", "x", NOW, b"right")
    for load, name in ((load_log_key, "log.key"), (load_tls_identity, "tls.pem")):
        with pytest.raises(FileError, match="passphrase") as caught:
            load(tmp_path / name, lambda: given)
        assert caught.value.reason is Reason.INVALID_KEY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    create_log_key(tmp_path / "log.key", "changsha")
    create_tls_identity(tmp_path / "tls.pem", "x", NOW)
    for load, name in ((load_log_key, "log.key"), (load_tls_identity, "tls.pem")):
        (tmp_path / name).chmod(mode)
        with pytest.raises(FileError, match="chmod 600"):
            load(tmp_path / name)


def test_a_damaged_or_absent_file_is_refused_and_shows_nothing(tmp_path: Path) -> None:
    create_log_key(tmp_path / "log.key", "changsha")
    text = (tmp_path / "log.key").read_text()
    secret = text.split("+", 4)[4]  # base64 itself may hold a +
    for damaged in ("", "x", text[:-9], text.replace("changsha", "wuhan"), "GONGZHI+SEALED+argon2id+1"):
        (tmp_path / "log.key").write_text(damaged)
        with pytest.raises(FileError) as caught:
            load_log_key(tmp_path / "log.key", lambda: b"x")
        assert secret[:12] not in str(caught.value)
    for load in (load_log_key, load_tls_identity):
        with pytest.raises(FileError, match="cannot be read"):
            load(tmp_path / "absent")


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    create_log_key(tmp_path / "log.key", "changsha")
    before = (tmp_path / "log.key").read_bytes()
    with pytest.raises(FileError, match="already exists"):
        create_log_key(tmp_path / "log.key", "changsha")
    assert (tmp_path / "log.key").read_bytes() == before
