"""Hours of a week without holidays, of holidays, and of the days the clock changes.

The tables say what the laws say (compliance.md 3, corrected by operations.md 3), not
what the code does; every row names its rule.
"""

from datetime import UTC, date, datetime, timedelta

import pytest

from calls.policies import areas
from calls.policies.evaluate import hours_at
from calls.policies.holidays import HolidayTable, default_table, snapshot
from calls.policies.merge import strictest
from calls.policies.records import Hours, Record, Source
from tests.policies.building import AR, CL, at_hour, local, policy_of

# Monday 24 to Sunday 30 August 2026: no holiday on a day that is open anywhere.
MONDAY = date(2026, 8, 24)
DAYS = {"Mon-Fri": range(5), "Mon-Sat": range(6), "Sat": [5], "Sun": [6]}
DAYS |= {"Sat-Sun": [5, 6], "Mon-Sun": range(7)}
# country[-subdivision] | rules | use case | days | open | rule
WEEK = """
CL | law | debt_collection | Mon-Sat | 08:00-20:00 | Ley 19.496 art. 37
CL | law | debt_collection | Sun | closed | Ley 19.496 art. 37
CL | effective | debt_collection | Mon-Fri | 09:00-19:30 | Norma de la empresa
CL | effective | debt_collection | Sat | 10:00-14:00 | Norma de la empresa
CL | effective | debt_collection | Sun | closed | Ley 19.496 art. 37
CL | effective | marketing | Mon-Fri | 09:00-19:30 | Norma de la empresa
CL | effective | marketing | Sat | 10:00-14:00 | Norma de la empresa
CL | effective | appointment_reminder | Sat-Sun | 10:00-14:00 closed | Norma de la empresa
AR | effective | debt_collection | Mon-Fri | 09:00-19:30 | Norma de la empresa
AR | effective | debt_collection | Sat | 10:00-13:00 | Norma de la empresa
AR | effective | debt_collection | Sun | closed | Norma de la empresa
AR-C | effective | debt_collection | Mon-Fri | 09:00-19:30 | Norma de la empresa
AR | law | debt_collection | Mon-Sun | 00:00-24:00 | no national statute
MX | law | debt_collection | Mon-Fri | 07:00-22:00 | CONDUSEF
MX | effective | debt_collection | Mon-Fri | 09:00-19:30 | Norma de la empresa
MX | effective | debt_collection | Sat-Sun | closed closed | CONDUSEF
MX | effective | marketing | Sat-Sun | closed closed | Norma de la empresa
CO | law | debt_collection | Mon-Fri | 07:00-19:00 | Ley 2300/2023
CO | law | debt_collection | Sat | 08:00-15:00 | Ley 2300/2023
CO | law | debt_collection | Sun | closed | Ley 2300/2023
CO | law | marketing | Mon-Fri | 07:00-19:00 | Ley 2300/2023
CO | law | marketing | Sat-Sun | 08:00-15:00 closed | Ley 2300/2023
CO | effective | debt_collection | Mon-Fri | 09:00-18:58 | Ley 2300/2023
CO | effective | debt_collection | Sat | 10:00-14:00 | Norma de la empresa
PE | law | debt_collection | Mon-Fri | 07:00-20:00 | Ley 29571
PE | law | debt_collection | Sat-Sun | closed closed | Ley 29571
PE | effective | debt_collection | Mon-Fri | 09:00-19:30 | Norma de la empresa
PE | effective | debt_collection | Sat-Sun | closed closed | Ley 29571
BR | law | debt_collection | Mon-Fri | 08:00-20:00 | CDC
BR | law | debt_collection | Sat-Sun | 08:00-14:00 closed | CDC
BR-SP | law | debt_collection | Mon-Fri | 08:00-20:00 | 15.426/2014
BR-SP | effective | debt_collection | Sat | 10:00-13:58 | 15.426/2014
BR-RJ | law | debt_collection | Mon-Fri | 09:00-19:00 | 7.868/2018
BR-RJ | law | debt_collection | Sat-Sun | closed closed | 7.868/2018
BR-ES | law | debt_collection | Mon-Fri | 08:00-19:00 | 10.626/2017
BR-AM | law | debt_collection | Mon-Fri | 08:00-19:00 | Amazonas
BR-RJ | effective | debt_collection | Mon-Fri | 09:00-18:58 | 7.868/2018
ES | law | marketing | Mon-Fri | 09:00-21:00 | TRLGDCU art. 96.2
ES | law | marketing | Sat-Sun | closed closed | TRLGDCU art. 96.2
ES | effective | marketing | Mon-Fri | 09:00-19:30 | Norma de la empresa
ES | effective | debt_collection | Mon-Fri | 09:00-19:30 | Norma de la empresa
ES | effective | debt_collection | Sat-Sun | closed closed | Norma de la empresa
US | law | debt_collection | Mon-Sun | 08:00-21:00 | Reg F
US | law | marketing | Mon-Sun | 08:00-21:00 | TCPA
US-FL | law | marketing | Mon-Fri | 08:00-20:00 | FL
US-OK | law | marketing | Mon-Fri | 08:00-20:00 | OK
US-MD | law | marketing | Mon-Fri | 08:00-20:00 | MD
US-AL | law | marketing | Sat-Sun | 08:00-20:00 closed | AL
US-KY | law | marketing | Mon-Sat | 10:00-21:00 | KY
US-RI | law | marketing | Sat-Sun | closed closed | RI
US-PA | law | marketing | Sun | 12:00-21:00 | PA
US-CT | law | marketing | Mon-Fri | 09:00-20:00 | CT
US | effective | debt_collection | Mon-Fri | 09:00-19:30 | Norma de la empresa
US | effective | debt_collection | Sat-Sun | 10:00-14:00 closed | Norma de la empresa
"""


