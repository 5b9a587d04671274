"""What some people of the demo wish: where they start from, when they are free, what they like."""

from server.demo.ids import fixed_uuid
from server.demo.personas import VOLUNTEERS
from server.demo.programme.kit import Demo
from server.matching.models import BANDS

# Middles of cells of about 500 m, by the name people would give them.
HOMES = (
    (140.99138, 42.31644, "母恋駅の近く"), (141.02715, 42.34834, "東室蘭駅の近く"),
    (140.97319, 42.31624, "室蘭駅の近く"), (141.04518, 42.35754, "鷲別駅の近く"),
)  # fmt: skip
WORKS: tuple[list[str], ...] = (["litter"], ["flowerbed", "planting"], ["litter", "weeding"], [])
TRAVELS = ("walk", "bicycle", "car", "walk")
REACHES_M = (2_000, 5_000, 20_000, 3_000)
WEEKEND = [f"{day}-{band}" for day in (6, 7) for band in BANDS[:2]]
WEEKDAYS = [f"{day}-morning" for day in range(1, 6)]


def fill(demo: Demo) -> None:
    """はなこ is free on weekend mornings near 母恋; many volunteers may be asked to help."""
    hanako = {"with_children": False, "helps": True, "languages": ["ja"], "strength": "normal"}
    _wish(demo, demo.account("hanako"), 0, ["6-morning", "7-morning"], **hanako)
    for n, volunteer in enumerate(VOLUNTEERS[:24]):
        free = WEEKEND if n % 3 else WEEKDAYS
        account = fixed_uuid("account", volunteer.key)
        _wish(demo, account, n % len(HOMES), free, helps=n % 4 != 3,
              tools=["mower_course"] if n % 5 == 0 else [],
              company="family" if n % 6 == 5 else "alone", group_people=3 if n % 6 == 5 else 1,
              strength=("light", "normal", "hard")[n % 3])  # fmt: skip


def _wish(demo: Demo, account: object, kind: int, free: list[str], **more: object) -> None:
    lon, lat, label = HOMES[kind]
    columns = {
        "account_id": account, "home": f"SRID=4326;POINT({lon} {lat})", "home_label": label,
        "reach_m": REACHES_M[kind], "travel": TRAVELS[kind], "free_times": free,
        "works": WORKS[kind], "kinds": [], "strength": "hard", "with_children": False,
        "step_free": False, "tools": [], "company": "alone", "group_people": 1, "languages": [],
        "helps": False, "help_per_month": 2, "updated_at": demo.moment(-20), **more,
    }  # fmt: skip
    demo.insert("preferences", **columns)
