"""The sealed functions: the only code that parses a file's bytes, run in the cage and nowhere else.

The modules here import their native libraries at the top, since nothing can be imported once a child is sealed; the
cage's zygotes import them before they fork. Web processes and workers never do: they know a sealed function only by
its name, as a `SealedName`.
"""

from typing import Final

MODULES: Final = (
    "filemill.processing.operations.sealed.image",
    "filemill.processing.operations.sealed.video",
    "filemill.processing.operations.sealed.text",
    "filemill.processing.operations.sealed.json_document",
    "filemill.processing.operations.sealed.csv_document",
    "filemill.processing.operations.sealed.pdf",
)
"""Every module with sealed functions; a zygote imports those that its operations call."""
