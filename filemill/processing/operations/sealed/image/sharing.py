"""Sealed: one decode for several recipes, where that saves work and fits into memory."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Final

from filemill.processing.operations.image.geometry import lay_out, turn
from filemill.processing.operations.sealed.image.colours import to_srgb
from filemill.processing.operations.sealed.image.picture import Picture
from filemill.processing.operations.sealed.image.rendering import Decoded, Job
from filemill.processing.operations.sizing import Size

_MOST_SHARED_BYTES: Final = 192 * 1024**2
"""A shared picture is held as a whole; beyond this, each recipe decodes for itself, piece by piece."""
_BANDS: Final = 4
_GREATEST_SHRINK: Final = 8


def share_decode(jobs: Sequence[Job]) -> list[Job]:
    """Give jobs that need the same pixels these pixels, decoded once; the order stays."""
    numbered = sorted(enumerate(jobs), key=lambda entry: _kind(entry[1]))
    shared: dict[int, Job] = {}
    for _, group in groupby(numbered, key=lambda entry: _kind(entry[1])):
        members = list(group)
        decoded = _decode_for([job for _, job in members])
        shared.update((number, replace(job, decoded=decoded)) for number, job in members)
    return [shared[number] for number in range(len(jobs))]


def _kind(job: Job) -> tuple[bool, bool, int]:
    return job.recipe.auto_orient, job.recipe.saving.keep_icc, job.pages


def _decode_for(jobs: Sequence[Job]) -> Decoded | None:
    """Decode what all of them can work on; None where each is better off by itself."""
    first = jobs[0]
    shrink = find_shrink(jobs)
    pixels = math.ceil(first.picture.size.pixels / shrink**2) * first.pages
    if len(jobs) < 2 or pixels * _BANDS > _MOST_SHARED_BYTES or first.picture.format == "svg":
        return None
    keeps_icc = first.recipe.saving.keep_icc
    if shrink == 1:
        return Decoded(image=first.picture.whole(first.pages, keeps_icc=keeps_icc).copy_memory())
    return Decoded(image=_shrunk(first.picture, shrink, keeps_icc=keeps_icc).copy_memory())


def _shrunk(picture: Picture, shrink: int, *, keeps_icc: bool) -> Any:
    image = to_srgb(picture.half(shrink), keeps_icc=keeps_icc)
    return image.copy_memory().autorot() if picture.has_to_turn else image


def find_shrink(jobs: Sequence[Job]) -> int:
    """Return by how much a JPEG may be shrunk while it is decoded and still leave every recipe enough to scale."""
    if jobs[0].picture.format != "jpeg" or not all(job.recipe.takes_all for job in jobs):
        return 1
    least = min(job.picture.reduction(_scaled_size(job)) for job in jobs)
    if least < 2:
        return 1
    # As for a single one: below 4 all of it is taken by the decoder, from 4 on a factor of 2 is left to be scaled well.
    return min(2 if least < 4 else 2 ** (int(math.log2(least)) - 1), _GREATEST_SHRINK)


def _scaled_size(job: Job) -> Size:
    layout = lay_out(turn(job.picture.size, job.recipe.rotate), job.recipe.box)
    return turn(layout.scaled, job.recipe.rotate)
