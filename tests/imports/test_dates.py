from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.imports.normalizers.dates import read_date
from batches.imports.problems import Unreadable

days = st.dates(date(1990, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    "cell",
    [
        date(2025, 9, 28),
        datetime(2025, 9, 28, 13, 45),  # noqa: DTZ001 as Excel holds it
        45928,
        45928.75,
        "45928",
        20250928,
        20250928.0,
        "20250928",
        "28/09/2025",
        "28-09-2025",
        "28.09.2025",
        "28/9/25",
        "2025-09-28",
        "2025/09/28",
        "28/09/2025 00:00:00",
        "2025-09-28T10:30:00",
        " 28/09/2025\xa0",
    ],
)
def test_a_date_is_read_however_it_is_written(cell):
    assert read_date(cell) == date(2025, 9, 28)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("00/00/0000", "date_invalid"),
        ("31/02/2025", "date_invalid"),
        ("09/28/2025", "date_invalid"),  # month first
        ("28-09/2025", "date_invalid"),
        ("28/09", "date_invalid"),
        ("pronto", "date_invalid"),
        ("#N/D", "date_invalid"),
        ("31102025", "date_invalid"),
        (0, "date_invalid"),
        (150000, "date_invalid"),
        (20251399, "date_invalid"),
        (float("nan"), "date_invalid"),
        (True, "date_invalid"),
        (time(10, 30), "date_invalid"),
        (timedelta(hours=1), "date_invalid"),
        ("31/12/9999", "date_out_of_range"),
        (date(1899, 12, 31), "date_out_of_range"),
        ("01/01/0025", "date_out_of_range"),
    ],
)
def test_what_is_no_date_is_refused_with_a_code(cell, code):
    with pytest.raises(Unreadable) as raised:
        read_date(cell)
    assert raised.value.code == code


@settings(deadline=None)
@given(days)
def test_a_date_survives_every_writing(day):
    serial = (day - date(1899, 12, 30)).days
    texts = [f"{day:%d/%m/%Y}", f"{day:%d-%m-%Y}", f"{day:%Y%m%d}", day.isoformat()]
    assert {read_date(c) for c in [day, serial, float(serial), *texts]} == {day}


@settings(deadline=None, max_examples=500)
@given(st.from_regex(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}", fullmatch=True))
def test_a_date_never_has_other_numbers_than_the_cell(text):
    try:
        read = read_date(text)
    except Unreadable:
        return
    first, second, third = (
        int(p) for p in text.replace("/", "-").replace(".", "-").split("-")
    )
    if first > 1000:
        first, third = third, first
    assert (read.day, read.month, read.year % 100) == (first, second, third % 100)
