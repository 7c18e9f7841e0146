"""Temporal's own tools as an operator has them: the `temporal` program and the Web UI."""

import json
import subprocess
import urllib.request
from http.cookiejar import CookieJar
from typing import Any

from mainspring.devserver.command import temporal_binary
from tests.acceptance.running_service import RunningService


def temporal_client(running: RunningService, *arguments: str) -> str:
    """Run the `temporal` program against the service's engine; it has to succeed."""
    command = [temporal_binary(), *arguments, "--address", running.temporal.address]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert 0 == done.returncode, done.stderr
    return done.stdout


class WebUi:
    """What the Web UI's pages do: they take a cookie, and send it back with each change."""

    def __init__(self, running: RunningService) -> None:
        self._url = running.temporal.ui_url
        self._cookies = CookieJar()
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))
        self._browser.open(self._url, timeout=10).close()

    def post(self, path: str, body: dict[str, Any]) -> None:
        """Post to the HTTP API under the namespace."""
        token = next(cookie.value for cookie in self._cookies if cookie.name == "_csrf")
        request = urllib.request.Request(
            f"{self._url}/api/v1/namespaces/default/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-CSRF-TOKEN": token or ""},
        )
        self._browser.open(request, timeout=10).close()
