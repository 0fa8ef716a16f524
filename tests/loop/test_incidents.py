"""What was said in the calls of a campaign: incidents, once, and the pause after two."""

import json
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from pytest_django import Settings

from batches.models import Batch
from calls import incidents, results
from calls.models import Call, CallDetail, Incident
from calls.policies.disclosures import ORDER, VARIABLES, notices_for, variables
from calls.retell.schemas import CallReply
from calls.simulator.conversation import converse
from calls.simulator.misconduct import misbehave
from calls.simulator.scenarios import NORMAL, SCENARIOS
from calls.simulator.scripts import COLLECTIONS, COMMON
from speechai_site.runtime import clock
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_account, make_batch, make_call, make_job
from tests.loop.conftest import Loop

SAID = {
    "nombre": "Ana Soto",
    "empresa": "Tienda Uno",
    "monto_total": "ciento cincuenta mil pesos",
    "cuotas_adeudadas": "tres",
}
VERSION = notices_for("CL", "debt_collection").version
AT_ONCE = {
    "ring_seconds": (0, 0),
    "talk_seconds": (0, 0),
    "analysis_seconds": (0, 0),
    "outcomes": {"answered": 1},
}
THREAT = "Si no paga, le vamos a embargar."


def a_batch(loop: Loop, jobs: int, **faults: float) -> Batch:
    loop.simulate(**AT_ONCE, agent_faults=faults)
    batch = loop.batch(rows=jobs)
    for _ in range(jobs):
        loop.job(batch, variables=SAID)
    return batch


def fresh(batch: Batch) -> Batch:
    batch.refresh_from_db()
    return batch


def analyzed(batch: Batch, calls: int) -> bool:
    return Call.objects.filter(batch=batch, settled="analysis").count() >= calls


def spoken(*lines: str, variables: dict[str, str] | None = None, **reply: Any) -> str:
    """Retell's object of an analyzed conversation, as text."""
    roles = {"A": "agent", "U": "user"}
    return json.dumps(
        {
            "call_id": "call_x",
            "call_status": "ended",
            "start_timestamp": 1,
            "end_timestamp": 60_001,
            "disconnection_reason": "agent_hangup",
            "retell_llm_dynamic_variables": SAID if variables is None else variables,
            "transcript_object": [
                {"role": roles[line[0]], "content": line[3:], "words": []}
                for line in lines
            ],
            "call_analysis": {"in_voicemail": False, "custom_analysis_data": {}},
            **reply,
        }
    )


def an_ended(batch: Batch, **values: Any) -> Call:
    """A call of the batch that carried notices, live until its result comes."""
    values.setdefault("disclosure_version", VERSION)
    return make_call(make_job(batch), status="ongoing", **values)


def tell(call: Call, text: str, event: str = "call_analyzed") -> None:
    reply = text.replace("call_x", f"call_{call.pk}")
    results.merge([results.Report(call.pk, event, CallReply.parse(reply))])


def running(**values: Any) -> Batch:
    return make_batch(status=Batch.Status.RUNNING, **values)


def kinds() -> list[tuple[str, str]]:
    return sorted(Incident.objects.values_list("kind", "code"))


# --- the whole way


@pytest.mark.usefixtures("with_webhooks")
def test_two_threats_pause_the_campaign_and_are_on_the_list(loop: Loop) -> None:
    batch = a_batch(loop, 2, threatens=1)
    loop.run_until(lambda: fresh(batch).status == Batch.Status.PAUSED)

    assert batch.pause_reason == "speech_incidents"
    found = Incident.objects.filter(batch=batch, kind="forbidden_speech")
    assert found.count() >= 2
    assert {row.account_id for row in found} == {batch.account_id}
    entry = AuditEntry.objects.get(action="batch.pause")
    assert (entry.actor, entry.reason) == ("results", "speech_incidents")


@pytest.mark.usefixtures("with_webhooks", "fast")
def test_an_agent_that_says_all_makes_no_incident(loop: Loop) -> None:
    loop.simulate(outcomes=NORMAL.outcomes)
    batch = loop.batch(rows=60)
    for _ in range(60):
        loop.job(batch, variables=SAID)
    loop.run_until(lambda: fresh(batch).status == Batch.Status.COMPLETED, 40)

    assert kinds() == []
    talked = Call.objects.filter(outcome="conversation", analyzed=True)
    assert talked.filter(notices_complete=True).exists()
    assert not talked.filter(notices_complete=None).exists()
    assert not Call.objects.filter(outcome="voicemail", notices_complete=True).exists()


def test_incidents_are_found_when_every_webhook_is_lost(loop: Loop) -> None:
    batch = a_batch(loop, 2, debt_first=1)
    loop.run_until(lambda: fresh(batch).status == Batch.Status.PAUSED)
    assert ("debt_before_identity", "") in kinds()


