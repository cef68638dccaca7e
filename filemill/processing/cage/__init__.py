"""The cage: confined, killable processes that parse what strangers sent.

    with Cage() as cage, cage.open_slice() as work:
        with work.open_bench(source_fd=fd, media_type="image/png", file_name="a.png", scratch=path) as bench:
            facts = bench.call(read_image_facts)

`Cage` is made once per worker process, after that process was forked; nothing starts before the first call. A
`ForkServer` is made before, once for all of them.
"""

from filemill.processing.cage.cage import Cage, describe_preload
from filemill.processing.cage.fork_server import ForkServer
from filemill.processing.cage.layers import Layer, Layers, Mode
from filemill.processing.cage.slice_bench import SliceBench
from filemill.processing.cage.slices import Slice

__all__ = ["Cage", "ForkServer", "Layer", "Layers", "Mode", "Slice", "SliceBench", "describe_preload"]
