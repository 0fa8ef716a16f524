import pytest

from batches.imports.normalizers.places import place, places_of


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Región de Valparaíso", "VALPARAISO"),
        ("V Región de Valparaíso", "VALPARAISO"),
        ("Comuna de Ñuñoa", "NUNOA"),
        ("Metropolitana", "REGION METROPOLITANA"),
        ("Región Metropolitana de Santiago", "REGION METROPOLITANA"),
        ("S/I", ""),
        ("13", ""),
    ],
)
def test_a_place_has_one_spelling(written: str, name: str) -> None:
    assert place(written) == name


def test_a_landline_says_where_it_is_and_a_mobile_does_not() -> None:
    phones = ["+56712123456", "+56911112222"]
    assert places_of(["Maule", ""], phones) == ["MAULE", "TALCA"]
