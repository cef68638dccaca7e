"""Several outputs, pipelines of steps, and passwords, by a real worker."""

import json
import shutil
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pikepdf
from PIL import Image, ImageOps

from filemill.files.outputs import open_output, output_key
from filemill.tasks.drafts import Asked
from filemill.tasks.models import TaskLog
from tests.endtoend.conftest import StartWorker, Submit, wait_for_status
from tests.endtoend.seed import ROOT

PASSWORD = "correct horse battery staple"


def open_pictures(task: TaskLog) -> Mapping[str, Image.Image]:
    """Open every output by Pillow, by its name."""
    pictures = {}
    for output in task.outputs:
        with open_output(output_key(task.pk, task.fence, output["name"])) as file:
            picture = Image.open(BytesIO(file.read()))
            picture.load()
            pictures[output["name"]] = picture
    return pictures


def test_named_outputs_come_of_one_task(photo: Path, submit: Submit, start_worker: StartWorker) -> None:
    outputs = {"large": {"resize": [300, 300]}, "thumb": {"resize": [40, 40], "format": "webp"}}
    task = submit(photo, "image", asked=Asked(metadata={"quality": 70}, outputs=outputs))
    start_worker()
    task = wait_for_status(task)

    assert (task.status, task.progress, task.error_message) == ("completed", 100, None)
    assert task.result is not None
    assert list(task.result["steps"]) == ["large", "thumb"]
    made = {output["step"]: output for output in task.outputs}
    sides = {name: max(output["width"], output["height"]) for name, output in made.items()}
    assert sides == {"large": 300, "thumb": 40}
    assert made["thumb"]["name"] == f"{photo.stem}-thumb.webp"
    for output in made.values():
        with open_output(output_key(task.pk, task.fence, output["name"])) as file:
            assert len(file.read()) == output["size"]


def test_a_step_that_is_named_is_worked_on_by_two_others(
    inbox: Path, submit: Submit, start_worker: StartWorker
) -> None:
    source = Path(shutil.copy(ROOT / "samples/photo.jpg", inbox / "coffee.jpg"))
    steps = [
        {"id": "small", "op": "image.resize", "width": 300, "format": "png"},
        {"op": "image.crop", "use": "small", "crop": {"left": 20, "top": 30, "width": 100, "height": 80}},
        {"id": "mirrored", "op": "image.rotate", "use": "small", "flip": "horizontal"},
    ]
    task = submit(source, "image", asked=Asked(steps=steps))
    start_worker()
    task = wait_for_status(task)

    assert (task.status, task.error_message) == ("completed", None)
    assert task.result is not None
    assert list(task.result["steps"]) == ["small", "step2", "mirrored"]
    assert [output["step"] for output in task.outputs] == ["step2", "mirrored"]
    part, mirrored = open_pictures(task).values()
    assert (part.format, part.size, mirrored.format, mirrored.size) == ("PNG", (100, 80), "PNG", (300, 200))
    whole = ImageOps.mirror(mirrored)
    assert part.convert("RGB").tobytes() == whole.convert("RGB").crop((20, 30, 120, 110)).tobytes()


def test_a_locked_document_is_opened_in_one_step_and_drawn_in_the_next(
    inbox: Path, submit: Submit, start_worker: StartWorker
) -> None:
    locked = inbox / "locked.pdf"
    with pikepdf.open(ROOT / "samples/mill.pdf") as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(user=PASSWORD, owner="another one"))

    def ask(password: str) -> Asked:
        render = {"op": "document.render", "pages": "1", "width": 400, "format": "png"}
        return Asked(steps=[{"op": "document.decrypt", "password": password}, render])

    task, wrong = (submit(locked, "document", asked=ask(password)) for password in (PASSWORD, "wrong"))
    worker = start_worker()
    task, wrong = wait_for_status(task), wait_for_status(wrong)

    assert (task.status, task.error_message) == ("completed", None)
    (page,) = open_pictures(task).values()
    assert (page.format, page.width) == ("PNG", 400)
    assert len(page.convert("RGB").getcolors(1_000_000) or []) > 100, "the page is blank"
    assert (wrong.status, wrong.error_code, wrong.outputs) == ("failed", "wrong_password", [])
    told = [task.result, task.outputs, [event.message for event in task.events.all()]]
    assert PASSWORD not in json.dumps(told) + worker.read_log()
