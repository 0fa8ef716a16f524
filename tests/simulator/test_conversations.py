"""What is said, what is analysed and what was sent agree with each other."""

import re
from datetime import date, datetime
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from calls.retell.analysis import POST_CALL_ANALYSIS, read_analysis
from calls.simulator.conversation import Conversation, converse
from calls.simulator.scripts import COLLECTIONS, COMMON, OFFERS, VOICEMAIL
from calls.simulator.spanish import read_amount, read_date, say_amount, say_date
from tests.simulator.conftest import VARIABLES
from tests.simulator.fast_clock import START

TODAY = date(2026, 11, 20)
SCRIPTS = {**COLLECTIONS, **COMMON, **OFFERS, "voicemail": VOICEMAIL}
CHOICES = {item["name"]: item.get("choices") for item in POST_CALL_ANALYSIS}


def talk(seed: int, **changes: Any) -> Conversation:
    variables = {
        name: value
        for name, value in (VARIABLES | changes).items()
        if value is not None
    }
    return converse(Random(seed), variables, "+56955500001", START)


def conversations(count: int = 300, **changes: Any) -> dict[str, Conversation]:
    """One conversation of each script that came up."""
    return {(said := talk(seed, **changes)).name: said for seed in range(count)}


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_fits_the_analysis_schema(name: str) -> None:
    script = SCRIPTS[name]
    assert script.contact in CHOICES["contacto"]
    assert script.disposition in CHOICES["tipificacion"]
    assert set(script.values) <= set(CHOICES)


def test_a_debtor_can_say_everything_that_is_scripted() -> None:
    assert set(conversations(2000)) == set(COLLECTIONS) | set(COMMON)


@pytest.mark.parametrize("name", sorted({**COLLECTIONS, **COMMON}))
def test_the_analysis_is_readable_and_says_what_the_script_meant(name: str) -> None:
    said = conversations(2000)[name]
    analysis = read_analysis(said.custom_analysis(POST_CALL_ANALYSIS), START.tzinfo)
    assert analysis.unreadable == {}
    assert analysis.disposition == said.script.disposition
    assert analysis.contact == said.script.contact
    assert analysis.identity_verified is said.script.verified


def test_a_full_promise_is_of_the_amount_that_was_sent() -> None:
    said = conversations()["promise"]
    assert said.values["promesa_monto"] == 150_000
    assert "ciento cincuenta mil pesos" in said.transcript
    assert "Tienda Uno" in said.transcript


def test_a_partial_promise_is_less_and_is_heard() -> None:
    said = conversations()["partial_promise"]
    part = said.values["promesa_monto"]
    assert 0 < part < 150_000
    assert say_amount(part) in said.transcript


def test_a_promise_is_between_tomorrow_and_the_last_day_and_is_heard() -> None:
    for seed in range(300):
        said = talk(seed)
        if said.name in {"promise", "partial_promise"}:
            day = date.fromisoformat(said.values["promesa_fecha"])
            assert TODAY < day <= date(2026, 11, 28)
            assert say_date(day) in said.transcript


def test_nobody_promises_after_the_last_day() -> None:
    names = set(conversations(500, fecha_maxima="20 de noviembre de 2026"))
    assert not names & {"promise", "partial_promise"}


def test_a_callback_is_tomorrow_in_the_persons_day() -> None:
    said = conversations(2000)["callback"]
    at = datetime.fromisoformat(said.values["rellamada_en"])
    assert at.date() == date(2026, 11, 21)
    assert f"{at:%H:%M}" in said.transcript


def test_an_afternoon_has_no_invented_minute() -> None:
    said = conversations(2000)["callback_vague"]
    data = said.custom_analysis(POST_CALL_ANALYSIS)
    assert "rellamada_en" not in data
    assert data["rellamada_frase"] == "en la tarde"


@pytest.mark.parametrize("name", sorted(COMMON))
def test_no_word_of_the_debt_before_verification(name: str) -> None:
    text = conversations(2000)[name].transcript
    assert "pesos" not in text
    assert "deuda" not in text.lower()


def test_a_marketing_call_speaks_of_the_offer() -> None:
    offer = {"monto_total": None, "descripcion_oferta": "un plan de ahorro"}
    said = conversations(2000, **offer)
    assert set(said) == set(OFFERS) | set(COMMON)
    assert "un plan de ahorro" in said["interested"].transcript


def test_the_analysis_holds_only_what_was_asked_for() -> None:
    schema = [
        {"type": "boolean", "name": "pide_no_llamar", "description": ""},
        {"type": "string", "name": "color", "description": ""},
        {"type": "enum", "name": "tipificacion", "description": "", "choices": ["x"]},
    ]
    data = talk(1).custom_analysis(schema)
    assert set(data) == {"pide_no_llamar", "color"}
    assert isinstance(data["pide_no_llamar"], bool)


def test_words_are_timed_inside_the_call() -> None:
    turns = talk(1).transcript_object(40.0)
    words = [word for turn in turns for word in turn["words"]]
    assert words[0]["start"] == 0
    assert abs(words[-1]["end"] - 40) < 0.01
    assert all(a["end"] <= b["end"] for a, b in pairwise(words))


def test_no_placeholder_is_left() -> None:
    for said in conversations(2000).values():
        assert not re.search(r"[{}@]", said.transcript)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("ciento cincuenta mil pesos", 150_000),
        (
            "un millón doscientos treinta y cuatro mil quinientos sesenta y siete",
            1_234_567,
        ),
        ("veintiún mil pesos", 21_000),
        ("dos millones de pesos", 2_000_000),
        ("mil pesos", 1000),
        ("$ 150.000", 150_000),
        ("150000.0", 150_000),
        ("cero pesos", 0),
        ("", None),
        ("mucho", None),
    ],
)
def test_amounts_are_understood(text: str, amount: int | None) -> None:
    assert read_amount(text) == amount


@pytest.mark.parametrize("amount", [1, 21, 100, 999, 1000, 21_001, 75_500, 3_000_000])
def test_said_amounts_are_understood_again(amount: int) -> None:
    assert read_amount(say_amount(amount)) == amount


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("28 de septiembre de 2025", date(2025, 9, 28)),
        ("2025-09-28", date(2025, 9, 28)),
        ("28/09/2025", date(2025, 9, 28)),
        ("31 de febrero de 2025", None),
        ("1 de brumario de 2025", None),
        ("pronto", None),
    ],
)
def test_dates_are_understood(text: str, day: date | None) -> None:
    assert read_date(text) == day


@pytest.mark.parametrize(
    ("count", "words"),
    [
        ("una", "una cuota pendiente"),
        ("tres", "tres cuotas pendientes"),
        (None, "una deuda pendiente"),
    ],
)
def test_installments_are_said_in_the_right_number(
    count: str | None, words: str
) -> None:
    said = conversations(cuotas_adeudadas=count)["promise"]
    assert words in said.transcript
