"""Records as JSON, and what is said of JSON that is not one; merging and loosening."""

import json
from copy import deepcopy
from dataclasses import replace

import pytest
from django.utils import translation

from calls.policies import sentences
from calls.policies.countries import RECORDS
from calls.policies.effective import choose, effective_for
from calls.policies.merge import is_looser, strictest
from calls.policies.plain import RecordError
from calls.policies.records import (
    COMPANY,
    USE_CASES,
    Cap,
    Gap,
    Hours,
    PhoneKinds,
    Source,
    from_json,
    to_json,
)
from tests.policies.building import policy_of

CHILE = next(record for record in RECORDS if record.ref == "CL/debt_collection@1")
BY_LAW, BY_US = Source("Ley 1", "law"), Source("us", COMPANY)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.ref)
def test_every_default_record_survives_json(record):
    written = to_json(record)
    assert from_json(json.loads(json.dumps(written))) == record
    assert to_json(from_json(written)) == written


def plain_types(value):
    if isinstance(value, dict):
        return {str}.union(*map(plain_types, value.values()))
    if isinstance(value, list):
        return set().union(*map(plain_types, value)) if value else set()
    return {type(value)}


def test_json_holds_text_and_numbers_alone():
    assert set().union(*(plain_types(to_json(r)) for r in RECORDS)) == {str, int}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["country"], "Chile", "country: se espera algo como «CL»."),
        (["country"], 56, "country: se espera un texto."),
        (["use_case"], "cobranza", "use_case: se espera uno de estos valores"),
        (["version"], "1", "version: se espera un número entero de 1 a 100000."),
        (["version"], True, "version: se espera un número entero"),
        (["version"], 0, "version: se espera un número entero"),
        (["status"], None, "status: se espera uno de estos valores: active, draft."),
        (["valid_from"], "24/11/2026", "valid_from: se espera una fecha"),
        (["valid_from"], "2026-02-30", "valid_from: se espera una fecha"),
        (["valid_from"], "20260228", "valid_from: se espera una fecha"),
        (["valid_to"], "2020-01-01", "registro: terminaría antes de empezar."),
        (["hours"], {}, "hours: se espera una lista."),
        (["hours", 0], [], "hours 1: se espera un grupo de campos."),
        (["hours", 0, "days"], ["lunes"], "hours 1 / days 1: se espera uno de"),
        (["hours", 0, "days"], ["mon", "mon"], "hours 1: debe haber al menos un día"),
        (["hours", 0, "days"], [], "hours 1: debe haber al menos un día"),
        (
            ["hours", 0, "windows", 0],
            ["09:00"],
            "hours 1 / windows 1: se esperan una hora",
        ),
        (["hours", 0, "windows", 0], ["9:00", "20:00"], "una hora como 09:00"),
        (["hours", 0, "windows", 0], ["09:00", "25:00"], "una hora como 09:00"),
        (["hours", 0, "windows", 0], ["20:00", "09:00"], "debe ser posterior"),
        (
            ["hours", 0, "windows"],
            [["09:00", "13:00"], ["12:00", "20:00"]],
            "sin superponerse",
        ),
        (["hours", 0, "source"], {"text": "x"}, "source / status: falta este campo."),
        (["hours", 0, "source", "text"], "", "se espera algo como"),
        (["caps", 0, "most"], 0, "caps 1 / most: se espera un número entero"),
        (["caps", 0, "most"], 1.5, "caps 1 / most: se espera un número entero"),
        (["caps", 0, "count"], "calls", "caps 1 / count: se espera uno de"),
        (["caps", 2, "length"], 2, "caps 3: el largo de un día o semana calendario"),
        (["caps", 1, "code"], "conversation_a_week", "registro: cada tope"),
        (["caps", 0, "colour"], "red", "caps 1 / colour: no existe ese campo."),
        (["subdivision"], "metropolitana", "subdivision: se espera algo como"),
        (["callbacks", 0, "lifts_frequency"], True, "se espera uno de estos valores"),
        (
            ["caller_ids", 0, "allowed_prefixes"],
            ["600"],
            "se espera algo como «+56600».",
        ),
        (["zones"], [], "zones: no existe ese campo."),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(path, value, said):
    wrong = deepcopy(to_json(CHILE))
    place = wrong
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with translation.override("es"), pytest.raises(RecordError) as caught:
        from_json(wrong)
    assert said in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("value", [None, [], "CL", 1])
def test_what_is_no_record_at_all_is_refused(value):
    with pytest.raises(RecordError):
        from_json(value)


def test_a_missing_field_is_named():
    written = to_json(CHILE)
    del written["country"]
    with (
        translation.override("en"),
        pytest.raises(RecordError, match="country: this field"),
    ):
        from_json(written)


# --- the default records


def test_every_country_has_every_use_case():
    countries = {record.country for record in RECORDS} - {""}
    assert countries == {"CL", "AR", "CO", "MX", "PE", "ES", "US", "BR"}
    whole = {(r.country, r.use_case) for r in RECORDS if not r.subdivision}
    assert {(c, u) for c in countries for u in USE_CASES} <= whole


def test_only_chile_and_argentina_are_active():
    active = {record.country for record in RECORDS if record.status == "active"}
    assert active == {"", "CL", "AR"}


def test_every_rule_has_a_source_that_was_reviewed():
    limits = [
        kept
        for record in RECORDS
        for kept in strictest([record], accept_drafts=True).hours
        + strictest([record], accept_drafts=True).caps
    ]
    assert all(each.limit.source.reviewed_on for each in limits)


