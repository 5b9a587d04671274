"""THE table of URLs: path, page, name, policy. The map of the product.

Paths are stable: they stand on signs, in calendars and in other people's links.
"""

from server.accidents import pages as accidents
from server.accidents import staffpages as staff_accidents
from server.accounts import pages as accounts
from server.agreements import pages as agreement_pages
from server.agreements import staffpages as staff_agreements
from server.areas import import_pages as area_import
from server.areas import pages as area_pages
from server.areas import reshape_pages
from server.areas import staffpages as staff_areas
from server.audit import pages as audit_pages
from server.calendars import pages as calendars
from server.centre import pages as centre
from server.checkins import deskpages as checkin_desk
from server.checkins import pages as checkins
from server.checkins import recordpages as records
from server.citysettings import pages as settings_pages
from server.cleanups import pages as cleanups
from server.cleanups import staffpages as staff_cleanups
from server.coverage import pages as coverage_pages
from server.demo import pages as demo
from server.desk import pages as desk
from server.enrolments import areapages as enrol_areas
from server.enrolments import life_pages, notice_pages
from server.enrolments import life_staffpages as staff_life
from server.enrolments import pages as enrol
from server.enrolments import partpages as enrol_parts
from server.enrolments import staffpages as enrol_staff
from server.exchange import announce_pages, board_pages, meeting_pages
from server.faults import mypages as my_faults
from server.faults import pages as fault_pages
from server.faults import staffpages as staff_faults
from server.files import pages as files
from server.helpcalls import pages as help_pages
from server.http import health
from server.http.ratelimit import DRAFTS, LOGIN_ADDRESS, LOGIN_CODE, SEARCHES, UPLOADS, WEBHOOK
from server.http.routing import PageRoute as P
from server.http.styleguide import styleguide
from server.info import pages as info
from server.loans import pages as loans
from server.loans import staffpages as staff_loan_pages
from server.maps import scripts
from server.matching import pages as wishes
from server.matching import staffpages as staff_matching
from server.notices import linkpages as notice_links
from server.notices import pages as my_notices
from server.notices import staffpages as staff_messages
from server.opportunities import hostpages as hosts
from server.opportunities import jointpages as joint_pages
from server.opportunities import pages as near
from server.opportunities import postpages as posting
from server.opportunities import seriespages as series_pages
from server.opportunities import slotpages as slot_pages
from server.opportunities import staffpages as staff_opportunities
from server.opportunities import weatherpages as weather_pages
from server.partners import pages as partner_pages
from server.partners import publicpages as partner_public
from server.pickups import daypages as pickup_days
from server.pickups import pages as pickups
from server.pickups import staffpages as staff_pickups
from server.policy import (
    ADMIN,
    COORDINATOR,
    PARTNER,
    PARTNER_MANAGER,
    PARTNER_OR_CENTRE,
    PARTNER_OR_STAFF,
    PUBLIC,
    SIGNED_IN,
    STAFF,
)
from server.publiclife import pages as public_life
from server.reports import pages as reports
from server.reviews import pages as reviews
from server.reviews import staffpages as staff_review_pages
from server.settings import Settings
from server.signs import pages as signs
from server.signups import hostpages as signup_hosts
from server.signups import offerpages as offers
from server.signups import pages as signups
from server.staff import pages as staff_pages
from server.successions import pages as successions
from server.supplies import pages as supplies
from server.supplies import staffpages as staff_supply_pages
from server.supplies import stockpages as stock_pages

GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")
UPLOAD_BYTES = 51 * 1024 * 1024
PHOTO_BYTES = 41 * 1024 * 1024  # up to three photos
PAPER_BYTES = 21 * 1024 * 1024  # a scan or the rules of a group

