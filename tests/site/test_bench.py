import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from speechai_site.benchmarks import measuring
from speechai_site.benchmarks.registry import FIGURES


def bench(*arguments: str) -> list[str]:
    printed = StringIO()
    call_command("bench", *arguments, stdout=printed)
    return printed.getvalue().splitlines()


def test_the_command_lists_every_figure():
    assert [line.split()[0] for line in bench("--list")] == list(FIGURES)


def test_an_unknown_figure_is_refused():
    with pytest.raises(CommandError, match="speed_of_light"):
        bench("speed_of_light")


def test_a_figure_is_one_json_line_beside_a_reference_of_the_same_run():
    (printed,) = bench("gate_us", "--scale", "0.001")
    line = json.loads(printed)
    assert list(line) == [
        "name",
        "value",
        "unit",
        "target",
        "reference",
        "reference_name",
        "reference_unit",
    ]
    assert (line["name"], line["unit"]) == ("gate_us", "µs")
    assert line["value"] > 0
    assert line["reference"] > 0


@pytest.mark.parametrize(
    ("samples", "expected"),
    [([7], 7), (range(1, 21), 19), (range(1, 101), 95), ([3, 1, 2], 3)],
)
def test_p95_is_a_sample_that_95_in_100_do_not_exceed(samples, expected):
    assert measuring.p95(list(samples)) == expected


def test_a_peak_forgets_what_was_used_before_it():
    used = bytearray(64 * measuring.MB)
    del used
    before = measuring.forget_peak()
    assert measuring.peak_mb() < before + 32
