"""The wording: what a template may hold, how it is filled in, and its versions."""

import json

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.document import fingerprint
from server.agreements.models import AgreementTemplate
from server.agreements.wording import PLACES, default_template, faults_of, fill
from tests.agreements.kit import audited, case_to_agree, form_of, proposed, row_of
from tests.personas import World

NEEDED = "{{団体名}}{{目的}}{{団体の役割}}{{市の役割}}{{期間}}"
URL = "/staff/agreement-text"


def test_the_wording_of_the_program_can_be_used():
    assert faults_of(default_template().body) == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{{団体めい}}", "3行目: 「{{団体めい}}」という差しこみはありません。"),
        ("{{ 団体名 . x }}", "という差しこみはありません"),
        ("{{団体名", "組がそろっていません"),
        ("団体名}}", "組がそろっていません"),
        ("{{}}", "という差しこみはありません"),
    ],
)
def test_faults_name_their_line(line: str, words: str):
    faults = faults_of(f"# 題\n{NEEDED}\n{line}")
    assert [fault.line for fault in faults][:1] == [3]
    assert any(words in fault.message for fault in faults)


def test_what_must_not_be_missing():
    messages = [fault.message for fault in faults_of("{{団体名}}だけ")]
    assert "題にしてください" in messages[0]
    assert any("{{目的}}" in message for message in messages[1:])


def test_places_may_be_typed_loosely():
    filled = fill("＃ 題\n・｛｛ 団体名 ｝｝", {"団体名": "町会"})
    assert filled == [
        {"kind": "heading", "parts": ["題"]},
        {"kind": "item", "parts": ["町会"]},
    ]


@given(st.dictionaries(st.sampled_from(sorted(PLACES)), st.text(max_size=30), min_size=3))
def test_what_is_filled_in_is_never_read_again(values: dict[str, str]):
    everything = {name: values.get(name, "{{合意日}}{{市名}}") for name in PLACES}
    body = " と ".join("{{" + name + "}}" for name in PLACES if name != "合意日")
    (block,) = fill(body, everything)
    said = " と ".join(everything[name] for name in PLACES if name != "合意日")
    assert "".join(str(part) for part in block["parts"]) == said  # type: ignore[attr-defined]


@given(st.text(max_size=400))
def test_any_text_is_either_faulty_or_fillable(body: str):
    if not faults_of(body):
        fill(body, dict.fromkeys(PLACES, "x"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, width=32),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), json_values))
def test_a_fingerprint_does_not_depend_on_the_order(document: dict):
    turned = dict(reversed(list(json.loads(json.dumps(document)).items())))
    assert fingerprint(document) == fingerprint(turned)


@pytest.mark.anyio
async def test_a_new_version_is_for_new_agreements(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    case = await case_to_agree(db, world.hanako, [world.park], drawn=None)
    await world.login(client, world.sato)
    old = await row_of(db, await proposed(client, case))
    page = (await client.get(URL)).text
    assert "はじめの文面" in page and "見本町会" in page and "{{団体名}}" in page
    form = form_of(page)
    body = f"# 見本の合意書\n{NEEDED}\n・{{{{区域の数}}}}か所"
    tried = await client.post(URL, data={**form, "body": body, "try": "1"})
    assert tried.status_code == 200 and "1か所" in tried.text
    assert (await db.scalars(select(AgreementTemplate))).first() is None, "only tried"
    saved = await client.post(URL, data={**form, "body": body, "note": "短くした", "save": "1"})
    assert saved.status_code == 303
    again = await client.post(URL, data={**form, "body": body, "save": "1"})
    assert again.status_code == 303, "the same text again"
    late = await client.post(URL, data={**form, "body": body + "!", "save": "1"})
    assert late.status_code == 409 and "ほかの人が文面を直しました" in late.text
    row = (await db.scalars(select(AgreementTemplate))).one()
    assert (row.version, row.note, row.created_by) == (1, "短くした", world.sato.id)
    assert (await audited(db)).count("agreement_text.save") == 1
    page = (await client.get(URL)).text
    assert "第1版" in page and "短くした" in page and "見本さとう" in page
    kept = await row_of(db, old.id)
    assert kept.document_sha256 == old.document_sha256 and "第10条" in str(kept.document)
    await proposed(client, case, purpose="新しい目的")
    new = await row_of(db, old.id)
    assert "見本の合意書" in str(new.document) and new.document["template_version"] == 1


@pytest.mark.anyio
async def test_a_faulty_wording_is_not_saved(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await world.login(client, world.sato)
    form = form_of((await client.get(URL)).text)
    body = form["body"][0] + "\n{{団体めい}}"
    answer = await client.post(URL, data={**form, "body": body, "save": "1"})
    assert answer.status_code == 422
    assert "「{{団体めい}}」という差しこみはありません" in answer.text
    assert "{{団体めい}}</textarea>" in answer.text, "what was typed stays"
    assert (await db.scalars(select(AgreementTemplate))).first() is None


def test_hostile_wording_is_read_in_one_go():
    """A pattern that tries every way to share out 20,000 blanks would not come back."""
    for piece in ("{{" + " " * 19_000, "{" * 19_000, "{{" + "あ " * 9_000 + "}"):
        assert faults_of(f"# 題\n{piece}")
