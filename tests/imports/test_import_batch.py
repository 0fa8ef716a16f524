import json

import pytest
from django.core.management import CommandError, call_command

from batches.models import Batch
from batches.states import BatchStatus
from tests.builders import make_account, make_agent, make_number
from tests.imports.workbooks import RUT_C, row, workbook

pytestmark = pytest.mark.django_db
KEYS = {
    *("batch", "upload", "rows", "contacts", "jobs", "without_phone", "duplicates"),
    *("error_count", "errors", "error_workbook", "total_amount", "seconds"),
}


@pytest.fixture
def run(settings, tmp_path, capsys):
    """Runs the command on a workbook of `rows`; what it printed."""
    settings.VAR_DIR = tmp_path
    make_account(slug="demo", name="Cuenta Uno")

    def command(*arguments, rows=(), content=b""):
        path = tmp_path / "cobranza.xlsx"
        path.write_bytes(content or workbook(rows or [row()]))
        call_command(
            "import_batch",
            str(path),
            *("--account", "demo", "--use-case", "debt_collection"),
            *arguments,
        )
        return capsys.readouterr().out

    return command


def refused(run, *arguments, **options) -> str:
    with pytest.raises(CommandError) as raised:
        run(*arguments, **options)
    assert raised.value.returncode == 2
    sentence = str(raised.value)
    assert sentence
    assert "\n" not in sentence
    return sentence


def test_json_is_one_object_with_the_agreed_keys(run):
    told = json.loads(run("--json", rows=[row(), row(rut="x"), row(rut=RUT_C)]))
    assert told.keys() == KEYS
    assert (told["rows"], told["jobs"], told["error_count"]) == (3, 2, 1)
    assert told["total_amount"] == "300000"
    assert told["errors"][0].keys() == {"row", "column", "value", "code", "message"}


def test_the_total_is_written_without_needless_decimals(run):
    rows = [row(amount="$ 45.990,00"), row(amount=0.5), row(amount="0,5")]
    assert json.loads(run("--json", rows=rows))["total_amount"] == "45991"


def test_at_most_fifty_errors_are_printed(run):
    told = json.loads(run("--json", rows=[row(rut="x")] * 60))
    assert (told["error_count"], len(told["errors"])) == (60, 50)


def test_without_json_a_person_reads_the_figures(run):
    told = run("--name", "Septiembre", rows=[row(), row(rut="x")])
    assert str(Batch.objects.get(name="Septiembre").pk) in told
    assert "RUTS: " in told


def test_options_reach_the_use_case(run):
    run("--option", "limit_days=3", "--option", "max_days=9")
    assert Batch.objects.get().uploads.get().options == {
        "limit_days": "3",
        "max_days": "9",
    }


def test_a_bad_file_is_one_sentence_and_leaves_nothing(run):
    refused(run, content=b"<html></html>")
    refused(run, "--option", "limit_days=0")
    refused(run, "--option", "limit_days")
    assert not Batch.objects.exists()


def test_an_unknown_account_is_one_sentence(run):
    assert "nobody" in refused(run, "--account", "nobody")


@pytest.mark.parametrize(
    "arguments", [["--agent", "agent_x"], ["--from-number", "+569"]]
)
def test_an_unknown_agent_or_number_is_one_sentence(run, arguments):
    assert arguments[1] in refused(run, *arguments)


def test_start_without_an_agent_or_number_imports_nothing(run):
    refused(run, "--start")
    make_agent(retell_id="agent_1")
    refused(run, "--start", "--agent", "agent_1")
    assert not Batch.objects.exists()


def test_start_with_agent_and_number_runs_the_batch(run):
    make_agent(retell_id="agent_1")
    make_number(e164="+56220001111")
    run("--start", "--agent", "agent_1", "--from-number", "+56220001111")
    assert Batch.objects.get().status == BatchStatus.RUNNING


def test_agent_and_number_may_come_from_the_environment(run, settings):
    settings.RETELL_AGENT_ID = make_agent().retell_id
    settings.RETELL_FROM_NUMBER = make_number().e164
    run("--start")
    assert Batch.objects.get().status == BatchStatus.RUNNING


def test_the_accounts_defaults_come_before_the_environment(run, settings):
    settings.RETELL_AGENT_ID = make_agent().retell_id
    from batches.models import Account

    mine = make_agent()
    Account.objects.update(default_agent=mine, default_number=make_number())
    run("--start")
    assert Batch.objects.get().agent == mine


def test_another_accounts_agent_cannot_be_used(run):
    make_agent(retell_id="agent_2", account=make_account())
    refused(run, "--agent", "agent_2")
