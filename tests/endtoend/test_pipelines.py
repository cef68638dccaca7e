"""Several outputs, and passwords, by a real worker."""

from pathlib import Path

from filemill.files.outputs import open_output, output_key
from filemill.tasks.drafts import Asked
from tests.endtoend.conftest import StartWorker, Submit, wait_for_status


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