def week_cases():
    """Each window's four edges; the middle of each closed day."""
    for line in WEEK.strip().splitlines():
        place, rules, use_case, days, windows, source = map(str.strip, line.split("|"))
        each = windows.split()
        for number, weekday in enumerate(DAYS[days]):
            window = each[number] if len(each) > 1 else each[0]
            day = MONDAY + timedelta(days=weekday)
            for at, code in edges(day, window):
                yield pytest.param(
                    place, rules, use_case, at, code, source, id=f"{place} {rules} {at}"
                )


def edges(day: date, window: str):
    if window == "closed":
        yield f"{day}T12:00:00", "closed_weekday"
        return
    opens, closes = window.split("-")
    if closes == "24:00":
        yield f"{day}T00:00:00", "in_hours"
        yield f"{day}T23:59:59", "in_hours"
        return
    start, end = (datetime.fromisoformat(f"{day}T{clock}") for clock in (opens, closes))
    second = timedelta(seconds=1)
    yield (start - second).isoformat(), "outside_hours"
    yield start.isoformat(), "in_hours"
    yield (end - second).isoformat(), "in_hours"
    yield end.isoformat(), "outside_hours"


@pytest.mark.parametrize(
    ("place", "rules", "use_case", "at", "code", "source"), [*week_cases()]
)
def test_an_ordinary_week_has_the_hours_of_its_rule(
    place, rules, use_case, at, code, source
):
    country, _, subdivision = place.partition("-")
    decision = at_hour(country, at, use_case, subdivision, rules=rules)
    assert decision.code == code
    assert decision.decision == ("allow" if code == "in_hours" else "defer")
    policy = policy_of(country, use_case, subdivision, rules=rules)
    # a refusal may be another rule's where two of them close at once
    said = [kept.limit.source.text for kept in policy.hours]
    assert any(source in text for text in said) or not said
    if decision.decision == "defer":
        assert decision.source in said
        assert decision.rule in policy.records


