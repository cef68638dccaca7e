"""A client that keeps what it was told, so that the history checker can hold the service to its words."""

import hashlib
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from filemill.tasks.history.facts import DownloadFact, Kind, Observation
from tests.endtoend.seed import wait_until

TIMEOUT_SECONDS = 15.0
CREATE = "/api/tasks/create_task/"


class Client:
    """One user of the web side; may be used from several threads."""

    def __init__(self, url: str, *, username: str, password: str) -> None:
        self._http = httpx.Client(base_url=url, auth=(username, password), timeout=TIMEOUT_SECONDS)
        self._lock = threading.Lock()
        self.observations: list[Observation] = []
        self.downloads: list[DownloadFact] = []
        self.create_seconds: list[float] = []
        self.unanswered = 0

    def create(self, path: str, task_type: str, **body: Any) -> UUID | None:
        """Hand in a file; return the task's id, or None when no answer came or it was a 503."""
        began = time.monotonic()
        answer = self._ask("POST", CREATE, {"file_path": path, "task_type": task_type, **body})
        self.create_seconds.append(time.monotonic() - began)
        if answer is None or answer.status_code == 503:
            return None
        assert answer.status_code == 201, answer.text
        told = answer.json()
        self._note(UUID(told["id"]), Kind.CREATE, told["status"], told["progress"])
        return UUID(told["id"])

    def create_once(self, key: str, path: str, task_type: str, **body: Any) -> httpx.Response | None:
        """Hand in a file under an Idempotency-Key; return whatever was answered, None when nothing was."""
        body = {"file_path": path, "task_type": task_type, **body}
        answer = self._ask("POST", CREATE, body, headers={"Idempotency-Key": key})
        # A replay tells what was true at first, so it is no sight of now.
        if answer is not None and answer.status_code == 201 and "Idempotency-Replayed" not in answer.headers:
            self._note(UUID(answer.json()["id"]), Kind.CREATE, answer.json()["status"], answer.json()["progress"])
        return answer

    def upload(self, path: str, task_type: str) -> httpx.Response:
        """Send a file itself; return whatever was answered."""
        with Path(path).open("rb") as file:
            answer = self._http.post(CREATE, files={"file": file}, data={"task_type": task_type})
        if answer.status_code == 201:
            self._note(UUID(answer.json()["id"]), Kind.CREATE, answer.json()["status"], answer.json()["progress"])
        return answer

    def create_bulk(self, paths: list[str], task_type: str, *, parallel: bool = True) -> str | None:
        """Hand in many; return the batch's Celery id, or None when no answer came."""
        body = {"file_paths": paths, "task_type": task_type, "parallel": parallel}
        answer = self._ask("POST", "/api/tasks/bulk_create/", body)
        if answer is None:
            return None
        assert answer.status_code == 201, answer.text
        return str(answer.json()["celery_task_id"])

    def read(self, task_id: UUID) -> str | None:
        """Return the status that the service tells."""
        asked_at = datetime.now(UTC)
        answer = self._ask("GET", f"/api/tasks/{task_id}/")
        if answer is None or answer.status_code == 503:
            return None
        assert answer.status_code == 200, answer.text
        told = answer.json()
        self._note(task_id, Kind.READ, told["status"], told["progress"], asked_at)
        return str(told["status"])

    def cancel(self, task_id: UUID) -> int:
        """Cancel; return the answer's HTTP status, 0 when none came."""
        return self._move(task_id, Kind.CANCEL, {"reason": "enough"})

    def retry(self, task_id: UUID, *, force: bool = False) -> int:
        """Retry; return the answer's HTTP status, 0 when none came."""
        return self._move(task_id, Kind.RETRY, {"force": force})

    def download(self, task_id: UUID) -> int:
        """Fetch every output that the service offers for a task; return how many."""
        outputs = self._fetch(f"/api/tasks/{task_id}/outputs/").json()["results"]
        for output in outputs:
            got = self._fetch(output["url"])
            assert got.status_code == 200, f"an offered output is not there: {output['url']}"
            sha256 = hashlib.sha256(got.content).hexdigest()
            self.downloads.append(DownloadFact(task_id=task_id, name=output["name"], sha256=sha256))
        return len(outputs)

    def _fetch(self, path: str) -> httpx.Response:
        """Get what must be there once the web side, struck a moment ago on a busy machine, answers again."""
        served: list[httpx.Response] = []

        def is_served() -> bool:
            answer = self._ask("GET", path)
            served[:] = [] if answer is None or answer.status_code == 503 else [answer]
            return bool(served)

        wait_until(is_served, what=f"{path} is answered")
        return served[0]

    def _move(self, task_id: UUID, kind: Kind, body: dict[str, Any]) -> int:
        asked_at = datetime.now(UTC)
        answer = self._ask("POST", f"/api/tasks/{task_id}/{kind.value}/", body)
        if answer is None or answer.status_code == 503:
            self._note(task_id, kind, None, None, asked_at)
            return 0
        if answer.status_code == 409:
            self._note(task_id, Kind.READ, answer.json()["task_status"], None, asked_at)
        else:
            assert answer.status_code == 200, answer.text
            self._note(task_id, kind, answer.json()["status"], None, asked_at)
        return answer.status_code

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response | None:
        try:
            return self._http.request(method, path, json=body, headers=headers)
        except httpx.TransportError:
            with self._lock:
                self.unanswered += 1
            return None

    def _note(
        self, task_id: UUID, kind: Kind, status: str | None, progress: int | None, asked_at: datetime | None = None
    ) -> None:
        at = datetime.now(UTC)
        seen = Observation(task_id=task_id, kind=kind, status=status, asked_at=asked_at or at, at=at, progress=progress)
        with self._lock:
            self.observations.append(seen)

    def close(self) -> None:
        self._http.close()
