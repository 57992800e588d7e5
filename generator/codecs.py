"""Codecs by name: what a recipe or a checkpoint says, as something that encodes and decodes."""

from __future__ import annotations

from pathlib import Path

from generator.codec import Codec, PixelCodec
from generator.learned_codec import SHIPPED, load_codec, shipped_codec
from schemas.errors import UserError

PIXELS = "pixels"
PRETRAINED = ("wan", "ltx", "hunyuan", "cogvideox")
"""Families of pretrained codecs: `wan:FOLDER_OR_HUB_NAME`."""


def open_codec(source: str) -> Codec:
    """Return the codec that a setting names. Raises UserError for one that is not there.

    `shipped`, `pixels`, a family with a folder or hub name (`wan:...`), or a file of weights
    that `rushes train codec` wrote.
    """
    if source == SHIPPED:
        return shipped_codec()
    if source == PIXELS:
        return PixelCodec()
    family, colon, where = source.partition(":")
    if colon and family in PRETRAINED:
        from generator.pretrained import load_pretrained

        return load_pretrained(family, where)
    if not Path(source).is_file():
        raise UserError(
            f"no codec `{source}`",
            "`shipped`, `pixels`, a file of `rushes train codec`, or "
            + ", ".join(f"`{name}:FOLDER`" for name in PRETRAINED),
        )
    return load_codec(Path(source))