HOLIDAYS = """
CL | law | 2026-01-01 | Año Nuevo | Ley 19.496 art. 37
CL | law | 2026-04-03 | Viernes Santo | Ley 19.496 art. 37
CL | law | 2026-04-04 | Sábado Santo | Ley 19.496 art. 37
CL | law | 2026-05-21 | Glorias Navales | Ley 19.496 art. 37
CL | law | 2026-06-29 | San Pedro y San Pablo, a Monday | Ley 19.668
CL | law | 2026-07-16 | Virgen del Carmen | Ley 19.496 art. 37
CL | law | 2026-09-18 | Independencia | Ley 19.496 art. 37
CL | law | 2026-09-19 | Glorias del Ejército, a Saturday | Ley 19.496 art. 37
CL | law | 2026-10-12 | Encuentro de dos Mundos | Ley 19.668
CL | law | 2026-12-08 | Inmaculada Concepción | Ley 19.496 art. 37
CL | law | 2026-12-25 | Navidad | Ley 19.496 art. 37
CL | law | 2025-06-20 | Pueblos Indígenas, by the solstice | Ley 21.357
CL | law | 2025-10-31 | Iglesias Evangélicas, a Friday | Ley 20.299
CL | law | 2027-06-28 | San Pedro y San Pablo, moved to Monday | Ley 19.668
CL | law | 2027-09-17 | the Friday before the 18th | Ley 20.215
CL | law | 2027-10-11 | Encuentro de dos Mundos, moved | Ley 19.668
CL | effective | 2026-12-08 | Inmaculada Concepción | Ley 19.496 art. 37
CL-AP | law | 2026-08-20 | ordinary | Ñuble alone keeps it
CL-NB | law | 2026-08-20 | Nacimiento de O'Higgins in Ñuble | Ley 20.768
CL | law | 2027-06-29 | ordinary | its holiday was moved
CL | law | 2027-10-12 | ordinary | its holiday was moved
CL | law | 2026-12-24 | ordinary | no holiday
CL | law | 2026-12-31 | ordinary | of banks alone
AR | effective | 2026-02-16 | Carnaval | Ley 27.399
AR | effective | 2026-03-24 | Memoria | Ley 27.399
AR | effective | 2026-04-02 | Malvinas | Ley 27.399
AR | effective | 2026-06-15 | Güemes, moved to Monday | Ley 27.399
AR | effective | 2026-08-17 | San Martín | Ley 27.399
AR | effective | 2026-11-23 | Soberanía, moved to Monday | Ley 27.399
AR | effective | 2026-12-07 | a bridge day, treated as closed | Ley 27.399 art. 7
AR | effective | 2026-07-10 | a bridge day, treated as closed | Ley 27.399 art. 7
AR | effective | 2026-11-20 | ordinary | its holiday was moved
AR | effective | 2026-11-06 | ordinary | of banks alone
CO | law | 2026-01-12 | Reyes Magos, moved | Ley 51/1983
CO | law | 2026-06-08 | Corpus Christi, moved | Ley 51/1983
CO | law | 2026-07-20 | Independencia | Ley 51/1983
CO | law | 2026-11-16 | Cartagena, moved | Ley 51/1983
CO | law | 2026-11-11 | ordinary | its holiday was moved
PE | law | 2026-07-28 | Fiestas Patrias | Ley 29571
PE | law | 2026-10-08 | Angamos | Ley 29571
MX | effective | 2026-03-16 | Juárez, moved | LFT art. 74
MX | effective | 2026-11-16 | Revolución, moved | LFT art. 74
MX | effective | 2026-11-20 | ordinary | its holiday was moved
ES | effective | 2026-01-06 | Epifanía | TRLGDCU art. 96.2
ES-MD | effective | 2026-05-02 | weekend | TRLGDCU art. 96.2
ES-CT | effective | 2026-09-11 | Diada, in Catalonia alone | TRLGDCU art. 96.2
ES | effective | 2026-09-11 | ordinary | Catalonia alone keeps it
ES-CN | effective | 2026-05-30 | weekend | TRLGDCU art. 96.2
BR | law | 2026-04-21 | Tiradentes | CDC
BR | law | 2026-11-20 | Consciência Negra | CDC
BR-SP | law | 2026-07-09 | Revolução, in São Paulo alone | 15.426/2014
BR-RJ | law | 2026-07-09 | ordinary | São Paulo alone keeps it
US | law | 2026-11-26 | ordinary | Reg F knows no holidays
US | effective | 2026-11-26 | Thanksgiving | Norma de la empresa
"""


