"""The curl commands of the README and the tutorial, sent as they stand there to a running service."""

import re
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from tests.endtoend.launched import ROOT, Launched

pytestmark = pytest.mark.timeout(240)
FINISHED_SECONDS = 60.0
DOCUMENTED_ADDRESS = "http://127.0.0.1:8000"


@dataclass(kw_only=True)
class Curl:
    """One command, as httpx wants it: curl itself need not be on the machine."""

    url: str = ""
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    @classmethod
    def read(cls, words: list[str]) -> "Curl":
        command = cls()
        rest = iter(words[1:])
        for word in rest:
            match word:
                case "-u" | "-o":
                    next(rest)
                case "-X":
                    command.method = next(rest)
                case "-H":
                    name, _, value = next(rest).partition(": ")
                    command.headers[name] = value
                case "-d":
                    command.method, command.body = "POST", next(rest)
                case "-F":
                    command.method = "POST"
                    command.add_part(next(rest))
                case _:
                    assert not word.startswith("-"), f"the test does not know curl's {word}"
                    command.url = word
        return command

    def add_part(self, text: str) -> None:
        name, _, value = text.partition("=")
        if value.startswith("@"):
            path = ROOT / value.removeprefix("@")
            self.files[name] = (path.name, path.read_bytes())
        else:
            self.fields[name] = value

    def send(self, launched: Launched, *, task_id: str) -> httpx.Response:
        url = self.url.replace("$TASKS", f"{launched.url}/api/tasks").replace("$ID", task_id)
        return httpx.request(
            self.method,
            url.replace(DOCUMENTED_ADDRESS, launched.url),
            auth=launched.auth,
            headers=self.headers,
            content=self.body,
            data=self.fields or None,
            files=self.files or None,
            timeout=30.0,
        )


def find_commands(text: str) -> Iterator[Curl]:
    """The curl commands in a page's blocks of shell, in order."""
    for block in re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL):
        statement = ""
        for line in block.splitlines():
            statement += line.removesuffix("\\") + ("" if line.endswith("\\") else "\n")
            if line.endswith("\\") or statement.count("'") % 2:
                continue
            words = shlex.split(statement, comments=True)
            statement = ""
            if words[:1] == ["curl"]:
                yield Curl.read(words)


def follow(commands: Iterator[Curl], launched: Launched) -> list[httpx.Response]:
    """Send one command after another; `$ID` is the first task's, and a look at it is repeated until it has ended."""
    answers: list[httpx.Response] = []
    task_id = ""
    for command in commands:
        answer = command.send(launched, task_id=task_id)
        give_up_at = time.monotonic() + FINISHED_SECONDS
        while command.url.endswith("$ID/") and answer.json()["finished_at"] is None:
            assert time.monotonic() < give_up_at, answer.text
            time.sleep(0.1)
            answer = command.send(launched, task_id=task_id)
        if command.url.endswith("create_task/") and not task_id:
            task_id = answer.json()["id"]
        answers.append(answer)
    return answers


@pytest.fixture(scope="module")
def running() -> Iterator[Launched]:
    launched = Launched()
    try:
        launched.start_until_ready()
        yield launched
    finally:
        launched.delete()


def test_the_first_task_of_the_readme_works_as_it_says(running: Launched) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## A first task")[2].partition("## What it promises")[0]

    created, uploaded, looked, fetched, cancelled, retried, bulk = follow(find_commands(section), running)

    assert (created.status_code, uploaded.status_code) == (201, 201)
    assert looked.json()["status"] == "completed", looked.text
    assert [output["name"] for output in looked.json()["result"]["outputs"]] == ["photo.webp"]
    assert fetched.content[8:12] == b"WEBP"
    assert (cancelled.status_code, retried.status_code) == (409, 200)
    assert (bulk.status_code, bulk.json()["files_count"]) == (201, 4)


def test_the_tutorial_works_as_it_says(running: Launched) -> None:
    text = (ROOT / "docs/tutorial/first-task.md").read_text(encoding="utf-8")

    listed, token, created, looked, fetched, events, attempts, refused = follow(find_commands(text), running)

    assert listed.json()["count"] > 0
    assert token.status_code == 201
    assert [warning["nearest"] for warning in created.json()["warnings"]] == ["quality"]
    assert looked.json()["status"] == "completed", looked.text
    assert fetched.content.startswith(b"\xff\xd8")
    assert [event["event_type"] for event in events.json()["results"]] == ["created", "started", "completed"]
    assert attempts.json()["results"][0]["evidence"]
    assert (refused.status_code, refused.json()["code"]) == (400, "type_mismatch")
