"""What a sealed function is told that unpacks a document."""

from filemill.processing.input_limits import InputLimits


def arguments_of(limits: InputLimits) -> dict[str, int]:
    """Give how far an archive may unpack, and how deep others may lie in it."""
    return {"max_ratio": limits.max_compression_ratio, "max_archive_depth": limits.max_archive_depth}
