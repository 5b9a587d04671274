"""Hostile files through the whole path: a clear page in Japanese, and the register as it was."""

import datetime as dt
from pathlib import Path

import pytest

from server.areas.import_words import FILE_ERRORS
from tests.areas.importkit import Site, can_apply, words
from tests.geo import file_corpus as corpus
from tests.geo.file_hostile import HOSTILE

pytestmark = pytest.mark.anyio
# Too big for the door already: the page says so, no job is started.
AT_THE_DOOR = {413: "大きすぎます", 422: "入力を確かめてください"}


async def _expect_refusal(site: Site, path: Path, code: str) -> None:
    data = path.read_bytes()  # noqa: ASYNC240 - nothing else runs
    answer = await site.client.post("/staff/areas/import", files={"file": (path.name, data)})
    if answer.status_code in AT_THE_DOOR:
        assert AT_THE_DOOR[answer.status_code] in answer.text
        assert code in ("too_large", "empty_file")
        return
    assert answer.status_code == 303, answer.text
    where = answer.headers["location"]
    await site.work()
    page = await site.page(where)
    if code == "unreadable_encoding":
        assert "文字コードがわかりません" in page, words(page)
        await site.client.post(where, data={"act": "discard"})
    else:
        text, advice = FILE_ERRORS[code]
        assert str(text) in page, words(page)
        assert str(advice).partition("{")[0] in page
        assert "台帳は変わっていません" in page
    assert not can_apply(page)


async def test_hostile_files_change_nothing_and_are_explained(site: Site, tmp_path: Path) -> None:
    before = await site.checksum()
    for name, code, make in HOSTILE:
        site.clock.now += dt.timedelta(minutes=5)  # uploads are limited to 20 an hour
        path = tmp_path / name
        make(path)
        await _expect_refusal(site, path, code)
        path.unlink()
        assert await site.checksum() == before, name
    kept = await site.one("SELECT count(*) FROM area_imports WHERE content IS NOT NULL")
    assert kept == 0, "what was refused is not kept"


SELF_CROSSING = [
    [[140.97, 42.31], [140.98, 42.32], [140.98, 42.31], [140.97, 42.32], [140.97, 42.31]]
]
POINT = {"type": "Point", "coordinates": [140.97, 42.31]}
BOWTIE = {"type": "Polygon", "coordinates": SELF_CROSSING}
FAR = corpus.line([135.5, 34.7], [135.6, 34.8])
SWAPPED = corpus.line([42.31, 140.97], [42.32, 140.98])
GOOD = corpus.line([140.97, 42.31], [140.98, 42.32])
RING = [[140.97 + i * 1e-6, 42.31 + (i % 2) * 1e-6] for i in range(20_001)]

REFUSED_ROWS = {
    "図形がありません": corpus.named(None),
    "線でも面でもない図形です": corpus.named(POINT),
    "市の外にあります": corpus.named(FAR),
    "面の線が自分と交わっています": corpus.named(BOWTIE),
    "緯度と経度が逆のようです": corpus.named(SWAPPED),
    "図形の点が多すぎます": corpus.named(corpus.line(*RING)),
    "長さも広さもない図形です": corpus.named(corpus.line([140.97, 42.31], [140.97, 42.31])),
    "名称がありません": corpus.named(GOOD, name=""),
    "区分「高速道路」がわかりません": corpus.named(GOOD, kind="高速道路"),
    "区分がありません": corpus.named(GOOD, kind=""),
    "管理者「室蘭みなと」がわかりません": corpus.named(GOOD, manager="室蘭みなと"),
    "名称が長すぎます": corpus.named(GOOD, name="見" * 121),
    "文字が長すぎます": corpus.named(GOOD, name="見" * 201),
    "は大きすぎます": corpus.named(GOOD, code="A-1234567"),
}


@pytest.mark.parametrize("reason", REFUSED_ROWS)
async def test_one_bad_row_keeps_the_whole_file_out(
    site: Site, tmp_path: Path, reason: str
) -> None:
    good = corpus.named(corpus.line([140.96, 42.31], [140.961, 42.32]), name="見本 よい行")
    document = corpus.collection([good, REFUSED_ROWS[reason]])
    before = await site.checksum()
    where, page = await site.preview(corpus.write_json(tmp_path / "a.geojson", document))
    assert reason in page, words(page)
    assert "取りこめない行が1行あります" in page
    assert not can_apply(page)
    forced = await site.client.post(where, data={"act": "apply", "fingerprint": "0" * 64})
    assert forced.status_code == 409
    fingerprint = await site.one("SELECT summary ->> 'fingerprint' FROM area_imports")
    forced = await site.client.post(where, data={"act": "apply", "fingerprint": fingerprint})
    assert forced.status_code == 409
    await site.work()
    assert await site.checksum() == before


@pytest.mark.parametrize(
    ("row", "start"),
    [(SWAPPED, (140.97, 42.31)), (BOWTIE, None)],
)
async def test_repairs_are_taken_only_when_accepted(
    site: Site, tmp_path: Path, row: object, start: tuple[float, float] | None
) -> None:
    document = corpus.collection([corpus.named(row, name="見本 直す")])
    where, page = await site.preview(corpus.write_json(tmp_path / "a.geojson", document))
    assert "すべて、自動で直せます" in page
    page = await site.answer(where, repair="y")
    assert "図形を自動で直しました" in page
    assert can_apply(page)
    await site.apply(where)
    ((valid, lon, lat),) = await site.sql(
        "SELECT ST_IsValid(geom), ST_X(ST_StartPoint(geom)), ST_Y(ST_StartPoint(geom)) "
        "FROM areas WHERE name = '見本 直す'"
    )
    assert valid
    if start:
        assert (lon, lat) == start


async def test_texts_of_a_file_are_shown_as_text(site: Site, tmp_path: Path) -> None:
    nasty = '<script>alert(1)</script>"{{7*7}}'
    document = corpus.collection([corpus.named(GOOD, name=nasty, kind="<b>"), corpus.named(GOOD)])
    path = corpus.write_json(tmp_path / "x.geojson", document)
    renamed = tmp_path / "<img src=x onerror=alert(1)>.geojson"
    path.rename(renamed)
    _, page = await site.preview(renamed)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{7*7}}" in page
