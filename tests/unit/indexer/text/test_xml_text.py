from __future__ import annotations

import pytest

from indexer.text.xml_text import xml_text


def test_each_value_stands_on_a_line_after_its_name() -> None:
    """Names are local, a mere <value> has its parent's name, attributes are left out, entities are read."""
    source = b"""<?xml version="1.0" encoding="UTF-8"?>
<n:doc xmlns:n="u" schema="X"><n:issuerName>AT&amp;T  INC</n:issuerName><empty/>
<shares><value>1,000</value><footnoteId id="F1"/></shares><note>see <b>this</b> page</note></n:doc>"""
    assert xml_text(source) == "issuerName: AT&T INC\nshares: 1,000\nnote: see\nb: this\nnote: page"


def test_a_value_among_others_keeps_its_name() -> None:
    """The market value in a row of a 13F is no wrapper, as the first element of an ownership form's field is."""
    row = b"<infoTable><name>ACME</name><title>COM</title><cusip>1</cusip><value>463</value></infoTable>"
    assert xml_text(row) == "name: ACME\ntitle: COM\ncusip: 1\nvalue: 463"
    assert xml_text(b"<a><value><value>1</value></value></a>") == "a: 1"
    assert xml_text(b"<value>1</value>") == "value: 1"


def test_a_value_after_one_other_has_their_parents_name() -> None:
    """A Form D tells the year of incorporation after whether it is recent."""
    year = b"<yearOfInc><withinFiveYears>true</withinFiveYears><value>2019</value></yearOfInc>"
    assert xml_text(year) == "withinFiveYears: true\nyearOfInc: 2019"
    assert xml_text(b'<price><footnoteId id="F1"/><value>7</value></price>') == "price: 7"


def test_the_bytes_tell_the_charset_not_the_declaration() -> None:
    """A declaration that is wrong costs no letter."""
    assert xml_text(b'<?xml version="1.0" encoding="US-ASCII"?><a>caf\xe9</a>') == "a: café"
    assert xml_text("<?xml version='1.0' encoding='ISO-8859-1'?><a>café</a>".encode()) == "a: café"


def test_what_is_not_well_formed_gives_its_text() -> None:
    """A lost closing tag or a bare ampersand leaves the values, without names."""
    assert xml_text(b"<a><b>R&D</b><c>two &lt; three") == "R&D\ntwo < three"


@pytest.mark.timeout(30)  # what is quadratic here takes minutes
@pytest.mark.parametrize(
    "source",
    [
        b'<!DOCTYPE a [<!ENTITY b "' + b"b" * 100 + b'">]><a>' + b"&b;" * 1000 + b"</a>",
        b"<a>" * 200_000 + b"x" + b"</a>" * 200_000,
        b"<" * 1_000_000,
    ],
)
def test_bombs_do_not_go_off(source: bytes) -> None:
    """Entities are not expanded, and neither depth nor noise takes long."""
    assert len(xml_text(source)) <= len(source)
