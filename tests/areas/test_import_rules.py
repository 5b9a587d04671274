"""What a row means and what stands in its way; several imports at once; jobs that die."""

import asyncio
import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from server.areas import importing
from server.areas.import_plan import Plan
from server.areas.jobs import tidy_imports
from tests import factories
from tests.areas.importkit import Site, apply_data, can_apply, counts, words
from tests.geo import file_corpus as corpus

pytestmark = pytest.mark.anyio
BASE = replace(corpus.areas()[0], code="")
STREET = shapely.from_wkt(factories.STREET)


def item(name: str, code: str = "", **changes: object) -> corpus.Area:
    return replace(BASE, name=name, code=code, **changes)


async def preview(site: Site, tmp_path: Path, *items: corpus.Area) -> tuple[str, str]:
    return await site.preview(corpus.geojson(tmp_path / "a.geojson", items))


async def test_a_moved_area_gets_one_new_version(site: Site, tmp_path: Path) -> None:
    street = site.world.street
    moved = shapely.transform(STREET, lambda xy: xy + np.array([0.001, 0]))
    row = item(street.name, street.code, geometry=moved, section="新しい課", kana="")
    where, page = await preview(site, tmp_path, row)
    assert counts(page)["変える"] == 1
    assert "図形が変わります" in page
    assert "82.4m" in page, words(page)
    assert "<del>土木課維持係</del>" in page
    assert "<ins>新しい課</ins>" in page
    site.clock.now += dt.timedelta(minutes=1)
    await site.apply(where)
    rows = await site.sql(
        "SELECT version, ST_AsText(geom) AS wkt, valid_from, valid_to FROM area_versions "
        "WHERE area_id = :id ORDER BY version",
        id=street.id,
    )
    assert [r.version for r in rows] == [1, 2]
    assert shapely.from_wkt(rows[0].wkt).equals_exact(STREET, 0)
    assert shapely.from_wkt(rows[1].wkt).equals_exact(moved, 1e-7)
    assert rows[0].valid_to == rows[1].valid_from == site.clock()
    assert rows[1].valid_to is None


async def test_reading_of_kana_alone_makes_no_version(site: Site, tmp_path: Path) -> None:
    street = site.world.street
    row = item(street.name, street.code, geometry=STREET, section="", kana="ボコイ")
    where, page = await preview(site, tmp_path, row)
    assert counts(page)["変える"] == 1
    assert "図形が変わります" not in page
    await site.apply(where)
    ((kana, section, version),) = await site.sql(
        "SELECT name_kana, section, version FROM areas WHERE code = 'A-0001'"
    )
    assert (kana, section, version) == ("ボコイ", "土木課維持係", 1), "an empty cell wipes nothing"


async def test_codes_are_found_in_any_width(site: Site, tmp_path: Path) -> None:
    row = item("母恋〜輪西 歩道", "ａ－０００１", geometry=STREET, section="", kana="")
    _, page = await preview(site, tmp_path, row)
    assert counts(page)["変わらない"] == 1


async def test_signs_that_cp932_cannot_keep_apart_are_no_change(site: Site, tmp_path: Path) -> None:
    name = site.world.street.name.replace("〜", "～").replace(" ", "　")
    row = item(name, geometry=STREET, section="", kana="")
    _, page = await site.preview(corpus.wkt_table(tmp_path / "a.csv", [row], "cp932"))
    assert counts(page)["変わらない"] == 1


async def test_numbers_of_the_file_find_the_area_again_under_another_name(
    site: Site, tmp_path: Path
) -> None:
    await site.bring_in(corpus.geojson(tmp_path / "a.geojson", [item("見本 古い名", "R-7")]))
    where, page = await preview(site, tmp_path, item("見本 新しい名", "R-7"))
    assert counts(page)["変える"] == 1
    assert "見本 古い名" in page
    await site.apply(where)
    assert await site.one("SELECT name FROM areas WHERE source_ref = 'R-7'") == "見本 新しい名"


async def test_a_number_that_means_another_place_is_refused(site: Site, tmp_path: Path) -> None:
    await site.bring_in(corpus.geojson(tmp_path / "a.geojson", [item("見本 道路", "1")]))
    far = shapely.transform(BASE.geometry, lambda xy: xy + np.array([0, 0.05]))
    _, page = await preview(site, tmp_path, item("見本 公園の道", "1", geometry=far))
    assert "この番号は、別の場所の" in page
    assert not can_apply(page)


