"""Place names are found however they are typed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import gazetteer
from geo.gazetteer import Gazetteer, Place, fold

CSV = Path(__file__).resolve().parents[2] / "static/basemap/muroran-places.csv"


@pytest.fixture(scope="module")
def places() -> Gazetteer:
    return gazetteer.load(CSV)


@pytest.mark.parametrize(
    "query",
    [
        "しゅくづ",
        "シュクヅ",
        "シュクヅ",
        "祝津",
        "祝津町",
        "しゆくずちょう",
        "シュクヅチョー",
        " 祝 津 ",
    ],
)
def test_shukuzu_in_every_spelling(places: Gazetteer, query: str) -> None:
    assert places.search(query)[0].name == "祝津町"


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("東室蘭", "東室蘭駅"),
        ("ひがしむろらん", "東室蘭駅"),
        ("わにし", "輪西駅"),
        ("チキュウミサキ", "地球岬"),
        ("きらん", "生涯学習センターきらん"),
        ("せんたあ", "生涯学習センターきらん"),
        ("いたんき", "イタンキ浜"),
        ("とっかりしよ", "トッカリショ"),
        ("おおはし", "白鳥大橋"),
        ("おうはし", "白鳥大橋"),
    ],
)
def test_best_first(places: Gazetteer, query: str, first: str) -> None:
    assert places.search(query)[0].name == first


def test_beginnings_come_before_middles_and_stations_first(places: Gazetteer) -> None:
    names = [place.name for place in places.search("室蘭", limit=20)]
    assert names[0] == "室蘭駅"
    assert set(names) > {"室蘭駅", "室蘭市役所", "東室蘭駅", "室蘭岳"}
    assert names.index("室蘭岳") < names.index("東室蘭駅")
    assert len(places.search("室蘭", limit=2)) == 2


@pytest.mark.parametrize("query", ["", "  ", "ー", "そんな場所はない", "x" * 10_000])
def test_nothing_found(places: Gazetteer, query: str) -> None:
    assert places.search(query) == []
    assert places.search("室蘭", limit=0) == []


@given(st.text(alphabet="ぁあいえおかがちづっゃょうんーアエヅッャ祝津町ヶｼｭ ・", max_size=20))
def test_folding_never_fails_and_is_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_every_place_is_found_by_its_name_and_reading(places: Gazetteer) -> None:
    assert len(places.places) == 37
    for place in places.places:
        assert place == places.search(place.name)[0]
        assert place in places.search(place.kana)


def test_nearest(places: Gazetteer) -> None:
    found = places.nearest(140.9735, 42.3175)
    assert found is not None
    assert found.name == "室蘭駅"
    assert places.nearest(141.35, 43.06, max_m=5_000) is None
    assert gazetteer.from_places([]).nearest(0, 0) is None


@pytest.mark.parametrize(
    "row", ["名,な,駅,x,42", "名,な,駅,,42", "名,な,駅,200,42", ",な,駅,140,42", "名,な,駅"]
)
def test_bad_files_name_the_line(tmp_path: Path, row: str) -> None:
    path = tmp_path / "places.csv"
    path.write_text(f"name,kana,kind,lon,lat\n{row}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 2"):
        gazetteer.load(path)


def test_files_from_spreadsheets_start_with_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text("name,kana,kind,lon,lat\n駅,えき,駅,140,42\n", encoding="utf-8-sig")
    assert gazetteer.load(path).places == (Place("駅", "えき", "駅", 140.0, 42.0),)
