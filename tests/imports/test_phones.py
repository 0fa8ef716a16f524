from unittest import mock

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from batches.imports.normalizers import phones
from batches.imports.normalizers.phones import kind_of, read_phones

KINDS = ["mobile", "landline", "phone"]
PERSONAL = {
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
}


@pytest.mark.parametrize(
    ("cell", "kind", "numbers"),
    [
        # the documented cases of the first implementation
        ("09-2125907", "mobile", ["+56992125907"]),
        ("09-2125907", "landline", ["+56992125907"]),
        ("02-8151807", "landline", ["+56228151807"]),
        ("569978445371", "mobile", ["+56978445371"]),
        # Excel's floats: ten times as much was another person's phone
        (991234567.0, "mobile", ["+56991234567"]),
        ("991234567.0", "mobile", ["+56991234567"]),
        ("9,91234567E+08", "mobile", ["+56991234567"]),
        # complete numbers, whatever the column
        (987654321, "landline", ["+56987654321"]),
        ("228151807", "mobile", ["+56228151807"]),
        ("+56 9 8765 4321", "phone", ["+56987654321"]),
        ("+56 (0)9 87654321", "mobile", ["+56987654321"]),
        ("0056987654321", "mobile", ["+56987654321"]),
        ("(32) 212 3456", "landline", ["+56322123456"]),
        ("cel: 987 654 321", "mobile", ["+56987654321"]),
        ("987654321 (hermana)", "mobile", ["+56987654321"]),
        # old short forms, by the column
        (94234567, "mobile", ["+56994234567"]),
        (84190650, "mobile", ["+56984190650"]),
        ("08 4190650", "mobile", ["+56984190650"]),
        ("56 9 2125907", "mobile", ["+56992125907"]),
        ("28151807", "landline", ["+56228151807"]),
        ("8151807", "landline", ["+56228151807"]),
        ("815 1807", "landline", ["+56228151807"]),
        ("02-8151807", "mobile", ["+56228151807"]),
        # several in a cell, in their order
        ("987654321 / 22 815 1807", "mobile", ["+56987654321", "+56228151807"]),
        ("228151807;987654321", "landline", ["+56228151807", "+56987654321"]),
        ("987654321 y 987654322", "mobile", ["+56987654321", "+56987654322"]),
        ("987654321\n228151807", "mobile", ["+56987654321", "+56228151807"]),
        ("987654321 228151807", "mobile", ["+56987654321", "+56228151807"]),
        ("987654321-987654322", "mobile", ["+56987654321", "+56987654322"]),
        ("987654321, 987654321", "mobile", ["+56987654321"]),
        # nothing, said in many ways
        ("S/N", "mobile", []),
        ("0", "mobile", []),
        (0.0, "landline", []),
        ("-", "landline", []),
        ("No tiene", "mobile", []),
    ],
)
def test_the_numbers_of_a_cell(cell, kind, numbers):
    assert read_phones(cell, kind) == (numbers, [])


@pytest.mark.parametrize(
    ("cell", "kind", "code"),
    [
        ("999999999", "mobile", "phone_dummy"),
        (222222222, "landline", "phone_dummy"),
        ("12345", "mobile", "phone_invalid"),
        ("912345678", "mobile", "phone_invalid"),  # no such range
        ("600 123 4567", "landline", "phone_invalid"),
        ("600123456", "landline", "phone_invalid"),
        ("800123456", "landline", "phone_invalid"),
        ("12345678-5", "mobile", "phone_invalid"),  # a RUT
        ("22.345.678-9", "landline", "phone_invalid"),
        ("987654321228151807", "mobile", "phone_invalid"),
        (98765432.5, "mobile", "phone_invalid"),
        (-987654321, "mobile", "phone_invalid"),
        (True, "mobile", "phone_invalid"),
        ("+54 9 11 5555 4444", "mobile", "phone_foreign"),
        ("9,8765432E+08", "mobile", "phone_rounded"),
        ("28151807", "mobile", "phone_ambiguous"),
        ("84190650", "phone", "phone_ambiguous"),
        ("08 4190650", "landline", "phone_ambiguous"),
        ("98151807", "landline", "phone_ambiguous"),
        ("8151807", "mobile", "phone_ambiguous"),
        ("8151807-22", "landline", "phone_ambiguous"),  # an extension
        ("987654321 2", "mobile", "phone_ambiguous"),
        ("98765432 anexo 1", "mobile", "phone_ambiguous"),
    ],
)
def test_what_is_no_phone_is_told_with_a_code(cell, kind, code):
    numbers, problems = read_phones(cell, kind)
    assert (numbers, [found for found, _text in problems]) == ([], [code])


