"""`mainspring api`: serving alone, waiting for its database, and ending when told to."""

import base64
import json
import re
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import ExitStack

import pytest

from tests.acceptance.command_line import CommandLine

ENDS_WITHIN_SECONDS = 5
KEY = base64.b64encode(bytes(32)).decode()


def said(process: "subprocess.Popen[str]", words: str) -> str:
    """Read what a process logs up to the line with these words, and return that."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return line
    raise AssertionError(f"it ended before it said {words!r}")


def test_it_serves_beside_anything_and_ends_when_told(command_line: CommandLine) -> None:
    """It is ready without Temporal and says so; SIGTERM is an ordinary end."""
    with command_line.started("api") as process:
        url = re.search(r"http://127\.0\.0\.1:\d+", said(process, "api ready"))
        assert url is not None
        with urllib.request.urlopen(f"{url[0]}/ready", timeout=10) as answer:
            ready = json.load(answer)
        assert "ready" == ready["status"]
        assert "Temporal" in ready["tasks"]

        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(2 * ENDS_WITHIN_SECONDS)
        assert time.monotonic() - began < ENDS_WITHIN_SECONDS


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_waits_for_a_database_that_is_away(command_line: CommandLine, number: signal.Signals) -> None:
    """It says so, and can be told to end meanwhile, also while a connection is not answered at all."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        url = f"postgresql+asyncpg://a:b@{place}/c"
        away = command_line.setting(MAINSPRING_DATABASE_URL=url, MAINSPRING_ENCRYPTION_KEY=KEY)
        if number is signal.SIGTERM:
            silent.close()  # refused
        with away.started("api") as process, ExitStack() as held:
            if number is signal.SIGTERM:
                assert "the database" in said(process, "waiting")
            else:
                held.enter_context(silent.accept()[0])
            process.send_signal(number)
            assert 0 == process.wait(ENDS_WITHIN_SECONDS)


def test_its_document_is_printed_without_a_database(bare_command_line: CommandLine) -> None:
    """Generators of clients need no more than the program; nothing is made."""
    document = json.loads(bare_command_line.succeed("api", "--print-openapi"))
    assert document["openapi"].startswith("3.1")
    assert "/v1/jobs/{name}" in document["paths"]
    assert not bare_command_line.state_dir.exists()


def test_a_taken_port_and_a_foreign_host_are_named_with_their_settings(command_line: CommandLine) -> None:
    """The answer is in the message."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        taken = command_line.run("api", "--port", str(port))
    assert (1, f"error: port {port} is in use; set MAINSPRING_API_PORT") == (
        taken.code,
        taken.err[: taken.err.find(" to another port")],
    )
    foreign = command_line.run("api", "--host", "192.0.2.1")
    assert 2 == foreign.code
    assert 'MAINSPRING_API_HOST: "192.0.2.1" is not accepted' in foreign.err
