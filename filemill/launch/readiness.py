"""Asking the service whether it is ready."""

import http.client
import json
from dataclasses import dataclass

from filemill.launch.environment import LaunchEnvironment

PROBE_SECONDS = 3.0


@dataclass(frozen=True)
class Readiness:
    """The answer of GET /health/ready: whether all is well, and otherwise why not."""

    is_ready: bool
    reason: str = ""


def probe_readiness(environment: LaunchEnvironment) -> Readiness:
    """Ask once; a service that does not answer yet is not ready."""
    connection = http.client.HTTPConnection(environment.address.strip("[]"), environment.port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", "/health/ready", headers=_name_host(environment))
        response = connection.getresponse()
        body = response.read(4096).decode("utf-8", errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return Readiness(False, f"the web server does not answer ({error})")
    finally:
        connection.close()
    if response.status == 200:
        return Readiness(True)
    return Readiness(False, f"/health/ready answers {response.status}: {_shorten(body)}")


def _name_host(environment: LaunchEnvironment) -> dict[str, str]:
    """Ask under a name that the installation answers to, whatever address it listens on."""
    names = [name.strip() for name in environment.variables.get("FILEMILL_ALLOWED_HOSTS", "").split(",")]
    plain = [name for name in names if name and not name.startswith((".", "*"))]
    return {"Host": plain[0]} if plain else {}


def _shorten(body: str) -> str:
    try:
        return json.dumps(json.loads(body))[:300]
    except ValueError:
        return body[:300]
