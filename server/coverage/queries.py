"""Coverage reads. ``care_of_areas`` is the shared expression: join it on ``area_id``."""

from server.coverage.care import care_of_areas, season_of

__all__ = ["care_of_areas", "season_of"]
