"""Sealed secrets."""

import base64

import pytest

from synclead.store.errors import MasterKeyError
from synclead.store.secrets import MasterKey

KEY = base64.b64encode(bytes(range(32))).decode()


def test_a_sealed_key_opens_for_its_user_alone() -> None:
    """The subscription and the user are part of the seal."""
    key = MasterKey.from_text(KEY)
    sealed = key.seal_api_key(b"27272727aa", 1, "demo")

    assert key.open_api_key(sealed, 1, "demo") == b"27272727aa"
    for subscription_id, user_id in ((2, "demo"), (1, "other")):
        with pytest.raises(MasterKeyError):
            key.open_api_key(sealed, subscription_id, user_id)


def test_sealing_twice_gives_different_bytes() -> None:
    """Each seal has a nonce of its own, and the plain text is not in it."""
    key = MasterKey.from_text(KEY)
    first, second = (key.seal_api_key(b"27272727aa", 1, "demo") for _ in range(2))

    assert first != second
    assert b"27272727aa" not in first


def test_a_changed_seal_does_not_open() -> None:
    """One flipped bit is noticed, and so is a cut-off secret."""
    key = MasterKey.from_text(KEY)
    sealed = key.seal_api_key(b"k", 1, "demo")

    for broken in (sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[:5]):
        with pytest.raises(MasterKeyError):
            key.open_api_key(broken, 1, "demo")


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(b"x" * 31).decode(), "ä" * 44])
def test_a_malformed_key_is_refused_without_being_shown(text: str) -> None:
    """The refusal does not repeat what was given."""
    with pytest.raises(MasterKeyError) as refusal:
        MasterKey.from_text(text)
    assert not text or text not in str(refusal.value)


def test_the_key_does_not_show_itself() -> None:
    """Neither repr nor the attributes hold the key's text."""
    assert KEY not in repr(MasterKey.from_text(KEY))