def holiday_cases():
    for line in HOLIDAYS.strip().splitlines():
        place, rules, day, what, source = map(str.strip, line.split("|"))
        yield pytest.param(
            place, rules, day, what, source, id=f"{place} {day} {source}"
        )


@pytest.mark.parametrize(
    ("place", "rules", "day", "what", "source"), [*holiday_cases()]
)
def test_holidays_are_closed_where_they_were_moved_to(place, rules, day, what, source):
    country, _, subdivision = place.partition("-")
    code = {"ordinary": "in_hours", "weekend": "closed_weekday"}.get(what, "holiday")
    decision = at_hour(
        country, f"{day}T11:00:00", "debt_collection", subdivision, rules=rules
    )
    assert decision.code == code


@pytest.mark.parametrize(
    ("country", "at", "opens"),
    [
        ("CL", "2026-11-24T03:00", "2026-11-24T09:00"),
        ("CL", "2026-11-24T19:30", "2026-11-25T09:00"),
        ("CL", "2026-11-27T21:00", "2026-11-28T10:00"),
        ("CL", "2026-11-28T14:00", "2026-11-30T09:00"),
        ("CL", "2026-12-07T19:30", "2026-12-09T09:00"),  # over a holiday
        ("CL", "2026-09-17T20:00", "2026-09-21T09:00"),  # the 18th, 19th and a Sunday
        ("CL", "2026-04-02T20:00", "2026-04-06T09:00"),  # Easter; the clock goes back
        ("CL", "2026-09-05T14:00", "2026-09-07T09:00"),  # the clock goes forward
        ("CL", "2026-12-31T20:00", "2027-01-02T10:00"),  # into the next year
        ("CL", "2028-02-28T20:00", None),  # a year that nobody reviewed
        ("AR", "2026-11-20T20:00", "2026-11-21T10:00"),
        ("AR", "2026-11-21T13:00", "2026-11-24T09:00"),  # over a moved Monday
        ("CO", "2026-11-13T19:00", "2026-11-14T10:00"),
        ("CO", "2026-11-14T14:00", "2026-11-17T09:00"),
        ("ES", "2026-10-23T20:00", "2026-10-26T09:00"),  # the clock goes back
        ("ES", "2026-03-27T20:00", "2026-03-30T09:00"),  # the clock goes forward
    ],
)
def test_a_deferred_call_knows_when_it_opens(country, at, opens):
    decision = at_hour(country, at)
    expected = local(opens, areas.MAIN_ZONES[country]) if opens else None
    assert (decision.decision, decision.next_allowed_at) == ("defer", expected)
    if opens:
        assert decision.next_allowed_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("country", "at", "code"),
    [
        # Chile, 2026-04-04 24:00 becomes 23:00; -03 before, -04 after
        ("CL", "2026-04-02T12:00:00+00:00", "in_hours"),  # 09:00
        ("CL", "2026-04-02T11:59:59+00:00", "outside_hours"),
        ("CL", "2026-04-06T12:59:59+00:00", "outside_hours"),
        ("CL", "2026-04-06T13:00:00+00:00", "in_hours"),
        ("CL", "2026-04-05T02:30:00+00:00", "holiday"),  # 23:30 of Saturday, once
        ("CL", "2026-04-05T03:30:00+00:00", "holiday"),  # and again
        # 2026-09-06 00:00 does not exist; -04 before, -03 after
        ("CL", "2026-09-04T13:00:00+00:00", "in_hours"),
        ("CL", "2026-09-04T12:59:59+00:00", "outside_hours"),
        ("CL", "2026-09-06T04:00:00+00:00", "closed_weekday"),  # 01:00 of Sunday
        ("CL", "2026-09-07T12:00:00+00:00", "in_hours"),
        ("CL", "2026-09-07T11:59:59+00:00", "outside_hours"),
        ("ES", "2026-10-23T07:00:00+00:00", "in_hours"),  # 09:00 +02
        ("ES", "2026-10-26T07:59:59+00:00", "outside_hours"),
        ("ES", "2026-10-26T08:00:00+00:00", "in_hours"),  # 09:00 +01
        ("ES", "2026-03-30T06:59:59+00:00", "outside_hours"),
        ("ES", "2026-03-30T07:00:00+00:00", "in_hours"),
        ("US", "2026-03-09T13:00:00+00:00", "in_hours"),  # 09:00 -04
        ("US", "2026-03-09T12:59:59+00:00", "outside_hours"),
        ("US", "2026-11-02T13:59:59+00:00", "outside_hours"),
        ("US", "2026-11-02T14:00:00+00:00", "in_hours"),  # 09:00 -05
    ],
)
def test_hours_follow_the_change_of_the_clock(country, at, code):
    zones = (areas.MAIN_ZONES[country],)
    moment = datetime.fromisoformat(at)
    decision = hours_at(policy_of(country), zones, moment, default_table(country))
    assert decision.code == code