def test_a_bad_number_beside_a_good_one_leaves_the_good_one():
    assert read_phones("987654321 / 123", "mobile") == (
        ["+56987654321"],
        [("phone_invalid", "123")],
    )


def test_the_kind_is_the_numbers_own():
    assert [kind_of("+56987654321"), kind_of("+56228151807")] == ["mobile", "landline"]


national = st.integers(200_000_000, 999_999_999)


@settings(deadline=None, max_examples=500)
@given(national, st.sampled_from(KINDS))
def test_a_complete_number_is_valid_exactly_where_phonenumbers_says_so(number, kind):
    parsed = phonenumbers.PhoneNumber(country_code=56, national_number=number)
    personal = (
        phonenumbers.is_valid_number(parsed)
        and phonenumbers.number_type(parsed) in PERSONAL
        and not str(number).startswith(("600", "800", "809"))
        and len(set(str(number)[1:])) > 1
    )
    assert read_phones(number, kind).numbers == ([f"+56{number}"] if personal else [])


@settings(deadline=None, max_examples=500)
@given(st.text("0123456789", min_size=1, max_size=14), st.sampled_from(KINDS))
@example("991234567", "mobile")
@example("9912345670", "mobile")
def test_digits_never_become_another_number(digits, kind):
    """What is added are the prefixes of old forms; what is dropped, 0, 56, and the
    first of two nines."""
    for number in read_phones(digits, kind).numbers:
        bare = digits.lstrip("0")
        bare = bare[2:].lstrip("0") if len(bare) >= 10 and bare[:2] == "56" else bare
        bare = bare[1:] if len(bare) == 10 and bare[:2] == "99" else bare
        assert number.removeprefix("+56") in (bare, f"9{bare}", f"2{bare}", f"22{bare}")
        assert phonenumbers.is_valid_number(phonenumbers.parse(number))


@settings(deadline=None, max_examples=300)
@given(st.text("0123456789 -/.;()+yE", max_size=24), st.sampled_from(KINDS))
def test_reading_what_was_read_changes_nothing(text, kind):
    for number in read_phones(text, kind).numbers:
        for other in KINDS:
            assert read_phones(number, other) == ([number], [])


@settings(deadline=None, max_examples=300)
@given(
    st.from_regex(phones._COMPLETE, fullmatch=True)
    | st.integers(0, 10**12).map(float)
    | st.text("0123456789 -+", max_size=16),
    st.sampled_from(KINDS),
)
@example("0976543210", "landline")
@example("2-2000 1234", "mobile")
def test_the_short_way_of_usual_cells_reads_what_the_long_way_does(cell, kind):
    short = read_phones(cell, kind)
    with mock.patch.object(phones, "_usual", return_value=""):
        assert read_phones(cell, kind) == short


@settings(deadline=None)
@given(national, st.sampled_from(KINDS))
def test_a_number_reads_alike_as_integer_float_and_text(number, kind):
    cells = [number, float(number), str(number), f"{number}.0", f"+56{number}"]
    read = [read_phones(cell, kind).numbers for cell in cells]
    assert all(numbers == read[0] for numbers in read)


@settings(deadline=None)
@given(
    st.lists(
        st.integers(960_000_000, 960_999_999), min_size=2, max_size=3, unique=True
    ),
    st.sampled_from([" / ", "/", ";", ", ", " y ", " o ", "\n", " "]),
)
def test_several_numbers_keep_their_order(numbers, separator):
    cell = separator.join(map(str, numbers))
    expected = [f"+56{number}" for number in numbers if len(set(str(number)[1:])) > 1]
    assert read_phones(cell, "mobile").numbers == expected
