"""How much of requests is kept in memory at a time: the size of one is bounded elsewhere, their number is not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from synclead.store.errors import ServiceFailureError


class TooBusyError(ServiceFailureError):
    """There is no room for a body now. The client was not asked for the rest of it."""

    http_status = 503

    def __init__(self, reference: str, reason: str) -> None:
        super().__init__(reference, reason=reason)


class NoRoomError(Exception):
    """Requests hold as many bytes as they may; the message says which."""


@dataclass(slots=True)
class HeldBytes:
    """The bytes of requests that did not come whole at once, and of answers that wait for their clients, in one
    process."""

    most_unsigned: int = 64 * 1024 * 1024
    """Bytes of bodies whose signature was not checked yet."""
    most: int = 256 * 1024 * 1024
    """Bytes of all bodies."""
    most_answer: int = 16 * 1024 * 1024
    """Bytes of one answer that only reads."""
    most_answers: int = 64 * 1024 * 1024
    """Bytes of answers that wait, beyond which nothing more is read for others."""
    unsigned: int = 0
    signed: int = 0
    answers: int = 0
    """What is to be written for clients, and what they have not taken yet; small answers do not count."""
    refused: Callable[[str], None] = field(default=lambda kind: None)
    """Hears which of them had no room: `unsigned`, `all` or `answers`."""

    def take(self, size: int, *, signed: bool) -> None:
        """Counts so many more bytes. Raises NoRoomError where they are too many, and counts none of them."""
        if self.unsigned + self.signed + size > self.most:
            self.refused("all")
            raise NoRoomError(f"requests hold the {self.most:,} bytes that they may")
        if not signed and self.unsigned + size > self.most_unsigned:
            self.refused("unsigned")
            raise NoRoomError(f"requests without a checked signature hold the {self.most_unsigned:,} bytes they may")
        if signed:
            self.signed += size
        else:
            self.unsigned += size

    def give(self, size: int, *, signed: bool) -> None:
        """They are held no more."""
        if signed:
            self.signed -= size
        else:
            self.unsigned -= size

    def check_answers(self, *, writes: bool = False) -> None:
        """Raises NoRoomError where so many answers wait for their clients that no more may be made.

        A call that `writes` has twice the room, so that those who only read do not keep it from writing.
        """
        most = self.most_answers * 2 if writes else self.most_answers
        if self.answers >= most:
            self.refused("answers")
            raise NoRoomError(f"answers hold the {most:,} bytes that they may")

    @contextmanager
    def answering(self, size: int) -> Iterator[None]:
        """Counts so many bytes of answers within the block."""
        self.answers += size
        try:
            yield
        finally:
            self.answers -= size

    def sign(self, size: int) -> None:
        """The signature of a request that holds so many bytes is right."""
        self.unsigned -= size
        self.signed += size
