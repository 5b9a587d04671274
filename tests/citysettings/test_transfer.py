"""The settings as a file: out of one city, into another; every fault is told, nothing half done."""

import copy
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner, Result

from server.agreements.models import AgreementTemplate
from server.agreements.wording import default_template
from server.audit.models import AuditEvent
from server.citysettings import transfer
from server.citysettings.document import BadFile, read_file
from server.citysettings.models import CitySetting
from server.citysettings.registry import CityRules
from server.cli import app
from server.db.engine import libpq_url
from server.loans.models import LoanUnit
from server.pickups.models import CollectionDay
from server.supplies.models import SupplyItem, SupplyPlace
from tests.conftest import START
from tests.personas import World

pytestmark = pytest.mark.anyio
D = dt.date


@pytest.fixture
async def city(db: AsyncSession, world: World) -> dict[str, Any]:
    """A city that has made something of every part its own; the file of it."""
    places = [SupplyPlace(name=f"見本の窓口{n}", hours="9:00〜17:00", position=n) for n in (2, 1)]
    places[1].point = "SRID=4326;POINT(140.9743 42.3154)"  # type: ignore[assignment]
    db.add_all(places)
    await db.flush()
    db.add_all([
        SupplyItem(code="bag45", name="公用袋 45L", unit="枚", category="bag", per_request=50),
        SupplyItem(code="fuel", name="混合燃料", unit="L", category="fuel", active=False),
        LoanUnit(code="K-02", name="草刈り機 肩掛け", place_id=places[1].id, note="𠮷田さん見本"),
        CollectionDay(on_day=D(2026, 12, 30), open=False, note="年末"),
        CollectionDay(on_day=D(2026, 8, 1), open=True, capacity=4),
        CollectionDay(on_day=D(2026, 5, 1), open=False, note="すぎた日"),
        CitySetting(key="desk_due_days", value=9, changed_at=START),
        CitySetting(key="pickup_weekdays", value=[1, 4], changed_at=START),
        AgreementTemplate(version=1, body="# 前の文面", created_at=START),
        AgreementTemplate(version=2, body=default_template().body + "\n見本", created_at=START),
    ])  # fmt: skip
    await db.flush()
    return await transfer.export(db)


