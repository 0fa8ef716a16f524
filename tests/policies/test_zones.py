"""Where a person may be, by region, by number, by the account."""

import pytest

from calls.policies import areas
from calls.policies.opening import are_known
from calls.policies.zones import number_kinds, place_of, subdivision_of, zones_of
from tests.policies.building import AR, CL

DEFAULT = "X/Default"
NY, CHICAGO = "America/New_York", "America/Chicago"


@pytest.mark.parametrize(
    ("e164", "country", "zones"),
    [
        ("+56912345678", "CL", (DEFAULT,)),  # a mobile may be anywhere
        ("+56600360123", "CL", (DEFAULT,)),
        ("+56442345678", "CL", (DEFAULT,)),  # voice over IP
        ("+56221234567", "CL", (CL,)),
        ("+56322345678", "CL", (CL,)),
        ("+56652345678", "CL", (CL,)),
        ("+56582345678", "CL", (CL,)),
        ("+56612212345", "CL", ("America/Punta_Arenas",)),
        ("+56672212345", "CL", ("America/Coyhaique",)),
        ("+56322100123", "CL", (CL, "Pacific/Easter")),
        ("+56322551234", "CL", (CL, "Pacific/Easter")),
        ("+5491143210000", "AR", (AR,)),
        ("+542966456789", "AR", (AR,)),
        ("+573001234567", "CO", ("America/Bogota",)),
        ("+51987654321", "PE", ("America/Lima",)),
        ("+34912345678", "ES", ("Europe/Madrid",)),
        ("+34922123456", "ES", ("Atlantic/Canary",)),
        ("+34828123456", "ES", ("Atlantic/Canary",)),
        ("+34612345678", "ES", (DEFAULT,)),
        ("+34900123456", "ES", (DEFAULT,)),
        ("+525512345678", "MX", ("America/Mexico_City",)),
        ("+526641234567", "MX", ("America/Tijuana",)),
        ("+5216641234567", "MX", ("America/Tijuana",)),  # the old mark of a mobile
        ("+526141234567", "MX", ("America/Chihuahua",)),
        ("+526561234567", "MX", ("America/Ciudad_Juarez",)),
        ("+526621234567", "MX", ("America/Hermosillo",)),
        ("+529981234567", "MX", ("America/Cancun",)),
        ("+528681234567", "MX", ("America/Matamoros",)),
        ("+5511987654321", "BR", ("America/Sao_Paulo",)),
        ("+5592987654321", "BR", ("America/Manaus",)),
        ("+5597987654321", "BR", ("America/Manaus", "America/Eirunepe")),
        ("+5568987654321", "BR", ("America/Rio_Branco",)),
        ("+12125550123", "US", (NY,)),
        ("+13125550123", "US", (CHICAGO,)),
        ("+18505550123", "US", (CHICAGO, NY)),  # Florida's north lies in two
        ("+14235550123", "US", (CHICAGO, NY)),
        ("+18085550123", "US", ("Pacific/Honolulu",)),
        ("+18005550123", "US", (DEFAULT,)),
        ("+12045550123", "US", ()),  # Canada
        ("+17875550123", "US", ()),  # Puerto Rico
        ("+5491143210000", "CL", ()),  # another country's law
        ("+56912345678", "AR", ()),
        ("+525512345678", "CL", ()),
        ("+56912345678", "UY", ()),
        ("", "CL", ()),
        ("+56", "CL", ()),
    ],
)
def test_the_zones_of_a_phone(e164, country, zones):
    assert zones_of(e164, country, default=DEFAULT) == zones


@pytest.mark.parametrize(
    ("e164", "country", "region", "zones", "subdivisions"),
    [
        ("+56912345678", "CL", "MA", ("America/Punta_Arenas",), ("MA",)),
        ("+56912345678", "CL", "Magallanes", ("America/Punta_Arenas",), ("MA",)),
        ("+56912345678", "CL", "Aysén", ("America/Coyhaique",), ("AI",)),
        ("+56912345678", "CL", "Isla de Pascua", ("Pacific/Easter",), ("VS",)),
        ("+56221234567", "CL", "Magallanes", ("America/Punta_Arenas",), ("MA",)),
        ("+56912345678", "CL", "BIOBIO", (CL,), ("BI",)),
        ("+56912345678", "CL", "Atlantis", (DEFAULT,), ()),
        ("+56582345678", "CL", "", (CL,), ("AP",)),
        ("+5491143210000", "AR", "", (AR,), ("C", "B")),
        ("+5491143210000", "AR", "CABA", (AR,), ("C",)),
        ("+5491143210000", "AR", "Córdoba", (AR,), ("X",)),
        ("+543514567890", "AR", "", (AR,), ()),
        ("+34612345678", "ES", "Canarias", ("Atlantic/Canary",), ("CN",)),
        ("+34612345678", "ES", "Cataluña", ("Europe/Madrid",), ("CT",)),
        ("+5521987654321", "BR", "", ("America/Sao_Paulo",), ("RJ",)),
        ("+5511987654321", "BR", "Acre", ("America/Rio_Branco",), ("AC",)),
        ("+13055550123", "US", "", (NY,), ("FL",)),
        ("+13055550123", "US", "Oklahoma", (CHICAGO,), ("OK",)),
        ("+525512345678", "MX", "Sonora", ("America/Hermosillo",), ("SON",)),
    ],
)
def test_a_region_goes_before_the_number(e164, country, region, zones, subdivisions):
    place = place_of(e164, country, region=region, default=DEFAULT)
    assert (place.zones, place.subdivisions) == (zones, subdivisions)


def test_every_zone_of_the_tables_exists():
    zones = {*areas.MAIN_ZONES.values(), *areas.ZONES_OF_NEW_US_AREAS}
    for country, prefixes in areas.PREFIXES.items():
        zones |= {zone for found, _ in prefixes.values() for zone in found}
        for code in areas.names(country).values():
            zones |= set(areas.zones_of_subdivision(country, code))
    assert all(are_known((zone,)) for zone in zones)


def test_every_area_of_the_united_states_has_zones_of_its_state():
    for area in areas.us_states():
        place = place_of(f"+1{area}5550123", "US", default="")
        assert are_known(place.zones), area


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("RM", "RM"),
        ("Región Metropolitana", "RM"),
        ("ÑUBLE", "NB"),
        ("", ""),
        ("?", ""),
    ],
)
def test_subdivisions_are_known_by_name_and_code(text, code):
    assert subdivision_of("CL", text) == code


@pytest.mark.parametrize(
    ("e164", "kind"),
    [
        ("+56961234567", "geographic mobile"),
        ("+566003601234", "shared_cost"),
        ("+34612345678", "mobile"),
        ("+34900123456", "toll_free"),
        ("+34912345678", "geographic"),
        ("600", "other"),
    ],
)
def test_the_kind_of_a_caller_id(e164, kind):
    assert number_kinds(e164) == tuple(kind.split())
