"""EDGAR's codes of states and countries by their names, as people type them.

Source: sec.gov, "EDGAR State and Country Codes"; the states of the USA, the provinces of Canada, and the countries in
which most other filers are incorporated.
"""

from __future__ import annotations

_UNITED_STATES = """
AL Alabama; AK Alaska; AZ Arizona; AR Arkansas; CA California; CO Colorado; CT Connecticut; DE Delaware;
DC District of Columbia; FL Florida; GA Georgia; HI Hawaii; ID Idaho; IL Illinois; IN Indiana; IA Iowa; KS Kansas;
KY Kentucky; LA Louisiana; ME Maine; MD Maryland; MA Massachusetts; MI Michigan; MN Minnesota; MS Mississippi;
MO Missouri; MT Montana; NE Nebraska; NV Nevada; NH New Hampshire; NJ New Jersey; NM New Mexico; NY New York;
NC North Carolina; ND North Dakota; OH Ohio; OK Oklahoma; OR Oregon; PA Pennsylvania; PR Puerto Rico; RI Rhode Island;
SC South Carolina; SD South Dakota; TN Tennessee; TX Texas; UT Utah; VT Vermont; VA Virginia; WA Washington;
WV West Virginia; WI Wisconsin; WY Wyoming
"""
_ELSEWHERE = """
A0 Alberta; A1 British Columbia; A2 Manitoba; A3 New Brunswick; A4 Newfoundland; A5 Nova Scotia; A6 Ontario;
A7 Prince Edward Island; A8 Quebec; A9 Saskatchewan; B0 Yukon; D0 Bermuda; D8 British Virgin Islands; E9 Cayman Islands;
F4 China; K3 Hong Kong; L2 Ireland; L3 Israel; M0 Japan; N4 Luxembourg; 1T Marshall Islands; P7 Netherlands;
U0 Singapore; V8 Switzerland; X0 United Kingdom
"""

_CODES = {
    name.casefold(): code
    for row in f"{_UNITED_STATES.strip()}; {_ELSEWHERE.strip()}".split(";")
    for code, _, name in [" ".join(row.split()).partition(" ")]
}


def state_code(typed: str) -> str:
    """EDGAR's code of the state or country named `typed`; anything else is returned unchanged."""
    return _CODES.get(" ".join(typed.split()).casefold(), typed)
