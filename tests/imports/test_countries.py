"""Documents of each country: read however they are written, and never another one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.imports.normalizers.countries import COUNTRIES, ar, cl, co, es, mx, pe, us
from batches.imports.problems import Unreadable, WorkbookError


def code_of(country, cell):
    with pytest.raises(Unreadable) as raised:
        COUNTRIES[country].read_document(cell)
    return raised.value.code


@pytest.mark.parametrize(
    ("country", "cell", "canonical"),
    [
        ("AR", "30.123.456", "AR:DNI:30123456"),
        ("AR", 30123456.0, "AR:DNI:30123456"),
        ("AR", "DNI 7.123.456", "AR:DNI:7123456"),
        ("AR", "20-12345678-6", "AR:DNI:12345678"),
        ("AR", 20123456786, "AR:DNI:12345678"),
        ("AR", "20123456786.0", "AR:DNI:12345678"),
        ("AR", "CUIT: 30-50001091-2", "AR:CUIT:30500010912"),
        ("MX", "BOXW310820HNERXN09", "MX:CURP:BOXW310820HNERXN09"),
        ("MX", "hegg560427mvzrrl04", "MX:CURP:HEGG560427MVZRRL04"),
        ("MX", "GODE-561231-GR8", "MX:RFC:GODE561231GR8"),
        ("CO", "1.020.304.050", "CO:CC:1020304050"),
        ("CO", 12345678, "CO:CC:12345678"),
        ("CO", "890.903.938-8", "CO:NIT:890903938"),
        ("CO", 8909039388, "CO:NIT:890903938"),
        ("CO", "NIT 890903938", "CO:NIT:890903938"),
        ("PE", 1234567, "PE:DNI:01234567"),
        ("PE", "01234567", "PE:DNI:01234567"),
        ("PE", "20100070970", "PE:RUC:20100070970"),
        ("ES", "12.345.678-Z", "ES:DNI:12345678Z"),
        ("ES", "1234567L", "ES:DNI:01234567L"),
        ("ES", "x1234567l", "ES:NIE:X1234567L"),
        ("ES", "A-58818501", "ES:CIF:A58818501"),
    ],
)
def test_a_document_is_read_however_it_is_typed(country, cell, canonical):
    assert COUNTRIES[country].read_document(cell) == canonical


@pytest.mark.parametrize(
    ("country", "cell", "code"),
    [
        ("AR", "2,01234E+10", "document_rounded"),
        ("AR", "20-12345678-5", "document_check_digit"),
        ("AR", "99-12345678-6", "document_invalid"),
        ("AR", "11.111.111", "document_dummy"),
        ("AR", "20-11111111-2", "document_dummy"),
        ("AR", "123456", "document_invalid"),
        ("AR", "30.12.3456", "document_invalid"),
        ("MX", "BOXW310820HNERXN08", "document_check_digit"),
        ("MX", "BOXW319920HNERXN09", "document_invalid"),
        ("MX", "GODE561231GR7", "document_check_digit"),
        ("MX", "GODE561231", "document_invalid"),
        ("MX", "XAXX010101000", "document_dummy"),
        ("CO", "890903938-7", "document_check_digit"),
        ("CO", "222222222", "document_dummy"),
        ("CO", "3.020.304.050", "document_invalid"),
        ("CO", "1234", "document_invalid"),
        ("PE", "20100070971", "document_check_digit"),
        ("PE", "00000000", "document_dummy"),
        ("PE", "123456789", "document_invalid"),
        ("ES", "12345678A", "document_check_digit"),
        ("ES", "12345678", "document_invalid"),
        ("ES", "A58818502", "document_check_digit"),
        ("ES", "00000000T", "document_dummy"),
        ("US", "C-1001", "document_none"),
        ("PE", True, "document_invalid"),
        ("CO", float("nan"), "document_invalid"),
        ("ES", None, "document_invalid"),
    ],
)
def test_what_is_no_document_is_refused_with_a_code(country, cell, code):
    assert code_of(country, cell) == code


@pytest.mark.parametrize("cell", ["123-45-6789", "123 45 6789", 123456789, "123456789"])
def test_a_social_security_number_refuses_the_file(cell):
    with pytest.raises(WorkbookError) as raised:
        us.read_document(cell)
    assert raised.value.code == "ssn_refused"
    assert "6789" not in raised.value.message + str(raised.value)


# --- a check digit of its own -------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "digit", "canonical"),
    [
        (12345678, 5, "CL:RUT:123456785"),
        ("12.345.678", "5", "CL:RUT:123456785"),
        ("20961605", "k", "CL:RUT:20961605K"),
        ("12.345.678-5", 5.0, "CL:RUT:123456785"),
        (123456785, "5", "CL:RUT:123456785"),
    ],
)
def test_a_rut_and_its_digit_may_be_in_two_cells(cell, digit, canonical):
    assert cl.with_digit(cell, digit) == canonical


@pytest.mark.parametrize(
    ("cell", "digit"), [(12345678, 4), ("12.345.678-5", 4), (1, "X")]
)
def test_a_digit_that_does_not_fit_is_wrong(cell, digit):
    with pytest.raises(Unreadable) as raised:
        cl.with_digit(cell, digit)
    assert raised.value.code == "document_check_digit"


def test_a_digit_is_computed_only_when_somebody_says_that_it_is_missing():
    assert cl.without_digit(12345678) == "CL:RUT:123456785"
    assert cl.without_digit("12.345.678-5") == "CL:RUT:123456785"
    assert co.with_digit(890903938, 8) == "CO:NIT:890903938"


# --- whatever is typed --------------------------------------------------------------

TYPED = st.one_of(
    st.text("0123456789.-KXYZABEGHNPRL ", max_size=16),
    st.from_regex(r"(20|27|30)-?\d{8}-?\d", fullmatch=True),
    st.from_regex(r"[A-Z]{4}\d{6}[HM][A-Z]{5}\d\d", fullmatch=True),
    st.from_regex(r"\d{8}-?[A-Z]|[XYZ]\d{7}[A-Z]", fullmatch=True),
    st.from_regex(r"[89]\d{8}-?\d|10\d{9}", fullmatch=True),
)
NATIONAL = [country for code, country in COUNTRIES.items() if code != "US"]


@settings(deadline=None, max_examples=1500)
@given(TYPED, st.sampled_from(NATIONAL))
def test_a_document_never_has_other_signs_than_the_cell(text, country):
    try:
        read = country.read_document(text)
    except Unreadable:
        return
    number = read.rpartition(":")[2].lstrip("0")
    typed = "".join(c for c in text.upper() if c.isalnum())
    assert number in typed or number in typed.lstrip("0")
    assert country.read_document(read) == read


def written(country, number):
    """Every way in which people type a document of which `number` is the body."""
    if country == "AR":
        digits = f"{number:08}"
        tens = [p + digits for p in ("20", "27") if ar.cuit_digit(p + digits) < 10]
        cuits = [ten + str(ar.cuit_digit(ten)) for ten in tens]
        dashed = [f"{c[:2]}-{c[2:10]}-{c[10]}" for c in cuits]
        return [number, float(number), f"{number:,}".replace(",", "."), *cuits, *dashed]
    if country == "CO":
        dotted = f"{number:,}".replace(",", ".")
        return [number, dotted, f"{dotted}-{co.nit_digit(str(number))}", f"CC {number}"]
    if country == "PE":
        digits = f"{number:08}"
        ruc = f"10{digits}{pe.ruc_digit('10' + digits)}"
        return [number, digits, ruc, int(ruc), float(ruc)]
    letter = es.letter(number)
    digits = f"{number:08}"
    return [f"{digits}{letter}", f"{digits}-{letter.lower()}", f"{number}{letter}"]


@settings(deadline=None, max_examples=400)
@given(
    st.integers(1_000_000, 89_999_999).filter(lambda n: len(set(f"{n:08}")) > 1),
    st.sampled_from(["AR", "CO", "PE", "ES"]),
)
def test_every_writing_of_a_document_is_the_same_document(number, country):
    if len(set(str(number))) == 1:
        return
    read = {COUNTRIES[country].read_document(cell) for cell in written(country, number)}
    assert len(read) == 1
    assert str(number) in read.pop()


@settings(deadline=None, max_examples=300)
@given(st.integers(10**6, 10**8), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_of_a_cuit_is_noticed(number, place, shift):
    digits = f"20{number:08}"[:10]
    if ar.cuit_digit(digits) > 9:
        return
    whole = list(digits + str(ar.cuit_digit(digits)))
    whole[place] = str((int(whole[place]) + shift) % 10)
    with pytest.raises(Unreadable):
        ar.read_document("".join(whole))


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 16), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
def test_one_wrong_sign_of_a_curp_is_noticed(place, sign):
    right = "HEGG560427MVZRRL04"
    wrong = right[:place] + sign + right[place + 1 :]
    if wrong == right or mx.curp_digit(wrong[:-1]) == right[-1]:
        return  # modulo 10 lets one in ten through
    with pytest.raises(Unreadable):
        mx.read_document(wrong)
