import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from speechai_site.benchmarks import measuring, recovery, scaling
from speechai_site.benchmarks.oracle import Oracle
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


def test_calls_go_through_the_whole_program_with_one_worker() -> None:
    (printed,) = bench("loop_calls_per_minute_per_worker", "--scale", "0.001")
    line = json.loads(printed)
    assert line["value"] > 0
    assert line["reference"] > 0


def created(path: Path, *wall_ms: int) -> Oracle:
    """What a log tells in which calls were made as soon as they were planned."""
    path.write_text(
        "".join(
            json.dumps({"wall_ms": at, "kind": "create", "key": f"att_{at:012x}"})
            + "\n"
            for at in wall_ms
        )
    )
    return Oracle(path)


def test_a_log_is_read_on_from_where_it_was_and_by_whole_lines(tmp_path: Path) -> None:
    oracle = created(tmp_path / "log", 1, 2)
    assert len(oracle.look()) == 2
    with oracle.path.open("a") as file:
        file.write('{"wall_ms": 3, "kind": "end", "key": "a"}\n{"wall_ms": 4, "kind":')
        file.flush()
        assert len(oracle.look()) == 2
        file.write(' "create", "key": "a"}\n')
    assert [create.wall_ms for create in oracle.look()] == [1, 2, 4]


def test_a_call_that_was_created_twice_is_seen(tmp_path: Path) -> None:
    oracle = created(tmp_path / "log", 1, 2, 2)
    oracle.look()
    assert oracle.twice() == 1


@pytest.mark.parametrize(
    ("wall_ms", "now", "since"),
    [
        (range(1000, 12_000, 500), 12_000, 5500),  # those of before don't count
        ((*range(5100, 6000, 100), *range(9500, 12_000, 100)), 12_000, None),  # not yet
        ((5100, *range(8500, 14_000, 100)), 14_000, 8500),
        ((5100, 5200), 12_000, None),  # they have stopped
        ((), 9000, None),
    ],
)
def test_creates_flow_when_they_are_steady_without_a_gap(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wall_ms: tuple[int, ...],
    now: int,
    since: int | None,
) -> None:
    monkeypatch.setattr(recovery, "_wall_ms", lambda: now)
    oracle = created(tmp_path / "log", *wall_ms)
    assert recovery._flowing_since(oracle, 5001) == since


def test_bursts_do_not_bend_the_rate() -> None:
    bursts = [2000 * burst for burst in range(10) for _ in range(8)]
    assert scaling._slope(bursts) == pytest.approx(4, rel=0.02)


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
