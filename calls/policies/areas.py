"""Areas of numbers and subdivisions, and the zones they keep. Data.

`phonenumbers` gives Santiago to all of +56 and the zones of 2021 to Mexico, so these
tables are ours; only the United States take its (see `zones.py`). Zones: tzdata.
"""

from functools import lru_cache

import holidays

from speechai_site.runtime import keys

CALLING_CODES = {
    "CL": "+56",
    "AR": "+54",
    "CO": "+57",
    "MX": "+52",
    "PE": "+51",
    "ES": "+34",
    "BR": "+55",
    "US": "+1",
}
# The zone of most people: what `explain_call` takes when nothing else is said.
MAIN_ZONES = {
    "CL": "America/Santiago",
    "AR": "America/Argentina/Buenos_Aires",
    "CO": "America/Bogota",
    "MX": "America/Mexico_City",
    "PE": "America/Lima",
    "ES": "Europe/Madrid",
    "BR": "America/Sao_Paulo",
    "US": "America/New_York",
}
Found = tuple[tuple[str, ...], tuple[str, ...]]  # zones, subdivisions

SANTIAGO, EASTER = "America/Santiago", "Pacific/Easter"
# Subtel's area codes. Easter Island shares two ranges with Valparaíso, so both count.
_CHILE: dict[str, Found] = {
    "+562": ((SANTIAGO,), ("RM",)),
    "+5632": ((SANTIAGO,), ("VS",)),
    "+5632210": ((SANTIAGO, EASTER), ("VS",)),
    "+5632255": ((SANTIAGO, EASTER), ("VS",)),
    "+5633": ((SANTIAGO,), ("VS",)),
    "+5634": ((SANTIAGO,), ("VS",)),
    "+5635": ((SANTIAGO,), ("VS",)),
    "+5641": ((SANTIAGO,), ("BI",)),
    "+5642": ((SANTIAGO,), ("NB",)),
    "+5643": ((SANTIAGO,), ("BI",)),
    "+5645": ((SANTIAGO,), ("AR",)),
    "+5651": ((SANTIAGO,), ("CO",)),
    "+5652": ((SANTIAGO,), ("AT",)),
    "+5653": ((SANTIAGO,), ("CO",)),
    "+5655": ((SANTIAGO,), ("AN",)),
    "+5657": ((SANTIAGO,), ("TA",)),
    "+5658": ((SANTIAGO,), ("AP",)),
    "+5661": (("America/Punta_Arenas",), ("MA",)),
    "+5663": ((SANTIAGO,), ("LR",)),
    "+5664": ((SANTIAGO,), ("LL",)),
    "+5665": ((SANTIAGO,), ("LL",)),
    "+5667": (("America/Coyhaique",), ("AI",)),
    "+5671": ((SANTIAGO,), ("ML",)),
    "+5672": ((SANTIAGO,), ("LI",)),
    "+5673": ((SANTIAGO,), ("ML",)),
    "+5675": ((SANTIAGO,), ("ML",)),
}
BUENOS_AIRES = ("America/Argentina/Buenos_Aires",)
# Every province keeps the same time. Area 11 is the city and its surroundings.
_ARGENTINA: dict[str, Found] = {
    "+54": (BUENOS_AIRES, ()),
    "+5411": (BUENOS_AIRES, ("C", "B")),
    "+54911": (BUENOS_AIRES, ("C", "B")),
}
# Mobiles (6, 7) have no place. The Canaries: 822, 828, 922, 928.
_SPAIN: dict[str, Found] = {"+348": (("Europe/Madrid",), ())}
_SPAIN |= {"+349": (("Europe/Madrid",), ()), "+34900": ((), ()), "+34800": ((), ())}
_SPAIN |= {
    f"+34{area}": (("Atlantic/Canary",), ("CN",)) for area in (822, 828, 922, 928)
}

