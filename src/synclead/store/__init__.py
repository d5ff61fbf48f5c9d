"""The database: configuration, leads, and the one door through which leads are written."""
