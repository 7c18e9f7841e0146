"""A container's health check: whether the API on this machine accepts tasks. Run as a module."""

import http.client
import sys

from mainspring.config.settings import Settings

PATIENCE_SECONDS = 10


def answer_of(port: int) -> str | None:
    """Return why the API on this port is not ready; None when it is."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/ready")
        answer = connection.getresponse()
        said = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"the API does not answer at port {port}: {error}"
    finally:
        connection.close()
    return None if answer.status == http.client.OK else said


if __name__ == "__main__":
    sys.exit(answer_of(Settings.load().api_port))
