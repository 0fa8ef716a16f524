import pytest

from speechai_site.runtime.processes import whole_program

SIMULATOR = ["simulator", "sync_retell", "load_sample"]
ALWAYS = ["web", "qcluster", "clock"]


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """Plan the program's processes for an environment; nothing is started."""
    monkeypatch.delenv("MONGODB_URI")
    planned = []

    def plan(**options):
        planned.append(whole_program(tmp_path, web_port=None, **options))
        return planned[-1]

    yield plan
    for program in planned:
        program.stop()


@pytest.mark.parametrize(
    ("env", "throw_away", "sandbox"),
    [
        pytest.param({}, False, SIMULATOR, id="a newcomer"),
        pytest.param({}, True, SIMULATOR[:2], id="a demonstration"),
        pytest.param({"RETELL_API_KEY": "key_x"}, False, [], id="a key"),
        pytest.param(
            {"RETELL_BASE_URL": "http://127.0.0.1:9100"}, False, [], id="an address"
        ),
    ],
)
def test_the_simulator_runs_unless_retell_is_chosen(plan, env, throw_away, sandbox):
    program = plan(env=env, throw_away=throw_away)
    names = [service.name for service in program.services]
    assert names == ["setup", *sandbox, *ALWAYS]


def test_copies_run_side_by_side_and_share_the_web_servers_socket(plan):
    services = {service.name: service for service in plan(copies=2).services}
    assert list(services)[-6:] == [*ALWAYS, "web-2", "qcluster-2", "clock-2"]
    assert services["web"].command == services["web-2"].command
    assert services["web"].pass_fds == services["web-2"].pass_fds


def test_children_find_simulator_and_web_server(plan):
    program = plan()
    assert program.env["RETELL_BASE_URL"] == program.published["simulator_url"]
    assert program.env["PUBLIC_URL"] == program.published["web_url"]
