from django.urls import reverse

from batches.models import Batch
from calls.models import Call
from speechai_site.runtime import heartbeat


def home(client):
    return client.get(reverse("admin:index")).context["home"]


def test_home_shows_the_running_campaigns_of_ones_accounts(ours, theirs, sign_in):
    Batch.objects.update(status=Batch.Status.RUNNING)
    shown = home(sign_in(ours.supervisor))
    assert [row["name"] for row in shown["running"]] == ["Campaign of ours"]
    assert [row["name"] for row in shown["latest"]] == ["Rosa Tapia Lillo"]


def test_home_counts_todays_calls(ours, theirs, sign_in):
    shown = home(sign_in(ours.supervisor))
    assert shown["cards"][0].value == "1"
    assert [row["count"] for row in shown["outcomes"]] == ["1"]


def test_home_says_why_a_call_is_unconfirmed(ours, sign_in):
    Call.objects.update(status="unknown", error_code="timeout")
    shown = home(sign_in(ours.operator))["unconfirmed"]
    assert shown["count"] == "1"
    assert shown["rows"][0]["why"] != "timeout"


def test_home_warns_while_no_process_works(ours, sign_in, settings):
    settings.PUBLIC_URL = "http://127.0.0.1"
    client = sign_in(ours.operator)
    assert [n.icon for n in home(client)["notices"]] == ["timer_off", "phonelink_off"]
    heartbeat.beat("clock")
    heartbeat.beat("qcluster")
    assert home(client)["notices"] == []


def test_home_warns_when_retell_cannot_reach_the_program(ours, sign_in, settings):
    settings.PUBLIC_URL = ""
    icons = [notice.icon for notice in home(sign_in(ours.operator))["notices"]]
    assert "sync_problem" in icons


def test_cost_on_the_home_page_is_for_who_sees_cost(ours, sign_in):
    supervisor, operator = home(sign_in(ours.supervisor)), home(sign_in(ours.operator))
    assert len(supervisor["cards"]) == len(operator["cards"]) + 1
