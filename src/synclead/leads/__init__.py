"""The domain: which lead a record means and what changes. Pure: no I/O, clock, database or XML."""