def at_night(*windows):
    """A rule with windows at the hours when clocks change."""
    source = Source("a rule of the night", "company_default")
    record = Record(
        "US",
        "survey",
        1,
        "active",
        None,
        hours=(Hours(tuple(range(7)), windows, source),),
    )
    return strictest([record])


@pytest.mark.parametrize(
    ("windows", "at", "allowed", "opens"),
    [
        # New York, 2026-11-01: 01:00–02:00 comes twice, first -04 and then -05
        (((60, 90),), "2026-11-01T05:00:00", True, None),
        (((60, 90),), "2026-11-01T05:29:59", True, None),
        (((60, 90),), "2026-11-01T05:30:00", False, "2026-11-01T06:00:00"),
        (((60, 90),), "2026-11-01T06:00:00", True, None),
        (((60, 90),), "2026-11-01T06:30:00", False, "2026-11-02T06:00:00"),
        (((30, 150),), "2026-11-01T06:45:00", True, None),
        (((30, 150),), "2026-11-01T07:29:59", True, None),
        (((30, 150),), "2026-11-01T07:30:00", False, "2026-11-02T05:30:00"),
        # 2026-03-08: 02:00–03:00 does not exist
        (((120, 180),), "2026-03-08T06:59:59", False, "2026-03-09T06:00:00"),
        (((120, 180),), "2026-03-08T07:00:00", False, "2026-03-09T06:00:00"),
        (((150, 210),), "2026-03-08T06:59:59", False, "2026-03-08T07:00:00"),
        (((150, 210),), "2026-03-08T07:00:00", True, None),
        (((150, 210),), "2026-03-08T07:29:59", True, None),
        (((150, 210),), "2026-03-08T07:30:00", False, "2026-03-09T06:30:00"),
    ],
)
def test_hours_that_come_twice_or_never_follow_what_the_clock_shows(
    windows, at, allowed, opens
):
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    decision = hours_at(
        at_night(*windows), ("America/New_York",), moment, HolidayTable({})
    )
    assert (decision.decision == "allow") == allowed
    expected = datetime.fromisoformat(opens).replace(tzinfo=UTC) if opens else None
    assert decision.next_allowed_at == expected


@pytest.mark.parametrize(
    ("zones", "at", "decision", "opens"),
    [
        # in summer Easter Island is two hours behind
        ((CL, "Pacific/Easter"), "2026-11-24T10:59", "defer", "2026-11-24T11:00"),
        ((CL, "Pacific/Easter"), "2026-11-24T11:00", "allow", None),
        ((CL, "Pacific/Easter"), "2026-11-24T19:30", "defer", "2026-11-25T11:00"),
        ((CL, "Pacific/Easter"), "2026-11-28T11:30", "defer", "2026-11-28T12:00"),
        # in winter Punta Arenas is one hour ahead
        ((CL, "America/Punta_Arenas"), "2026-07-14T18:30", "defer", "2026-07-15T09:00"),
        ((CL, "America/Punta_Arenas"), "2026-07-14T18:29", "allow", None),
        # never open together
        ((CL, "Asia/Tokyo"), "2026-11-24T10:00", "defer", None),
    ],
)
def test_all_zones_of_a_person_must_be_open(zones, at, decision, opens):
    answer = hours_at(policy_of("CL"), zones, local(at), default_table("CL"))
    assert answer.decision == decision
    assert answer.next_allowed_at == (local(opens) if opens else None)


