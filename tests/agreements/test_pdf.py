"""The printed agreement: rendered, read back and looked at."""

import datetime as dt
import uuid
from dataclasses import replace
from pathlib import Path

import httpx2
import pypdfium2
import pytest
from PIL import Image, ImageChops
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.document import AgreedArea, Parties, Terms, build, fingerprint, read
from server.agreements.pdf import agreement_pdf
from server.agreements.queries import AgreementView, Confirmation
from server.agreements.wording import Template, default_template
from server.citysettings.queries import UNSET, City
from server.settings import ROOT
from tests.agreements.kit import NAME, agree, case_to_agree, proposed, row_of
from tests.personas import World

pytestmark = pytest.mark.anyio
CITY: City = replace(UNSET, name="室蘭市", short="室蘭")
SCREENS = ROOT / "var/screens"
STREET = {"type": "LineString", "coordinates": [[140.989, 42.317], [140.999, 42.3245]]}
PARK = {
    "type": "Polygon",
    "coordinates": [[[140.971, 42.322], [140.974, 42.322], [140.974, 42.324], [140.971, 42.322]]],
}


def an_area(n: int, name: str, geometry: dict, kind: str = "city_road", **more) -> AgreedArea:
    return AgreedArea(
        id=uuid.UUID(int=n), code=f"A-{n:04}", name=name, kind=kind, kind_name="", manager="city",
        section="土木課維持係", length_m=1234.5, area_m2=0, geometry=geometry, **more,
    )  # fmt: skip


def a_view(areas: list[AgreedArea], *, name: str = NAME, template: Template | None = None,
           agreed: bool = True) -> AgreementView:  # fmt: skip
    terms = Terms(
        purpose="まちをきれいに保ち、だれもが愛着をもてるまちを、いっしょにつくります。",
        partner_role="活動区域で、ごみ拾い、草取り・草刈りをします。\n活動したことを市に報告します。",
        city_role="活動に必要なものを、できる範囲で支給・貸出します。\n集めたごみを、申し出を受けて回収します。",
        forms=("cooperation",), supports=("bags", "armbands", "pickup"), times_per_year=6,
        season="4月から11月まで", section="地域生活課", first=dt.date(2026, 6, 14),
        last=dt.date(2027, 3, 31), consent_name=True, consent_areas=True, consent_photos=False,
    )  # fmt: skip
    parties = Parties(name, "見本髙﨑", "代表取締役", "company", "N-0042")
    template = template or default_template()
    document = build(CITY, parties, terms, areas, template, "new")
    at = dt.datetime(2026, 6, 14, 1, 0, tzinfo=dt.UTC)
    side = Confirmation(at, "見本さとう", "app", None)
    return AgreementView(
        id=uuid.UUID(int=1), case_id=uuid.UUID(int=2), case_code="N-0042", case_state="active",
        by_proxy=False, requested_by=None, partner_id=uuid.UUID(int=3) if agreed else None,
        partner_code="MP-0219" if agreed else "", partner_name=name, subject="company",
        occasion="new", first=terms.first, last=terms.last,
        agreed_on=dt.date(2026, 6, 14) if agreed else None, document=read(document),
        sha256=fingerprint(document), partner=replace(side, name="見本はなこ") if agreed else None,
        city=side if agreed else None, paper_file_id=None, created_at=at, purpose="",
        partner_role="", city_role="", section="", listed=(),
    )  # fmt: skip


