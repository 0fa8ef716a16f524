"""Phones of each country: old local forms, kinds, areas, and never another number."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.imports.normalizers.numbering import PLANS, kind_of
from batches.imports.normalizers.phones import read_phones

KINDS = ["mobile", "landline", "phone"]


def read(cell, kind, country, area=""):
    found = read_phones(cell, kind, PLANS[country], area)
    return found.numbers, [code for code, _text in found.problems]


@pytest.mark.parametrize(
    ("country", "cell", "kind", "number"),
    [
        # Argentina: the column says whether there is a 9, unless the number does
        ("AR", 3514567890, "mobile", "+5493514567890"),
        ("AR", 3514567890, "landline", "+543514567890"),
        ("AR", "+54 351 456-7890", "mobile", "+5493514567890"),
        ("AR", "+54 9 351 456-7890", "landline", "+5493514567890"),
        ("AR", "0351 15 456-7890", "phone", "+5493514567890"),
        ("AR", "011 15 5555-0123", "landline", "+5491155550123"),
        ("AR", "02966 15 412345", "phone", "+5492966412345"),
        ("AR", "54 9 11 5555 0123", "phone", "+5491155550123"),
        ("AR", "549 11 15 5555 0123", "phone", "+5491155550123"),
        ("AR", "(011) 4555-0123", "landline", "+541145550123"),
        ("AR", 5491155550123.0, "phone", "+5491155550123"),
        # Mexico: +52 1, 044, 045 and 01 are gone since 2019
        ("MX", "+52 1 55 5555 0123", "mobile", "+525555550123"),
        ("MX", "044 55 5555 0123", "phone", "+525555550123"),
        ("MX", "01 33 3333 0123", "landline", "+523333330123"),
        ("MX", 5555550123.0, "phone", "+525555550123"),
        # Colombia: landlines have ten digits since 2021
        ("CO", 3005550123, "phone", "+573005550123"),
        ("CO", "03 300 555 0123", "mobile", "+573005550123"),
        ("CO", "1 5550123", "landline", "+576015550123"),
        ("CO", "+57 601 555 0123", "phone", "+576015550123"),
        # Peru, Spain, United States
        ("PE", "955 550 123", "phone", "+51955550123"),
        ("PE", "(01) 555 0123", "landline", "+5115550123"),
        ("PE", "0051 955550123", "mobile", "+51955550123"),
        ("ES", "655 55 01 23", "phone", "+34655550123"),
        ("ES", "+34 915 550 123", "landline", "+34915550123"),
        ("US", "(202) 555-0123", "phone", "+12025550123"),
        ("US", "1-202-555-0123", "mobile", "+12025550123"),
    ],
)
def test_a_number_is_read_however_it_is_typed(country, cell, kind, number):
    assert read(cell, kind, country) == ([number], [])


@pytest.mark.parametrize(
    ("country", "cell", "kind", "code"),
    [
        ("AR", 3514567890, "phone", "phone_kind_unknown"),
        ("AR", "+54 351 4567890", "phone", "phone_kind_unknown"),
        ("AR", "15 5555-0123", "mobile", "phone_area_missing"),
        ("AR", "5555-0123", "landline", "phone_area_missing"),
        ("AR", "+56 9 8765 4321", "mobile", "phone_foreign"),
        ("AR", "1155555555", "mobile", "phone_dummy"),
        ("AR", "0800 555 1234", "landline", "phone_invalid"),
        ("AR", "3514567890 123", "mobile", "phone_ambiguous"),
        ("AR", "3,51457E+09", "mobile", "phone_rounded"),
        ("MX", "5555 0123", "phone", "phone_area_missing"),
        ("MX", "1 202 555 0123", "phone", "phone_invalid"),
        ("CO", "555 0123", "landline", "phone_area_missing"),
        ("PE", "555 0123", "landline", "phone_area_missing"),
        ("ES", "12345", "phone", "phone_invalid"),
        ("ES", "600000000", "mobile", "phone_dummy"),
        ("US", "555-0123", "phone", "phone_area_missing"),
        ("US", "911", "phone", "phone_invalid"),
    ],
)
def test_what_is_no_complete_number_is_told_with_a_code(country, cell, kind, code):
    assert read(cell, kind, country) == ([], [code])


@pytest.mark.parametrize(
    ("country", "area", "cell", "kind", "number"),
    [
        ("AR", "11", "5555-0123", "landline", "+541155550123"),
        ("AR", "011", "15 5555-0123", "phone", "+5491155550123"),
        ("AR", "351", 4567890, "mobile", "+5493514567890"),
        ("AR", "351", "011 4555-0123", "landline", "+541145550123"),
        ("CL", "2", 28151807, "landline", "+56228151807"),
        ("CL", "32", "2123456", "landline", "+56322123456"),
        ("CL", "9", 87654321, "mobile", "+56987654321"),
        ("MX", "55", 55550123, "phone", "+525555550123"),
    ],
)
def test_an_area_of_its_own_completes_a_number(country, area, cell, kind, number):
    assert read(cell, kind, country, area) == ([number], [])


def test_several_numbers_of_a_cell_keep_their_order():
    cell = "351 456-7890 / 011 15 5555-0123; S/N"
    assert read(cell, "mobile", "AR") == (["+5493514567890", "+5491155550123"], [])
    assert read("655550123 915550123", "phone", "ES")[0] == [
        "+34655550123",
        "+34915550123",
    ]


def test_the_kind_is_the_numbers_own_where_the_plan_tells():
    numbers = ["+5491155550123", "+541155550123", "+525555550123", "+34655550123"]
    assert [kind_of(n) for n in numbers] == ["mobile", "landline", "unknown", "mobile"]


PLAN = st.sampled_from(sorted(set(PLANS) - {"CL"}))
DIGITS = st.one_of(
    st.text("0123456789", min_size=6, max_size=14),
    st.from_regex(r"(0?11|0?351)(15)?[2-6]\d{7}", fullmatch=True),
    st.from_regex(r"(521?|044|01)?55[2-9]\d{7}", fullmatch=True),
    st.from_regex(r"(57|03)?3[0-2]\d{8}|[1-8][2-9]\d{6}", fullmatch=True),
)


@settings(deadline=None, max_examples=1500)
@given(DIGITS, PLAN, st.sampled_from(KINDS))
def test_a_number_is_valid_and_its_digits_are_the_cells(digits, country, kind):
    """What is added are country codes, the 9 of Argentine mobiles and the 60 of
    Colombian landlines; what is dropped, prefixes and the 15 of Argentina."""
    for number in read(digits, kind, country)[0]:
        parsed = phonenumbers.parse(number)
        assert phonenumbers.is_valid_number(parsed)
        national = str(parsed.national_number)
        if country == "AR":
            national = national[-10:]
            ways = {national} | {f"{national[:n]}15{national[n:]}" for n in (2, 3, 4)}
            assert any(digits.endswith(way) for way in ways)
        elif country == "CO" and national.startswith("60"):
            assert digits.endswith(national[2:])
        else:
            assert digits.endswith(national)


@settings(deadline=None, max_examples=800)
@given(st.text("0123456789 -/.;()+yE", max_size=24), PLAN, st.sampled_from(KINDS))
def test_reading_what_was_read_changes_nothing(text, country, kind):
    for number in read(text, kind, country)[0]:
        assert read(number, kind, country) == ([number], [])


@settings(deadline=None, max_examples=300)
@given(PLAN, st.integers(0, 10**7 - 1))
def test_a_number_reads_alike_however_it_is_grouped(country, rest):
    start = {"AR": "11 4", "MX": "55 5", "CO": "300 ", "PE": "95", "ES": "65"}
    typed = f"{start.get(country, '202 ')}{rest:07}"
    spread = typed.replace(" ", "")
    forms = [typed, spread, float(spread), f"+{PLANS[country].code} {typed}"]
    results = [read(form, "mobile", country) for form in forms]
    assert all(found[0] == results[0][0] for found in results)
