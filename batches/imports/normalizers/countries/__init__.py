"""The registry of countries: documents, phones and conventions, one module each."""

from batches.imports.normalizers.countries import ar, cl, co, es, mx, pe, us
from batches.imports.normalizers.countries.base import Country
from batches.imports.problems import WorkbookError

COUNTRIES: dict[str, Country] = {
    country.code: country
    for country in (
        cl.CHILE,
        ar.ARGENTINA,
        mx.MEXICO,
        co.COLOMBIA,
        pe.PERU,
        es.SPAIN,
        us.UNITED_STATES,
    )
}


def get(code: str) -> Country:
    """The country of that code; raises WorkbookError."""
    if code not in COUNTRIES:
        raise WorkbookError("country_unknown", country=code)
    return COUNTRIES[code]
