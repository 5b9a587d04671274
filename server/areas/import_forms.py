"""Input of the import screens: the file, and how it is to be read."""

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import UploadFile
from wtforms import FileField, Form
from wtforms.validators import ValidationError

from geo.files import Limits
from server.areas.import_words import ENCODINGS, crs_choices
from server.areas.importing import ImportOptions
from server.http.forms import BaseForm, Check, Choice, Words, required, tidy
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import KINDS, MANAGERS

ACCEPT = ".geojson,.json,.zip,.gpkg,.kml,.kmz,.csv,.txt,.tsv"
MAX_NAME_CHARS = 120
AS_IN_FILE = _l("ファイルのとおり")
SWAPS = {"no": _l("東・北(または経度・緯度)の順"), "yes": _l("北・東(測量のX・Y)の順")}


def clean_filename(name: str | None) -> str:
    """The last part of what the browser calls the file, fit to be shown; never opened."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    shown = tidy("".join(c for c in last if c.isprintable())).replace("\n", " ")
    return shown.encode("utf-8", "replace").decode()[-MAX_NAME_CHARS:] or _("ファイル")


def _a_file(_form: Form, field: Any) -> None:
    upload = field.data
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise ValidationError(_("ファイルを選んでください。"))
    if not upload.size:
        raise ValidationError(_("ファイルが空です。中身のあるファイルを選んでください。"))
    if upload.size > Limits().max_file_bytes:
        raise ValidationError(_("ファイルが大きすぎます。50MBまでです。"))


class UploadForm(BaseForm):
    """The file to bring in."""

    file = FileField(
        _l("区域のファイル"),
        [required(_l("ファイルを選んでください。")), _a_file],
        description=_l("GeoJSON、Shapefile(zipにまとめたもの)、GeoPackage、KML、CSV。50MBまで。"),
    )

    async def content(self) -> tuple[str, bytes]:
        """(name, bytes) of a valid form's file."""
        upload: UploadFile = self.file.data
        return clean_filename(upload.filename), await upload.read()


class OptionsForm(BaseForm):
    """How a file is to be read, where it does not say itself."""

    layer = Choice(_l("レイヤー"), {}, blank=AS_IN_FILE, validate_choice=False, default="")
    srid = Choice(_l("座標系"), {}, blank=AS_IN_FILE, default="")
    swap = Choice(_l("座標の順"), SWAPS, blank=_l("自動で判断する"), default="")
    encoding = Choice(_l("文字コード"), ENCODINGS, blank=_l("自動で判断する"), default="")
    kind = Choice(_l("区分がない行の区分"), KINDS, blank=_l("決めない"), default="")
    manager = Choice(_l("管理者がない行の管理者"), MANAGERS, blank=_l("決めない"), default="")
    section = Words(_l("担当課がない行の担当課"), max_length=100)
    repair = Check(_l("直せる図形は自動で直す(自分と交わる面、緯度と経度の逆など)"))

    def offer(self, layers: Sequence[str], needs: str | None, plane_srid: int) -> "OptionsForm":
        """Fill the lists of this file; what it needs to know is required."""
        blank = [("", str(AS_IN_FILE))]
        crs = list(crs_choices(plane_srid).items())
        self.srid.choices = crs if needs == "crs" else blank + crs
        names = [(name, name) for name in layers]
        self.layer.choices = names if needs == "layer" else blank + names
        codes = list(ENCODINGS.items())
        if needs != "encoding":
            codes.insert(0, ("", _("自動で判断する")))
        self.encoding.choices = codes
        asked = {"crs": self.srid, "layer": self.layer, "encoding": self.encoding}.get(needs or "")
        if asked is not None:
            asked.flags.required = True
        return self

    def validate_layer(self, field: Any) -> None:
        """Only layers of this file; the list is not known when the form is built."""
        if field.data not in ("", None, *(name for name, _label in field.choices)):
            raise ValidationError(_("一覧から選んでください。"))

    def answered(self) -> ImportOptions:
        """The options of a valid form."""
        return ImportOptions(
            srid=int(self.srid.data) if self.srid.data else None,
            swap_axes={"yes": True, "no": False}.get(self.swap.data or ""),
            layer=self.layer.data or None,
            encoding=self.encoding.data or None,
            repair=bool(self.repair.data),
            kind=self.kind.data or "",
            manager=self.manager.data or "",
            section=self.section.data or "",
        )


def options_data(options: ImportOptions) -> dict[str, object]:
    """The form's values for options given before."""
    swap = {True: "yes", False: "no", None: ""}[options.swap_axes]
    return {
        "layer": options.layer or "", "srid": str(options.srid or ""), "swap": swap,
        "encoding": options.encoding or "", "kind": options.kind, "manager": options.manager,
        "section": options.section, "repair": options.repair,
    }  # fmt: skip
