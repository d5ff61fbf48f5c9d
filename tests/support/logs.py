"""What the program logs while a test runs."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from synclead.logs import get_logger


@contextmanager
def capture_logs() -> Iterator[list[dict[str, Any]]]:
    """The facts of every event in the block, of every level, with `event` and `log_level`; they are written nowhere."""
    logger, entries = get_logger(), list[dict[str, Any]]()
    put, threshold = logger.put, logger.threshold
    logger.threshold = logging.DEBUG
    logger.put = lambda level, facts: entries.append({**facts, "log_level": logging.getLevelName(level).lower()})
    try:
        yield entries
    finally:
        logger.put, logger.threshold = put, threshold
