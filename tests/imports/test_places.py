import phonenumbers
import pytest
from phonenumbers import geocoder

from batches.imports.normalizers import areas, numbering
from batches.imports.normalizers.places import (
    is_at,
    place,
    places_of,
    shown,
    spellings,
)
from batches.imports.normalizers.regions import NUMBERED, REGIONS


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Región de Valparaíso", "CL-VS"),
        ("V Región de Valparaíso", "CL-VS"),
        ("V", "CL-VS"),
        ("5", "CL-VS"),
        ("05", "CL-VS"),
        ("Quinta Región", "CL-VS"),
        ("Región 5", "CL-VS"),
        ("VALPARAISO", "CL-VS"),
        ("Metropolitana", "CL-RM"),
        ("Región Metropolitana de Santiago", "CL-RM"),
        ("Santiago Metropolitan", "CL-RM"),
        ("RM", "CL-RM"),
        ("R.M.", "CL-RM"),
        ("RM - Metropolitana", "CL-RM"),
        ("XIII", "CL-RM"),
        ("13", "CL-RM"),
        ("13 - Metropolitana", "CL-RM"),
        ("XIII Región Metropolitana", "CL-RM"),
        ("Décima Tercera Región", "CL-RM"),
        ("Región Décima", "CL-LL"),
        ("Decimocuarta Región", "CL-LR"),
        ("Del Libertador General Bernardo O'Higgins", "CL-LI"),
        ("O\u2019HIGGINS", "CL-LI"),
        ("Biobío", "CL-BI"),
        ("Bío-Bío", "CL-BI"),
        ("de la Araucanía", "CL-AR"),
        ("Aisén", "CL-AI"),
        ("Magallanes y de la Antártica Chilena", "CL-MA"),
        ("CL-RM", "CL-RM"),
        ("cl-rm ", "CL-RM"),
    ],
)
def test_a_region_of_chile_is_its_code(written: str, code: str) -> None:
    assert place(written, "CL") == place(written) == code


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("CABA", "AR-C"),
        ("C.A.B.A.", "AR-C"),
        ("Capital Federal", "AR-C"),
        ("Ciudad de Buenos Aires", "AR-C"),
        ("Ciudad Autónoma de Buenos Aires", "AR-C"),
        ("Buenos Aires", "AR-B"),
        ("Provincia de Buenos Aires", "AR-B"),
        ("Pcia. de Bs. As.", "AR-B"),
        ("CORDOBA", "AR-X"),
        ("Sgo. del Estero", "AR-G"),
        ("Tierra del Fuego", "AR-V"),
        ("AR-C", "AR-C"),
    ],
)
def test_a_province_of_argentina_is_its_code(written: str, code: str) -> None:
    assert place(written, "AR") == place(written) == code


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Comuna de Ñuñoa", "NUNOA"),
        ("Santiago", "SANTIAGO"),
        ("25 de Mayo", "25 DE MAYO"),
        ("9 de Julio", "9 DE JULIO"),
        ("Xi'an", "XI AN"),
        ("S/I", ""),
        ("0", ""),
        ("17", ""),
        ("13101", ""),
        ("", ""),
    ],
)
def test_what_is_no_region_keeps_its_name(written: str, name: str) -> None:
    assert place(written) == name


@pytest.mark.parametrize(
    ("written", "country", "name"),
    [
        ("Santa Cruz", "CL", "SANTA CRUZ"),  # a comuna
        ("Santa Cruz", "AR", "AR-Z"),
        ("Maule", "AR", "MAULE"),
        ("13", "AR", ""),
        ("V", "AR", "V"),
    ],
)
def test_a_country_has_its_own_regions(written: str, country: str, name: str) -> None:
    assert place(written, country) == name


def test_every_spelling_of_the_table_means_one_region() -> None:
    for code, names in REGIONS.items():
        assert {place(name, code[:2]) for name in names} == {code}
        assert {place(name) for name in names} == {code}
    assert sorted(NUMBERED) == sorted(code for code in REGIONS if code[:2] == "CL")


@pytest.mark.parametrize(
    ("phone", "places"),
    [
        ("+56712123456", ["TALCA", "CL-ML"]),
        ("+56221234567", ["SANTIAGO", "CL-RM"]),
        ("+56422123456", ["CHILLAN", "CL-NB"]),
        ("+543514567890", ["AR-X"]),
        ("+541145678901", ["AR-C", "AR-B"]),
        ("+56911112222", []),
    ],
)
def test_a_landline_says_where_it_is_and_a_mobile_does_not(
    phone: str, places: list[str]
) -> None:
    assert places_of([], [phone]) == places


def test_a_file_and_a_landline_name_one_place() -> None:
    named = ["VII Región del Maule", "Talca", ""]
    assert places_of(named, ["+56712123456"], "CL") == ["CL-ML", "TALCA"]


@pytest.mark.parametrize(
    ("stopped", "stored"),
    [
        ("CL-RM", "REGION METROPOLITANA"),
        ("REGION METROPOLITANA", "CL-RM"),
        ("CL-VS", "VALPARAISO"),
        ("VALPARAISO", "CL-VS"),
        ("CL-LI", "LIBERTADOR GENERAL BERNARDO O HIGGINS"),
        ("AR-C", "CAPITAL FEDERAL"),
        ("AR-B", "BUENOS AIRES"),
        ("TALCA", "TALCA"),
    ],
)
def test_what_was_stored_before_the_codes_is_still_met(stopped, stored) -> None:
    assert is_at(stopped, [stored])
    assert stored in spellings(stopped) or stopped in spellings(stored)
    assert not is_at(stopped, ["ILOCA", "CL-AP", "ARICA Y PARINACOTA"])


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("CL-RM", "Región Metropolitana de Santiago"),
        ("REGION METROPOLITANA", "Región Metropolitana de Santiago"),
        ("CL-NB", "Ñuble"),
        ("PUERTO MONTT", "Puerto Montt"),
    ],
)
def test_people_read_the_official_name(name: str, label: str) -> None:
    assert shown(name) == label


@pytest.mark.parametrize("code", ["56", "54", "51", "57", "34"])
def test_an_area_is_what_the_geocoder_says(code):
    towns = areas._towns(code)
    assert towns == {
        begins: names
        for begins, names in geocoder.GEOCODE_DATA.items()
        if begins.startswith(code)
    }
    whole = {"56": 11, "54": 12, "51": 10, "57": 12, "34": 11}[code]
    country = geocoder.country_name_for_number(
        phonenumbers.PhoneNumber(int(code)), "es"
    )
    for begins in towns:
        number = phonenumbers.parse("+" + f"{begins}345678901"[:whole])
        if phonenumbers.number_type(number) != phonenumbers.PhoneNumberType.FIXED_LINE:
            continue
        e164 = f"+{code}{number.national_number}"
        said = geocoder.description_for_number(number, "es")
        found = areas.area_of(e164, numbering.plan_of(e164))
        assert found == ("" if said == country else said)
