"""`synclead visitor`: anonymous browsers."""

import typer

visitor = typer.Typer(no_args_is_help=True, help="Anonymous visitors.")
