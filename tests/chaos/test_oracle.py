"""The oracle finds what it is there to find."""

import json
from decimal import Decimal

from tests.chaos.oracle import Log

FINAL = {"status": "ended", "reason": "agent_hangup", "cost_cents": 12.5}


def create(call_id: str, attempt: str, at: int = 0, batch: str = "b", faults=()):
    return {
        "kind": "create",
        "wall_ms": at,
        "call_id": call_id,
        "key": attempt,
        "metadata": {"attempt_id": attempt, "batch_id": batch},
        "from_number": "+566005550100",
        "faults": list(faults),
    }


def line(kind: str, call_id: str, **more):
    return {"kind": kind, "wall_ms": 0, "call_id": call_id, **more}


def test_a_second_call_for_one_attempt_is_found() -> None:
    log = Log([create("1", "a"), create("2", "b"), create("3", "a")])
    assert log.rung_twice() == ["a"]


def test_a_replay_is_no_second_call() -> None:
    log = Log([create("1", "a"), line("replay", "1", key="a")])
    assert (log.rung_twice(), log.count("replay")) == ([], 1)


def test_the_peak_of_each_scope_counts_what_is_open_at_once() -> None:
    log = Log(
        [
            create("1", "a", batch="x"),
            create("2", "b", batch="y"),
            line("end", "1", **FINAL),
            create("3", "c", batch="y"),
            line("end", "3", **FINAL),
            create("4", "d", batch="x"),
        ]
    )
    peaks = log.peaks(lambda rung: ["all", rung.batch_id])
    assert peaks == {"all": 2, "x": 1, "y": 2}


def test_a_call_of_a_stopped_batch_is_found() -> None:
    log = Log([create(str(at), str(at), at) for at in (9, 10, 19, 20)])
    assert log.made_within({"b": [(10, 20)], "c": [(0, 99)]}) == ["10", "19"]


def test_the_last_cost_counts() -> None:
    log = Log([create("1", "a"), line("end", "1", **FINAL)])
    assert log.calls["1"].cost_usd == Decimal("0.125")
    log = Log([*log.events, line("cost", "1", cost_cents=13.75)])
    assert log.calls["1"].cost_usd == Decimal("0.1375")


def test_it_is_quiet_when_nothing_is_to_come() -> None:
    events = [create("1", "a", faults=["cost_changes"])]
    seen = [Log(events).is_quiet()]
    for step in ("end", "analyzed", "cost"):
        more = FINAL if step == "end" else {}
        events.append(line(step, "1", **more))
        seen.append(Log(events).is_quiet())
    assert seen == [False, False, False, True]


def test_a_lost_analysis_is_not_waited_for() -> None:
    end = line("end", "1", **FINAL)
    assert Log([create("1", "a", faults=["analysis_lost"]), end]).is_quiet()


def test_a_line_that_is_being_written_is_left_alone(tmp_path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(create("1", "a")) + '\n{"kind": "cre')
    assert list(Log.read(path).calls) == ["1"]


def test_refusals_are_counted_by_status() -> None:
    lines = [{"kind": "reject", "wall_ms": 0, "status": s} for s in (429, 429, None)]
    assert Log(lines).rejects() == {"429": 2, "reset": 1}
