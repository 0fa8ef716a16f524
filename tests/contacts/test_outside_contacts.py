"""Contacts that others made, from a file into the ledger: all of them, or none."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation

from batches.imports.normalizers import countries
from batches.imports.problems import WorkbookError
from batches.models import Account, Job
from calls import outside_contacts
from calls.contact_words import read_channel, read_result
from calls.models import ContactImport, ContactLedger, DoNotCall
from calls.outside_contacts import load, reach
from speechai_site.runtime import keys
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_account, make_batch, make_job
from tests.imports.workbooks import workbook

NOW = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)  # 12:00 in Santiago
PERSON = keys.person_key("CL:RUT:123456785", "")
PHONE = keys.phone_key("+56987654321")
SPANISH = ["Fecha y hora", "RUT", "Teléfono", "Canal", "Resultado", "Acreedor"]
ENGLISH = ["Date and time", "Document", "Phone", "Channel", "Result", "Creditor"]
ROW = ["24/11/2026 10:30", "12.345.678-5", 987654321, "Llamada", "Promesa", "Natura"]


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechai_site.runtime.clock.now", lambda: NOW)


@pytest.fixture
def account(db: None) -> Account:
    return make_account()


def read(account: Account, *rows: list[Any], headers: list[str] = SPANISH) -> Any:
    content = workbook(rows or [ROW], headers)
    return load(content, account, by="user:ana", file_name="gestiones.xlsx")


def contacts(*columns: str) -> set[tuple]:
    return set(ContactLedger.objects.values_list(*columns))


def changed(**cells: Any) -> list[Any]:
    names = ["moment", "document", "phone", "channel", "result", "creditor"]
    return list((dict(zip(names, ROW, strict=True)) | cells).values())


@pytest.mark.parametrize("headers", [SPANISH, ENGLISH])
def test_a_row_becomes_a_contact_of_the_ledger(
    account: Account, headers: list[str]
) -> None:
    imported = read(account, headers=headers)
    assert (imported.rows, imported.added, imported.problems) == (1, 1, [])
    row = ContactLedger.objects.get()
    assert (row.person_key, row.phone_key) == (PERSON, PHONE)
    assert (row.channel, row.kind, row.outcome) == ("call", "conversation", "promise")
    assert (row.creditor_key, row.call_id) == ("natura", "")
    assert (row.account_id, row.source) == (account.pk, "upload:user:ana")
    assert row.phone_slot == row.pk


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("24/11/2026 10:30", datetime(2026, 11, 24, 13, 30, tzinfo=UTC)),
        ("24-11-2026 10:30:15", datetime(2026, 11, 24, 13, 30, 15, tzinfo=UTC)),
        ("24/11/2026 10:30 p. m.", datetime(2026, 11, 25, 1, 30, tzinfo=UTC)),
        ("2026-11-24T10:30:00Z", datetime(2026, 11, 24, 10, 30, tzinfo=UTC)),
        ("2026-11-24 10:30:00-05:00", datetime(2026, 11, 24, 15, 30, tzinfo=UTC)),
        (46350.4375, datetime(2026, 11, 24, 13, 30, tzinfo=UTC)),
        # a day alone holds back until it is over
        ("24/11/2026", datetime(2026, 11, 25, 2, 59, 59, tzinfo=UTC)),
        (date(2026, 11, 24), datetime(2026, 11, 25, 2, 59, 59, tzinfo=UTC)),
        ("25/11/2026", NOW),
    ],
)
def test_a_time_without_zone_is_the_accounts(
    account: Account, written: Any, at: datetime
) -> None:
    assert read(account, changed(moment=written)).problems == []
    assert ContactLedger.objects.get().at == at


@pytest.mark.parametrize("hour", ["10:30", 0.4375, "10:30:00"])
def test_the_time_may_stand_in_a_column_of_its_own(account: Account, hour: Any) -> None:
    headers = ["Fecha", "Hora", *SPANISH[1:]]
    read(account, ["24/11/2026", hour, *ROW[1:]], headers=headers)
    at = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
    assert ContactLedger.objects.get().at == at


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"moment": "25/11/2026 12:01"}, "Fecha y hora"),
        ({"moment": "26/11/2026"}, "Fecha y hora"),
        ({"moment": "ayer"}, "Fecha y hora"),
        ({"moment": "24/11/2026 25:00"}, "Fecha y hora"),
        ({"moment": ""}, "Fecha y hora"),
        ({"document": "12.345.678-9"}, "RUT"),
        ({"document": "", "phone": ""}, "RUT"),
        ({"phone": "911"}, "Teléfono"),
        ({"channel": "paloma"}, "Canal"),
        ({"channel": ""}, "Canal"),
        ({"result": "quizás"}, "Resultado"),
        ({"result": ""}, "Resultado"),
    ],
)
def test_one_faulty_row_stops_all_of_it_and_its_cell_is_named(
    account: Account, cells: dict[str, Any], column: str
) -> None:
    imported = read(account, ROW, changed(**cells))
    (problem,) = imported.problems
    assert (problem.row, problem.column) == (3, column)
    assert problem.message
    for model in (ContactLedger, DoNotCall, ContactImport, AuditEntry):
        assert not model.objects.exists()


def test_a_message_needs_no_result(account: Account) -> None:
    read(account, changed(channel="WhatsApp", result=""))
    assert contacts("channel", "kind") == {("chat", "attempt")}


def test_the_same_file_again_adds_nothing(account: Account) -> None:
    rows = [ROW, changed(moment="24/11/2026"), changed(moment="24/11/2026")]
    assert read(account, *rows).added == 3
    again = read(account, *rows)
    assert (again.added, again.known) == (0, 3)
    assert ContactLedger.objects.count() == 3
    assert ContactImport.objects.count() == 1


def test_a_longer_file_of_the_same_days_adds_what_is_new(account: Account) -> None:
    read(account, ROW)
    later = changed(moment="24/11/2026 11:30")
    assert read(account, ROW, later).added == 1


def test_a_row_that_is_repeated_is_one_contact(account: Account) -> None:
    assert read(account, ROW, ROW).added == 1


def test_equal_rows_of_a_day_without_times_are_contacts_of_their_own(
    account: Account,
) -> None:
    assert read(account, *[changed(moment="24/11/2026")] * 2).added == 2


def test_what_a_crash_left_is_completed_by_the_same_file(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [changed(moment=f"24/11/2026 10:{minute}") for minute in range(10, 20)]
    monkeypatch.setattr(outside_contacts, "CHUNK", 3)
    real, chunks = outside_contacts.insert_missing, []

    def dies(ledger: Any, chunk: list[Any]) -> int:
        chunks.append(chunk)
        if len(chunks) == 3:
            raise ConnectionError
        return real(ledger, chunk)

    monkeypatch.setattr(outside_contacts, "insert_missing", dies)
    with pytest.raises(ConnectionError):
        read(account, *rows)
    assert ContactLedger.objects.count() == 6
    monkeypatch.setattr(outside_contacts, "insert_missing", real)
    assert read(account, *rows).added == 4


def test_accounts_keep_the_same_file_apart(account: Account) -> None:
    read(account)
    other = make_account()
    assert read(other).added == 1
    assert contacts("account_id") == {(account.pk,), (other.pk,)}


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("pidió no llamar", "opted_out"),
        ("Reclamo", "complaint"),
        ("fallecido", "deceased"),
    ],
)
def test_who_asked_not_to_be_called_goes_on_the_do_not_call_list(
    account: Account, word: str, reason: str
) -> None:
    job = make_job(make_batch(account), document="CL:RUT:123456785")
    imported = read(account, changed(result=word))
    assert imported.suppressed.ended == 1
    job.refresh_from_db()
    assert job.status == Job.Status.DENIED
    assert set(DoNotCall.objects.values_list("key", "reason", "account_id")) == {
        (PERSON, reason, account.pk),
        (PHONE, reason, account.pk),
    }


def test_a_wrong_number_blocks_the_phone_for_that_person(account: Account) -> None:
    read(account, changed(result="Número equivocado"))
    assert DoNotCall.objects.get().kind == "pair"


def test_a_wrong_number_without_a_document_only_counts(account: Account) -> None:
    assert read(account, changed(result="equivocado", document="")).problems == []
    assert not DoNotCall.objects.exists()


def test_an_operation_is_one_of_its_creditor(account: Account) -> None:
    headers = [*SPANISH, "Operación"]
    alone = changed(creditor="", moment="24/11/2026 11:00")
    read(account, [*ROW, "T-1"], [*alone, "T-1"], headers=headers)
    found = {tuple(row.debt_keys) for row in ContactLedger.objects.all()}
    assert found == {("natura:T-1",), ()}


def test_an_import_is_recorded_without_what_it_says(account: Account) -> None:
    read(account, changed(result="no llamar"))
    entry = AuditEntry.objects.get(action="contactimport.load")
    assert (entry.actor, entry.account_id) == ("user:ana", str(account.pk))
    assert entry.detail == {"rows": "1", "added": "1", "blocked": "2", "jobs": "0"}


def test_nothing_that_is_stored_tells_a_phone_or_a_document(account: Account) -> None:
    read(account)
    for model in (ContactLedger, ContactImport, AuditEntry):
        stored = str(list(model.objects.values()))
        assert "987654321" not in stored
        assert "12345678" not in stored


def test_a_file_without_a_channel_is_refused(account: Account) -> None:
    headers = ["Fecha", "RUT"]
    for content in (
        workbook([["24/11/2026", "12.345.678-5"]], headers),
        b"Fecha;RUT\n24/11/2026;12.345.678-5\n",
    ):
        with pytest.raises(WorkbookError) as error:
            load(content, account, by="user:ana")
        assert error.value.code == "columns_missing"
        assert "Canal" in error.value.message


def test_documents_and_phones_are_those_of_the_accounts_country(db: None) -> None:
    account = make_account(country="AR", time_zone="America/Argentina/Buenos_Aires")
    cells = {"document": "20-12345678-6", "phone": "011 15 2345 6789"}
    assert read(account, changed(**cells)).problems == []
    row = ContactLedger.objects.get()
    assert row.phone_key == keys.phone_key("+5491123456789")
    assert row.person_key == keys.person_key(
        countries.get("AR").read_document(cells["document"]), ""
    )


def test_a_csv_is_read_as_well(account: Account) -> None:
    text = ";".join(SPANISH) + "\n" + ";".join(map(str, ROW))
    assert load(text.encode("cp1252"), account, by="user:ana").added == 1


# --- until when they reach


def test_imports_reach_until_their_last_contact(account: Account) -> None:
    assert reach(account.pk) is None
    read(account, ROW, changed(moment="24/11/2026 09:00"))
    assert reach(account.pk) == datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
    assert reach(make_account().pk) is None


def test_after_a_week_without_imports_only_our_own_calls_count(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(account)
    later = NOW + timedelta(days=7, minutes=1)
    monkeypatch.setattr("speechai_site.runtime.clock.now", lambda: later)
    assert reach(account.pk) is None
    read(account)  # the same old file is no news
    assert reach(account.pk) is None


# --- words


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("No contesta", "no_answer"),
        ("Buzón de voz", "voicemail"),
        ("cortó", "hang_up"),
        ("Tercero", "third_party"),
        ("OBJETA LA DEUDA", "dispute"),
        ("Pidió no ser llamado", "optout"),
        ("Voicemail", "voicemail"),
        ("otra cosa", None),
    ],
)
def test_a_result_is_known_in_any_language(
    word: str, code: str | None, language: str
) -> None:
    with translation.override(language):
        assert read_result(word) == code


@pytest.mark.parametrize(
    ("word", "code"),
    [("LLAMADA", "call"), ("Visita", "visit"), ("Correo", "mail"), ("wsp", "chat")],
)
def test_a_channel_is_known_by_several_words(word: str, code: str) -> None:
    assert read_channel(word) == code
