"""Reads a call: everything that can be refused without knowing any lead (spec: sync-lead, section 5)."""

from collections.abc import Iterable

from msgspec import Struct

from synclead.leads.errors import InputError, ParameterRequiredError, UnknownLeadFieldError
from synclead.leads.fields import EMAIL, Field, auto_field, check_field_name
from synclead.leads.file_row import check_characters, check_not_rounded, read_file_row
from synclead.leads.forms import Forms
from synclead.leads.keys import (
    bare_address,
    email_fault,
    parse_cookie,
    parse_email,
    parse_foreign_id,
    parse_foreign_type,
    parse_lead_id,
)
from synclead.leads.lead import Email, ForeignId
from synclead.leads.record import RawAttribute, RawRecord, SyncRequest
from synclead.leads.several import split
from synclead.leads.subscription import Subscription
from synclead.leads.text import WHITE_SPACE, fold, is_blank, trim
from synclead.leads.values import BadValueError, parse_value, value_reader


class _Sent(Struct, frozen=True):
    """What one field is sent: the last of the attributes that name it."""

    field: Field
    is_new: bool
    """Whether no field bears the name yet."""
    text: str


class _Values(Struct):
    """Checked values of one call, as `SyncRequest` holds them."""

    values: dict[str, str | None]
    read_only: dict[str, str | None]
    unknown: dict[str, str | None]
    skipped: list[str]


def read_record(raw: RawRecord, subscription: Subscription) -> SyncRequest:
    """The call, checked against the subscription's rules, every value in canonical form.

    Raises the first fault in the order of the document: missing values of attributes, workspace, Id,
    foreign id, Email element, names of attributes, their values in the order sent, Email attribute,
    cookie: ParameterRequiredError, InputError or UnknownLeadFieldError.
    """
    for attribute in raw.attributes:
        if attribute.value is None and not is_blank(attribute.name):
            raise ParameterRequiredError(f"attrValue of {trim(attribute.name or '')}")
    if raw.row is not None:
        check_characters(raw)
    workspace = subscription.places.workspace(raw.workspace)
    lead_id = None if raw.id is None or is_blank(raw.id) else parse_lead_id(raw.id)
    foreign_ids = _foreign_ids(raw, subscription)
    email_element = None if raw.email is None or is_blank(raw.email) else parse_email(raw.email)
    sent = _named(raw.attributes, subscription, raw.row is not None)
    email_text = sent.pop(EMAIL).text if EMAIL in sent else None
    values = _values(sent, subscription, raw.row.forms if raw.row else None)

    named = lead_id is not None or bool(foreign_ids) or email_element is not None
    cookies, cookie_fault = _cookies(raw, subscription)
    email_attribute, clears_email = _email_attribute(
        email_text, email_element, named or bool(cookies), subscription, values.skipped
    )
    if cookie_fault is not None and (
        subscription.policy.bad_cookie == "fault" or not (named or cookies or email_attribute is not None)
    ):
        raise cookie_fault
    row = None if raw.row is None else read_file_row(raw.row, lead_id, foreign_ids[1:], cookies[1:], subscription)
    return SyncRequest(
        id=lead_id,
        foreign_id=foreign_ids[0] if foreign_ids else None,
        cookie=cookies[0] if cookies else None,
        email_element=email_element,
        email_attribute=email_attribute,
        clears_email=clears_email,
        workspace=None if workspace is None else workspace.name,
        values=values.values,
        read_only=values.read_only,
        unknown=values.unknown,
        skipped=tuple(values.skipped),
        cookie_ignored=None if cookie_fault is None else cookie_fault.why,
        row=row,
    )


def _foreign_ids(raw: RawRecord, subscription: Subscription) -> tuple[ForeignId, ...]:
    """The foreign id, of a row of a file all of them; a type without an id means nothing, so it is not even read."""
    if raw.foreign_id is None or is_blank(raw.foreign_id):
        return ()
    if subscription.policy.require_foreign_sys_type and is_blank(raw.foreign_type):
        raise ParameterRequiredError("ForeignSysType")
    if raw.row is None:
        return (parse_foreign_id(parse_foreign_type(raw.foreign_type), raw.foreign_id),)
    ids, types = split(raw.foreign_id), split(raw.foreign_type or "") or [""]
    if len(types) == 1:
        types *= len(ids)
    if len(types) != len(ids):
        raise InputError("ForeignSysType", f"{len(types)} types stand beside {len(ids)} ids: give one, or one per id")
    for id in ids:
        check_not_rounded(id)
    read = (parse_foreign_id(parse_foreign_type(type), id) for type, id in zip(types, ids, strict=True) if trim(id))
    return tuple(dict.fromkeys(read))