# Anatel's DDD: zone, then state: its codes. Mobiles have them too.
_BRAZIL_AREAS = """
America/Sao_Paulo SP: 11 12 13 14 15 16 17 18 19; RJ: 21 22 24; ES: 27 28
America/Sao_Paulo MG: 31 32 33 34 35 37 38; PR: 41 42 43 44 45 46; SC: 47 48 49
America/Sao_Paulo RS: 51 53 54 55; DF: 61; GO: 62 64
America/Araguaina TO: 63
America/Cuiaba MT: 65 66
America/Campo_Grande MS: 67
America/Rio_Branco AC: 68
America/Porto_Velho RO: 69
America/Bahia BA: 71 73 74 75 77
America/Maceio SE: 79; AL: 82
America/Recife PE: 81 87
America/Fortaleza PB: 83; RN: 84; CE: 85 88; PI: 86 89; MA: 98 99
America/Belem PA: 91 93 94; AP: 96
America/Manaus AM: 92 97
America/Boa_Vista RR: 95
"""
# The west of Amazonas (97) keeps Acre's time; Fernando de Noronha (81) its own.
_BRAZIL_TWO_ZONES = {
    "97": ("America/Manaus", "America/Eirunepe"),
    "81": ("America/Recife", "America/Noronha"),
}
# IFT's area codes by their first digits, and the states of Mexico; the rest keeps
# Mexico City's time. Baja and the border towns change their clocks, Chihuahua does
# not any more (Ley de los Husos Horarios, DOF 2022-10-28).
_MEXICO_AREAS = """
America/Tijuana BCN: 616 646 658 661 663 664 665 686
America/Mazatlan BCS: 612 613 615 624
America/Hermosillo SON: 622 623 631 632 633 634 637 638 641 642 643 644 645 647 651
America/Hermosillo SON: 653 662
America/Mazatlan SIN: 667 668 669 672 673 687 694 695 696 697 698
America/Mazatlan NAY: 311 319 323 324 325 327 389
America/Chihuahua CHH: 614 621 625 627 628 629 635 636 639 648 649 652 659
America/Ciudad_Juarez CHH: 656 657
America/Ojinaga CHH: 626
America/Cancun ROO: 983 984 987 998
America/Matamoros TAM: 867 868 891 894 897 899
America/Mexico_City CMX: 55 56
"""
_MEXICO_ZONES = {
    "BCN": ("America/Tijuana",),
    "BCS": ("America/Mazatlan",),
    "SON": ("America/Hermosillo",),
    "SIN": ("America/Mazatlan",),
    "NAY": ("America/Mazatlan", "America/Mexico_City"),
    "CHH": ("America/Chihuahua", "America/Ciudad_Juarez", "America/Ojinaga"),
    "ROO": ("America/Cancun",),
    "TAM": ("America/Mexico_City", "America/Matamoros"),
    "COA": ("America/Mexico_City", "America/Matamoros"),
    "NLE": ("America/Mexico_City", "America/Matamoros"),
    "CMX": ("America/Mexico_City",),
}
_MEXICO_NAMES = {
    "BAJA CALIFORNIA": "BCN",
    "BAJA CALIFORNIA SUR": "BCS",
    "SONORA": "SON",
    "SINALOA": "SIN",
    "NAYARIT": "NAY",
    "CHIHUAHUA": "CHH",
    "QUINTANA ROO": "ROO",
    "TAMAULIPAS": "TAM",
    "COAHUILA": "COA",
    "NUEVO LEON": "NLE",
    "CIUDAD DE MEXICO": "CMX",
    "CDMX": "CMX",
}

# NANPA's area codes by state.
_US_AREAS = """
AK 907;AL 205 251 256 334 659 938;AR 327 479 501 870;AZ 480 520 602 623 928
CA 209 213 279 310 323 341 350 369 408 415 424 442 510 530 559 562 619 626 628 650 657
CA 661 669 707 714 738 747 760 805 818 820 831 840 858 909 916 925 949 951
CO 303 719 720 748 970 983;CT 203 475 860 959;DC 202 771;DE 302
FL 239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 850 863 904
FL 941 954;GA 229 404 470 478 678 706 762 770 912 943;HI 808;IA 319 515 563 641 712
ID 208 986;IL 217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 872
IN 219 260 317 463 574 765 812 930;KS 316 620 785 913;KY 270 364 502 606 859
LA 225 318 337 504 985;MA 339 351 413 508 617 774 781 857 978
MD 227 240 301 410 443 667;ME 207;MI 231 248 269 313 517 586 616 734 810 906 947 989
MN 218 320 507 612 651 763 952;MO 235 314 417 557 573 636 660 816 975
MS 228 601 662 769;MT 406;NC 252 336 472 704 743 828 910 919 980 984;ND 701
NE 308 402 531;NH 603;NJ 201 551 609 640 732 848 856 862 908 973;NM 505 575
NV 702 725 775;NY 212 315 329 332 347 363 516 518 585 607 631 646 680 716 718 838 845
NY 914 917 929 934;OH 216 220 234 283 326 330 380 419 440 513 567 614 740 937
OK 405 539 572 580 918;OR 458 503 541 971
PA 215 223 267 272 412 445 484 570 582 610 717 724 814 835 878;RI 401
SC 803 821 839 843 854 864;SD 605;TN 423 615 629 731 865 901 931
TX 210 214 254 281 325 346 361 409 430 432 469 512 682 713 726 737 806 817 830 832 903
TX 915 936 940 945 956 972 979;UT 385 435 801
VA 276 434 540 571 686 703 757 804 826 948;VT 802;WA 206 253 360 425 509 564
WI 262 274 353 414 534 608 715 920;WV 304 681;WY 307
"""
_US_NOWHERE = """
500 521 522 523 524 525 526 527 528 529 532 533 544 566 577 588
800 833 844 855 866 877 888 900
"""
US_WITHOUT_A_PLACE = frozenset(_US_NOWHERE.split())
# An area code that the library has no zone for yet: anywhere on the mainland.
ZONES_OF_NEW_US_AREAS = ("America/Los_Angeles", "America/New_York")

