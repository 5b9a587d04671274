"""Settings from the database to a file and back: so that a second city starts from the first."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Executable, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from geo.crs import WGS84
from server.agreements.models import AgreementTemplate
from server.audit.actions import record
from server.citysettings.actions import lock_rules, note_change, write_rules
from server.citysettings.document import FORMAT, BadFile, SettingsFile, rule_lines
from server.citysettings.models import Municipality
from server.citysettings.problems import checked
from server.citysettings.queries import load_rules
from server.db.base import Base, point_text, uuid7
from server.db.context import now
from server.http.i18n import JAPAN
from server.http.i18n import gettext as _
from server.loans.models import LoanUnit
from server.pickups.models import CollectionDay
from server.supplies.models import SupplyItem, SupplyPlace

COMING_DAYS = 366  # how far ahead collection days are taken along
DECIMALS = 7

Json = dict[str, Any]

# --- export ---------------------------------------------------------------------------------------


async def export(db: AsyncSession) -> Json:
    """Everything a city decides, as the JSON of the file; stable in its order."""
    today = now(db).astimezone(JAPAN).date()
    rules = await load_rules(db)
    return {
        "format": FORMAT,
        "municipality": await _municipality(db),
        "rules": rules.model_dump(mode="json"),
        "supply_places": [_with_point(row) for row in await _rows(db, _PLACES)],
        "supply_items": await _rows(db, _ITEMS),
        "loan_units": await _rows(db, _UNITS),
        "collection_days": await _rows(
            db,
            _DAYS.where(
                CollectionDay.on_day >= today,
                CollectionDay.on_day < today + dt.timedelta(days=COMING_DAYS),
            ),
        ),
        "agreement_template": next(iter(await _rows(db, _TEMPLATE)), None),
    }


_PLACES = select(
    SupplyPlace.name, SupplyPlace.address, SupplyPlace.hours, SupplyPlace.position,
    SupplyPlace.active, func.ST_X(SupplyPlace.point).label("lon"),
    func.ST_Y(SupplyPlace.point).label("lat"),
).order_by(SupplyPlace.position, SupplyPlace.name)  # fmt: skip
_ITEMS = select(
    SupplyItem.code, SupplyItem.name, SupplyItem.unit, SupplyItem.category, SupplyItem.per_request,
    SupplyItem.per_year, SupplyItem.position, SupplyItem.active,
).order_by(SupplyItem.position, SupplyItem.code)  # fmt: skip
_UNITS = (
    select(LoanUnit.code, LoanUnit.name, SupplyPlace.name.label("place"), LoanUnit.condition,
           LoanUnit.note)
    .join(SupplyPlace, SupplyPlace.id == LoanUnit.place_id)
    .order_by(LoanUnit.code)
)  # fmt: skip
_DAYS = select(
    CollectionDay.on_day, CollectionDay.open, CollectionDay.capacity, CollectionDay.note
).order_by(CollectionDay.on_day)
_TEMPLATE = (
    select(AgreementTemplate.body, AgreementTemplate.note)
    .order_by(AgreementTemplate.version.desc())
    .limit(1)
)


async def _rows(db: AsyncSession, statement: Executable) -> list[Json]:
    def plain(value: Any) -> Any:
        return value.isoformat() if isinstance(value, dt.date) else value

    found = (await db.execute(statement)).mappings()
    return [{name: plain(value) for name, value in row.items()} for row in found]


def _with_point(row: Json) -> Json:
    lon, lat = row.pop("lon"), row.pop("lat")
    return {**row, "point": None if lon is None else [lon, lat]}


async def _municipality(db: AsyncSession) -> Json | None:
    names = ("code", "name", "short_name", "prefecture", "plane_srid", "timezone")
    row = (
        await db.execute(
            select(
                *(getattr(Municipality, name) for name in names),
                func.ST_X(Municipality.centre).label("lon"),
                func.ST_Y(Municipality.centre).label("lat"),
                func.ST_AsGeoJSON(Municipality.boundary, DECIMALS).label("boundary"),
            )
        )
    ).first()
    if row is None:
        return None
    return {
        **{name: getattr(row, name) for name in names},
        "centre": [row.lon, row.lat],
        "boundary": json.loads(row.boundary) if row.boundary else None,
    }


# --- import ---------------------------------------------------------------------------------------


async def bring_in(db: AsyncSession, given: SettingsFile) -> Mapping[str, int]:
    """Bring the database to what the file says, in the caller's one transaction.

    Part → how many rows were added or changed; nothing is ever deleted, and the same file again
    changes nothing. Raises BadFile before anything is written.
    """
    await lock_rules(db)
    before = await load_rules(db)
    after, problems = checked({**before.model_dump(mode="json"), **given.rules}, strict=True)
    wrong = [*rule_lines(problems), *await _misfits(db, given)]
    if wrong or after is None:
        raise BadFile(wrong)
    changed = {"municipality": await _write_municipality(db, given), "rules": 0}
    if after != before:
        await write_rules(db, None, after, given.rules)
        note_change(db, None, "file", before, after)
        old = before.model_dump()
        changed["rules"] = sum(old[key] != value for key, value in after.model_dump().items())
    changed |= await _write_lists(db, given)
    changed["agreement_template"] = await _write_template(db, given)
    if any(changed.values()):
        record(db, None, "settings.import", "settings", "file", changed=changed)
    return changed


async def _misfits(db: AsyncSession, given: SettingsFile) -> list[str]:
    """What only the database knows: whose city this is, and which places there are."""
    found = []
    here = (await db.execute(select(Municipality.code, Municipality.name))).first()
    if here and given.municipality and given.municipality.code != here.code:
        found.append(
            _("municipality.code: このデータベースは%(name)s(%(code)s)のものです。")
            % {"name": here.name, "code": here.code}
        )
    known = {place.name for place in given.supply_places}
    known |= set((await db.execute(select(SupplyPlace.name))).scalars())
    for number, unit in enumerate(given.loan_units, 1):
        if unit.place not in known:
            found.append(
                _("loan_units[%(n)s].place: 「%(name)s」という受渡し場所がありません。")
                % {"n": number, "name": unit.place}
            )
    return found


async def _write_municipality(db: AsyncSession, given: SettingsFile) -> int:
    city = given.municipality
    if city is None or city.model_dump(mode="json") == await _municipality(db):
        return 0
    row: Json = city.model_dump(exclude={"centre", "boundary"})
    row["centre"] = func.ST_SetSRID(func.ST_MakePoint(*city.centre), WGS84)
    shape = json.dumps(city.boundary) if city.boundary else None
    read = func.ST_SetSRID(func.ST_GeomFromGeoJSON(shape), WGS84)
    row["boundary"] = func.ST_Multi(func.ST_Force2D(read)) if shape else None
    await db.execute(
        insert(Municipality)
        .values(id=1, **row)
        .on_conflict_do_update(index_elements=[Municipality.id], set_=row)
    )
    return 1


async def _write_lists(db: AsyncSession, given: SettingsFile) -> dict[str, int]:
    def dumped(parts: Any) -> list[Json]:
        return [part.model_dump() for part in parts]

    stands = dumped(given.supply_places)
    for place in stands:
        place["point"] = point_text(place["point"])
    changed = {
        "supply_places": await _upsert(db, SupplyPlace, "name", stands),
        "supply_items": await _upsert(db, SupplyItem, "code", dumped(given.supply_items)),
    }
    found = await db.execute(select(SupplyPlace.name, SupplyPlace.id))
    places = {name: id for name, id in found}  # after the file's own have been added
    units = dumped(given.loan_units)
    for unit in units:
        unit["place_id"] = places[unit.pop("place")]
    changed["loan_units"] = await _upsert(db, LoanUnit, "code", units)
    days = dumped(given.collection_days)
    changed["collection_days"] = await _upsert(db, CollectionDay, "on_day", days)
    return changed


async def _upsert(db: AsyncSession, model: type[Base], key: str, rows: list[Json]) -> int:
    """Add the rows, or change those of the same key; how many were not as they should be."""
    if not rows:
        return 0
    columns = model.__table__.c
    names = [name for name in rows[0] if name != key]
    if "id" in columns:
        rows = [{"id": uuid7(), **row} for row in rows]
    new = insert(model).values(rows)
    here = tuple_(*(columns[name] for name in names))
    there = tuple_(*(new.excluded[name] for name in names))
    written = await db.execute(
        new.on_conflict_do_update(
            index_elements=[columns[key]],
            set_={name: new.excluded[name] for name in names},
            where=here.is_distinct_from(there),
        ).returning(columns[key])
    )
    return len(written.all())


async def _write_template(db: AsyncSession, given: SettingsFile) -> int:
    if given.agreement_template is None:
        return 0
    newest = (
        await db.execute(
            select(AgreementTemplate).order_by(AgreementTemplate.version.desc()).limit(1)
        )
    ).scalar_one_or_none()
    if newest and newest.body == given.agreement_template.body:
        return 0
    db.add(
        AgreementTemplate(
            version=newest.version + 1 if newest else 1, body=given.agreement_template.body,
            note=given.agreement_template.note, created_at=now(db),
        )
    )  # fmt: skip
    await db.flush()
    return 1