async def test_kind_and_name_find_an_area_that_came_without_a_number(
    site: Site, tmp_path: Path
) -> None:
    name = site.world.street.name
    where, page = await preview(
        site, tmp_path, item(name, "R-1", geometry=STREET, section="", kana="")
    )
    assert counts(page)["変える"] == 1
    assert "もとの番号" in page
    await site.apply(where)
    assert await site.one("SELECT code FROM areas WHERE source_ref = 'R-1'") == "A-0001"


async def test_two_areas_of_the_same_name_are_not_guessed_between(
    site: Site, tmp_path: Path
) -> None:
    async with site.sessions() as db, db.begin():
        await factories.area(db, site.world.street.name)
    _, page = await preview(site, tmp_path, item(site.world.street.name))
    assert "区分と名称が同じ区域がいくつもあります" in page
    assert not can_apply(page)


async def test_rows_that_mean_the_same_area_are_refused(site: Site, tmp_path: Path) -> None:
    name = site.world.street.name
    _, page = await preview(site, tmp_path, item(name, "A-0001"), item(name, "A-00001"))
    assert "1行目と同じ区域を指しています" in page
    _, page = await preview(site, tmp_path, item(name, "A-0001"), item(name, "A-0001"))
    assert "1行目と同じ番号です" in page
    _, page = await preview(site, tmp_path, item("見本 双子"), item("見本 双子"))
    assert "区分と名称が同じものがほかにもあります" in page
    assert counts(page)["取りこめない"] == 2


async def test_retired_areas_are_not_touched(site: Site, tmp_path: Path) -> None:
    await site.sql("UPDATE areas SET retired_on = '2026-01-01' WHERE code = 'A-0001'")
    _, page = await preview(site, tmp_path, item("x", "A-0001"))
    assert "A-0001 は廃止した区域です" in page
    assert not can_apply(page)


async def test_defaults_fill_empty_kind_and_manager(site: Site, tmp_path: Path) -> None:
    where, page = await preview(site, tmp_path, item("見本 区分なし", kind="", manager=""))
    assert "区分がありません" in page
    page = await site.answer(where, kind="park", manager="port", section="港湾部")
    assert can_apply(page)
    await site.apply(where)
    ((kind, manager),) = await site.sql(
        "SELECT kind, manager FROM areas WHERE name = '見本 区分なし'"
    )
    assert (kind, manager) == ("park", "port")


async def test_the_edge_of_the_city_has_a_margin(site: Site, tmp_path: Path) -> None:
    near = shapely.LineString([(140.8755, 42.3), (140.876, 42.3)])  # 330 m outside
    _, page = await preview(site, tmp_path, item("見本 沖", geometry=near))
    assert can_apply(page)
    await site.sql(
        "INSERT INTO city_settings (key, value, changed_at) "
        "VALUES ('import_margin_m', '100', now())"
    )
    _, page = await preview(site, tmp_path, item("見本 沖", geometry=near))
    assert "市の外にあります" in page


async def test_a_register_that_changed_meanwhile_is_shown_again(site: Site, tmp_path: Path) -> None:
    where, page = await preview(site, tmp_path, item("x", "A-0001", geometry=STREET))
    pressed = await site.client.post(where, data=apply_data(page))
    assert pressed.status_code == 303
    await site.sql("UPDATE areas SET section = '別の課' WHERE code = 'A-0001'")
    before = await site.checksum()
    await site.work()
    page = await site.page(where)
    assert "確かめているあいだに、台帳が変わりました" in page
    assert "<del>別の課</del>" in page
    assert await site.checksum() == before
    again = await site.client.post(where, data=apply_data(page))
    assert again.status_code == 303
    await site.work()
    assert "取りこみました。" in await site.page(where)


async def test_of_two_imports_of_the_same_file_one_is_written(site: Site, tmp_path: Path) -> None:
    path = corpus.geojson(tmp_path / "a.geojson", [item("見本 一つだけ", "R-1")])
    places = [(await site.preview(path))[0] for _ in range(2)]
    for where in places:
        assert (await site.press_apply(where)).status_code == 303
    await asyncio.gather(site.work(), site.work())
    pages = [words(await site.page(where)) for where in places]
    assert sum("取りこみました。" in page for page in pages) == 1
    assert sum("台帳が変わりました" in page for page in pages) == 1
    assert await site.one("SELECT count(*) FROM areas WHERE source_ref = 'R-1'") == 1
    assert await site.one("SELECT count(*) FROM audit_events WHERE action = 'areas.import'") == 1


