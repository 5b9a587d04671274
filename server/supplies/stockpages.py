"""The staff's pages of the stock: levels and the book of moves, items and places."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.db.base import uuid7
from server.errors import Invalid
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.labels import STOCK_REASONS
from server.ledgers.files import csv_answer, csv_text
from server.ledgers.lists import years_to
from server.ledgers.partners import asking_partners, find
from server.supplies import bookings, stock
from server.supplies.forms import as_uuid
from server.supplies.stock import Book, Item, StockPlace, Store, read_book_filter
from server.supplies.stockforms import ItemForm, MoveForm, PlaceForm, as_fields


async def staff_stock(request: Request) -> Response:
    """`/staff/stock`: what lies where, the book, new moves; ``?format=csv`` gives the book."""
    data = await read_form(request) if request.method == "POST" else None
    as_file = request.query_params.get("format") == "csv" and data is None
    if as_file:
        return await _book_file(request)
    async with unit_of_work(request) as db:
        today = city_today(db, request.state["city"])
        found = await stock.store(db)
    form = MoveForm(data) if data is not None else MoveForm(data=_new_move(request, today))
    form.offer(found)
    if data is not None and form.validate() and form.check(found):
        try:
            async with unit_of_work(request) as db:
                partners = await asking_partners(db) if form.reason.data == "return" else ()
                giver = find(partners, form.partner.data or "")
                move = form.move(giver.id if giver else None)
                id = as_uuid(form.id.data) or uuid7()
                await bookings.book_move(db, request.state["actor"], id, move, today)
            return go(request, url_for(request, "staff_stock"), "saved")
        except Invalid as error:
            form.fail(error)
    return await _stock_page(request, found, form, 200 if data is None else 422)


def _new_move(request: Request, today: Any) -> dict[str, Any]:
    wished = request.query_params
    return {"id": str(uuid7()), "moved_on": today, "item": wished.get("item_id")}


async def _stock_page(request: Request, found: Store, form: MoveForm, status: int) -> Response:
    async with unit_of_work(request) as db:
        today = city_today(db, request.state["city"])
        asked = read_book_filter(request.query_params, today)
        book = await stock.book(db, asked, as_file=False)
    context = {
        "found": found, "form": form, "asked": asked, "book": book, "years": years_to(today)[1:],
        "path": request.url.path, "given": stock.GIVEN,
    }  # fmt: skip
    return render(request, "supplies/stock.html", context, block="results", status=status)


async def _book_file(request: Request) -> Response:
    async with unit_of_work(request) as db:
        today = city_today(db, request.state["city"])
        book = await stock.book(db, read_book_filter(request.query_params, today), as_file=True)
    return csv_answer("stock", today, _csv(book))


def _csv(book: Book) -> bytes:
    head = [
        _("日付"), _("種類"), _("品目"), _("場所"), _("増減"), _("単位"), _("パートナー番号"),
        _("パートナー"), _("メモ"), _("記入者"),
    ]  # fmt: skip
    rows = (
        (
            one.moved_on, str(STOCK_REASONS[one.reason]), one.item_name, one.place_name,
            one.quantity, one.unit, one.partner_code, one.partner_name, one.note, one.who,
        )
        for one in book.moves
    )  # fmt: skip
    return csv_text(head, rows)


async def staff_supply_items(request: Request) -> Response:
    """`/staff/supply-items`: what the city gives and where; limits, order, in use or not."""
    data = await read_form(request) if request.method == "POST" else None
    async with unit_of_work(request) as db:
        found = await stock.store(db)
    is_place = data is not None and data.get("kind") == "place"
    item = ItemForm(data if not is_place else None, data=_wished(request, found, ItemForm))
    place = PlaceForm(
        data if is_place else None, prefix="place", data=_wished(request, found, PlaceForm)
    )
    form: ItemForm | PlaceForm = place if is_place else item
    if data is not None and form.validate():
        try:
            async with unit_of_work(request) as db:
                save = bookings.save_place if is_place else bookings.save_item
                id = as_uuid(form.id.data) or uuid7()
                await save(db, request.state["actor"], id, form.values())
            return go(request, url_for(request, "staff_supply_items"), "saved")
        except Invalid as error:
            form.fail(error)
    context = {
        "found": found, "item": item, "place": place, "sent": form if data is not None else None,
        "known": {str(i.id) for i in found.items} | {str(p.id) for p in found.places},
    }  # fmt: skip
    return render(request, "supplies/items.html", context, status=200 if data is None else 422)


def _wished(request: Request, found: Store, form: type[Any]) -> dict[str, Any]:
    """The row that ``?edit=`` names, or a new one."""
    wished = as_uuid(request.query_params.get("edit"))
    rows: tuple[Item | StockPlace, ...] = found.items
    if form is PlaceForm:
        rows = found.places
    row = next((one for one in rows if one.id == wished), None)
    return as_fields(row, form) if row else {"id": str(uuid7())}
