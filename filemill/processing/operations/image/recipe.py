"""The recipe: all that is to be done to make one copy of a picture, in the order in which it is done; pure data.

Every image operation writes recipes from its options, and one engine in the cage carries them out.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict

from filemill.processing.operations.colors import Color
from filemill.processing.operations.declaration import Options
from filemill.processing.operations.image.adjust_options import Adjustments, AdjustOptions
from filemill.processing.operations.image.geometry import Box, Crop, Flip
from filemill.processing.operations.image.resize_options import ResizeOptions
from filemill.processing.operations.image.save_options import Saving, to_saving
from filemill.processing.operations.image.shape_options import Trim
from filemill.processing.operations.image.watermark_options import Watermark


class Recipe(BaseModel):
    """One copy of a picture: cut out, trim, turn, mirror, lay out, adjust, lay over, write."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stem: str
    """The name of the copy without its ending, which follows from the format."""
    auto_orient: bool = True
    crop: Crop | None = None
    trim: Trim | None = None
    rotate: float = 0
    flip: Flip | None = None
    box: Box | None = None
    background: Color | None = None
    adjust: Adjustments = Adjustments()
    watermark: Watermark | None = None
    saving: Saving = Saving()

    @property
    def is_quarter_turned(self) -> bool:
        return self.rotate % 180 == 90

    @property
    def takes_all(self) -> bool:
        """Whether it works on all of the picture, at right angles: then it can be scaled while it is decoded."""
        return self.crop is None and self.trim is None and self.rotate % 90 == 0

    def as_argument(self) -> dict[str, Any]:
        """Return what a sealed function is told of it: a tenth as long without what it knows by itself.

        Never to be kept: what is left out means what the code means by it that reads it, in a child of this process.
        """
        return self.model_dump(mode="json", exclude_defaults=True)


def write_recipe(options: Options, *, stem: str, saving: Saving | None = None) -> Recipe:
    """Write down what options ask for, of whichever groups they are."""
    return Recipe(
        stem=stem,
        auto_orient=getattr(options, "auto_orient", True),
        crop=getattr(options, "crop", None),
        trim=getattr(options, "trim", None),
        rotate=getattr(options, "rotate", 0),
        flip=getattr(options, "flip", None),
        box=options.to_box() if isinstance(options, ResizeOptions) else None,
        background=getattr(options, "background", None),
        adjust=options.to_adjustments() if isinstance(options, AdjustOptions) else Adjustments(),
        watermark=getattr(options, "watermark", None),
        saving=saving or to_saving(options),
    )
