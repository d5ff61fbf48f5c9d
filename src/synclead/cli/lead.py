"""`synclead lead`: look at leads, and forget them."""

import typer

lead = typer.Typer(no_args_is_help=True, help="Show and forget leads.")
