"""The towns that area codes stand for, of one country at a time.

phonenumbers knows them, but its geocoder holds those of the whole world: 100 MB and
most of a second, for which every import with a landline would pay.
"""

from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import phonenumbers

from batches.imports.normalizers.numbering import Plan

Towns = dict[str, dict[str, str]]
_PACKAGE = "phonenumbers.geodata"
_FOLDER = Path(phonenumbers.__file__).parent / "geodata"


def area_of(landline: str, plan: Plan) -> str:
    """What phonenumbers' geocoder says of a valid landline (E.164) in Spanish
    ("Concepción, Biobío"), but nothing where it knows only the country."""
    towns = _towns(plan.code)
    for end in range(len(landline), 1, -1):
        if names := towns.get(landline[1:end]):
            return names.get("es") or names.get("en", "")
    return ""


@cache
def _towns(code: str) -> Towns:
    """Names by language of what begins with the digits of a country.

    The data are files in the order of their keys, of which few hold one country.
    """
    files = sorted(_FOLDER.glob("data*.py"), key=lambda path: int(path.stem[4:]))
    low, high = 0, len(files)
    while low < high:  # the first file that begins behind the country's first key
        middle = (low + high) // 2
        if next(iter(_data(files[middle]))) < code:
            low = middle + 1
        else:
            high = middle
    found: Towns = {}
    for path in files[max(0, low - 1) :]:
        data = _data(path)
        found |= {key: names for key, names in data.items() if key.startswith(code)}
        if not next(reversed(data)).startswith(code) and next(iter(data)) > code:
            break
    return found


def _data(path: Path) -> Towns:
    """One file of them; to import it by name would import them all."""
    spec = spec_from_file_location(f"{_PACKAGE}.{path.stem}", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.data