async def test_a_job_that_dies_in_the_middle_leaves_nothing(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [item(f"見本 {n}", f"R-{n}") for n in range(5)]
    where, _ = await preview(site, tmp_path, *items)
    before = await site.checksum()
    write = importing.write

    async def half(db: AsyncSession, plan: Plan, report: importing.Report) -> None:
        await write(db, plan, report)
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(importing, "write", half)
    assert (await site.press_apply(where)).status_code == 303
    await site.work()
    assert await site.checksum() == before
    page = await site.page(where)
    assert "うまくいきませんでした。何も変えていません。" in page
    assert await site.one("SELECT count(*) FROM audit_events WHERE action = 'areas.import'") == 0


async def test_a_killed_worker_is_noticed(site: Site, tmp_path: Path) -> None:
    where, page = await preview(site, tmp_path, item("見本", "R-1"))
    assert (await site.client.post(where, data=apply_data(page))).status_code == 303
    stuck = await site.send(corpus.geojson(tmp_path / "b.geojson", [item("見本 2")]))
    await site.sql("UPDATE area_imports SET state = 'reading' WHERE state = 'queued'")
    context = SimpleNamespace(additional_context={"outside": site.outside})
    await tidy_imports.func(context, 0)  # type: ignore[attr-defined]
    assert "取りこんでいます" in await site.page(where), "five minutes are not over yet"
    site.clock.now += dt.timedelta(minutes=6)
    await tidy_imports.func(context, 0)  # type: ignore[attr-defined]
    assert "取りこみが途中で止まりました。何も変えていません" in await site.page(where)
    assert "読み取りが途中で止まりました" in await site.page(stuck)
    page = await site.apply(where)
    assert "取りこみました。" in page


async def test_old_uploads_are_forgotten(site: Site, tmp_path: Path) -> None:
    kept, _ = await preview(site, tmp_path, item("見本", "R-1"))
    await site.apply(kept)
    gone, _ = await preview(site, tmp_path, item("見本 2", "R-2"))
    site.clock.now += dt.timedelta(days=8)
    context = SimpleNamespace(additional_context={"outside": site.outside})
    await tidy_imports.func(context, 0)  # type: ignore[attr-defined]
    await site.world.login(site.client, site.world.sato)
    assert (await site.client.get(gone)).status_code == 404
    assert "取りこみました。" in await site.page(kept)
    assert await site.one("SELECT rows::text FROM area_imports") == "[]"


async def test_many_rows_come_in_pages(site: Site, tmp_path: Path) -> None:
    items = [item(f"見本 {n:03}", f"R-{n:03}") for n in range(230)]
    where, page = await preview(site, tmp_path, *items)
    assert "230行のうち1〜100" in page
    assert "見本 099" in page
    assert "見本 100" not in page
    last = await site.page(f"{where}?show=create&page=3")
    assert "230行のうち201〜230" in last
    assert "見本 229" in last
    empty = await site.page(f"{where}?show=refused&page=99999999")
    assert "この行はありません" in empty


async def test_rows_are_written_in_batches_not_one_by_one(site: Site, tmp_path: Path) -> None:
    rows = importing.BATCH_ROWS + 50
    items = [item(f"見本 {n}", f"R-{n}") for n in range(rows)]
    where, _ = await site.preview(corpus.geojson(tmp_path / "a.geojson", items))
    writes = []

    def note(_conn, _cursor, statement, *_rest):  # type: ignore[no-untyped-def]
        if "areas" in statement and statement.lstrip().startswith(("INSERT", "UPDATE areas")):
            writes.append(statement)

    engine = site.sessions.kw["bind"].sync_engine
    event.listen(engine, "before_cursor_execute", note)
    page = await site.apply(where)
    assert f"新しい区域 {rows}件" in page
    assert len(writes) == 4, "two batches, each one INSERT and one UPDATE"
    codes = await site.sql("SELECT code, source_ref FROM areas WHERE source_ref IS NOT NULL")
    numbered = sorted((int(code[2:]), int(ref[2:])) for code, ref in codes)
    assert [ref for _code, ref in numbered] == list(range(rows)), "numbers follow the file's order"
    assert await site.one("SELECT progress_done || '/' || progress_total FROM area_imports") == (
        f"{rows}/{rows}"
    )
