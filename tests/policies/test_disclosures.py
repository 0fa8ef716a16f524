"""What must be announced: the table, its versions, and the agent's variables."""

from dataclasses import replace

import pytest

from batches import use_cases
from calls.policies.countries import RECORDS
from calls.policies.disclosures import (
    HEARD,
    NOTICE_OF,
    ORDER,
    SAID_BY_THE_SCRIPT,
    TABLE,
    VARIABLES,
    Notices,
    notices_for,
    of_version,
    variables,
)
from calls.speech import DEBT, folded

EVERY = list(TABLE.values())
NAMES = [f"{n.country}/{n.use_case}" for n in EVERY]
COLLECTIONS = [n for n in EVERY if n.use_case == "debt_collection"]


def words(text: str) -> str:
    return " ".join(folded(text).split())


def filled(notices: Notices, **said: str) -> dict[str, str]:
    return variables(notices, said, "Cobros del Sur", "600 555 0100")


@pytest.mark.parametrize("notices", EVERY, ids=NAMES)
def test_each_country_and_use_case_announces_the_machine_first(notices):
    assert notices.codes[:3] == ("ai", "company", "recording")
    assert "opt_out" in notices.codes


@pytest.mark.parametrize("notices", EVERY, ids=NAMES)
def test_each_text_is_recognised_when_it_is_said(notices):
    said = filled(notices, empresa="Tienda Uno")
    for row in notices.rows:
        assert row.pattern.search(words(said[row.variable])), row.code


@pytest.mark.parametrize("notices", EVERY, ids=NAMES)
def test_each_variable_is_there_and_has_no_placeholder_left(notices):
    said = filled(notices)
    assert set(said) == {*VARIABLES, ORDER}
    assert not [text for text in said.values() if "{" in text]


@pytest.mark.parametrize("notices", COLLECTIONS, ids=[n.country for n in COLLECTIONS])
def test_nothing_of_the_debt_is_in_what_is_said_before_identity(notices):
    said = filled(notices, empresa="Tienda Uno", monto_total="cien pesos")
    for row in notices.rows:
        if row.when == "start":
            assert not DEBT.search(words(said[row.variable]))
    assert not DEBT.search(words(said[ORDER]))
    assert "cien pesos" not in "".join(said.values())


@pytest.mark.parametrize("notices", EVERY, ids=NAMES)
def test_only_chile_and_argentina_are_not_drafts(notices):
    drafts = {row.status == "draft" for row in notices.rows}
    assert drafts == {notices.country not in ("CL", "AR")}
    assert all(row.source for row in notices.rows)


def test_chile_says_by_law_who_calls_and_that_it_is_no_court():
    rows = {row.code: row for row in notices_for("CL", "debt_collection").rows}
    laws = {code for code, row in rows.items() if row.status == "law"}
    assert laws == {"company", "not_judicial", "rights"}
    assert rows["not_judicial"].when == "before_debt"


def test_another_text_is_another_version():
    now = notices_for("CL", "debt_collection")
    first, *rest = now.rows
    changed = replace(now, rows=(replace(first, text="Otro."), *rest))
    assert now.version.startswith("CL/debt_collection/")
    assert changed.version != now.version
    assert len({n.version for n in EVERY}) == len(EVERY)


def test_a_call_is_judged_by_the_notices_of_its_version():
    notices = notices_for("AR", "marketing")
    assert of_version(notices.version) is notices
    assert of_version("AR/marketing/00000000") is notices
    assert of_version("") is None


def test_an_unwritten_country_still_announces_the_machine():
    notices = notices_for("UY", "debt_collection")
    assert set(notices.codes) == {"ai", "company", "recording", "opt_out"}
    assert notices_for("CL", "no_such_use").is_secret


def test_the_cases_company_wins_over_the_accounts_name():
    notices = notices_for("CL", "debt_collection")
    assert "Tienda Uno" in filled(notices, empresa="Tienda Uno")["aviso_identidad"]
    assert "Cobros del Sur" in filled(notices)["aviso_identidad"]
    assert "600 555 0100" in filled(notices)["aviso_no_llamar"]


def test_a_company_with_braces_in_its_name_breaks_nothing():
    said = filled(notices_for("CL", "debt_collection"), empresa="{empresa} {0}")
    assert said["aviso_identidad"] == "Llamo de parte de {empresa} {0}."


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ai", "Hola, soy una asistente digital de Tienda Uno"),
        ("ai", "Soy un agente automático"),
        ("ai", "le habla la inteligencia artificial de la empresa"),
        ("recording", "Le informo que esta conversación está siendo grabada."),
        ("recording", "La llamada puede ser grabada por calidad"),
        ("rights", "Usted tiene derechos que puede consultar"),
        ("opt_out", "Si no desea que lo llamemos más, avíseme"),
        ("not_judicial", "Esto no constituye una notificación judicial"),
    ],
)
def test_other_words_for_it_are_recognised(code, text):
    row = next(r for n in EVERY for r in n.rows if r.code == code)
    assert row.pattern.search(words(text))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ai", "No soy un asistente virtual"),
        ("ai", "Soy la asistente de don Juan"),
        ("recording", "Esta llamada no se graba"),
        ("rights", "Siga derecho"),
        ("not_judicial", "Es una notificación judicial"),
        ("opt_out", "¿No quiere pagar?"),
    ],
)
def test_the_contrary_is_not_taken_for_it(code, text):
    row = next(r for n in EVERY for r in n.rows if r.code == code)
    assert not row.pattern.search(words(text))


def test_each_code_can_be_recognised():
    assert {row.code for n in EVERY for row in n.rows} == set(HEARD)


def test_each_use_case_has_notices_of_its_own():
    known = {name for name, _label in use_cases.choices()}
    assert known == {notices.use_case for notices in EVERY}


RECORDS_THAT_SAY = [record for record in RECORDS if record.disclosures]


@pytest.mark.parametrize(
    "record", RECORDS_THAT_SAY, ids=[record.ref for record in RECORDS_THAT_SAY]
)
def test_what_a_policy_record_wants_said_is_said(record):
    """By a notice, or by the script itself from the case's variables."""
    where = [
        notices
        for notices in EVERY
        if record.country in ("", notices.country)
        and record.use_case in ("", notices.use_case)
    ]
    for wanted in record.disclosures:
        if wanted.code not in SAID_BY_THE_SCRIPT:
            assert all(NOTICE_OF[wanted.code] in notices.codes for notices in where)