@pytest.mark.parametrize(
    ("zones", "code"),
    [
        ((), "unknown_zone"),
        (("",), "unknown_zone"),
        (("America/Nowhere",), "unknown_zone"),
        (("../etc/passwd",), "unknown_zone"),
        ((CL, "America/Nowhere"), "unknown_zone"),
    ],
)
@pytest.mark.parametrize("lift_hours", [False, True])
def test_an_unknown_zone_is_not_allowed(zones, code, lift_hours):
    answer = hours_at(
        policy_of("CL"),
        zones,
        local("2026-11-24T12:00"),
        default_table("CL"),
        lift_hours=lift_hours,
    )
    assert (answer.decision, answer.code) == ("defer", code)
    assert answer.next_allowed_at is None


@pytest.mark.parametrize(
    "at", ["2026-11-24T03:00", "2026-11-29T12:00", "2026-12-25T12:00", "2031-01-01T00"]
)
def test_the_sandbox_lifts_hours_weekdays_and_holidays(at):
    table = default_table("CL")
    answer = hours_at(policy_of("CL"), (CL,), local(at), table, lift_hours=True)
    assert (answer.decision, answer.code) == ("allow", "hours_lifted")


def test_a_year_without_reviewed_holidays_is_not_promised():
    decision = at_hour("CL", "2027-12-31T20:00")
    assert (decision.decision, decision.next_allowed_at) == ("defer", None)
    assert at_hour("CL", "2028-03-01T11:00").code == "unknown_holidays"


def test_an_added_holiday_is_closed():
    rows = {
        ("CL", "", 2026): snapshot("CL", "", 2026) | {date(2026, 11, 24): "Elección"}
    }
    table = HolidayTable(rows)
    at = local("2026-11-24T12:00")
    decision = hours_at(policy_of("CL"), (CL,), at, table)
    assert decision.code == "holiday"
    assert decision.next_allowed_at == local("2026-11-25T09:00")


def test_a_holiday_may_be_like_a_sunday():
    source = Source("x", "law")
    record = Record(
        "CL",
        "survey",
        1,
        "active",
        None,
        hours=(
            Hours((0, 1, 2, 3, 4, 5), ((540, 1200),), source),
            Hours((6,), ((660, 720),), source),
        ),
        holidays=(type(policy_of("CL").holidays[0].limit)("as_sunday", source),),
    )
    policy = strictest([record])
    answers = [
        hours_at(policy, (CL,), local(f"2026-12-08T{at}"), default_table("CL")).code
        for at in ("10:59", "11:00", "12:00")
    ]
    assert answers == ["outside_hours", "in_hours", "outside_hours"]


def test_a_snapshot_holds_reviewed_years_alone():
    assert len(snapshot("CL", "", 2026)) >= 16
    assert snapshot("CL", "", 2024) == snapshot("CL", "", 2028) == {}
    assert snapshot("XX", "", 2026) == snapshot("CL", "ZZ", 2026) == {}
    assert snapshot("CL", "", 2026)[date(2026, 12, 25)] == "Navidad"


def test_a_moment_without_zone_is_refused():
    naive = datetime(2026, 11, 24, 12)  # noqa: DTZ001
    with pytest.raises(ValueError, match="zone"):
        hours_at(policy_of("CL"), (CL,), naive, default_table("CL"))


def test_argentinas_bridge_day_is_open_by_the_law_alone():
    assert at_hour("AR", "2026-12-07T11:00", rules="law").code == "in_hours"
    assert at_hour("AR", "2026-12-07T11:00", zone=AR).code == "holiday"