@pytest.mark.usefixtures("with_webhooks")
def test_a_call_carries_its_notices_and_keeps_their_version(loop: Loop) -> None:
    loop.simulate(**AT_ONCE)
    sur = make_account(
        name="Cobros del Sur",
        country="AR",
        time_zone="America/Argentina/Buenos_Aires",
        max_concurrent_calls=9,
    )
    phone = {"e164": "+5491122223333", "kind": "mobile", "state": "ok"}
    loop.job(loop.batch(), variables={**SAID, "aviso_ia": "Soy Ana."})
    loop.job(loop.batch(sur), variables={"monto_total": "mil"}, phones=[phone])
    loop.dial()

    bodies = [call.variables for call in loop.simulator.calls]
    assert all({*VARIABLES, ORDER} <= set(said) for said in bodies)
    assert not any(said["aviso_ia"] == "Soy Ana." for said in bodies)
    companies = {said["aviso_identidad"] for said in bodies}
    assert companies == {
        "Llamo de parte de Tienda Uno.",
        "Llamo de parte de Cobros del Sur.",
    }
    assert set(Call.objects.values_list("disclosure_version", flat=True)) == {
        VERSION,
        notices_for("AR", "debt_collection").version,
    }


@pytest.mark.usefixtures("with_webhooks")
def test_an_incident_holds_no_word_of_what_was_said(loop: Loop) -> None:
    batch = a_batch(loop, 2, threatens=1, debt_first=1, denies_ai=1)
    loop.run_until(lambda: analyzed(batch, 2))
    rows = Incident.objects.values()
    texts = [v for row in rows for v in row.values() if isinstance(v, str)]
    assert texts
    assert not [text for text in texts if " " in text or "Ana" in text]


# --- once, in any order


def test_a_repeated_result_adds_nothing(db: None) -> None:
    call = an_ended(running())
    text = spoken("A: Hola.", "U: Sí.", f"A: {THREAT}")
    for _ in range(3):
        tell(call, text)
    assert ("forbidden_speech", "seizure") in kinds()
    assert len(kinds()) == len(set(kinds()))


def test_a_resolved_incident_stays_resolved_when_its_result_comes_again(
    db: None,
) -> None:
    call = an_ended(running())
    text = spoken(f"A: {THREAT}")
    tell(call, text)
    Incident.objects.update(status="resolved", owner="user:ana")
    tell(call, text)
    assert set(Incident.objects.values_list("status", "owner")) == {
        ("resolved", "user:ana")
    }


def test_the_end_that_comes_after_the_analysis_changes_nothing(db: None) -> None:
    call = an_ended(running())
    text = spoken(f"A: {THREAT}")
    tell(call, text)
    before = kinds()
    tell(call, text, "call_ended")
    assert kinds() == before