def raw(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode()


async def empty(db: AsyncSession) -> None:
    """As in a database that has only been migrated."""
    await db.execute(text("SET LOCAL session_replication_role = replica"))  # no append-only guards
    for table in ("loan_units", "supply_items", "supply_places", "collection_days", "city_settings",
                  "agreement_templates", "municipality"):  # fmt: skip
        await db.execute(text(f"DELETE FROM {table}"))
    await db.execute(text("SET LOCAL session_replication_role = origin"))
    db.expunge_all()


async def imports(db: AsyncSession) -> list[Any]:
    found = select(AuditEvent.action, AuditEvent.detail).where(AuditEvent.action.like("settings.%"))
    return list((await db.execute(found.order_by(AuditEvent.id))).all())


# --- there and back -------------------------------------------------------------------------------


async def test_what_a_file_holds(city: dict[str, Any]) -> None:
    assert city["format"] == "machipika-settings/1"
    assert city["rules"]["desk_due_days"] == 9
    assert city["rules"]["fresh_days"] == 14  # also what is at its default
    assert [place["name"] for place in city["supply_places"]] == ["見本の窓口1", "見本の窓口2"]
    assert [place["point"] for place in city["supply_places"]] == [[140.9743, 42.3154], None]
    assert [day["on_day"] for day in city["collection_days"]] == ["2026-08-01", "2026-12-30"]
    assert city["loan_units"][0]["place"] == "見本の窓口1"
    assert city["agreement_template"]["body"].endswith("見本")
    assert city["municipality"]["centre"] == [140.9743, 42.3154]
    assert city["municipality"]["boundary"]["type"] == "MultiPolygon"


async def test_into_an_empty_database_and_out_again(db: AsyncSession, city: dict[str, Any]) -> None:
    await empty(db)
    changed = await transfer.bring_in(db, read_file(raw(city)))
    assert changed == {
        "municipality": 1, "rules": 2, "supply_places": 2, "supply_items": 2, "loan_units": 1,
        "collection_days": 2, "agreement_template": 1,
    }  # fmt: skip
    assert await transfer.export(db) == city
    rows = await db.execute(select(CitySetting.key, CitySetting.value))
    assert {key: value for key, value in rows} == {
        "desk_due_days": 9,
        "pickup_weekdays": [1, 4],
    }  # defaults need no row
    assert [action for action, _detail in await imports(db)] == [
        "settings.change", "settings.import",
    ]  # fmt: skip
    # The same file again changes nothing and leaves no trace.
    again = await transfer.bring_in(db, read_file(raw(city)))
    assert not any(again.values())
    assert len(await imports(db)) == 2
    assert await transfer.export(db) == city


async def test_only_what_differs_is_touched(db: AsyncSession, city: dict[str, Any]) -> None:
    new = copy.deepcopy(city)
    new["rules"] = {"desk_due_days": 7, "contact": "見本市 見本課"}
    new["supply_items"][0]["per_request"] = None
    new["supply_items"].append({"code": "arm", "name": "腕章", "unit": "枚", "category": "armband"})
    del new["municipality"], new["collection_days"], new["agreement_template"]
    changed = await transfer.bring_in(db, read_file(raw(new)))
    assert changed == {
        "municipality": 0, "rules": 2, "supply_places": 0, "supply_items": 2, "loan_units": 0,
        "collection_days": 0, "agreement_template": 0,
    }  # fmt: skip
    change, whole = await imports(db)
    assert change.detail["before"]["desk_due_days"] == 9
    assert change.detail["after"]["desk_due_days"] == 7
    assert whole.detail["changed"]["supply_items"] == 2
    out = await transfer.export(db)
    assert out["rules"]["pickup_weekdays"] == [1, 4]  # not said, not changed
    assert out["agreement_template"] == city["agreement_template"]
    assert out["collection_days"] == city["collection_days"]


async def test_a_new_wording_is_a_new_version(db: AsyncSession, city: dict[str, Any]) -> None:
    body = default_template().body + "\n新しい見本"
    given = {"format": city["format"], "agreement_template": {"body": body}}
    assert (await transfer.bring_in(db, read_file(raw(given))))["agreement_template"] == 1
    versions = select(func.max(AgreementTemplate.version))
    assert (await db.execute(versions)).scalar_one() == 3


# --- what is wrong --------------------------------------------------------------------------------


def with_(city: dict[str, Any], where: str, value: Any) -> dict[str, Any]:
    data: Any = copy.deepcopy(city)
    *way, last = [int(part) if part.isdigit() else part for part in where.split(".")]
    node = data
    for part in way:
        node = node[part]
    node[last] = value
    return dict(data)


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        ("format", "machipika-settings/2", "まちピカの設定ファイルではありません"),
        ("nonsense", 1, "nonsense: 知らない項目です。"),
        ("rules.fresh_dais", 1, "rules.fresh_dais: 知らない項目です。"),
        ("rules.fresh_days", 0, "rules.fresh_days: 1〜365の整数を入れてください。"),
        ("rules.fresh_days", "14", "rules.fresh_days: 1〜365の整数を入れてください。"),
        ("rules.auto_renew", "yes", "rules.auto_renew: true か false"),
        ("rules.sections", ["環境課"], "rules.section_roads: 「土木課維持係」は担当課の一覧に"),
        ("rules.review_from", "02-30", "rules.review_from: 暦にない日です。"),
        ("rules", [], "rules: 項目を { } で囲んで"),
        ("municipality.code", "012051", "municipality.code: 検査数字(6桁目)が合いません。"),
        ("municipality.code", "012025", "このデータベースは室蘭市(012050)のものです。"),
        ("municipality.plane_srid", 4326, "municipality.plane_srid: 平面直角座標系"),
        ("municipality.timezone", "Asia/Muroran", "municipality.timezone: 時刻帯の名前"),
        ("municipality.centre", [500.0, 42.0], "municipality.centre[1]: 180"),
        ("municipality.boundary", {"type": "Point", "coordinates": [141, 42]}, "boundary: GeoJSON"),
        ("municipality.mayor", "見本", "municipality.mayor: 知らない項目です。"),
        ("supply_places.1.name", "", "supply_places[2].name: 入力してください。"),
        ("supply_places.1.point", [140.9, 95], "supply_places[2].point[2]: 90"),
        ("supply_places.1.name", "見本の窓口1", "同じものが2回あります"),
        ("supply_items.0.category", "gold", "supply_items[1].category: bag・fuel・armband・other"),
        ("supply_items.0.per_request", 0, "supply_items[1].per_request: 1以上の数"),
        ("loan_units.0.place", "ない所", "loan_units[1].place: 「ない所」という受渡し場所が"),
        ("collection_days.0.on_day", "8月1日", "collection_days[1].on_day: 日付を 2026-04-01"),
        ("collection_days.0.open", None, "collection_days[1].open: true か false"),
        ("agreement_template.body", "合意", "agreement_template.body: 1行目は"),
        ("supply_items.0.name", "a\x00b", "使えない文字(NUL)"),
    ],
)
async def test_a_fault_is_told_with_its_place(
    db: AsyncSession, city: dict[str, Any], where: str, value: Any, words: str
) -> None:
    with pytest.raises(BadFile) as caught:
        await transfer.bring_in(db, read_file(raw(with_(city, where, value))))
    assert any(words in line for line in caught.value.problems), caught.value.problems
    assert await transfer.export(db) == city
    assert await imports(db) == []


