"""`synclead sync`: one syncLead call from the command line."""


def sync() -> None:
    """Create or update a lead."""
