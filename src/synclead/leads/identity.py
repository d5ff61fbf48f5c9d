"""The table of identity as `docs/identity.md` shows it; `make docs` writes it there."""

from synclead.leads.resolve import TABLE

BEGIN, END = "<!-- table printed from the code: make docs -->", "<!-- end of the table -->"


def markdown() -> str:
    """The table of `resolve`, a line a row, between the marks that frame it in the document."""
    lines = [BEGIN, "", "| step | key | target | when | source |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {row.step} | {row.key} | {row.target} | {row.when} | {row.source} |" for row in TABLE]
    return "\n".join([*lines, "", END])