def test_every_code_of_a_default_rule_has_words():
    codes = {
        limit.code for record in RECORDS for limit in (*record.caps, *record.cooldowns)
    }
    assert codes <= set(sentences.LABELS)
    assert all(str(words) for words in sentences.LABELS.values())


def test_no_two_records_are_the_same_one():
    refs = [record.ref for record in RECORDS]
    assert len(set(refs)) == len(refs)


def test_a_later_version_and_the_creditors_sector_take_the_place():
    second = replace(CHILE, version=2)
    found = choose([*RECORDS, second], "CL", "debt_collection")
    assert [r.ref for r in found if r.country] == ["CL/debt_collection@2"]
    found = choose(
        [*RECORDS, second], "CL", "debt_collection", sector="retail_financiero"
    )
    assert [r.ref for r in found if r.country] == [
        "CL/debt_collection/retail_financiero@1"
    ]


def test_a_subdivision_alone_is_not_enough():
    city = next(record for record in RECORDS if record.subdivision == "C")
    assert choose([city], "AR", "debt_collection", ("C",)) == []


def test_the_city_of_buenos_aires_forbids_calls_to_work():
    """Ley CABA 6171."""
    city = effective_for("AR", "debt_collection", ("C", "B"))
    assert "AR-C/debt_collection@1" in city.records
    said = [kept.limit.source.text for kept in city.phones]
    assert any("6171" in text for text in said)
    assert city.phones != effective_for("AR", "debt_collection").phones


# --- merging


def one(**limits):
    return replace(CHILE, **{"hours": (), "caps": (), "cooldowns": (), **limits})


def test_the_lowest_cap_remains_with_the_record_that_it_came_from():
    caps = [
        Cap("many", "attempt", 5, "calendar_day", 1, "person", BY_LAW),
        Cap("few", "attempt", 2, "calendar_day", 1, "person", BY_US),
        Cap("other", "attempt", 3, "calendar_week", 1, "person", BY_US),
    ]
    records = [one(caps=(cap,), version=n) for n, cap in enumerate(caps, start=1)]
    kept = {each.limit.code: each.record for each in strictest(records).caps}
    assert kept == {"few": "CL/debt_collection@2", "other": "CL/debt_collection@3"}


def test_the_longest_gap_and_all_windows_remain():
    week = tuple(range(7))
    first = one(hours=(Hours(week, ((480, 1200),), BY_LAW),), gaps=(Gap(60, BY_US),))
    second = one(
        hours=(Hours(week, ((540, 780), (900, 1260)), BY_US),),
        gaps=(Gap(120, BY_US),),
        version=2,
    )
    merged = strictest([first, second])
    assert merged.windows(0) == ((9 * 3600, 13 * 3600), (15 * 3600, 20 * 3600))
    assert [each.limit.minutes for each in merged.gaps] == [120]


def test_records_of_two_countries_do_not_merge():
    with pytest.raises(ValueError, match="two countries"):
        strictest(RECORDS)


def test_one_draft_makes_all_of_it_a_draft():
    records = [CHILE, replace(CHILE, subdivision="RM", status="draft")]
    assert strictest(records).refusal == "policy_draft"
    assert strictest(records, accept_drafts=True).refusal == ""


def test_a_callback_lifts_the_limits_of_its_own_record_alone():
    cap = Cap("one", "attempt", 1, "calendar_day", 1, "person", BY_US)
    silent = one(caps=(replace(cap, code="two", most=1),), callbacks=(), version=2)
    kept = strictest([one(caps=(cap,)), silent]).caps
    assert {each.limit.code: each.lifted for each in kept} == {
        "one": True,
        "two": False,
    }


@pytest.mark.parametrize(
    ("changes", "looser"),
    [
        ({}, []),
        ({"caps": CHILE.caps[1:]}, ["conversation_a_week"]),
        ({"caps": ()}, ["attempts_a_day", "attempts_a_week", "conversation_a_week"]),
        ({"caps": (*CHILE.caps[:2], replace(CHILE.caps[2], most=2), CHILE.caps[3])},
         ["attempts_a_day"]),
        ({"hours": ()}, ["hours"]),
        ({"hours": (replace(CHILE.hours[0], windows=((480, 1201),)), CHILE.hours[1])},
         ["hours"]),
        ({"hours": (replace(CHILE.hours[0], windows=((540, 1200),)), CHILE.hours[1])}, []),
        ({"holidays": ()}, ["hours"]),
        ({"caller_ids": ()}, ["caller_id"]),
        ({"cooldowns": CHILE.cooldowns[1:]}, ["never_after_sued"]),
        ({"phones": (PhoneKinds(("work",), BY_US),)}, ["phone_kinds"]),
        ({"phones": (PhoneKinds(("work", "reference", "family", "neighbour"), BY_US),)}, []),
        ({"disclosures": CHILE.disclosures[1:]}, ["disclosures"]),
        ({"keeping": ()}, ["keeping"]),
        ({"callbacks": ()}, []),
        ({"reading": "strict"}, []),
    ],
)  # fmt: skip
def test_what_a_change_loosens_is_named(changes, looser):
    before, after = strictest([CHILE]), strictest([replace(CHILE, **changes)])
    assert is_looser(before, after) == looser


def test_lifting_by_callbacks_and_accepting_a_draft_are_loosenings():
    silent = replace(CHILE, callbacks=())
    lifted = is_looser(strictest([silent]), strictest([CHILE]))
    assert lifted == ["attempts_a_day", "attempts_a_week", "conversation_a_week"]
    assert is_looser(effective_for("CO", "survey"), policy_of("CO", "survey")) == [
        "policy_draft"
    ]
