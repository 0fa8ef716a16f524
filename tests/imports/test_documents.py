import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.imports.normalizers.documents import check_digit, read_rut, show_rut
from batches.imports.problems import Unreadable

bodies = st.integers(100_000, 99_999_999).filter(lambda n: len(set(str(n))) > 1)


@pytest.mark.parametrize(
    "cell",
    [
        "12.345.678-5",
        "12345678-5",
        "123456785",
        "012.345.678-5",
        "0123456785",
        " 12.345.678 - 5 ",
        "12.345.678–5",
        "12\xa0345\xa0678-5",
        "12,345,678-5",
        "'12345678-5",
        "RUT 12.345.678-5",
        "123456785.0",
        123456785,
        123456785.0,
        "CL:RUT:123456785",
    ],
)
def test_a_rut_is_read_however_it_is_typed(cell):
    assert read_rut(cell) == "CL:RUT:123456785"


@pytest.mark.parametrize("cell", ["20.961.605-K", "20961605k", "20961605-K"])
def test_a_final_k_is_read_in_both_cases(cell):
    assert read_rut(cell) == "CL:RUT:20961605K"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("12.345.678-9", "document_check_digit"),
        (123456784, "document_check_digit"),
        ("12345678", "document_check_digit"),
        ("11.111.111-1", "document_dummy"),
        ("99.999.999-9", "document_dummy"),
        (222222222.0, "document_dummy"),
        ("1-9", "document_invalid"),
        ("0", "document_invalid"),
        ("", "document_invalid"),
        ("TOTAL", "document_invalid"),
        ("12.34.5678-5", "document_invalid"),
        ("12345678.5", "document_invalid"),
        (12345678.5, "document_invalid"),
        ("1.23456785E+08", "document_invalid"),
        ("123.456.789-2", "document_invalid"),
        (True, "document_invalid"),
        (-123456785, "document_invalid"),
        (float("nan"), "document_invalid"),
        ("#N/D", "document_invalid"),
        ("١٢٣٤٥٦٧٨٥", "document_invalid"),
    ],
)
def test_what_is_no_rut_is_refused_with_a_code(cell, code):
    with pytest.raises(Unreadable) as raised:
        read_rut(cell)
    assert raised.value.code == code


@settings(deadline=None)
@given(bodies)
def test_every_writing_of_a_rut_reads_as_the_same_document(body):
    digit = check_digit(str(body))
    canonical = f"CL:RUT:{body}{digit}"
    writings = [show_rut(canonical), f"{body}-{digit}", f"00{body}{digit.lower()}"]
    if digit != "K":
        writings += [int(f"{body}{digit}"), float(f"{body}{digit}")]
    assert {read_rut(writing) for writing in [*writings, canonical]} == {canonical}


@settings(deadline=None)
@given(st.text("0123456789.,-kK ", max_size=14))
def test_a_rut_never_has_other_digits_than_the_cell(text):
    try:
        read = read_rut(text)
    except Unreadable:
        return
    typed = "".join(c for c in text.upper() if c in "0123456789K").lstrip("0")
    assert typed in (read.removeprefix("CL:RUT:"), read.removeprefix("CL:RUT:") + "0")


@settings(deadline=None)
@given(bodies, st.integers(0, 7), st.integers(1, 9))
def test_a_rut_with_one_wrong_digit_is_refused(body, place, shift):
    digits = list(str(body))
    place %= len(digits)
    digits[place] = str((int(digits[place]) + shift) % 10)
    with pytest.raises(Unreadable):
        read_rut(f"{''.join(digits)}-{check_digit(str(body))}")
