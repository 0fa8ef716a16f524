"""The analysis goes out valid and comes back typed, whatever comes back."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from retell.types import call_create_phone_call_params as sdk_params

from calls.dispositions import DISPOSITIONS
from calls.retell.analysis import (
    POST_CALL_ANALYSIS,
    SPOKEN_DISPOSITIONS,
    Analysis,
    read_analysis,
)

SANTIAGO = ZoneInfo("America/Santiago")
NAMES = [item["name"] for item in POST_CALL_ANALYSIS]
SDK_TYPES = {
    "string": sdk_params.AgentOverrideAgentPostCallAnalysisDataStringAnalysisData,
    "enum": sdk_params.AgentOverrideAgentPostCallAnalysisDataEnumAnalysisData,
    "boolean": sdk_params.AgentOverrideAgentPostCallAnalysisDataBooleanAnalysisData,
    "number": sdk_params.AgentOverrideAgentPostCallAnalysisDataNumberAnalysisData,
}


@pytest.mark.parametrize("item", POST_CALL_ANALYSIS, ids=NAMES)
def test_each_item_is_valid_for_the_sdk(item: dict) -> None:
    sdk_type = SDK_TYPES[item["type"]]
    assert set(item) <= set(sdk_type.__annotations__)
    assert sdk_type.__required_keys__ <= set(item)
    TypeAdapter(sdk_type).validate_python(item)


def test_names_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_each_spoken_disposition_is_in_the_tree() -> None:
    assert set(SPOKEN_DISPOSITIONS) <= set(DISPOSITIONS)


def test_a_full_analysis_is_read() -> None:
    analysis = read_analysis(
        {
            "contacto": "titular",
            "identidad_verificada": True,
            "tipificacion": "promesa_parcial",
            "promesa_fecha": "2026-11-30",
            "promesa_monto": 75000.5,
            "rellamada_en": "2026-11-30T17:30",
            "rellamada_frase": "a las cinco y media",
            "motivo_no_pago": "sin trabajo",
            "dice_pago": False,
            "pide_no_llamar": False,
            "telefono_nuevo": "9 5555 0101",
        },
        SANTIAGO,
    )
    assert analysis == Analysis(
        contact="titular",
        identity_verified=True,
        disposition="promesa_parcial",
        promise_date=date(2026, 11, 30),
        promise_amount=Decimal("75000.500000"),
        callback_at=datetime(2026, 11, 30, 20, 30, tzinfo=UTC),
        callback_phrase="a las cinco y media",
        no_payment_reason="sin trabajo",
        says_paid=False,
        wants_no_calls=False,
        new_phone="9 5555 0101",
    )


READINGS = [
    ("promesa_monto", "$ 75.000", "promise_amount", Decimal(75000)),
    ("promesa_monto", "75.000,50", "promise_amount", Decimal("75000.5")),
    ("promesa_monto", "75000.0", "promise_amount", Decimal(75000)),
    ("promesa_monto", 0, "promise_amount", None),
    ("promesa_monto", "", "promise_amount", None),
    ("promesa_fecha", "2026-11-30T00:00:00", "promise_date", date(2026, 11, 30)),
    ("promesa_fecha", "30/11/2026", "promise_date", date(2026, 11, 30)),
    ("promesa_fecha", "No aplica", "promise_date", None),
    ("promesa_fecha", None, "promise_date", None),
    ("contacto", " Titular ", "contact", "titular"),
    ("tipificacion", "Dice que pagó", "disposition", "dice_que_pago"),
    ("pide_no_llamar", "Sí", "wants_no_calls", True),
    ("pide_no_llamar", "false", "wants_no_calls", False),
    ("fallecido", 1, "deceased", True),
]


@pytest.mark.parametrize(("name", "value", "attribute", "expected"), READINGS)
def test_forms_that_a_model_may_write_are_understood(
    name: str, value: object, attribute: str, expected: object
) -> None:
    analysis = read_analysis({name: value})
    assert getattr(analysis, attribute) == expected
    assert analysis.unreadable == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("contacto", "vecino"),
        ("tipificacion", "ocupado"),
        ("promesa_fecha", "el viernes"),
        ("promesa_fecha", "2026-02-30"),
        ("promesa_fecha", "0026-02-01"),
        ("promesa_monto", "la mitad"),
        ("promesa_monto", -5),
        ("promesa_monto", "inf"),
        ("promesa_monto", 1e300),
        ("promesa_monto", True),
        ("pide_no_llamar", "tal vez"),
        ("rellamada_en", "2026-11-30"),
        ("rellamada_en", "2026-11-30T25:00"),
        ("rellamada_en", "en la tarde"),
        ("telefono_nuevo", {"a": 1}),
    ],
)
def test_what_cannot_be_read_is_none_and_kept(name: str, value: object) -> None:
    analysis = read_analysis({name: value}, SANTIAGO)
    assert analysis == Analysis(unreadable={name: str(value)})


def test_an_hour_without_zone_is_no_callback() -> None:
    analysis = read_analysis({"rellamada_en": "2026-11-30T17:30"})
    assert analysis.callback_at is None
    assert analysis.unreadable == {"rellamada_en": "2026-11-30T17:30:00"}


def test_an_hour_with_offset_needs_no_zone() -> None:
    analysis = read_analysis({"rellamada_en": "2026-11-30T17:30-03:00"})
    assert analysis.callback_at == datetime(2026, 11, 30, 20, 30, tzinfo=UTC)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["2026-11-30T17:30", "0", "1.000", "titular", "9" * 40]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(NAMES), ANYTHING) | ANYTHING)
def test_nothing_that_comes_back_raises(data: object) -> None:
    analysis = read_analysis(data, SANTIAGO)
    for text in analysis.unreadable.values():
        text.encode()
