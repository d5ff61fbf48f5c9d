"""What to change in a program, or in the configuration, so that a refused call is accepted: one place for every fault.

A sentence speaks to whoever keeps the old program, and knows nothing of this one's code.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from synclead.pasted import is_plain, word
from synclead.soap.causes import Cause

Facts = Mapping[str, Any]
"""What the log says of a call (`service.failure_facts`)."""


def advise(code: int, facts: Facts) -> str:
    """What to do about a fault; `facts` make it exact. Empty for a code that no fault has."""
    found = ADVICE.get(code, "")
    return found(facts) if callable(found) else found


def _authentication(facts: Facts) -> str:
    reason = str(facts.get("reason", ""))
    for part, advice in _AUTHENTICATION.items():
        if part in reason:
            return advice
    return "Send one AuthenticationHeader with mktowsUserId, requestSignature and requestTimestamp, each once."


_AUTHENTICATION: Mapping[str, str] = MappingProxyType(
    {
        "no AuthenticationHeader": "The program sends no AuthenticationHeader: put mktowsUserId, requestSignature and "
        "requestTimestamp into the Header of the envelope.",
        "unknown user": "No API user has the mktowsUserId that was sent: correct it in the program, or add the user to "
        "the declaration and run `synclead apply`.",
        "wrong signature": "The user is right and the signature is not: compare the encryption key of the program with "
        "the declared one. It is the hex HMAC-SHA1 over requestTimestamp directly followed by mktowsUserId, both as "
        "sent.",
        "timestamp cannot be read": "The signature is right, but requestTimestamp is no time: send it like "
        "2013-07-31T12:38:47-07:00.",
        "demo user": "The published demo user is let in by `synclead serve --demo` alone: use an API user of your own.",
    }
)


def _not_understood(facts: Facts) -> str:
    return _NOT_UNDERSTOOD.get(str(facts.get("cause")), _NOT_UNDERSTOOD[Cause.ENVELOPE])


_XML = "Let the program write its XML by a library, or escape & as &amp; and < as &lt; in every value."
_NOT_UNDERSTOOD: Mapping[str, str] = MappingProxyType(
    {
        Cause.EMPTY: "The program sends a POST without a body: look for what empties it, such as a redirect from http "
        "to https that is followed by a GET, or a variable that was never filled.",
        Cause.GZIP: "Send Content-Encoding: gzip (or deflate) with a compressed body, or send it uncompressed.",
        Cause.MULTIPART: "Switch attachments (MTOM) off in the SOAP library: send the envelope alone, as text/xml.",
        Cause.JSON: "This is the SOAP endpoint: send a SOAP 1.1 envelope as text/xml, not JSON.",
        Cause.FORM: "This is the SOAP endpoint: send a SOAP 1.1 envelope as text/xml, not a form; with curl use "
        "--data-binary @FILE and a Content-Type.",
        Cause.HTML: "The program sends a page in place of its call: look at what it read before, such as an answer of "
        "a proxy or a login page.",
        Cause.TEXT_BEFORE: "Let nothing stand before <?xml: often it is a blank line at the start of a file of the "
        "program, or a byte order mark that was read as text.",
        Cause.ENTITY: "XML has no entities of HTML: send the character itself in the declared encoding, or its number "
        "such as &#233;; in PHP use htmlspecialchars in place of htmlentities.",
        Cause.AMPERSAND: _XML,
        Cause.LESS_THAN: _XML,
        Cause.CHARACTER: "Take control characters out of the values before they are sent: XML has none but tab and "
        "line ends, not even by number.",
        Cause.ENCODING: "Send the bytes in the encoding that the XML declaration and Content-Type name: UTF-8 in all "
        "three is best.",
        Cause.CUT_SHORT: "The request ends too early: compare Content-Length with the bytes of the body (not its "
        "characters), and look for a limit of the program or of a proxy.",
        Cause.TAGS: "Let the program write its XML by a library: the tags do not fit together.",
        Cause.PREFIX: "Declare the prefix by xmlns on the envelope, or leave it out: names alone count here.",
        Cause.TEXT_BEHIND: "Send one envelope and nothing behind it.",
        Cause.DOCTYPE: "Leave the DOCTYPE out: SOAP has none.",
        Cause.NOT_WELL_FORMED: _XML,
        Cause.ENVELOPE: "Send one SOAP 1.1 envelope with one Body and one element in it.",
        Cause.SOAP_VERSION: "Set the SOAP library to version 1.1.",
        Cause.HEADER_BLOCK: "Leave the header block out, or send it without mustUnderstand: no such block is carried "
        "out here. WS-Security and WS-Addressing can be switched off in the SOAP library.",
        Cause.REFERENCE: "An href must lead to the id of one element of the Body, and not back to itself.",
        Cause.TOO_LARGE: "Send less in one call, or serve with a higher limit (`synclead serve --help`).",
        Cause.TOO_SLOW: "The body did not arrive in time: look at the network, at Content-Length, and at a client that "
        "waits for `100 Continue`; `serve --body-timeout` gives it longer.",
        Cause.PATH: "Correct the URL in the program: the path is like /soap/mktows/2_7, and nothing follows it.",
        Cause.METHOD: "Calls are POSTed. A redirect from http to https turns a POST into a GET: let the program use "
        "the URL that it leads to.",
        Cause.PAGE: "A browser's page cannot make calls: let its server make them.",
        Cause.TLS: "The program speaks TLS, and this port does not: use http:// in its URL, or serve with "
        "--tls-cert-file and --tls-key-file, or put a proxy in front that speaks TLS.",
        Cause.COMPRESSION: "Send the body uncompressed, or whole in gzip or deflate as Content-Encoding says.",
    }
)


def _expired(facts: Facts) -> str:
    difference = facts.get("clock_difference")
    if difference is None:
        return "Set the clock of the client's machine, and make the timestamp anew for each call."
    side = "ahead of" if difference > 0 else "behind"
    return (
        f"The timestamp is {abs(difference):.0f} s {side} this server's clock: set the clocks of both machines, send "
        "the offset of the time zone, and make timestamp and signature anew for each call."
    )


def _unknown_fields(facts: Facts) -> str:
    names = [str(name) for name in facts.get("unknown_fields") or ["NAME"]]
    if "why" in facts:
        told = "Calls have made as many fields as they may (`synclead fields list --auto`). "
        other, ending = "correct the names in the program, or raise `created_fields_limit` in the policy.", ""
    else:
        told, other = "", "or correct the names in the program."
        ending = ' With `unknown_fields = "create"` in the policy a call makes such fields by itself.'
    if all(map(is_plain, names)):
        commands = " and ".join(f"`synclead fields add {name} --type string`" for name in names)
        return f"{told}Add what you want to keep with {commands}, {other}{ending}"
    # Commands with text that had to be quoted stand last and bare: a backtick in it would end a mark around them.
    other = other.removeprefix("or ")
    words = [word(name) for name in names]
    if unseen := words.count(None):
        told += f"{unseen} of the names ha{'s' if unseen == 1 else 've'} characters that are not seen. "
    commands = "; ".join(f"synclead fields add --type string -- {one}" for one in words if one is not None)
    adding = f" Or add what you want to keep: {commands}" if commands else ""
    return f"{told}{other[0].upper()}{other[1:]}{ending}{adding}"


def _missing(facts: Facts) -> str:
    name = facts.get("field", "")
    if name == "ForeignSysType":
        return (
            "Send ForeignSysType with the ForeignSysPersonId, or set `require_foreign_sys_type = false` in the policy."
        )
    if name == "attrName":
        return "A value was sent without a name: give the attribute an attrName, or leave it out."
    if name.startswith("attrValue"):
        return "Send an attrValue with the attrName; an empty one clears the field. Or leave the attribute out."
    return f"Send {name or 'the parameter that the message names'}."


def _input(facts: Facts) -> str:
    why, name = facts.get("why", ""), facts.get("field", "")
    for part, advice in _INPUT_BY_REASON.items():
        if part in why:
            return advice
    if name in _INPUT_BY_NAME:
        return _INPUT_BY_NAME[name]
    return (
        f"Send {name or 'the field'} in the form that its type takes (`synclead fields list`), or with "
        '`bad_value = "skip"` in the policy a call goes on without a bad value.'
    )


_INPUT_BY_REASON: Mapping[str, str] = MappingProxyType(
    {
        "has no such element": "The contract has no such element there, so its content would be lost: look for a "
        "misspelt name, or put the value into an attribute.",
        "given more than once": "Send it once.",
        "text where elements belong": "There is text between the elements: take it out, or put it into the element "
        "that it belongs to.",
        "nil, and with content": 'An element has xsi:nil="true" and a content: send one of both.',
        "more than": "Send fewer attributes in one record, or serve with a higher limit (`synclead serve --help`).",
        "longer than": "Send a shorter value, or serve with a higher limit (`synclead serve --help`).",
        "read-only": 'The field cannot be set: leave it out, or set `bad_value = "skip"` in the policy.',
        "clears what the Email element": "The Email element names an address and the Email attribute is empty: leave "
        "one of them out.",
    }
)
_INPUT_BY_NAME: Mapping[str, str] = MappingProxyType(
    {
        "Id": "Send the Id that an answer gave, in digits alone; leave Id out for a new lead.",
        "Email": "Send one address with text on both sides of one @; leave it out where there is none.",
        "ForeignSysType": "Send CUSTOM, SFDC or NETSUITE, or leave it out, which means CUSTOM.",
        "ForeignSysPersonId": "Send 1 to 255 characters without control characters.",
        "marketoCookie": "Send the _mkto_trk cookie as the browser has it. For another account's cookies name the "
        'account in munchkin_aliases. With `bad_cookie = "ignore"` in the policy the other keys decide.',
        "targetWorkspace": "Name a declared workspace in the MktowsContextHeader, or leave the header out; "
        "`workspaces_enabled` and `workspaces` stand in the declaration.",
        "returnLead": "Send true or false.",
        "attrName": "Send a name of 1 to 255 characters without control characters.",
    }
)


ADVICE: Mapping[int, str | Callable[[Facts], str]] = MappingProxyType(
    {
        10001: "This is a defect of synclead, or a value that the database refuses: the server's log has the reason "
        "under the reference. Other calls are not touched.",
        20011: "The database did not answer in time: repeat the call, which makes no second lead. The server's log has "
        "the reason under the reference.",
        20012: _not_understood,
        20013: "The API user is disabled: take `disabled = true` out of the declaration and run `synclead apply`.",
        20014: _authentication,
        20015: "The subscription had its calls of the day, until midnight US Central: call less, or raise "
        "`calls_per_day` under `limits` in the declaration.",
        20016: _expired,
        20017: "The element below Body holds text instead of elements: send the parameters as elements in it.",
        20019: "The element below Body names no operation that this server carries out, so nothing of it is kept: "
        "correct its name, or take the call out of the program.",
        20023: "Too many calls in 20 seconds: wait and repeat, or raise `calls_per_20s` under `limits` in the "
        "declaration.",
        20024: "Too many calls at the same time: use fewer connections, or raise `concurrent_calls` under `limits` in "
        "the declaration.",
        20101: "Send an Id, an Email or a ForeignSysPersonId that is not empty: an unknown cookie alone names nobody.",
        20102: "Send one of the key types that the WSDL lists, in its letters.",
        20103: "No lead here has that Id. If the program keeps Ids of the old service, bring those leads with "
        '`synclead import FILE.csv --keep-ids`, or set `unknown_id = "next_key"` in the policy, so that Email or '
        "foreign id decides.",
        20104: "Put a leadRecord into the parameters, with the keys in it.",
        20105: _unknown_fields,
        20106: "The named workspace does not reach the lead: leave the MktowsContextHeader out, name the workspace "
        'whose primary partition has the lead, or set `workspace_mismatch = "update"` in the policy.',
        20108: "There are no owners of leads here: find the lead by another key.",
        20109: _missing,
        20110: _input,
    }
)
"""By code (spec: sync-lead, sections 2 and 6)."""
