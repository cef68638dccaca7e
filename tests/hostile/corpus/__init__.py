"""Every hostile file, family by family; nothing of them is kept, all are made when they are needed."""

from typing import Final

from tests.hostile.corpus import (
    archives,
    codecs,
    damaged,
    drawings,
    films,
    names,
    pdfs,
    photos,
    pictures,
    polyglots,
    reaching,
    sounds,
    texts,
    tiffs,
)
from tests.hostile.hostile import Hostile

FAMILIES: Final = (
    *(archives, codecs, damaged, drawings, films, names, pdfs, photos, pictures, polyglots, reaching, sounds, texts),
    tiffs,
)


def list_all() -> list[Hostile]:
    """Give every hostile file, in the order of the families."""
    return [hostile for family in FAMILIES for hostile in family.list_files()]
