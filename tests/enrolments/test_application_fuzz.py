"""Whatever is typed: it is kept as it is read, or refused in Japanese; never a 500."""

import re
import unicodedata

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from server.enrolments.answers import GROUPS, Answers
from server.enrolments.forms import FORMS, clean_kana, clean_phone, fitted
from server.http.forms import tidy
from server.partners.models import SUBJECTS
from tests.enrolments.applying import case_row, start
from tests.personas import World

pytestmark = pytest.mark.anyio
JAPANESE = re.compile(r"[\u3041-\u30fa\u4e00-\u9fff]")
TEXTS = st.text(max_size=300) | st.sampled_from(
    ["髙﨑𠮷", "ﾎﾞｺｲ", "０１４３", "\x00", "\ud800", "１２", "-1", "NaN", "9" * 5000, "2026-02-30",
     "2026/6/20", "y", "litter", "a@b.jp", "〒０５０－００８３", "\u202e", "<script>", "'; --"]
)  # fmt: skip
NAMES = {slug: sorted(form()._fields) for slug, form in FORMS.items()}


@pytest.mark.parametrize("slug", sorted(FORMS))
@given(data=st.data(), subject=st.sampled_from(SUBJECTS))
@settings(max_examples=60)
def test_read_or_refused_in_japanese(slug: str, data: st.DataObject, subject: str) -> None:
    sent = data.draw(st.dictionaries(st.sampled_from(NAMES[slug]), TEXTS))
    form = fitted(FORMS[slug](FormData(sent)), subject, 18)
    if not form.validate():
        for field in form:
            for message in field.errors:
                assert JAPANESE.search(str(message)), (field.name, message)
        return
    answers = form.into(Answers())
    stored = answers.to_json()
    assert Answers.from_json(stored) == answers
    again = fitted(FORMS[slug].filled(answers), subject, 18)
    assert again.into(Answers()).to_json() == stored  # what is shown is what was kept
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in str(stored))


@given(st.text(max_size=200))
def test_reading_and_phone_settle(text: str) -> None:
    """Cleaning twice is cleaning once, so that saving a part again changes nothing."""
    assert clean_kana(clean_kana(text)) == clean_kana(text)
    assert clean_phone(clean_phone(text)) == clean_phone(text)
    assert tidy(tidy(text)) == tidy(text)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    slug=st.sampled_from([*sorted(FORMS), "areas"]), texts=st.lists(TEXTS, min_size=9, max_size=9)
)
async def test_no_input_breaks_the_page(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, slug: str, texts: list[str]
) -> None:
    await world.login(client, world.hanako)
    id = await start(client, GROUPS[0])
    names = NAMES.get(slug, ["id", "way", "name", "kind", "note", "geometry", "lon", "lat", "pick"])
    sent = {
        name: text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        for name, text in zip(names, texts, strict=False)
    }
    answer = await client.post(f"/applications/{id}/edit/{slug}", data=sent)
    assert answer.status_code in (303, 404, 422), (answer.status_code, sent)
    kept = (await case_row(db, id)).answers
    assert Answers.from_json(kept).to_json() == kept
    assert (await client.get(f"/applications/{id}/submit")).status_code == 200
