"""The policy is read from a declaration, over a preset."""

import pytest

from synclead.leads.policy import Policy


def test_the_document_is_the_default() -> None:
    """No keys, and the preset `document`, are the defaults."""
    assert Policy.from_mapping({}) == Policy()
    assert Policy.from_mapping({"preset": "document"}) == Policy()
    assert Policy() == Policy(False, "fault", "move", "fault", "fault", "fault", "fault")


def test_forgiving_takes_the_other_value_of_the_marked_keys() -> None:
    """The preset `forgiving` refuses less, and leaves the keys alone that are not about refusing."""
    assert Policy.from_mapping({"preset": "forgiving"}) == Policy(
        require_foreign_sys_type=False,
        unknown_id="next_key",
        cookie_conflict="move",
        bad_cookie="ignore",
        workspace_mismatch="update",
        unknown_fields="create",
        bad_value="skip",
    )


def test_a_key_wins_over_the_preset_wherever_it_stands() -> None:
    """An explicit key counts, before the preset or after it."""
    for mapping in (
        {"preset": "forgiving", "bad_value": "fault"},
        {"bad_value": "fault", "preset": "forgiving"},
    ):
        policy = Policy.from_mapping(mapping)
        assert (policy.bad_value, policy.bad_cookie) == ("fault", "ignore")


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ({"bad_cokie": "ignore"}, "'bad_cokie' is none of preset, require_foreign_sys_type"),
        ({"bad_cookie": "skip"}, "bad_cookie = 'skip' is none of 'fault', 'ignore'"),
        ({"preset": "strict"}, "preset = 'strict' is none of 'document', 'forgiving'"),
        ({"preset": ["document"]}, "preset = "),
        ({"require_foreign_sys_type": "true"}, "require_foreign_sys_type = 'true' is none of false, true"),
        ({"require_foreign_sys_type": 1}, "require_foreign_sys_type = 1 is none of"),
        ({"bad_value": ["skip"]}, "bad_value = "),
        ({"created_fields_limit": -1}, "created_fields_limit = -1 is no whole number from 0 to 10000"),
        ({"created_fields_limit": 10_001}, "created_fields_limit = 10001 is no whole number"),
        ({"created_fields_limit": True}, "created_fields_limit = True is no whole number"),
        ({"created_fields_limit": "5"}, "created_fields_limit = '5' is no whole number"),
    ],
)
def test_a_wrong_key_or_value_is_named(mapping: dict[str, object], reason: str) -> None:
    """What the policy does not know is refused, naming key and value."""
    with pytest.raises(ValueError, match=reason):
        Policy.from_mapping(mapping)


def test_a_limit_is_a_number() -> None:
    """500 where none is given, also by a preset."""
    assert Policy.from_mapping({"preset": "forgiving"}).created_fields_limit == 500
    assert Policy.from_mapping({"preset": "forgiving", "created_fields_limit": 0}).created_fields_limit == 0


def test_true_and_false_are_taken_for_the_yes_or_no_key() -> None:
    """`require_foreign_sys_type` is a boolean."""
    assert Policy.from_mapping({"require_foreign_sys_type": True}).require_foreign_sys_type is True
    assert Policy.from_mapping({"require_foreign_sys_type": False}).require_foreign_sys_type is False