async def test_all_faults_are_told_at_once(db: AsyncSession, city: dict[str, Any]) -> None:
    data = with_(city, "supply_items.0.unit", "")
    data = with_(data, "rules.nothing", 1)
    data = with_(data, "municipality.code", "1")
    with pytest.raises(BadFile) as caught:
        read_file(raw(data))
    assert len(caught.value.problems) == 3
    data = with_(with_(city, "rules.fresh_days", 99), "rules.review_from", "02-31")
    with pytest.raises(BadFile) as caught:
        await transfer.bring_in(db, read_file(raw(with_(data, "loan_units.0.place", "x"))))
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null", b"[" * 100_000])
async def test_what_is_no_settings_file(content: bytes) -> None:
    with pytest.raises(BadFile):
        read_file(content)


async def test_a_file_saved_by_notepad_is_read(city: dict[str, Any]) -> None:
    assert read_file(b"\xef\xbb\xbf" + raw(city)).municipality is not None


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def machipika(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``machipika settings …`` on a database of its own."""
    monkeypatch.setenv("MACHIPIKA_DATABASE_URL", database_url)
    return lambda *words: CliRunner().invoke(app, ["settings", *map(str, words)])


def test_the_command(machipika: Callable[..., Result], database_url: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    data = {
        "format": "machipika-settings/1",
        "rules": {"desk_due_days": 9, "sections": ["見本課"], **dict.fromkeys(
            [key for key in CityRules.model_fields if key.startswith("section_")], "見本課")},
        "supply_places": [{"name": "見本の窓口"}],
        "loan_units": [{"code": "K-01", "name": "草刈り機", "place": "見本の窓口"}],
    }  # fmt: skip
    first.write_bytes(raw(data))
    dry = machipika("import", first, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "何も変えていません" in dry.output
    done = machipika("import", first)
    assert done.exit_code == 0, done.output
    assert "きまり\t7件" in done.output  # so the dry run had kept nothing
    assert "変更はありません" in machipika("import", first).output
    assert machipika("export", second).exit_code == 0
    out = json.loads(second.read_text("utf-8"))
    assert out["rules"]["sections"] == ["見本課"]
    assert out["loan_units"][0]["place"] == "見本の窓口"
    assert json.loads(machipika("export").stdout) == out
    assert machipika("import", second, "--dry-run").output.endswith("変更はありません。\n")
    first.write_bytes(raw({**data, "rules": {"fresh_days": 0, "x": 1}}))
    bad = machipika("import", first)
    assert bad.exit_code == 1
    assert "rules.x: 知らない項目です。" in bad.output
    assert machipika("export", tmp_path / "no" / "where.json").exit_code == 1
    with psycopg.connect(libpq_url(database_url)) as connection:
        acts = connection.execute("SELECT action FROM audit_events ORDER BY id").fetchall()
    assert acts == [("settings.change",), ("settings.import",)]
