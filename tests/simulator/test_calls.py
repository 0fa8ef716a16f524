"""The life of simulated calls: limits, keys, time, cost, determinism."""

import json
from collections import Counter
from decimal import Decimal

import pytest

from calls.retell.errors import RetellError
from calls.simulator.outcomes import OUTCOMES
from calls.simulator.phone_calls import UNIT_PRICES
from calls.simulator.scenarios import NORMAL, change
from tests.simulator.conftest import all_analyzed, create_body, everybody

ANSWERED = change(NORMAL, {"outcomes": everybody("answered")})


def results(server) -> list[tuple]:
    return [
        (call.to_number, call.status, call.reason, call.duration_ms, call.cost_cents)
        for call in server.calls
    ]


def test_the_same_seed_meets_the_same_people_whatever_the_ids(
    simulate, connect
) -> None:
    runs = []
    for prefix in "ab":
        server = simulate(seed=7)
        client = connect(server)
        for number in range(40):
            client.create_phone_call(
                create_body(number, attempt_id=f"{prefix}{number}")
            )
        assert all_analyzed(server)
        runs.append(results(server))
    assert runs[0] == runs[1]


def test_another_seed_meets_other_people(simulate, connect) -> None:
    runs = []
    for seed in (1, 2):
        server = simulate(seed=seed)
        client = connect(server)
        for number in range(40):
            client.create_phone_call(create_body(number))
        assert all_analyzed(server)
        runs.append([call.reason for call in server.calls])
    assert runs[0] != runs[1]


def test_the_outcomes_are_mixed_as_promised(simulate, connect) -> None:
    server = simulate(cps=10_000)
    client = connect(server)
    for number in range(500):
        client.create_phone_call(create_body(number))
    assert all_analyzed(server)
    shares = Counter(call.outcome.reason for call in server.calls)
    assert sum(outcome.weight for outcome in OUTCOMES.values()) == 100
    for name, expected in [("no_answer", 35), ("voicemail", 20), ("answered", 30)]:
        assert abs(shares[OUTCOMES[name].reason] / 5 - expected) < 7


def test_a_repeated_key_is_the_same_call(simulate, connect) -> None:
    server = simulate()
    client = connect(server)
    first = client.create_phone_call(create_body())
    assert all_analyzed(server)
    assert client.create_phone_call(create_body()) == first
    assert len(server.calls) == 1
    assert [event["kind"] for event in server.events].count("replay") == 1


def test_a_key_with_another_body_is_a_conflict(simulate, connect) -> None:
    server = simulate()
    client = connect(server)
    client.create_phone_call(create_body(1))
    with pytest.raises(RetellError) as caught:
        client.create_phone_call(create_body(2, attempt_id="att_1"))
    assert caught.value.status == 409
    assert len(server.calls) == 1


def test_a_forgotten_key_rings_again(simulate, connect) -> None:
    server = simulate(key_ttl=0)
    client = connect(server)
    client.create_phone_call(create_body())
    client.create_phone_call(create_body())
    assert len(server.calls) == 2


def test_over_the_concurrency_limit_is_429(simulate, connect) -> None:
    server = simulate(rate=1, concurrency=2)
    client = connect(server)
    client.create_phone_call(create_body(1))
    client.create_phone_call(create_body(2))
    with pytest.raises(RetellError) as caught:
        client.create_phone_call(create_body(3))
    assert (caught.value.kind, caught.value.retry_after) == ("rate_limited", 1)
    assert len(server.calls) == 2


def test_over_the_calls_per_second_is_429(simulate, connect) -> None:
    server = simulate(cps=3)
    client = connect(server)
    answers = []
    for number in range(6):
        try:
            client.create_phone_call(create_body(number))
            answers.append("ok")
        except RetellError as error:
            answers.append(error.kind)
    assert answers[:3] == ["ok"] * 3
    assert "rate_limited" in answers


def test_paths_are_limited_apart(simulate, connect) -> None:
    server = simulate(cps=1)
    client = connect(server)
    client.create_phone_call(create_body(1))
    client.create_phone_call(create_body(2, from_number="+56225550100"))
    assert len(server.calls) == 2