def test_incidents_are_stored_before_the_call_counts_as_analyzed(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever dies in between leaves a call that is asked for again."""
    call = an_ended(running())

    def dies(_changes: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(results, "_write", dies)
    with pytest.raises(SystemExit):
        tell(call, spoken(f"A: {THREAT}"))
    call.refresh_from_db()
    assert ("forbidden_speech", "seizure") in kinds()
    assert not call.analyzed


def test_the_pause_follows_though_the_first_one_died_before_it(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = running()
    call = an_ended(batch)
    text = spoken(f"A: {THREAT} Iremos a juicio.")
    with monkeypatch.context() as patch:
        patch.setattr(incidents, "pause_batches", lambda ids: None)
        tell(call, text)
    assert fresh(batch).status == Batch.Status.RUNNING
    tell(call, text)
    assert fresh(batch).status == Batch.Status.PAUSED


# --- what is judged


@pytest.mark.parametrize(
    "text",
    [
        spoken(),
        spoken("U: Deje su mensaje.", disconnection_reason="voicemail_reached"),
        spoken(f"A: {THREAT}", call_analysis={"in_voicemail": True}),
        spoken(f"A: {THREAT}", disconnection_reason="voicemail_reached"),
        spoken("A: Hola.", "U: No, gracias.", disconnection_reason="user_hangup"),
    ],
)
def test_no_transcript_no_conversation_or_an_early_hangup_is_no_incident(
    text: str, db: None
) -> None:
    tell(an_ended(running()), text)
    assert kinds() == []


def test_a_call_that_carried_no_notices_is_not_judged(db: None) -> None:
    call = an_ended(running(), disclosure_version="")
    tell(call, spoken(f"A: {THREAT}"))
    call.refresh_from_db()
    assert (kinds(), call.notices_complete) == ([], None)


def test_a_review_that_fails_does_not_lose_the_result(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = an_ended(running())

    def fails(*_arguments: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(incidents.speech, "review", fails)
    tell(call, spoken(f"A: {THREAT}"))
    call.refresh_from_db()
    assert (call.status, call.notices_complete) == ("ended", None)


def test_a_discount_of_the_case_is_not_invented(db: None) -> None:
    offer = {**SAID, "descuento": "diez por ciento"}
    lines = ("A: Hola.", "U: Sí.", "A: Tiene un descuento.")
    tell(an_ended(running()), spoken(*lines, variables=offer))
    assert ("forbidden_speech", "invented_discount") not in kinds()
    tell(an_ended(running()), spoken(*lines))
    assert ("forbidden_speech", "invented_discount") in kinds()


def test_a_call_whose_analysis_never_comes_is_judged_all_the_same(
    db: None, settings: Settings
) -> None:
    settings.ANALYSIS_GRACE = 0
    call = an_ended(running())
    CallDetail.objects.create(pk=call.pk)
    tell(call, spoken(f"A: {THREAT}", call_analysis=None), "poll_ended")
    assert ("forbidden_speech", "seizure") in kinds()


# --- the pause


def test_one_is_not_enough_and_a_missing_notice_never_is(db: None) -> None:
    batch = running()
    tell(an_ended(batch), spoken(f"A: {THREAT}"))
    for _ in range(3):
        tell(an_ended(batch), spoken("A: Hola.", "U: ¿Sí?", "A: Adiós."))
    assert len(kinds()) > 3
    assert fresh(batch).status == Batch.Status.RUNNING


def test_incidents_of_two_campaigns_pause_neither(db: None) -> None:
    batches = [running(), running()]
    for batch in batches:
        tell(an_ended(batch), spoken(f"A: {THREAT}"))
    assert {fresh(batch).status for batch in batches} == {Batch.Status.RUNNING}


def test_who_resumes_is_not_paused_again_for_the_same(db: None) -> None:
    batch = running()
    calls = [an_ended(batch), an_ended(batch)]
    for call in calls:
        tell(call, spoken(f"A: {THREAT}"))
    assert fresh(batch).status == Batch.Status.PAUSED
    batch.resume(by="user:ana")

    tell(an_ended(batch), spoken(f"A: {THREAT}"))
    for call in calls:
        tell(call, spoken(f"A: {THREAT}"))
    assert fresh(batch).status == Batch.Status.RUNNING

    tell(an_ended(batch), spoken(f"A: {THREAT}"))
    assert fresh(batch).status == Batch.Status.PAUSED
    assert AuditEntry.objects.filter(action="batch.pause").count() == 2


def test_resolved_incidents_do_not_pause(db: None) -> None:
    batch = running()
    tell(an_ended(batch), spoken(f"A: {THREAT}"))
    Incident.objects.update(status="resolved")
    tell(an_ended(batch), spoken(f"A: {THREAT}"))
    assert fresh(batch).status == Batch.Status.RUNNING


def test_who_pauses_and_resumes_meanwhile_wins(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the incidents and the pause a person has acted."""
    batch = running()
    tell(an_ended(batch), spoken(f"A: {THREAT}"))
    pause = Batch.pause

    def slow_pause(self: Batch, **options: Any) -> bool:
        person = Batch.objects.get(pk=self.pk)
        pause(person, by="user:ana")
        person.resume(by="user:ana")
        return pause(self, **options)

    monkeypatch.setattr(Batch, "pause", slow_pause)
    tell(an_ended(batch), spoken(f"A: {THREAT}"))
    assert fresh(batch).status == Batch.Status.RUNNING


def test_an_ended_campaign_keeps_its_status(db: None) -> None:
    batch = make_batch(status=Batch.Status.COMPLETED)
    for _ in range(2):
        tell(an_ended(batch), spoken(f"A: {THREAT}"))
    assert fresh(batch).status == Batch.Status.COMPLETED


def test_an_incident_is_due_a_day_later(db: None) -> None:
    now = clock.now()
    tell(an_ended(running()), spoken(f"A: {THREAT}"))
    row = Incident.objects.first()
    assert row.due_at - row.at == timedelta(days=1)
    assert row.at >= now - timedelta(seconds=1)


# --- the simulated agent


@pytest.mark.parametrize("fault", SCENARIOS["bad_agent"].agent_faults)
@pytest.mark.parametrize("name", sorted({**COLLECTIONS, **COMMON}))
def test_each_fault_of_the_simulated_agent_is_found_in_each_conversation(
    fault: str, name: str
) -> None:
    notices = notices_for("CL", "debt_collection")
    said = SAID | variables(notices, SAID, "", "600 555 0100")
    talk = next(
        found
        for seed in range(3000)
        if (found := converse(Random(seed), said, "+56955500001", clock.wall())).name
        == name
    )

    def judge(conversation: Any) -> Any:
        reply = {
            "transcript_object": conversation.transcript_object(30),
            "retell_llm_dynamic_variables": said,
            "disconnection_reason": conversation.script.reason,
        }
        call = {"_id": "x", "disclosure_version": notices.version}
        return incidents.review(call, reply, outcome="conversation")

    clean = judge(talk)
    assert (clean.missing, clean.forbidden) == ((), ())
    assert clean.identity_verified_before_debt is not False
    bad = judge(misbehave(talk, {fault}, Random(1)))
    assert {
        "threatens": bool(bad.forbidden),
        "denies_ai": "denies_ai" in dict(bad.forbidden),
        "debt_first": bad.identity_verified_before_debt is False,
        "no_ai_notice": bad.unsaid[:1] == ("ai",),
        "no_notices": {"ai", "recording"} <= set(bad.unsaid),
    }[fault]


def test_the_same_seed_misbehaves_the_same_way() -> None:
    talk = converse(Random(3), SAID, "+56955500001", clock.wall())
    first, second = (misbehave(talk, {"threatens"}, Random(7)) for _ in range(2))
    assert first.turns == second.turns != talk.turns
