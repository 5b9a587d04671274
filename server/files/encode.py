"""Turning what people send into what we keep.

A photo is decoded and encoded anew: no byte of the original survives, so neither do its metadata
(place, device, owner) nor anything hidden in it. A paper may also be a PDF; that is kept as it is,
shown to few, and never opened by us.
"""

import io
from dataclasses import dataclass

import pillow_heif
from PIL import Image, ImageOps

from server.errors import Invalid
from server.http.i18n import gettext as _

MAX_PHOTO_BYTES = 12 * 1024 * 1024
MAX_PAPER_BYTES = 18 * 1024 * 1024
MAX_PIXELS = 60_000_000
LONGEST_SIDE = 2048
QUALITY = 82
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")

pillow_heif.register_heif_opener(thumbnails=False)


@dataclass(frozen=True)
class Kept:
    """What is to be stored."""

    data: bytes
    media_type: str
    suffix: str


def photo(data: bytes, field: str) -> Kept:
    """A photo as WebP, upright, at most ``LONGEST_SIDE`` px. CPU-bound: call it in a thread.

    Raises Invalid (on ``field``) for anything that is not a photo of a known kind and sane size.
    """
    if len(data) > MAX_PHOTO_BYTES:
        raise Invalid(_("写真が大きすぎます。12MBまでの写真をえらんでください。"), field)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise Invalid(_("写真の画素が多すぎます。小さくしてから送ってください。"), field)
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # JPEG: decode no more than needed
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except Invalid:
        raise
    except Exception as error:  # decoders raise nearly everything on hostile input
        message = _("写真として読めませんでした。JPEG・PNG・HEICの写真をえらんでください。")
        raise Invalid(message, field) from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    bare = Image.new("RGB", upright.size)  # a fresh picture carries no metadata along
    bare.paste(upright)
    out = io.BytesIO()
    bare.save(out, "WEBP", quality=QUALITY, method=4)
    return Kept(out.getvalue(), "image/webp", ".webp")


def paper(data: bytes, field: str) -> Kept:
    """A scan: a PDF as it is, or a picture treated like a photo. Raises Invalid (on ``field``)."""
    if len(data) > MAX_PAPER_BYTES:
        raise Invalid(_("ファイルが大きすぎます。18MBまでにしてください。"), field)
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return Kept(data, "application/pdf", ".pdf")
    try:
        return photo(data, field)
    except Invalid as error:
        message = _("PDFか、写真(JPEG・PNG・HEIC)をえらんでください。")
        raise Invalid(message, field) from error