def test_an_unanswered_call_rings_for_its_ring_time(simulate, connect) -> None:
    server = simulate(
        rate=100, scenario=change(NORMAL, {"outcomes": everybody("no_answer")})
    )
    before = server._clock.now_ms()
    connect(server).create_phone_call(create_body(ring_duration_ms=15_000))
    assert all_analyzed(server)
    call = server.calls[0]
    assert call.reason == "dial_no_answer"
    assert call.start_ms is None
    assert call.ring_seconds == 15
    assert call.end_ms - before >= 15_000


def test_a_call_is_cut_at_its_longest_duration(simulate, connect) -> None:
    scenario = change(ANSWERED, {"talk_seconds": [500, 500]})
    server = simulate(scenario=scenario)
    connect(server).create_phone_call(create_body(max_call_duration_ms=60_000))
    assert all_analyzed(server)
    call = server.calls[0]
    assert (call.reason, call.duration_ms) == ("max_duration_reached", 60_000)


def test_speed_shortens_calls_without_changing_what_they_report(
    simulate, connect
) -> None:
    scenario = change(ANSWERED, {"talk_seconds": [60, 60]})
    server = simulate(rate=1, speed=36_000, scenario=scenario)
    connect(server).create_phone_call(create_body())
    assert all_analyzed(server)
    assert server.calls[0].duration_ms == 60_000


def test_costs_add_up_and_survive_as_dollars(simulate, connect) -> None:
    server = simulate(scenario=ANSWERED)
    client = connect(server)
    for number in range(20):
        client.create_phone_call(create_body(number))
    assert all_analyzed(server)
    for call in server.calls:
        reply = client.get_call(call.call_id)
        products = reply.call_cost.product_costs
        assert sum(Decimal(str(item["cost"])) for item in products) == Decimal(
            str(reply.call_cost.combined_cost)
        )
        assert reply.cost_usd * 100 == Decimal(str(call.cost_cents))


def test_each_begun_second_costs_to_a_ten_thousandth_of_a_cent(
    simulate, connect
) -> None:
    server = simulate(scenario=change(ANSWERED, {"talk_seconds": [60.5, 60.5]}))
    client = connect(server)
    call_id = client.create_phone_call(create_body()).call_id
    assert all_analyzed(server)
    a_second = sum(Decimal(str(price)) for price in UNIT_PRICES.values())
    assert client.get_call(call_id).cost_usd == 61 * a_second / 100


def test_who_asked_not_to_be_called_is_refused_by_retell_too(simulate, connect) -> None:
    server = simulate(scenario=ANSWERED, cps=10_000)
    client = connect(server)
    for number in range(200):
        client.create_phone_call(create_body(number))
    assert all_analyzed(server)
    opted_out = next(c for c in server.calls if c.reason == "user_requested_dnc")
    again = create_body(to_number=opted_out.to_number, attempt_id="again")
    with pytest.raises(RetellError) as caught:
        client.create_phone_call(again)
    assert caught.value.code == "do_not_call"


def test_stopping_an_ended_call_changes_nothing(simulate, connect) -> None:
    server = simulate()
    client = connect(server)
    call_id = client.create_phone_call(create_body()).call_id
    assert all_analyzed(server)
    before = results(server)
    client.stop_call(call_id)
    assert results(server) == before


def test_recordings_can_be_played(simulate, connect) -> None:
    import httpx

    server = simulate(scenario=ANSWERED)
    client = connect(server)
    call_id = client.create_phone_call(create_body()).call_id
    assert all_analyzed(server)
    recording = httpx.get(client.get_call(call_id).recording_url, trust_env=False)
    assert recording.content[:4] == b"RIFF"


def test_the_log_counts_open_calls_and_names_no_called_number(
    simulate, connect, tmp_path
) -> None:
    server = simulate(log=tmp_path / "log.jsonl")
    client = connect(server)
    for number in range(5):
        client.create_phone_call(create_body(number))
    assert all_analyzed(server)
    text = (tmp_path / "log.jsonl").read_text()
    events = [json.loads(line) for line in text.splitlines()]
    kinds = Counter(event["kind"] for event in events)
    assert (kinds["create"], kinds["end"], kinds["analyzed"]) == (5, 5, 5)
    assert [event["open"] for event in events if event["kind"] == "end"][-1] == 0
    assert "+569555" not in text
