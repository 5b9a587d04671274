"""THE table of URLs: path, page, name, policy. The map of the product.

Paths are stable: they stand on signs, in calendars and in other people's links.
"""

from server.accounts import pages as accounts
from server.areas import import_pages as area_import
from server.areas import pages as area_pages
from server.areas import staffpages as staff_areas
from server.audit import pages as audit_pages
from server.cleanups import pages as cleanups
from server.cleanups import staffpages as staff_cleanups
from server.coverage import pages as coverage_pages
from server.demo import pages as demo
from server.http import health
from server.http.ratelimit import LOGIN_ADDRESS, LOGIN_CODE, SEARCHES, UPLOADS
from server.http.routing import PageRoute as P
from server.http.styleguide import styleguide
from server.info import pages as info
from server.maps import scripts
from server.opportunities import hostpages as hosts
from server.opportunities import mypages as signups
from server.opportunities import pages as near
from server.partners import pages as partner_pages
from server.partners import publicpages as partner_public
from server.policy import (
    ADMIN,
    PARTNER,
    PARTNER_OR_STAFF,
    PUBLIC,
    SIGNED_IN,
    STAFF,
)
from server.settings import Settings
from server.staff import pages as staff_pages

GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")
UPLOAD_BYTES = 51 * 1024 * 1024

# fmt: off
ROWS: tuple[P, ...] = (
    # --- public: find and read -------------------------------------------------------------------
    P("/", near.home, "home", PUBLIC),
    P("/opportunities", near.opportunities, "opportunities", PUBLIC, BOTH, SEARCHES),
    P("/opportunities/{id:uuid}", near.opportunity, "opportunity", PUBLIC),
    P("/opportunities/{id:uuid}.ics", near.opportunity_ics, "opportunity_ics", PUBLIC),
    P("/opportunities/{id:uuid}/card", near.opportunity_card, "opportunity_card", PUBLIC),
    P("/places", near.places, "places", PUBLIC, BOTH, SEARCHES),
    P("/areas", area_pages.areas, "areas", PUBLIC),
    P("/areas/{code}", area_pages.area, "area", PUBLIC),
    P("/areas/{code}/card", area_pages.area_card, "area_card", PUBLIC),
    P("/partners/{code}", partner_public.partner_public, "partner_public", PUBLIC),
    P("/help", info.help_page, "help", PUBLIC),
    P("/privacy", info.privacy, "privacy", PUBLIC),
    P("/accessibility", info.accessibility, "accessibility", PUBLIC),
    # --- people: log in, my things ---------------------------------------------------------------
    P("/login", accounts.login, "login", PUBLIC, BOTH, LOGIN_ADDRESS),
    P("/login/code", accounts.login_code, "login_code", PUBLIC, BOTH, LOGIN_CODE),
    P("/logout", accounts.logout, "logout", PUBLIC, POST),
    P("/welcome", accounts.welcome, "welcome", SIGNED_IN, BOTH),
    P("/me", accounts.me, "me", SIGNED_IN, BOTH),
    P("/me/signups", signups.my_signups, "my_signups", SIGNED_IN),
    P("/opportunities/{id:uuid}/signup", signups.join, "signup", SIGNED_IN, BOTH),
    P("/opportunities/{id:uuid}/signup/cancel", signups.leave, "signup_cancel", SIGNED_IN, BOTH),
    # --- partner ---------------------------------------------------------------------------------
    P("/partner", partner_pages.partner_home, "partner_home", PARTNER),
    P("/partner/areas", partner_pages.partner_areas, "partner_areas", PARTNER),
    P("/partner/cleanups", cleanups.log, "partner_cleanups", PARTNER),
    P("/partner/cleanups/new", cleanups.new, "cleanup_new", PARTNER, BOTH),
    P("/cleanups/{id:uuid}", cleanups.detail, "cleanup", PARTNER_OR_STAFF),
    P("/cleanups/{id:uuid}/edit", cleanups.edit, "cleanup_edit", PARTNER_OR_STAFF, BOTH),
    P("/cleanups/{id:uuid}/withdraw", cleanups.withdraw, "cleanup_withdraw", PARTNER_OR_STAFF, BOTH),
    P("/partner/opportunities", hosts.posted, "partner_opportunities", PARTNER),
    P("/partner/opportunities/new", hosts.new, "opportunity_new", PARTNER, BOTH),
    P("/opportunities/{id:uuid}/edit", hosts.edit, "opportunity_edit", PARTNER_OR_STAFF, BOTH),
    P("/opportunities/{id:uuid}/cancel", hosts.cancel, "opportunity_cancel", PARTNER_OR_STAFF, BOTH),
    P("/opportunities/{id:uuid}/people", hosts.people, "opportunity_people", PARTNER_OR_STAFF),
    # --- staff -----------------------------------------------------------------------------------
    P("/staff", staff_pages.staff_home, "staff_home", STAFF),
    P("/staff/coverage", coverage_pages.staff_coverage, "staff_coverage", STAFF),
    P("/staff/areas", staff_areas.staff_areas, "staff_areas", STAFF),
    P("/staff/areas/new", staff_areas.staff_area_new, "staff_area_new", STAFF, BOTH),
    P("/staff/areas/import", area_import.upload, "staff_area_import", STAFF, BOTH, UPLOADS, UPLOAD_BYTES),
    P("/staff/areas/import/{id:uuid}", area_import.preview, "staff_area_import_preview", STAFF, BOTH),
    P("/staff/areas/export", area_import.export, "staff_area_export", STAFF),
    P("/staff/areas/{code}/edit", staff_areas.staff_area_edit, "staff_area_edit", STAFF, BOTH),
    P("/staff/partners", staff_pages.staff_partners, "staff_partners", STAFF),
    P("/staff/cleanups", staff_cleanups.cleanup_list, "staff_cleanups", STAFF),
    P("/staff/cleanups/{id:uuid}/review", staff_cleanups.review, "cleanup_review", STAFF, POST),
    P("/staff/audit", audit_pages.staff_audit, "staff_audit", ADMIN),
    # --- maps: scripts and data ------------------------------------------------------------------
    P("/maps/{name}.js", scripts.map_script, "map_script", PUBLIC),
    P("/layers/opportunities", near.layer_opportunities, "layer_opportunities", PUBLIC),
    P("/layers/areas", area_pages.layer_areas, "layer_areas", PUBLIC),
    P("/layers/area/{code}", area_pages.layer_area, "layer_area", PUBLIC),
    P("/layers/coverage", coverage_pages.layer_coverage, "layer_coverage", STAFF),
    P("/layers/partner-areas", partner_pages.layer_partner_areas, "layer_partner_areas", PARTNER),
    P("/layers/cleanup/{id:uuid}", cleanups.layer, "layer_cleanup", PARTNER_OR_STAFF),
    # --- machines --------------------------------------------------------------------------------
    P("/healthz", health.healthz, "healthz", PUBLIC),
    P("/readyz", health.readyz, "readyz", PUBLIC),
    # --- demo mode only --------------------------------------------------------------------------
    P("/demo/login", demo.demo_login, "demo_login", PUBLIC, POST, demo_only=True),
    P("/demo/outbox", demo.demo_outbox, "demo_outbox", PUBLIC, demo_only=True),
    P("/styleguide", styleguide, "styleguide", PUBLIC, demo_only=True),
)
# fmt: on


def rows(settings: Settings) -> tuple[P, ...]:
    """The rows in force: demo pages exist only in demo mode."""
    return tuple(row for row in ROWS if settings.demo or not row.demo_only)
