"""Photos and papers: what is kept of them, and who may see them."""

import io
import uuid

import httpx2
import pytest
from PIL import ExifTags, Image
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import Headers, UploadFile

from server.errors import Invalid
from server.faults.models import Fault
from server.files import encode
from server.files.actions import forget_removed, keep_paper, keep_photo, remove
from server.files.models import StoredFile
from server.files.queries import files_of
from server.files.store import FileStore, in_memory, open_store
from server.policy import Actor
from tests.personas import World

pytestmark = pytest.mark.anyio


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (400, 300), *, turned: bool = False
) -> bytes:
    """A photo with a place and a text in its metadata."""
    image = Image.new("RGB", size, (20, 120, 110))
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "SECRETCAMERA"
    exif[ExifTags.Base.Orientation] = 6 if turned else 1
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    out = io.BytesIO()
    image.save(out, kind, exif=exif.tobytes())
    return out.getvalue()


def sent(data: bytes, name: str = "写真.jpg") -> UploadFile:
    return UploadFile(io.BytesIO(data), size=len(data), filename=name, headers=Headers())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_a_photo_is_encoded_anew_and_loses_its_metadata(kind: str) -> None:
    original = picture(kind, turned=kind == "JPEG")
    kept = encode.photo(original, "photo")
    assert b"SECRETCAMERA" in original and b"SECRETCAMERA" not in kept.data
    with Image.open(io.BytesIO(kept.data)) as image:
        assert image.format == "WEBP" and not image.getexif() and "exif" not in image.info
        assert image.size == ((300, 400) if kind == "JPEG" else (400, 300))  # upright


def test_a_large_photo_becomes_small() -> None:
    kept = encode.photo(picture(size=(6000, 4000)), "photo")
    with Image.open(io.BytesIO(kept.data)) as image:
        assert max(image.size) == encode.LONGEST_SIDE


def bomb() -> bytes:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a" + b"\0" * 50, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7",
     picture()[:200], b"\xff\xd8\xff" + b"\0" * 4000, bomb()],
    ids=["empty", "gif", "svg", "pdf", "cut", "noise", "bomb"],
)  # fmt: skip
def test_what_is_no_photo_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        encode.photo(data, "photo")
    assert "写真" in refusal.value.message and refusal.value.field == "photo"


def test_a_paper_may_be_a_pdf_but_nothing_else() -> None:
    assert encode.paper(b"%PDF-1.7 x", "paper").media_type == "application/pdf"
    assert encode.paper(picture(), "paper").media_type == "image/webp"
    for data in (b"<html>", b"PK\x03\x04" + b"\0" * 99, b"\0" * (encode.MAX_PAPER_BYTES + 1)):
        with pytest.raises(Invalid):
            encode.paper(data, "paper")


async def fault_with_photo(db: AsyncSession, files: FileStore, world: World) -> StoredFile:
    fault = Fault(
        category="dumping", point="SRID=4326;POINT(141 42.3)", description="見本", manager="city",
        state="received", requested_by=world.hanako.id,
    )  # fmt: skip
    db.add(fault)
    await db.flush()
    return await keep_photo(
        db, files, None, owner="fault", owner_id=fault.id,
        upload=sent(picture(), "../../etc/夕方の浜.JPG"),
    )  # fmt: skip


async def test_who_may_see_a_file(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, services_files: FileStore
) -> None:
    row = await fault_with_photo(db, services_files, world)
    await db.commit()
    url = f"/files/{row.id}"
    assert row.filename == "夕方の浜.webp"
    assert (await client.get(url)).status_code == 404
    for somebody in (world.kenji, world.yosomono, world.kanae):
        await world.login(client, somebody)
        assert (await client.get(url)).status_code == 404
    for somebody in (world.hanako, world.sato, world.kanri):
        await world.login(client, somebody)
        answer = await client.get(url)
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/webp"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"].startswith("private")
    assert (await client.get(f"/files/{uuid.uuid4()}")).status_code == 404
    assert (await client.post(url)).status_code == 405


async def test_a_paper_is_downloaded_never_shown(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, services_files: FileStore
) -> None:
    row = await fault_with_photo(db, services_files, world)
    paper = await keep_paper(
        db, services_files, None, owner="fault", owner_id=row.owner_id,
        upload=sent(b"%PDF-1.7 <script>", "会則.pdf"),
    )  # fmt: skip
    await db.commit()
    await world.login(client, world.sato)
    answer = await client.get(f"/files/{paper.id}")
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    listed = await files_of(db, "fault", [row.owner_id])
    assert [ref.is_photo for ref in listed[row.owner_id]] == [True, False]


async def test_taken_away_is_gone_for_everybody(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, services_files: FileStore
) -> None:
    row = await fault_with_photo(db, services_files, world)
    staff = Actor(world.sato.id, "見本さとう", roles=frozenset({"staff"}))
    assert not await remove(db, staff, row.id, "pickup")  # of another kind of record
    assert await remove(db, staff, row.id, "fault")
    assert not await remove(db, staff, row.id, "fault")
    await db.commit()
    await world.login(client, world.sato)
    assert (await client.get(f"/files/{row.id}")).status_code == 404
    assert await forget_removed(db, services_files) == 1
    assert await forget_removed(db, services_files) == 0
    with pytest.raises(FileNotFoundError):
        await services_files.get(str(row.id))
    assert (await db.execute(select(StoredFile))).scalar_one().size > 0  # its row stays


async def test_the_stores(tmp_path) -> None:
    for store in (in_memory(), open_store("", tmp_path / "files")):
        await store.put("a", b"x")
        assert await store.get("a") == b"x"
        await store.delete("a")
        await store.delete("a")
        with pytest.raises(FileNotFoundError):
            await store.get("a")
    assert (tmp_path / "files").stat().st_mode & 0o077 == 0
