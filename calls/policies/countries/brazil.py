"""Brazil, draft (compliance.md 3.6). States by DDD; São Paulo's law is the default."""

from calls.policies.countries.writing import (
    MON_FRI,
    SAT,
    SUN,
    WEEKEND,
    after_conversation,
    attempts_a_day,
    closed,
    company,
    courteous,
    draft,
    hours,
    law,
    no_holidays,
    said,
)
from calls.policies.records import Hours, Record, Registry, Source

DEFAULT = law("CDC art. 42 y 71; como Lei SP 15.426/2014", pending=True)
COMPANY = company()


def _as_sao_paulo(source: Source) -> tuple[Hours, ...]:
    return (
        hours(MON_FRI, "08:00", "20:00", source),
        hours(SAT, "08:00", "14:00", source),
        closed(SUN, source),
    )


def _state(state: str, text: str, opens: str = "", closes: str = "") -> Record:
    """Collection in a state: Monday to Friday from `opens` to `closes`, or as SP."""
    source = law(text, pending=True)
    own = (
        (hours(MON_FRI, opens, closes, source), closed(WEEKEND, source))
        if opens
        else _as_sao_paulo(source)
    )
    return draft(
        "BR",
        "debt_collection",
        subdivision=state,
        hours=own,
        holidays=no_holidays(source),
    )


RECORDS = (
    draft(
        "BR",
        "debt_collection",
        hours=_as_sao_paulo(DEFAULT),
        holidays=no_holidays(DEFAULT),
        caps=(attempts_a_day(2, COMPANY),),
        cooldowns=(after_conversation(2, COMPANY),),
        disclosures=said(COMPANY, "agency", "creditor"),
    ),
    _state("SP", "Lei SP 15.426/2014"),
    _state("AL", "Lei AL 7.782/2016"),
    _state("RJ", "Lei RJ 7.868/2018", "09:00", "19:00"),
    _state("ES", "Lei ES 10.626/2017", "08:00", "19:00"),
    _state("AM", "Ley de Amazonas: hasta las 19 h", "08:00", "19:00"),
    draft(
        "BR",
        "marketing",
        hours=_as_sao_paulo(COMPANY),
        holidays=no_holidays(COMPANY),
        caps=(attempts_a_day(1, COMPANY),),
        registries=(
            Registry(
                "Não Me Perturbe", 30, law("ANATEL: Não Me Perturbe", pending=True)
            ),
        ),
        disclosures=said(COMPANY, "purpose", "optout_offer"),
    ),
    *(
        courteous(draft("BR", use_case))
        for use_case in ("appointment_reminder", "notification", "survey")
    ),
)
