"""How much a request may hold before it is refused (spec: sync-lead, section 1)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Each is the largest that is accepted."""

    body: int = 10 * 1024 * 1024
    """Bytes, inflated; also of what references grow the body to."""
    depth: int = 64
    """Elements within elements, the envelope being the first."""
    elements: int = 200_000
    xml_attributes: int = 200_000
    """Attributes of all elements together, declarations of namespaces among them."""
    references: int = 1_000
    """`href` attributes followed."""
    attributes: int = 1_000
    """Attributes of one record."""
    value: int = 65_535
    """Characters of one value."""
    authentication: int = 255
    """Characters of the user id, the signature and the timestamp, each."""
