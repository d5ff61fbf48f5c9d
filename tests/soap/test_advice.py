"""What to change, for every fault that the server can answer."""

from collections.abc import Iterator

import pytest

from synclead.leads.errors import SyncleadError
from synclead.soap.advice import ADVICE, advise


def codes(error: type[SyncleadError] = SyncleadError) -> Iterator[int]:
    """Every code that a class of errors has; those of other tests are not the server's."""
    if "code" in vars(error) and error.__module__.startswith("synclead."):
        yield error.code
    for child in error.__subclasses__():
        yield from codes(child)


def test_every_fault_has_an_advice() -> None:
    """A new fault is not without one."""
    assert set(codes()) - set(ADVICE) == set()
    for code in ADVICE:
        assert advise(code, {}).endswith(".")


@pytest.mark.parametrize(
    ("code", "facts", "said"),
    [
        (20014, {"reason": "unknown user"}, "No API user has the mktowsUserId"),
        (20014, {"reason": "wrong signature"}, "compare the encryption key"),
        (20014, {"reason": "timestamp cannot be read"}, "requestTimestamp is no time"),
        (20014, {"reason": "no AuthenticationHeader"}, "sends no AuthenticationHeader"),
        (20014, {"reason": "requestSignature is missing"}, "each once"),
        (20014, {"reason": "demo user outside a demo"}, "--demo"),
        (20016, {"clock_difference": -7200.4}, "7200 s behind"),
        (20016, {"clock_difference": 7200.4}, "7200 s ahead of"),
        (20105, {"unknown_fields": ["pants", "hat"]}, "`synclead fields add pants --type string` and `synclead"),
        (
            20105,
            {"unknown_fields": ["hat"], "why": "calls may make no more than 500 fields"},
            "raise `created_fields_limit`",
        ),
        (20105, {"unknown_fields": ["it's a hat"]}, """-- 'it'"'"'s a hat'"""),
        (20109, {"field": "ForeignSysType"}, "require_foreign_sys_type"),
        (20109, {"field": "attrValue of City"}, "an empty one clears"),
        (20110, {"field": "Id", "why": "is not a whole number"}, "in digits alone"),
        (20110, {"field": "marketoCookie", "why": "is not a token"}, "bad_cookie"),
        (20110, {"field": "Emial", "why": "LeadRecord has no such element"}, "misspelt"),
        (20110, {"field": "Email", "why": "given more than once"}, "Send it once"),
        (20110, {"field": "Age", "why": "is not a whole number"}, "bad_value"),
        (20110, {"field": "Age", "why": "the field is read-only and has another value"}, "cannot be set"),
        (20103, {}, "--keep-ids"),
    ],
)
def test_an_advice_is_exact(code: int, facts: dict[str, object], said: str) -> None:
    """What the log knows of the call decides between the causes of one code."""
    assert said in advise(code, facts)


def test_an_unknown_code_has_none() -> None:
    """An entry of a later release is shown without one."""
    assert advise(29999, {}) == ""
