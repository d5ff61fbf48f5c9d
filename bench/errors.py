"""What can keep a figure from being measured."""


class NotMeasuredError(Exception):
    """A figure that cannot be measured here; the message is the reason, as the table shows it."""


class CellFailedError(Exception):
    """A cell whose answers or whose database were wrong: its speed means nothing."""


class UnsafeError(Exception):
    """A database or disk that would lose acknowledged leads: nothing is printed of it."""
