"""THE table of URLs: path, page, name, policy. The map of the product.

Paths are stable: they stand on signs, in calendars and in other people's links.
"""

from server.http import health
from server.http.ratelimit import LOGIN_ADDRESS, LOGIN_CODE, UPLOADS
from server.http.routing import PageRoute as P
from server.http.soon import soon
from server.http.styleguide import styleguide
from server.policy import (
    ADMIN,
    PARTNER,
    PARTNER_OR_STAFF,
    PUBLIC,
    SIGNED_IN,
    STAFF,
)
from server.settings import Settings

GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")
UPLOAD_BYTES = 51 * 1024 * 1024

# fmt: off
ROWS: tuple[P, ...] = (
    # --- public: find and read -------------------------------------------------------------------
    P("/", soon, "home", PUBLIC),
    P("/opportunities", soon, "opportunities", PUBLIC, BOTH),  # POST keeps a position out of URLs
    P("/opportunities/{id:uuid}", soon, "opportunity", PUBLIC),
    P("/opportunities/{id:uuid}.ics", soon, "opportunity_ics", PUBLIC),
    P("/opportunities/{id:uuid}/card", soon, "opportunity_card", PUBLIC),  # sheet on the map
    P("/places", soon, "places", PUBLIC, BOTH),
    P("/areas", soon, "areas", PUBLIC),
    P("/areas/{code}", soon, "area", PUBLIC),
    P("/areas/{code}/card", soon, "area_card", PUBLIC),
    P("/partners/{code}", soon, "partner_public", PUBLIC),
    P("/help", soon, "help", PUBLIC),
    P("/privacy", soon, "privacy", PUBLIC),
    P("/accessibility", soon, "accessibility", PUBLIC),
    # --- people: log in, my things ---------------------------------------------------------------
    P("/login", soon, "login", PUBLIC, BOTH, LOGIN_ADDRESS),
    P("/login/code", soon, "login_code", PUBLIC, BOTH, LOGIN_CODE),
    P("/logout", soon, "logout", PUBLIC, POST),
    P("/welcome", soon, "welcome", SIGNED_IN, BOTH),
    P("/me", soon, "me", SIGNED_IN, BOTH),
    P("/me/signups", soon, "my_signups", SIGNED_IN),
    P("/opportunities/{id:uuid}/signup", soon, "signup", SIGNED_IN, BOTH),
    P("/opportunities/{id:uuid}/signup/cancel", soon, "signup_cancel", SIGNED_IN, BOTH),
    # --- partner ---------------------------------------------------------------------------------
    P("/partner", soon, "partner_home", PARTNER),
    P("/partner/areas", soon, "partner_areas", PARTNER),
    P("/partner/cleanups", soon, "partner_cleanups", PARTNER),
    P("/partner/cleanups/new", soon, "cleanup_new", PARTNER, BOTH),
    P("/cleanups/{id:uuid}", soon, "cleanup", PARTNER_OR_STAFF),
    P("/cleanups/{id:uuid}/edit", soon, "cleanup_edit", PARTNER_OR_STAFF, BOTH),
    P("/cleanups/{id:uuid}/withdraw", soon, "cleanup_withdraw", PARTNER_OR_STAFF, BOTH),
    P("/partner/opportunities", soon, "partner_opportunities", PARTNER),
    P("/partner/opportunities/new", soon, "opportunity_new", PARTNER, BOTH),
    P("/opportunities/{id:uuid}/edit", soon, "opportunity_edit", PARTNER_OR_STAFF, BOTH),
    P("/opportunities/{id:uuid}/cancel", soon, "opportunity_cancel", PARTNER_OR_STAFF, BOTH),
    P("/opportunities/{id:uuid}/people", soon, "opportunity_people", PARTNER_OR_STAFF),
    # --- staff -----------------------------------------------------------------------------------
    P("/staff", soon, "staff_home", STAFF),
    P("/staff/coverage", soon, "staff_coverage", STAFF),
    P("/staff/areas", soon, "staff_areas", STAFF),
    P("/staff/areas/new", soon, "staff_area_new", STAFF, BOTH),
    P("/staff/areas/import", soon, "staff_area_import", STAFF, BOTH, UPLOADS, UPLOAD_BYTES),
    P("/staff/areas/import/{id:uuid}", soon, "staff_area_import_preview", STAFF, BOTH),
    P("/staff/areas/export", soon, "staff_area_export", STAFF),
    P("/staff/areas/{code}/edit", soon, "staff_area_edit", STAFF, BOTH),
    P("/staff/partners", soon, "staff_partners", STAFF),
    P("/staff/cleanups", soon, "staff_cleanups", STAFF),
    P("/staff/cleanups/{id:uuid}/review", soon, "cleanup_review", STAFF, POST),
    P("/staff/audit", soon, "staff_audit", ADMIN),
    # --- maps: scripts and data ------------------------------------------------------------------
    P("/maps/{name}.js", soon, "map_script", PUBLIC),
    P("/layers/opportunities", soon, "layer_opportunities", PUBLIC),
    P("/layers/areas", soon, "layer_areas", PUBLIC),
    P("/layers/area/{code}", soon, "layer_area", PUBLIC),
    P("/layers/coverage", soon, "layer_coverage", STAFF),
    P("/layers/partner-areas", soon, "layer_partner_areas", PARTNER),
    # --- machines --------------------------------------------------------------------------------
    P("/healthz", health.healthz, "healthz", PUBLIC),
    P("/readyz", health.readyz, "readyz", PUBLIC),
    # --- demo mode only --------------------------------------------------------------------------
    P("/demo/login", soon, "demo_login", PUBLIC, POST, demo_only=True),
    P("/demo/outbox", soon, "demo_outbox", PUBLIC, demo_only=True),
    P("/styleguide", styleguide, "styleguide", PUBLIC, demo_only=True),
)
# fmt: on


def rows(settings: Settings) -> tuple[P, ...]:
    """The rows in force: demo pages exist only in demo mode."""
    return tuple(row for row in ROWS if settings.demo or not row.demo_only)