def pages_of(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    return [page.get_textpage().get_text_bounded().replace("\r\n", "\n") for page in document]


def pictures_of(pdf: bytes, name: str) -> list[Image.Image]:
    """The pages as pictures, kept for eyes."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    pictures = [
        page.render(scale=1.6).to_pil().convert("RGB") for page in pypdfium2.PdfDocument(pdf)
    ]
    for n, picture in enumerate(pictures, 1):
        picture.save(Path(SCREENS) / f"agreement-{name}-{n}.png")
    return pictures


def colours(picture: Image.Image) -> set[tuple[int, int, int]]:
    found = picture.getcolors(picture.width * picture.height)
    assert found is not None
    return {colour for count, colour in found if count > 40}  # type: ignore[misc]


async def test_a_print_says_what_was_agreed():
    areas = [an_area(1, "母恋〜輪西 歩道", STREET), an_area(7, "見本公園", PARK, "park", new=True)]
    view = a_view(areas)
    pdf = await agreement_pdf(view)
    text = "".join(pages_of(pdf))
    flat = text.replace("\n", "")
    for words in (
        NAME, "代表取締役 見本髙﨑", "N-0042 / MP-0219", "令和8年6月14日から令和9年3月31日まで",
        "令和8年6月14日に合意しました", "A-0001", "A-0007", "母恋〜輪西 歩道", "公園・緑地",
        "画面で確認", "見本さとう", "見本はなこ", "北", "陸地: GSHHG", view.sha256[:16], "1.2km",
        "室蘭市長", "1 / ",
    ):  # fmt: skip
        assert words in flat, words
    assert "案です" not in flat
    pictures = pictures_of(pdf, "usual")
    assert len(pictures) >= 2
    shown = set().union(*(colours(picture) for picture in pictures))
    assert {(247, 245, 239), (220, 233, 237), (11, 92, 173)} <= shown, "land, sea and an area"


async def test_fonts_are_embedded_and_no_character_is_missing():
    view = a_view([an_area(1, "髙﨑𠮷通り", STREET)])
    pdf = await agreement_pdf(view)
    document = pypdfium2.PdfDocument(pdf)
    fonts = pdf.count(b"/FontFile3") + pdf.count(b"/FontFile2")
    text = "".join(pages_of(pdf))
    assert "髙﨑𠮷通り" in text and "\ufffd" not in text and "\x00" not in text
    assert len(document) >= 2 and (fonts or b"/ObjStm" in pdf)
    # A missing character would be drawn as the same box: three different ones differ.
    assert len({_glyph(letter) for letter in "髙﨑𠮷"}) == 3


def _glyph(letter: str) -> bytes:
    """How a letter looks in the font of the print."""
    from weasyprint import HTML

    style = "@page{size:60px;margin:0}body{margin:0;font:40px 'Noto Serif CJK JP'}"
    pdf = HTML(string=f"<style>{style}</style>{letter}").write_pdf()
    page: Image.Image = pypdfium2.PdfDocument(pdf)[0].render().to_pil().convert("L")
    assert page.getextrema()[0] < 100, "something is drawn"
    return page.tobytes()


async def test_the_same_agreement_gives_the_same_bytes():
    view = a_view([an_area(1, "通り", STREET)])
    assert await agreement_pdf(view) == await agreement_pdf(view)


async def test_many_areas_far_apart_and_long_names():
    far = {"type": "LineString", "coordinates": [[140.93, 42.40], [140.935, 42.402]]}
    long = "とても長い名前の活動区域 母恋北町一丁目から輪西町三丁目までの歩道と植樹帯"
    areas = [an_area(n, f"{n} {long * (n % 3 + 1)}", _moved(STREET, n)) for n in range(1, 20)]
    view = a_view(
        [*areas, an_area(20, "白鳥台", far)], name="見本の名前がたいへん長い実行委員会" * 4
    )
    pdf = await agreement_pdf(view)
    text = "".join(pages_of(pdf)).replace("\n", "")
    assert all(f"A-{n:04}" in text for n in range(1, 21))
    assert "図の番号 20" in text, "the far one has a map of its own"
    pictures_of(pdf, "many")


def _moved(geometry: dict, n: int) -> dict:
    step = n * 0.0008
    points = [[x + (n % 4) * 0.002, y + step] for x, y in geometry["coordinates"]]
    return {**geometry, "coordinates": points}


async def test_a_proposal_has_lines_to_sign_on():
    pdf = await agreement_pdf(a_view([an_area(1, "通り", STREET)], agreed=False))
    text = "".join(pages_of(pdf)).replace("\n", "")
    assert "この書面は案です" in text and text.count("署名") == 2 and "MP-" not in text
    assert "双方の確認がそろった日" in text
    pictures_of(pdf, "proposal")


async def test_hostile_words_are_only_words():
    evil = "<img src=http://example.com/x><script>1</script>{{市名}}{% x %}</style>"
    view = a_view([an_area(1, evil, STREET)], name=evil)
    text = "".join(pages_of(await agreement_pdf(view))).replace("\n", "")
    assert "{{市名}}" in text and "<script>1</script>" in text and "{% x %}" in text


async def test_the_page_of_the_print(client: httpx2.AsyncClient, world: World, db: AsyncSession):
    case = await case_to_agree(db, world.hanako, [world.park])
    await world.login(client, world.sato)
    id = await proposed(client, case)
    row = await row_of(db, id)
    await agree(client, row, "city")
    await world.login(client, world.hanako)
    await agree(client, row, "partner")
    answer = await client.get(f"/agreements/{id}.pdf")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"].startswith("private")
    header = answer.headers["content-disposition"]
    assert f'filename="agreement-{case.code}.pdf"' in header and "filename*=UTF-8''" in header
    before = answer.content
    world.park.name = "名前が変わった公園"
    partner = await db.merge(world.partner)
    partner.name = "名前が変わった町会"
    world.hanako.display_name = "名前が変わった人"
    db.add_all([world.park, world.hanako])
    await db.commit()
    assert (await client.get(f"/agreements/{id}.pdf")).content == before, "as it was agreed"


async def test_pictures_differ_where_the_map_is():
    one = pictures_of(await agreement_pdf(a_view([an_area(1, "通り", STREET)])), "a")[-1]
    two = pictures_of(await agreement_pdf(a_view([an_area(1, "通り", _moved(STREET, 6))])), "b")[-1]
    assert ImageChops.difference(one, two).getbbox() is not None