def _named(attributes: tuple[RawAttribute, ...], subscription: Subscription, by_any_name: bool) -> dict[str, _Sent]:
    """What is sent, by canonical field name, in the order sent.

    The same field twice, in whatever spelling: the last counts, and only it is looked at further. `by_any_name`:
    a field that no call may name is found by its canonical name, which rows of a file bear.
    """
    catalogue = subscription.catalogue
    sent: dict[str, _Sent] = {}
    nameless = False
    unknown: dict[str, str] = {}
    for attribute in attributes:
        name = (attribute.name or "").strip(WHITE_SPACE)
        if not name:
            nameless = nameless or not is_blank(attribute.value)
            continue
        field = catalogue.find(name) or (catalogue.get(name) if by_any_name else None)
        if field is not None:
            if field.name in sent:
                del sent[field.name]  # the order is that of the last ones
            sent[field.name] = _Sent(field, False, attribute.value or "")
        else:
            unknown.setdefault(fold(name), name)
            # Canonical names are never folded names of unknown fields: `find` would have found those.
            sent.pop(fold(name), None)
            sent[fold(name)] = _Sent(auto_field(name), True, attribute.value or "")
    if nameless:
        raise ParameterRequiredError("attrName")
    if unknown:
        _check_unknown(unknown.values(), subscription)
    return sent


def _check_unknown(names: Iterable[str], subscription: Subscription) -> None:
    """Raises the fault of attribute names that no field bears, unless such fields are made.

    A field that a SOAP call may not name is unknown here, and cannot be made a second time.
    """
    refused = list(names)
    if subscription.policy.unknown_fields == "create":
        for name in refused:
            try:
                check_field_name(name)
            except ValueError as fault:
                raise InputError("attrName", str(fault)) from None
        refused = [name for name in refused if subscription.catalogue.bears(name)]
    if refused:
        raise UnknownLeadFieldError(refused)


def _values(sent: dict[str, _Sent], subscription: Subscription, forms: Forms | None) -> _Values:
    """Every value in canonical form. Raises BadValueError for the first bad one, or leaves it out.

    `forms` are those of a row of a file.
    """
    read = _Values({}, {}, {}, [])
    zone = subscription.time_zone
    for one in sent.values():
        field = one.field
        try:
            value = parse_value(field, one.text, zone) if forms is None else value_reader(field, zone, forms)(one.text)
        except BadValueError as fault:
            if subscription.policy.bad_value == "fault":
                raise
            read.skipped.append(f"{field.name}: {fault.why}")
            continue
        if one.is_new:
            read.unknown[field.name] = value
        elif field.read_only:
            read.read_only[field.name] = value
        else:
            read.values[field.name] = value
    return read


def _email_attribute(
    text: str | None,
    element: Email | None,
    has_other_key: bool,
    subscription: Subscription,
    skipped: list[str],
) -> tuple[Email | None, bool]:
    """The address to set, and whether it is cleared instead.

    Not documented: clearing it beside an Email element is a fault under `bad_value = "skip"` too,
    since the value is not bad but denies the other.
    """
    if text is None:
        return None, False
    if is_blank(text):
        if element is not None:
            raise InputError(EMAIL, "an empty Email attribute clears what the Email element gives")
        return None, True
    if has_other_key and subscription.policy.bad_value == "skip":
        why = email_fault(bare_address(text))
        if why is not None:
            skipped.append(f"{EMAIL}: {why}")
            return None, False
    return parse_email(text), False


def _cookies(raw: RawRecord, subscription: Subscription) -> tuple[tuple[str, ...], InputError | None]:
    """The token of the cookie, of a row of a file those of all cookies, and what is wrong with the first bad one."""
    if raw.cookie is None or is_blank(raw.cookie):
        return (), None
    own = (subscription.munchkin_account, *subscription.munchkin_aliases)
    accounts = frozenset(account.upper() for account in own)
    tokens: dict[str, None] = {}
    fault = None
    for text in (raw.cookie,) if raw.row is None else split(raw.cookie):
        try:
            if trim(text):
                tokens[parse_cookie(text, accounts)] = None
        except InputError as bad:
            fault = fault or bad
    return tuple(tokens), fault
