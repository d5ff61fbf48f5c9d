"""Calls of syncLead from small pools, so that keys meet often.

`#` in a key stands for the number of the example, `%` for the same in five digits: examples share subscriptions, but
no keys.
"""

from __future__ import annotations

from hypothesis import strategies as st

from support.envelopes import Call

EMAILS = ["eu@one#.example", "EU@One#.example", " two@e#.example ", "two@e#.example", "three@e#.example"]
SFDC = "00350%abcDE"

# None is what most calls have: a call with every key says little about each.
ids = st.one_of(
    st.none(),
    st.none(),
    st.integers(0, 3).map(str),  # counted from the first id of the example
    st.sampled_from(["", " ", "0", "abc", "2147483647", "2147483648", "-1"]).map(lambda text: f"={text}"),
)
foreign_ids = st.one_of(
    st.none(), st.none(), st.sampled_from(["X#", "x#", " Y# ", SFDC, SFDC + "AAY", "a\tb", "", "z" * 256])
)
foreign_types = st.sampled_from(["CUSTOM", "custom", "SFDC", "NetSuite", None, "", "OTHER"])
emails = st.one_of(st.none(), st.sampled_from(EMAILS), st.sampled_from(["", "two@", "a@b@c", "a b@c"]))
tokens = ["_mch-e#.com-1-1", "_mch-e#.com-2-2", "_mch-E#.com-1-1"]
cookies = st.one_of(
    st.none(),
    st.none(),
    st.sampled_from(tokens),
    st.sampled_from(tokens).map("id:ACCOUNT&token:{}".format),
    st.sampled_from(tokens).map("id%3AALIAS%26token%3A{}".format),
    st.sampled_from(["id:999-ZZZ-999&token:_mch-e#.com-1-1", "id:ACCOUNT&token:", "?", ""]),
)
workspaces = st.one_of(st.none(), st.sampled_from([None, "Default", "default", "EMEA", " emea ", "Aloha", "", "Asia"]))
values = st.one_of(
    st.tuples(st.just("FirstName"), st.sampled_from(["George", " George ", "", "n" * 256])),
    st.tuples(st.just("firstName"), st.sampled_from(["Zoë 🦍", " "])),
    st.tuples(st.sampled_from(["Country", "COUNTRY"]), st.sampled_from(["Italy", "italy", "Spain", ""])),
    st.tuples(st.just("Address"), st.sampled_from([" two\n lines ", "one", " "])),
    st.tuples(st.just("LeadScore"), st.sampled_from(["100", "+100.0", "1,000", "-5", "12.5", "2147483648", "x", ""])),
    st.tuples(
        st.just("AnnualRevenue"), st.sampled_from(["$1,200.50", "1200.5", "-$.5", "$-0.50", "5.", "1,20", "0.00"])
    ),
    st.tuples(st.just("Unsubscribed"), st.sampled_from(["true", "1", "No", "off", "maybe", ""])),
    st.tuples(
        st.just("DateofBirth"),
        st.sampled_from(["2012-10-15", "10/15/2012", "2012-10-15T23:30:00-05:00", "2012-02-30", "15.10.2012"]),
    ),
    st.tuples(st.just("Discount"), st.sampled_from(["7.5%", "7.50", "17.5", "%", ""])),
    st.tuples(st.just("rebate"), st.just("100")),
    st.tuples(
        st.just("LastVisit"),
        st.sampled_from(
            [
                "2012-10-15T14:01:26-05:00",
                "2012-10-15 19:01:26.75Z",
                "2012-07-01T12:30",
                "2012-03-25T02:30:00",
                "2012-10-28T02:30:00",
                "2012-11-04 01:30:00",
                "2012-10-15",
                "soon",
            ]
        ),
    ),
    st.tuples(st.just("InferredCountry"), st.sampled_from(["", "France"])),
    st.tuples(st.sampled_from(["pants#", "Pants#"]), st.sampled_from(["long", "short", ""])),
    st.tuples(st.just("createdAt"), st.just("2012-10-15T14:01:26Z")),
    st.tuples(st.sampled_from(["Email", "email"]), st.sampled_from([*EMAILS, "", "two@"])),
)
# Of one name twice the last counts; which of them must be good is not said, so no name comes twice.
attributes = st.lists(values, max_size=3, unique_by=lambda one: one[0].lower().replace("rebate", "discount"))


@st.composite
def calls(draw: st.DrawFn, *, plain: bool = False) -> Call:
    """Any call; a plain one has good keys and no values, so that more of them come to something."""
    if plain:
        return Call(
            id=draw(st.one_of(st.none(), st.none(), st.integers(0, 3).map(str))),
            foreign_id=draw(st.sampled_from([None, None, "X#", "Y#", SFDC])),
            foreign_type=draw(st.sampled_from(["CUSTOM", "CUSTOM", "SFDC"])),
            email=draw(st.sampled_from([None, *EMAILS])),
            cookie=draw(st.sampled_from([None, None, *tokens])),
            workspace=draw(st.sampled_from([None, "EMEA", "emea", "Default"])),
            attributes=tuple(
                draw(
                    st.sampled_from(
                        [
                            (),
                            (),
                            (("Email", "three@e#.example"),),
                            (("Country", "Italy"),),
                            (("Email", ""),),
                            (("LeadScore", "7"),),
                        ]
                    )
                )
            ),
        )
    return Call(
        id=draw(ids),
        foreign_id=draw(foreign_ids),
        foreign_type=draw(foreign_types),
        email=draw(emails),
        cookie=draw(cookies),
        workspace=draw(workspaces),
        attributes=tuple(draw(attributes)),
        return_lead=draw(st.booleans()),
    )
