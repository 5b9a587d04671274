"""The Japanese font of the system, for drawing words into pictures."""

import shutil
import subprocess
from functools import lru_cache

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont


class FontMissing(RuntimeError):
    """The machine has no font with Japanese in it; ``machipika doctor`` says so too."""


@lru_cache
def _file(bold: bool) -> tuple[str, int]:
    """Path and face number by fontconfig, asked once per process."""
    asking = shutil.which("fc-match")
    weight = "bold" if bold else "regular"
    if asking is not None:
        found = subprocess.run(  # noqa: S603 - fixed words
            [asking, "-f", "%{file}\n%{index}\n%{lang}", f"Noto Sans CJK JP:lang=ja:{weight}"],
            capture_output=True, text=True, check=False, timeout=20,
        ).stdout.split("\n")  # fmt: skip
        if len(found) == 3 and "ja" in found[2].split("|"):
            return found[0], int(found[1]) & 0xFFFF
    raise FontMissing("no Japanese font: install fontconfig and fonts-noto-cjk")


@lru_cache(maxsize=64)
def font(size_px: int, bold: bool = False) -> FreeTypeFont:
    """The font at a size. Raises FontMissing."""
    path, face = _file(bold)
    return ImageFont.truetype(path, size_px, index=face)
