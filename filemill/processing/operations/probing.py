"""The probe: what a file's headers tell, read in the cage before any work."""

from collections.abc import Callable, Mapping
from typing import Final

from filemill.processing.bench import Bench
from filemill.processing.media import task_type_of
from filemill.processing.operations.document.probing import probe_document
from filemill.processing.operations.image.probing import probe_image
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.video.probing import probe as probe_video

_PROBES: Final[Mapping[str, Callable[[Bench], Facts]]] = {
    "image": probe_image,
    "video": probe_video,
    "document": probe_document,
}


def probe(bench: Bench) -> Facts:
    """Return what the headers of the bench's input tell; raises InputError for what is damaged or asks for too much."""
    return _PROBES[str(task_type_of(bench.media_type))](bench)
