"""Sealing of stored secrets with a master key: AES-256-GCM."""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from synclead.store.errors import MasterKeyError

_KEY_BYTES = 32
_NONCE_BYTES = 12
_CHECK_CONTEXT = b"synclead master key check"
_CHECK_TEXT = b"synclead"
_WANTED = "it must be base64 of 32 bytes, as `openssl rand -base64 32` makes"


class MasterKey:
    """Seals and opens secrets. Shows nothing of itself."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes. Raises MasterKeyError for another length."""
        if len(key) != _KEY_BYTES:
            raise MasterKeyError("a master key has 32 bytes")
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return "MasterKey(…)"

    @classmethod
    def from_text(cls, text: str, place: str = "the process") -> "MasterKey":
        """The key that base64 `text` stands for. Raises MasterKeyError, which names the place and not the text."""
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            raise MasterKeyError(f"the master key in {place} is not base64: {_WANTED}") from None
        if len(key) != _KEY_BYTES:
            raise MasterKeyError(f"the master key in {place} has {len(key)} bytes instead of 32: {_WANTED}")
        return cls(key)

    def seal_api_key(self, key: bytes, subscription_id: int, user_id: str) -> bytes:
        """An encryption key in stored form: random 96-bit nonce, then cipher text and tag."""
        return self._seal(key, _api_key_context(subscription_id, user_id))

    def open_api_key(self, sealed: bytes, subscription_id: int, user_id: str) -> bytes:
        """The encryption key. Raises MasterKeyError when it was sealed otherwise, or for another user."""
        return self._open(sealed, _api_key_context(subscription_id, user_id))

    def check_value(self) -> bytes:
        """What the database keeps to recognise this key again."""
        return self._seal(_CHECK_TEXT, _CHECK_CONTEXT)

    def fits(self, check_value: bytes) -> bool:
        """Whether this key made the check value."""
        try:
            return self._open(check_value, _CHECK_CONTEXT) == _CHECK_TEXT
        except MasterKeyError:
            return False

    def _seal(self, plain: bytes, context: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def _open(self, sealed: bytes, context: bytes) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise MasterKeyError("a stored secret was not sealed with this master key") from None


def new_key_text() -> str:
    """A new master key, as it is written down."""
    return base64.b64encode(os.urandom(_KEY_BYTES)).decode()


def _api_key_context(subscription_id: int, user_id: str) -> bytes:
    return f"api key\0{subscription_id}\0{user_id}".encode()
