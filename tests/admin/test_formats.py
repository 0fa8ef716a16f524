from datetime import UTC, datetime
from decimal import Decimal

import pytest

from batches import formats


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Decimal("150000.000000"), "$\N{NO-BREAK SPACE}150.000"),
        (Decimal("1234.5"), "$\N{NO-BREAK SPACE}1.234,50"),
        (Decimal("-12000"), "$\N{NO-BREAK SPACE}-12.000"),
        (Decimal(0), "$\N{NO-BREAK SPACE}0"),
        (None, "–"),
    ],
)
def test_money_is_written_as_in_chile_and_argentina(amount, shown):
    assert formats.money(amount) == shown


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(0, "0:00"), (59_600, "1:00"), (125_400, "2:05"), (None, "–")],
)
def test_durations_are_minutes_and_seconds(milliseconds, shown):
    assert formats.duration(milliseconds) == shown


@pytest.mark.parametrize(
    ("e164", "shown", "masked"),
    [
        ("+56912344567", "+56 9 1234 4567", "+56 9 •••• 4567"),
        ("+56221234567", "+56 2 2123 4567", "+56 • •••• 4567"),
        ("+5493514567890", "+54 9 351 456-7890", "+54 9 ••• •••-7890"),
    ],
)
def test_a_masked_phone_keeps_its_last_four_digits(e164, shown, masked):
    assert (formats.phone(e164), formats.mask_phone(e164)) == (shown, masked)


@pytest.mark.parametrize(
    ("canonical", "shown", "masked"),
    [
        ("CL:RUT:123456785", "12.345.678-5", "••.•••.678-5"),
        ("CL:RUT:7654321K", "7.654.321-K", "•.•••.321-K"),
        ("AR:DNI:30111222", "30111222", "••••1222"),
    ],
)
def test_a_masked_document_keeps_its_last_four_signs(canonical, shown, masked):
    assert (formats.document(canonical), formats.mask_document(canonical)) == (
        shown,
        masked,
    )


def test_a_masked_name_is_its_initials():
    assert formats.mask_name("Ana María  Soto") == "A. M. S."


@pytest.mark.parametrize(
    ("part", "whole", "shown"), [(3, 20, "15 %"), (0, 5, "0 %"), (0, 0, "–")]
)
def test_a_rate_of_nothing_is_no_rate(part, whole, shown):
    assert formats.percent(part, whole) == shown


def test_times_are_shown_in_the_zone_of_the_user(settings):
    from django.utils import timezone

    with timezone.override("America/Santiago"):
        assert "09:30" in formats.moment(datetime(2026, 1, 5, 12, 30, tzinfo=UTC))