_CHILE_ZONES = {
    "MA": ("America/Punta_Arenas",),
    "AI": ("America/Coyhaique",),
    "EASTER": (EASTER,),
}
# The island has a zone of its own, but belongs to Valparaíso.
ISO_CODES = {"EASTER": "VS"}
# Names that the holidays package does not have.
_MORE_NAMES = {
    "CL": {
        "METROPOLITANA": "RM",
        "REGION METROPOLITANA": "RM",
        "SANTIAGO": "RM",
        "AYSEN": "AI",
        "AISEN": "AI",
        "AYSEN DEL GENERAL CARLOS IBANEZ DEL CAMPO": "AI",
        "COYHAIQUE": "AI",
        "MAGALLANES Y DE LA ANTARTICA CHILENA": "MA",
        "MAGALLANES Y LA ANTARTICA CHILENA": "MA",
        "PUNTA ARENAS": "MA",
        "ARAUCANIA": "AR",
        "BIO BIO": "BI",
        "OHIGGINS": "LI",
        "O HIGGINS": "LI",
        "ISLA DE PASCUA": "EASTER",
        "RAPA NUI": "EASTER",
        "EASTER": "EASTER",
    },
    "AR": {
        "CABA": "C",
        "CAPITAL FEDERAL": "C",
        "CIUDAD DE BUENOS AIRES": "C",
        "CIUDAD AUTONOMA BUENOS AIRES": "C",
    },
    "ES": {"CANARIAS": "CN", "ISLAS CANARIAS": "CN", "MADRID": "MD", "BALEARES": "IB"},
    "MX": _MEXICO_NAMES,
}


def _areas(table: str, code: str) -> dict[str, Found]:
    """`ZONE STATE: area area; STATE: …` → what each prefix stands for."""
    found: dict[str, Found] = {}
    for line in table.strip().splitlines():
        zone, states = line.split(" ", 1)
        for part in states.split(";"):
            state, listed = part.split(":")
            for area in listed.split():
                found[code + area] = ((zone,), (state.strip(),))
    return found


def _brazil() -> dict[str, Found]:
    found = _areas(_BRAZIL_AREAS, "+55")
    for area, zones in _BRAZIL_TWO_ZONES.items():
        found[f"+55{area}"] = (zones, found[f"+55{area}"][1])
    return found


def _mexico() -> dict[str, Found]:
    everywhere = {f"+52{digit}": ((MAIN_ZONES["MX"],), ()) for digit in range(2, 10)}
    # the obsolete mark of a mobile stands before the area code
    mobiles = _areas(_MEXICO_AREAS, "+521")
    marked = {f"+521{digit}": found for digit, found in _digits(everywhere)}
    return everywhere | marked | mobiles | _areas(_MEXICO_AREAS, "+52")


def _digits(table: dict[str, Found]) -> list[tuple[str, Found]]:
    return [(prefix[-1], found) for prefix, found in table.items()]


PREFIXES: dict[str, dict[str, Found]] = {
    "CL": _CHILE,
    "AR": _ARGENTINA,
    "ES": _SPAIN,
    "BR": _brazil(),
    "MX": _mexico(),
    "CO": {"+57": (("America/Bogota",), ())},
    "PE": {"+51": (("America/Lima",), ())},
    "US": {},
}


@lru_cache(maxsize=1)
def us_states() -> dict[str, str]:
    """The state of each area code."""
    found = {}
    for line in _US_AREAS.replace("\n", ";").split(";"):
        state, *listed = line.split() or [""]
        found |= dict.fromkeys(listed, state)
    return found


def zones_of_subdivision(country: str, subdivision: str) -> tuple[str, ...]:
    """Empty where the subdivision does not say it."""
    if country == "CL":
        return _CHILE_ZONES.get(subdivision, (SANTIAGO,))
    if country == "ES":
        return ("Atlantic/Canary",) if subdivision == "CN" else ("Europe/Madrid",)
    if country == "MX":
        return _MEXICO_ZONES.get(subdivision, ())
    found = [
        zone
        for zones, subdivisions in PREFIXES[country].values()
        if subdivision in subdivisions
        for zone in zones
    ]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=16)
def names(country: str) -> dict[str, str]:
    """Subdivisions by their folded names and by their codes."""
    of_country = getattr(holidays, country, None)
    known = getattr(of_country, "subdivisions_aliases", {})
    found = {
        " ".join("".join(c if c.isalnum() else " " for c in fold).split()): code
        for name, code in known.items()
        if (fold := keys.fold(name).upper())
    }
    codes = {code: code for code in known.values()}
    if country == "MX":
        codes = {code: code for code in _MEXICO_ZONES}
    return found | codes | _MORE_NAMES.get(country, {})
