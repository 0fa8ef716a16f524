import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pymongo import MongoClient

from speechai_site.runtime import listening, mongod
from speechai_site.runtime.mongod import EmbeddedMongod, MongodUnavailable
from tests.runtime.observing import processes_of, wait_until

LDD = """\
	linux-vdso.so.1 (0x00007fab96ff1000)
	libcurl.so.4 => {curl}
	libcrypto.so.3 => {crypto}
	libssl.so.3 => {crypto}
	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fab8fe1e000)
"""
FOUND = "/lib/x86_64-linux-gnu/found (0x00007fab96f30000)"


@pytest.fixture
def server(tmp_path):
    server = EmbeddedMongod(tmp_path / "data", throw_away=True)
    yield server
    server.stop()


@pytest.fixture
def kept_server(tmp_path):
    server = EmbeddedMongod(tmp_path / "data")
    yield server
    server.stop()


def test_a_new_server_takes_transactions(server):
    with MongoClient(server.start()) as client, client.start_session() as session:
        session.with_transaction(
            lambda session: client.shop.sales.insert_one({}, session=session)
        )
        assert client.shop.sales.count_documents({}) == 1


def test_the_port_stays_with_the_data(kept_server):
    first = kept_server.start()
    kept_server.stop()
    assert mongod.known_uri(kept_server.data_dir) == first
    assert kept_server.start() == first


def test_data_is_found_on_another_port_when_the_old_one_is_taken(kept_server):
    with MongoClient(kept_server.start()) as client:
        client.shop.sales.insert_one({})
    os.kill(kept_server.pid, signal.SIGKILL)
    wait_until(lambda: not kept_server.is_running())
    with socket.create_server((listening.HOST, kept_server.port)) as mute_stranger:
        taken = mute_stranger.getsockname()[1]
        with MongoClient(kept_server.start(timeout=20)) as client:
            assert client.shop.sales.count_documents({}) == 1
    assert kept_server.port != taken
    assert mongod.known_uri(kept_server.data_dir) == mongod.uri_of(kept_server.port)


def test_two_servers_never_share_a_folder(server, monkeypatch):
    server.start()
    monkeypatch.setattr(mongod, "STOP_SECONDS", 0.3)
    with pytest.raises(MongodUnavailable, match=str(server.data_dir)):
        EmbeddedMongod(server.data_dir).start()
    assert server.is_running()


def test_clients_survive_a_killed_server_that_starts_again(kept_server):
    with MongoClient(kept_server.start()) as client:
        client.shop.sales.insert_one({})
        os.kill(kept_server.pid, signal.SIGKILL)
        wait_until(lambda: not kept_server.is_running())
        kept_server.start()
        client.shop.sales.insert_one({})
        assert client.shop.sales.count_documents({}) == 2


def test_throw_away_data_is_gone_after_the_stop(server):
    server.start()
    server.stop()
    assert not (server.data_dir / "db").exists()


def test_the_server_dies_with_a_killed_starter(tmp_path):
    script = (
        "import sys, time; from pathlib import Path\n"
        "from speechai_site.runtime.mongod import EmbeddedMongod\n"
        "server = EmbeddedMongod(Path(sys.argv[1]), throw_away=True)\n"
        "print(server.start(), flush=True)\n"
        "time.sleep(600)\n"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE
    )
    assert starter.stdout.readline().startswith(b"mongodb://")
    starter.kill()
    starter.wait()
    wait_until(lambda: not processes_of(tmp_path), seconds=5)


@pytest.mark.parametrize(
    ("curl", "crypto", "named"),
    [
        (FOUND, FOUND, []),
        ("not found", FOUND, ["libcurl4"]),
        (FOUND, "not found", ["OpenSSL 3"]),
        ("not found", "not found", ["libcurl4", "OpenSSL 3"]),
    ],
)
def test_missing_libraries_are_named_with_their_packages(curl, crypto, named):
    missing = mongod.missing_libraries(LDD.format(curl=curl, crypto=crypto))
    assert bool(missing) == bool(named)
    assert all(name in missing for name in named)


def test_a_newer_libc_is_named_by_its_version():
    line = "/x/mongod: /lib/libc.so.6: version `GLIBC_2.34' not found (by /x/mongod)"
    assert "GLIBC_2.34" in mongod.missing_libraries(line)


@pytest.mark.parametrize(
    ("system", "machine", "cpu_flags", "named"),
    [
        ("Darwin", "arm64", "", "x86-64"),
        ("Linux", "aarch64", "", "x86-64"),
        ("Linux", "x86_64", "flags : fpu sse2 ssse3", "AVX"),
    ],
)
def test_an_unfit_machine_is_refused_in_one_sentence(
    monkeypatch, system, machine, cpu_flags, named
):
    monkeypatch.setattr(mongod.platform, "system", lambda: system)
    monkeypatch.setattr(mongod.platform, "machine", lambda: machine)
    monkeypatch.setattr(Path, "read_text", lambda *args, **kwargs: cpu_flags)
    with pytest.raises(MongodUnavailable, match=named) as refusal:
        mongod.check_host()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("pages", "gigabytes"), [(2**18, 0.5), (3 * 2**20, 3.0), (2**24, 4.0)]
)
def test_the_cache_is_a_quarter_of_the_memory_within_limits(
    pages, gigabytes, monkeypatch
):
    values = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": pages}
    monkeypatch.setattr(mongod.os, "sysconf", values.get)
    assert mongod.usual_cache_gb() == gigabytes