# fmt: off
ROWS: tuple[P, ...] = (
    # --- public: find and read -------------------------------------------------------------------
    P("/", near.home, "home", PUBLIC),
    P("/opportunities", near.opportunities, "opportunities", PUBLIC, BOTH, SEARCHES),
    P("/opportunities/{id:uuid}", near.opportunity, "opportunity", PUBLIC),
    P("/opportunities/{id:uuid}.ics", near.opportunity_ics, "opportunity_ics", PUBLIC),
    P("/opportunities/{id:uuid}/card", near.opportunity_card, "opportunity_card", PUBLIC),
    P("/places", near.places, "places", PUBLIC, BOTH, SEARCHES),
    P("/opportunities/{id:uuid}/og.png", public_life.opportunity_image, "opportunity_image", PUBLIC),
    P("/areas", area_pages.areas, "areas", PUBLIC),
    P("/areas/{code}", area_pages.area, "area", PUBLIC),
    P("/areas/{code}/card", area_pages.area_card, "area_card", PUBLIC),
    P("/partners/{code}", partner_public.partner_public, "partner_public", PUBLIC),
    P("/help", info.help_page, "help", PUBLIC),
    P("/privacy", info.privacy, "privacy", PUBLIC),
    P("/accessibility", info.accessibility, "accessibility", PUBLIC),
    P("/easy", public_life.easy, "easy", PUBLIC),
    P("/calendars", calendars.calendars, "calendars", PUBLIC),
    P("/calendar.ics", calendars.calendar_city, "calendar_city", PUBLIC),
    P("/partners/{code}/calendar.ics", calendars.calendar_partner, "calendar_partner", PUBLIC),
    P("/districts/{name}/calendar.ics", calendars.calendar_district, "calendar_district", PUBLIC),
    P("/calendars/{token}.ics", calendars.calendar_mine, "calendar_mine", PUBLIC),
    P("/embed/next", public_life.embed_next, "embed_next", PUBLIC),
    P("/sitemap.xml", public_life.sitemap, "sitemap", PUBLIC),
    P("/robots.txt", public_life.robots, "robots", PUBLIC),
    P("/sw.js", notice_links.service_worker, "service_worker", PUBLIC),
    P("/verify", records.verify, "verify", PUBLIC),
    P("/verify/{code}", records.verify_code, "verify_code", PUBLIC),
    # --- links in messages: good for one purpose, without a log-in ---------------------------------
    P("/offers/{token}", offers.offer, "offer_answer", PUBLIC, BOTH),
    P("/help-answers/{token}", help_pages.help_answer, "help_answer", PUBLIC, BOTH),
    P("/checkin/{token}", checkins.checkin, "checkin", PUBLIC, BOTH),
    P("/unsubscribe/{token}", notice_links.unsubscribe, "unsubscribe", PUBLIC, BOTH),
    P("/line/webhook", notice_links.line_webhook, "line_webhook", PUBLIC, POST, WEBHOOK),
    # --- people: log in, my things ---------------------------------------------------------------
    P("/login", accounts.login, "login", PUBLIC, BOTH, LOGIN_ADDRESS),
    P("/login/code", accounts.login_code, "login_code", PUBLIC, BOTH, LOGIN_CODE),
    P("/logout", accounts.logout, "logout", PUBLIC, POST),
    P("/welcome", accounts.welcome, "welcome", SIGNED_IN, BOTH),
    P("/me", accounts.me, "me", SIGNED_IN, BOTH),
    P("/me/signups", signups.my_signups, "my_signups", SIGNED_IN),
    P("/me/reports", my_faults.my_reports, "my_reports", SIGNED_IN),
    P("/opportunities/{id:uuid}/signup", signups.join, "signup", SIGNED_IN, BOTH),
    P("/opportunities/{id:uuid}/signup/cancel", signups.leave, "signup_cancel", SIGNED_IN, BOTH),
    P("/opportunities/{id:uuid}/signup/change", signups.change, "signup_change", SIGNED_IN, BOTH),
    P("/opportunities/{id:uuid}/waitlist", signups.waitlist, "waitlist", SIGNED_IN, BOTH),
    P("/opportunities/{id:uuid}/waitlist/leave", signups.leave_queue, "waitlist_leave", SIGNED_IN, POST),
    P("/me/preferences", wishes.preferences, "my_preferences", SIGNED_IN, BOTH),
    P("/me/notices", my_notices.inbox, "my_notices", SIGNED_IN),
    P("/me/alerts", my_notices.alerts, "my_alerts", SIGNED_IN, BOTH),
    P("/me/alerts/searches", my_notices.save_search, "saved_searches", SIGNED_IN, POST),
    P("/me/alerts/searches/{id:uuid}/remove", my_notices.remove_search, "saved_search_remove", SIGNED_IN, POST),
    P("/me/push", my_notices.push, "my_push", SIGNED_IN, POST),
    P("/me/line", my_notices.line, "my_line", SIGNED_IN, BOTH),
    P("/me/calendar", calendars.my_calendar, "my_calendar", SIGNED_IN, BOTH),
    P("/me/participation", records.my_participation, "my_participation", SIGNED_IN, BOTH),
    P("/certificates/{id:uuid}.pdf", records.certificate_pdf, "certificate_pdf", SIGNED_IN),
    # --- help calls (お手伝い募集) ------------------------------------------------------------------
    P("/help-calls", help_pages.help_calls, "help_calls", PUBLIC),
    P("/help-calls/{id:uuid}", help_pages.help_call, "help_call", PUBLIC, BOTH),
    P("/partner/help-calls", help_pages.partner_help_calls, "partner_help_calls", PARTNER),
    P("/partner/help-calls/new", help_pages.help_call_new, "help_call_new", PARTNER, BOTH),
    P("/centre/help-calls", help_pages.centre_help_calls, "centre_help_calls", COORDINATOR),
    # --- partner ---------------------------------------------------------------------------------
    P("/partner", partner_pages.partner_home, "partner_home", PARTNER),
    P("/partner/areas", partner_pages.partner_areas, "partner_areas", PARTNER),
    P("/partner/cleanups", cleanups.log, "partner_cleanups", PARTNER),
    P("/partner/cleanups/new", cleanups.new, "cleanup_new", PARTNER, BOTH),
    P("/cleanups/{id:uuid}", cleanups.detail, "cleanup", PARTNER_OR_STAFF),
    P("/cleanups/{id:uuid}/edit", cleanups.edit, "cleanup_edit", PARTNER_OR_STAFF, BOTH),
    P("/cleanups/{id:uuid}/withdraw", cleanups.withdraw, "cleanup_withdraw", PARTNER_OR_STAFF, BOTH),
    P("/partner/opportunities", hosts.posted, "partner_opportunities", PARTNER),
    P("/partner/opportunities/new", posting.new, "opportunity_new", PARTNER, BOTH),
    P("/opportunities/{id:uuid}/edit", hosts.edit, "opportunity_edit", PARTNER_OR_STAFF, BOTH),
    P("/opportunities/{id:uuid}/cancel", hosts.cancel, "opportunity_cancel", PARTNER_OR_STAFF, BOTH),
    P("/opportunities/{id:uuid}/people", signup_hosts.people, "opportunity_people", PARTNER_OR_STAFF),
    P("/opportunities/{id:uuid}/publish", hosts.publish, "opportunity_publish", PARTNER_OR_STAFF, POST),
    P("/opportunities/{id:uuid}/weather", weather_pages.page, "opportunity_weather", PARTNER_OR_STAFF, BOTH),
    P("/opportunities/{id:uuid}/slots", slot_pages.page, "opportunity_slots", PARTNER_OR_STAFF, BOTH),
    P("/opportunities/{id:uuid}/hosts", joint_pages.page, "opportunity_hosts", PARTNER_OR_STAFF, BOTH),
    P("/opportunities/{id:uuid}/checkin", checkin_desk.desk, "checkin_desk", PARTNER_OR_STAFF, BOTH),
    P("/opportunities/{id:uuid}/checkin/qr", checkin_desk.qr, "checkin_qr", PARTNER_OR_STAFF),
    P("/opportunities/{id:uuid}/checkin/poster", checkin_desk.poster, "checkin_poster", PARTNER_OR_STAFF),
    P("/opportunities/{id:uuid}/attendance.csv", checkin_desk.attendance_csv, "attendance_csv", PARTNER_OR_STAFF),
    P("/partner/series/{id:uuid}", series_pages.page, "series", PARTNER_OR_STAFF, BOTH),
    P("/partner/participation", records.partner_participation, "partner_participation", PARTNER),
    P("/partner/participation.csv", records.partner_participation_csv, "partner_participation_csv", PARTNER_MANAGER),
    # --- join the programme: the application (届出) -----------------------------------------------
    P("/join", enrol.programme, "programme", PUBLIC),
    P("/applications/new", enrol.application_new, "application_new", SIGNED_IN, BOTH, DRAFTS),
    P("/applications/{id:uuid}", enrol.application, "application", SIGNED_IN),
    P("/applications/{id:uuid}/edit/{part}", enrol_parts.application_edit, "application_edit", SIGNED_IN, BOTH, DRAFTS, PAPER_BYTES),
    P("/applications/{id:uuid}/areas/remove", enrol_areas.application_area_remove, "application_area_remove", SIGNED_IN, POST),
    P("/applications/{id:uuid}/submit", enrol.application_submit, "application_submit", SIGNED_IN, BOTH),
    P("/applications/{id:uuid}/withdraw", enrol.application_withdraw, "application_withdraw", SIGNED_IN, BOTH),
    P("/layers/application/{id:uuid}", enrol.layer_application, "layer_application", SIGNED_IN),
    P("/layers/free-areas", enrol.layer_free_areas, "layer_free_areas", PUBLIC),
    # --- the partner's agreement and its life ------------------------------------------------------
    P("/partner/agreement", life_pages.partner_agreement, "partner_agreement", PARTNER),
    P("/partner/notices/new/{kind}", notice_pages.notice_new, "notice_new", PARTNER, BOTH),
    P("/partner/notices/{id:uuid}", notice_pages.notice, "notice", PARTNER_OR_STAFF, BOTH),
    P("/partner/pause", life_pages.partner_pause, "partner_pause", PARTNER, BOTH),
    P("/partner/resume", life_pages.partner_resume, "partner_resume", PARTNER, BOTH),
    P("/partner/renew", life_pages.partner_renew, "partner_renew", PARTNER_MANAGER, BOTH),
    P("/partner/withdraw", life_pages.partner_withdraw, "partner_withdraw", PARTNER_MANAGER, BOTH),
    P("/agreements/{id:uuid}", agreement_pages.agreement, "agreement", SIGNED_IN),
    P("/agreements/{id:uuid}/confirm", agreement_pages.agreement_confirm, "agreement_confirm", SIGNED_IN, POST),
    P("/agreements/{id:uuid}.pdf", agreement_pages.agreement_pdf, "agreement_pdf", SIGNED_IN),
    P("/layers/agreement/{id:uuid}", agreement_pages.layer_agreement, "layer_agreement", SIGNED_IN),
    # --- handing an area on (引き継ぎ) -------------------------------------------------------------
    P("/successions", successions.successions, "successions", PARTNER_OR_CENTRE),
    P("/successions/new", successions.succession_new, "succession_new", PARTNER, BOTH),
    P("/successions/{id:uuid}", successions.succession, "succession", PARTNER_OR_CENTRE, BOTH),
    P("/layers/successions", successions.layer_successions, "layer_successions", PARTNER_OR_CENTRE),
    P("/layers/succession/{id:uuid}", successions.layer_succession, "layer_succession", PARTNER_OR_CENTRE),
    # --- supplies, loans, signs --------------------------------------------------------------------
    P("/partner/supplies", supplies.partner_supplies, "partner_supplies", PARTNER),
    P("/partner/supplies/new", supplies.supply_new, "supply_new", PARTNER, BOTH),
    P("/partner/supplies/{id:uuid}", supplies.supply, "supply", PARTNER_OR_STAFF, BOTH),
    P("/partner/loans/new", loans.loan_new, "loan_new", PARTNER, BOTH),
    P("/partner/loans/{id:uuid}", loans.loan, "loan", PARTNER_OR_STAFF, BOTH),
    P("/partner/operators", loans.partner_operators, "partner_operators", PARTNER, BOTH),
    P("/partner/signs/new", signs.sign_new, "sign_new", PARTNER, BOTH),
    P("/partner/signs/{id:uuid}", signs.sign, "sign", PARTNER_OR_STAFF, BOTH),
    # --- pick-ups, faults, accidents ---------------------------------------------------------------
    P("/partner/pickups", pickups.partner_pickups, "partner_pickups", PARTNER),
    P("/partner/pickups/new", pickups.new, "pickup_new", PARTNER, BOTH, UPLOADS, PHOTO_BYTES),
    P("/partner/pickups/{id:uuid}", pickups.pickup, "pickup", PARTNER_OR_STAFF, BOTH),
    P("/partner/pickups/{id:uuid}/edit", pickups.edit, "pickup_edit", PARTNER, BOTH),
    P("/faults", fault_pages.faults, "faults", PUBLIC),
    P("/faults/new", fault_pages.new, "fault_new", PUBLIC, BOTH, UPLOADS, PHOTO_BYTES),
    P("/faults/{id:uuid}", fault_pages.fault, "fault", PUBLIC, BOTH),
    P("/layers/faults", fault_pages.layer_faults, "layer_faults", PUBLIC),
    P("/partner/accidents/new", accidents.new, "accident_new", PARTNER, BOTH),
    P("/partner/accidents/{id:uuid}", accidents.accident, "accident", PARTNER_OR_STAFF, BOTH),
    # --- review, exchange --------------------------------------------------------------------------
    P("/partner/review", reviews.partner_review, "partner_review", PARTNER, BOTH),
    P("/announcements", announce_pages.announcement_list, "announcements", PARTNER_OR_CENTRE),
    P("/announcements/{id:uuid}", announce_pages.announcement_page, "announcement", PARTNER_OR_CENTRE),
    P("/meetings/{id:uuid}.ics", calendars.meeting_ics, "meeting_ics", PARTNER_OR_CENTRE),
    P("/meetings/{id:uuid}", meeting_pages.meeting, "meeting", PARTNER_OR_CENTRE, BOTH),
    P("/board", board_pages.board, "board", PARTNER_OR_CENTRE),
    P("/board/new", board_pages.post_new, "post_new", PARTNER_OR_CENTRE, BOTH),
    P("/board/{id:uuid}", board_pages.post, "post", PARTNER_OR_CENTRE, BOTH),
    # --- photos and papers -------------------------------------------------------------------------
    P("/files/{id:uuid}", files.file, "file", PUBLIC),
    # --- the citizens' activity centre (市民活動センター) ------------------------------------------
    P("/centre", centre.centre_home, "centre_home", COORDINATOR),
    P("/centre/partners", centre.centre_partners, "centre_partners", COORDINATOR),
    P("/centre/board", centre.centre_board, "centre_board", COORDINATOR),
    P("/centre/supports", centre.centre_supports, "centre_supports", COORDINATOR, BOTH),
    P("/centre/announcements/new", announce_pages.announcement_new, "announcement_new", COORDINATOR, BOTH),
    P("/centre/meetings", meeting_pages.centre_meetings, "centre_meetings", COORDINATOR),
    P("/centre/meetings/new", meeting_pages.meeting_new, "meeting_new", COORDINATOR, BOTH),
    P("/centre/meetings/{id:uuid}", meeting_pages.meeting_edit, "meeting_edit", COORDINATOR, BOTH),
    # --- staff: the programme ----------------------------------------------------------------------
    P("/staff/applications", enrol_staff.staff_applications, "staff_applications", STAFF),
    P("/staff/applications/new", enrol_staff.staff_application_new, "staff_application_new", STAFF, BOTH),
    P("/staff/applications/{id:uuid}", enrol_staff.staff_application, "staff_application", STAFF, BOTH),
    P("/staff/applications/{id:uuid}/agreement", staff_agreements.staff_agreement_new, "staff_agreement_new", STAFF, BOTH),
    P("/staff/agreements/{id:uuid}/paper", staff_agreements.staff_agreement_paper, "staff_agreement_paper", STAFF, BOTH, UPLOADS, PAPER_BYTES),
    P("/staff/agreement-text", staff_agreements.staff_agreement_text, "staff_agreement_text", STAFF, BOTH),
    P("/staff/partners/{code}", staff_life.staff_partner, "staff_partner", STAFF, BOTH),
    P("/staff/partners/{code}/notices/new/{kind}", notice_pages.staff_notice_new, "staff_notice_new", STAFF, BOTH),
    P("/staff/partners/{code}/operators", staff_loan_pages.staff_operators, "staff_operators", STAFF, BOTH),
    P("/staff/partners/{code}/review", staff_review_pages.staff_review, "staff_review", STAFF, BOTH),
    P("/staff/areas/{code}/split", reshape_pages.staff_area_split, "staff_area_split", STAFF, BOTH),
    P("/staff/areas/{code}/merge", reshape_pages.staff_area_merge, "staff_area_merge", STAFF, BOTH),
    P("/staff/areas/{code}/handover", reshape_pages.staff_area_handover, "staff_area_handover", STAFF, BOTH),
    P("/staff/ledgers", staff_supply_pages.staff_ledgers, "staff_ledgers", STAFF),
    P("/staff/supplies", staff_supply_pages.staff_supplies, "staff_supplies", STAFF),
    P("/staff/supplies/new", staff_supply_pages.staff_supply_new, "staff_supply_new", STAFF, BOTH),
    P("/staff/stock", stock_pages.staff_stock, "staff_stock", STAFF, BOTH),
    P("/staff/supply-items", stock_pages.staff_supply_items, "staff_supply_items", STAFF, BOTH),
    P("/staff/loans", staff_loan_pages.staff_loans, "staff_loans", STAFF),
    P("/staff/loans/new", staff_loan_pages.staff_loan_new, "staff_loan_new", STAFF, BOTH),
    P("/staff/loan-units", staff_loan_pages.staff_loan_units, "staff_loan_units", STAFF, BOTH),
    P("/staff/signs", signs.staff_signs, "staff_signs", STAFF),
    P("/staff/signs/new", signs.staff_sign_new, "staff_sign_new", STAFF, BOTH),
    P("/staff/pickups", staff_pickups.staff_pickups, "staff_pickups", STAFF, BOTH),
    P("/staff/pickups/new", staff_pickups.staff_pickup_new, "staff_pickup_new", STAFF, BOTH, UPLOADS, PHOTO_BYTES),
    P("/staff/pickups/days/{day}/route.pdf", pickup_days.staff_pickup_route_pdf, "staff_pickup_route_pdf", STAFF),
    P("/staff/pickups/days/{day}", pickup_days.staff_pickup_day, "staff_pickup_day", STAFF, BOTH),
    P("/staff/pickups/days/{day}/route", pickup_days.staff_pickup_route, "staff_pickup_route", STAFF),
    P("/staff/pickups/calendar", pickup_days.staff_pickup_calendar, "staff_pickup_calendar", STAFF, BOTH),
    P("/layers/pickups", staff_pickups.layer_pickups, "layer_pickups", STAFF),
    P("/staff/faults", staff_faults.staff_faults, "staff_faults", STAFF),
    P("/staff/accidents", staff_accidents.staff_accidents, "staff_accidents", STAFF),
    P("/staff/accidents/new", staff_accidents.staff_accident_new, "staff_accident_new", STAFF, BOTH),
    P("/staff/reviews", staff_review_pages.staff_reviews, "staff_reviews", STAFF),
    P("/staff/desk", desk.staff_desk, "staff_desk", STAFF, BOTH),
    P("/staff/reports", reports.staff_reports, "staff_reports", STAFF),
    P("/staff/reports/exchange", reports.staff_report_exchange, "staff_report_exchange", STAFF),
    P("/staff/reports/exchange.{format}", reports.staff_report_exchange_file, "staff_report_exchange_file", STAFF),
    P("/staff/settings", settings_pages.staff_settings, "staff_settings", STAFF),
    P("/staff/settings/{group}", settings_pages.staff_settings_group, "staff_settings_group", ADMIN, BOTH),
    # --- staff: matching, messages -----------------------------------------------------------------
    P("/staff/opportunities", staff_opportunities.staff_opportunities, "staff_opportunities", STAFF),
    P("/staff/opportunities/new", posting.city_new, "staff_opportunity_new", STAFF, BOTH),
    P("/staff/matching", staff_matching.explain, "staff_matching", STAFF, BOTH),
    P("/staff/messages", staff_messages.messages, "staff_messages", STAFF, BOTH),
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
