"""Probing pictures: what a header tells before any work, for plans and costs."""

from filemill.processing.bench import Bench
from filemill.processing.operations.image.running import arguments_of
from filemill.processing.operations.image.save_options import ANIMATED_FORMATS
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.sealed_name import SealedName

read_header = SealedName("image.probe", "probe")


def probe_image(bench: Bench) -> Facts:
    """Read a picture's header in the cage. Raises InputError for what can't be opened."""
    found = bench.call(read_header, arguments_of(bench))
    is_animated = found["format"] in ANIMATED_FORMATS and found["pages"] > 1
    return Facts(
        media_type=bench.media_type,
        size=bench.source_size,
        width=found["width"],
        height=found["height"],
        frames=found["pages"] if is_animated else None,
        pages=found["pages"] if found["pages"] > 1 and not is_animated else None,
        more={name: found[name] for name in ("format", "mode", "bit_depth", "has_alpha") if name in found},
    )
