-- What the database itself guards in the partner programme.

-- --- agreements that were there before -----------------------------------------------------------
-- Agreed on paper, before this program knew of confirmations: each partner gets one case.
UPDATE agreements
   SET partner_confirmed_at = agreed_on, partner_confirmed_how = 'paper',
       city_confirmed_at = agreed_on, city_confirmed_how = 'paper'
 WHERE agreed_on IS NOT NULL;

INSERT INTO enrolments (id, state, subject, answers, partner_id, by_proxy, section, ended_on,
                        created_at, updated_at)
SELECT gen_random_uuid(),
       CASE WHEN bool_or(upper_inf(g.period) OR upper(g.period) > current_date)
            THEN 'active' ELSE 'expired' END,
       p.subject, '{}', p.id, true, max(g.section),
       CASE WHEN bool_or(upper_inf(g.period) OR upper(g.period) > current_date)
            THEN NULL ELSE max(upper(g.period)) END,
       min(g.created_at), min(g.created_at)
  FROM partners p JOIN agreements g ON g.partner_id = p.id
 GROUP BY p.id, p.subject;

UPDATE agreements SET enrolment_id = e.id FROM enrolments e
 WHERE e.partner_id = agreements.partner_id;

INSERT INTO state_changes (id, machine, object_id, to_state, from_state, verb, comment, detail, at, by_hat)
SELECT gen_random_uuid(), 'enrolment', id, state, '', 'migrate', '', '{}', now(), 'system'
  FROM enrolments;

INSERT INTO partner_people (partner_id, counted_on, people)
SELECT id, since, registered_people FROM partners;

-- An agreement that is ended before its first day keeps its row, with an empty period.
ALTER TABLE agreements
    DROP CONSTRAINT ck_agreements_period_real,
    ADD CONSTRAINT ck_agreements_period_real CHECK (NOT lower_inf(period));

-- New columns of agreements keep their promises from here on.
ALTER TABLE agreements
    ADD CONSTRAINT ck_agreements_occasion_known CHECK (occasion IN ('new', 'change', 'renewal')),
    ADD CONSTRAINT ck_agreements_agreed_with_somebody
        CHECK (agreed_on IS NULL OR partner_id IS NOT NULL),
    ADD CONSTRAINT ck_agreements_agreed_by_both
        CHECK (agreed_on IS NULL OR (partner_confirmed_at IS NOT NULL AND city_confirmed_at IS NOT NULL)),
    ADD CONSTRAINT ck_agreements_confirmed_somehow
        CHECK ((partner_confirmed_at IS NULL) = (partner_confirmed_how IS NULL) AND
               (city_confirmed_at IS NULL) = (city_confirmed_how IS NULL)),
    ADD CONSTRAINT ck_agreements_how_known
        CHECK (partner_confirmed_how IN ('app', 'paper', 'carried') AND
               city_confirmed_how IN ('app', 'paper', 'carried')),
    ADD CONSTRAINT ck_agreements_confirmed_a_text
        CHECK ((partner_confirmed_how IS DISTINCT FROM 'app' AND
                city_confirmed_how IS DISTINCT FROM 'app') OR document_sha256 <> '');

-- --- state machines ------------------------------------------------------------------------------
-- No record is born in, or moves to, a state its machine does not lead to. TG_ARGV[0] = machine.
CREATE FUNCTION workflow_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was text := '';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.id <> OLD.id THEN
            RAISE EXCEPTION 'a record keeps its id'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_workflow_id';
        END IF;
        IF NEW.state = OLD.state THEN
            RETURN NEW;
        END IF;
        was := OLD.state;
    END IF;
    IF NOT EXISTS (SELECT FROM workflow_edges
                    WHERE machine = TG_ARGV[0] AND from_state = was AND to_state = NEW.state) THEN
        RAISE EXCEPTION '%: no step from "%" to "%"', TG_ARGV[0], was, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_workflow_step';
    END IF;
    RETURN NEW;
END $$;

-- No step without its line in the history, in the same transaction; checked at the commit.
CREATE FUNCTION workflow_needs_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.state = OLD.state THEN
        RETURN NULL;
    END IF;
    IF NOT EXISTS (SELECT FROM state_changes
                    WHERE object_id = NEW.id AND machine = TG_ARGV[0] AND to_state = NEW.state
                      AND transaction = pg_current_xact_id()::text::bigint) THEN
        RAISE EXCEPTION '%: a step to "%" without its history', TG_ARGV[0], NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_workflow_history';
    END IF;
    RETURN NULL;
END $$;

-- A record with a life is never deleted: it ends in a state. (A draft may be thrown away.)
CREATE FUNCTION workflow_never_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'draft' THEN
        RAISE EXCEPTION '%: a record is ended, not deleted', TG_ARGV[0]
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_workflow_kept';
    END IF;
    RETURN OLD;
END $$;

DO $$
DECLARE
    pair text[];
BEGIN
    FOREACH pair SLICE 1 IN ARRAY ARRAY[
        ['enrolment', 'enrolments'], ['notice', 'change_notices'], ['succession', 'successions'],
        ['supply', 'supply_requests'], ['loan', 'loans'], ['sign', 'signs'], ['pickup', 'pickups'],
        ['fault', 'faults'], ['accident', 'accidents'], ['post', 'posts'], ['meeting', 'meetings']]
    LOOP
        EXECUTE format('CREATE TRIGGER workflow_guard BEFORE INSERT OR UPDATE ON %I '
                       'FOR EACH ROW EXECUTE FUNCTION workflow_guard(%L)', pair[2], pair[1]);
        EXECUTE format('CREATE CONSTRAINT TRIGGER workflow_needs_history '
                       'AFTER INSERT OR UPDATE ON %I DEFERRABLE INITIALLY DEFERRED '
                       'FOR EACH ROW EXECUTE FUNCTION workflow_needs_history(%L)', pair[2], pair[1]);
        EXECUTE format('CREATE TRIGGER workflow_never_deleted BEFORE DELETE ON %I '
                       'FOR EACH ROW EXECUTE FUNCTION workflow_never_deleted(%L)', pair[2], pair[1]);
    END LOOP;
END $$;

-- --- what is only ever added to ------------------------------------------------------------------
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON state_changes
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stock_moves
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON agreement_templates
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- --- agreements ----------------------------------------------------------------------------------
-- What somebody has confirmed does not change under them; what both confirmed never changes. Only
-- the period of a concluded agreement may be cut short (辞退, 解消), and links be added.
CREATE FUNCTION agreements_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.agreed_on IS NOT NULL THEN
            RAISE EXCEPTION 'an agreement is never deleted'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_agreements_kept';
        END IF;
        RETURN OLD;
    END IF;
    IF (NEW.document, NEW.document_sha256, NEW.purpose, NEW.partner_role, NEW.city_role, NEW.forms,
        NEW.section, NEW.planned_times_per_year, NEW.planned_season, NEW.supports, NEW.consent_name,
        NEW.consent_areas, NEW.consent_photos, NEW.occasion,
        CASE WHEN OLD.agreed_on IS NULL THEN NEW.period END)
       IS DISTINCT FROM
       (OLD.document, OLD.document_sha256, OLD.purpose, OLD.partner_role, OLD.city_role, OLD.forms,
        OLD.section, OLD.planned_times_per_year, OLD.planned_season, OLD.supports, OLD.consent_name,
        OLD.consent_areas, OLD.consent_photos, OLD.occasion,
        CASE WHEN OLD.agreed_on IS NULL THEN OLD.period END)
       AND (OLD.agreed_on IS NOT NULL OR NEW.partner_confirmed_at IS NOT NULL
            OR NEW.city_confirmed_at IS NOT NULL)
       AND (OLD.partner_confirmed_at IS NOT NULL OR OLD.city_confirmed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a confirmed text does not change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_agreements_frozen';
    END IF;
    IF OLD.agreed_on IS NOT NULL AND (
        (NEW.agreed_on, NEW.partner_id, NEW.partner_confirmed_at, NEW.partner_confirmed_how,
         NEW.partner_confirmed_by, NEW.partner_confirmed_name, NEW.city_confirmed_at,
         NEW.city_confirmed_how, NEW.city_confirmed_by, NEW.city_confirmed_name,
         CASE WHEN isempty(NEW.period) THEN lower(OLD.period) ELSE lower(NEW.period) END)
        IS DISTINCT FROM
        (OLD.agreed_on, OLD.partner_id, OLD.partner_confirmed_at, OLD.partner_confirmed_how,
         OLD.partner_confirmed_by, OLD.partner_confirmed_name, OLD.city_confirmed_at,
         OLD.city_confirmed_how, OLD.city_confirmed_by, OLD.city_confirmed_name, lower(OLD.period))
        OR NOT (OLD.period @> NEW.period)) THEN
        RAISE EXCEPTION 'a concluded agreement does not change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_agreements_concluded';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER agreements_frozen BEFORE UPDATE OR DELETE ON agreements
    FOR EACH ROW EXECUTE FUNCTION agreements_frozen();

-- Nobody is "agreed" without an agreement that both sides have confirmed.
CREATE FUNCTION enrolments_agreed_by_both() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state IS DISTINCT FROM OLD.state AND NEW.state IN ('agreed', 'active')
       AND NOT EXISTS (SELECT FROM agreements
                        WHERE enrolment_id = NEW.id AND agreed_on IS NOT NULL) THEN
        RAISE EXCEPTION 'no agreement confirmed by both'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_enrolments_agreed_by_both';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER enrolments_agreed_by_both BEFORE UPDATE OF state ON enrolments
    FOR EACH ROW EXECUTE FUNCTION enrolments_agreed_by_both();

-- What one side has confirmed of a proposal holds for the case as it stood then. When the case goes
-- another way (差戻し, a change that is taken back, a renewal by one tap) and later waits for an
-- agreement again, nobody is bound by the old proposal: both confirm anew.
CREATE FUNCTION enrolments_clear_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE agreements
       SET partner_confirmed_at = NULL, partner_confirmed_by = NULL, partner_confirmed_how = NULL,
           partner_confirmed_name = '', city_confirmed_at = NULL, city_confirmed_by = NULL,
           city_confirmed_how = NULL, city_confirmed_name = '', paper_file_id = NULL
     WHERE enrolment_id = NEW.id AND agreed_on IS NULL
       AND (partner_confirmed_at IS NOT NULL OR city_confirmed_at IS NOT NULL
            OR paper_file_id IS NOT NULL);
    RETURN NULL;
END $$;

CREATE TRIGGER enrolments_clear_proposal AFTER UPDATE OF state ON enrolments
    FOR EACH ROW WHEN (NEW.state <> OLD.state
                       AND NEW.state NOT IN ('rejected', 'expired', 'withdrawn', 'cancelled'))
    EXECUTE FUNCTION enrolments_clear_proposal();

-- --- stock ---------------------------------------------------------------------------------------
-- The level is kept under its row lock, so two hand-outs of the last ten bags cannot both succeed.
CREATE FUNCTION stock_moves_keep_level() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stock_levels (item_id, place_id, quantity) VALUES (NEW.item_id, NEW.place_id, 0)
    ON CONFLICT DO NOTHING;
    UPDATE stock_levels SET quantity = quantity + NEW.quantity
     WHERE item_id = NEW.item_id AND place_id = NEW.place_id;
    RETURN NULL;
END $$;

CREATE TRIGGER stock_moves_keep_level AFTER INSERT ON stock_moves
    FOR EACH ROW EXECUTE FUNCTION stock_moves_keep_level();

-- --- reviews -------------------------------------------------------------------------------------
CREATE FUNCTION reviews_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.submitted_at IS NOT NULL THEN
        RAISE EXCEPTION 'a submitted review stands'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_reviews_stand';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER reviews_stand BEFORE UPDATE OR DELETE ON reviews
    FOR EACH ROW EXECUTE FUNCTION reviews_stand();

-- --- the desk ------------------------------------------------------------------------------------
-- Everything that waits for the city, in one shape. Counts and lists both read this view.
-- ``since``: when it came to this state, so that a corrected application waits anew.
-- (An offered area waits for the city from the day on which somebody first raised a hand.)
-- ``due_on``: a day that is fixed already (hand-out, return, collection); else its age decides.
-- ``patient``: it waits for others and does not age on the desk.
CREATE VIEW desk_items AS
SELECT w.kind, w.id, w.code, w.title, w.partner_id, w.section, w.state,
       greatest(coalesce(s.at, w.since), w.asked) AS since, w.due_on, w.patient
  FROM (
SELECT 'enrolment' AS kind, e.id, e.code, coalesce(p.name, e.answers ->> 'name', '') AS title,
       e.partner_id, e.section, e.state, coalesce(e.submitted_at, e.created_at) AS since,
       CASE e.state WHEN 'renewal' THEN (
            SELECT max(upper(g.period)) - 1 FROM agreements g
             WHERE g.enrolment_id = e.id AND g.agreed_on IS NOT NULL) END AS due_on,
       false AS patient, NULL::timestamptz AS asked
  FROM enrolments e LEFT JOIN partners p ON p.id = e.partner_id
 WHERE e.state IN ('submitted', 'checking', 'changing', 'renewal')
UNION ALL
SELECT 'notice', n.id, p.code, p.name, n.partner_id, n.section, n.state, n.created_at, NULL, false,
       NULL
  FROM change_notices n JOIN partners p ON p.id = n.partner_id WHERE n.state = 'submitted'
UNION ALL
SELECT 'succession', s.id, a.code, a.name, s.partner_id, s.section, s.state, s.created_at,
       upper(s.trial) - 1,
       s.state = 'offered'
       AND NOT EXISTS (SELECT FROM succession_hands h WHERE h.succession_id = s.id),
       (SELECT min(h.created_at) FROM succession_hands h WHERE h.succession_id = s.id)
  FROM successions s JOIN areas a ON a.id = s.area_id
 WHERE s.state IN ('offered', 'trial')
UNION ALL
SELECT 'supply', r.id, p.code, p.name, r.partner_id, r.section, r.state, r.created_at,
       r.wanted_on, false, NULL
  FROM supply_requests r JOIN partners p ON p.id = r.partner_id
 WHERE r.state IN ('requested', 'approved')
UNION ALL
SELECT 'loan', l.id, u.code, u.name, l.partner_id, l.section, l.state, l.created_at,
       CASE l.state WHEN 'out' THEN upper(l.period) - 1 ELSE lower(l.period) END, false, NULL
  FROM loans l JOIN loan_units u ON u.id = l.unit_id
 WHERE l.state IN ('reserved', 'out')
UNION ALL
SELECT 'sign', s.id, a.code, a.name, s.partner_id, s.section, s.state, s.created_at, NULL, false,
       NULL
  FROM signs s JOIN areas a ON a.id = s.area_id
 WHERE s.state IN ('wished', 'naming')
UNION ALL
SELECT 'pickup', k.id, k.code, k.place_note, k.partner_id, k.section, k.state, k.created_at,
       coalesce(k.scheduled_on, k.wished_on), false, NULL
  FROM pickups k
 WHERE k.state IN ('requested', 'accepted', 'scheduled')
UNION ALL
SELECT 'fault', f.id, f.code, left(f.description, 80), f.partner_id, f.section, f.state,
       f.created_at, NULL, false, NULL
  FROM faults f WHERE f.state IN ('received', 'forwarded', 'in_progress')
UNION ALL
SELECT 'accident', c.id, p.code, left(c.place_note, 80), c.partner_id, c.section, c.state,
       c.created_at, NULL, false, NULL
  FROM accidents c JOIN partners p ON p.id = c.partner_id
 WHERE c.state IN ('submitted', 'acknowledged')
UNION ALL
SELECT 'post', t.id, '', coalesce(nullif(t.title, ''), left(t.body, 40)), t.partner_id, t.section,
       t.state, t.created_at, NULL, false, NULL
  FROM posts t WHERE t.state = 'pending'
UNION ALL
SELECT 'cleanup', c.id, a.code, a.name, c.partner_id, a.section, c.state, c.updated_at, NULL, false,
       NULL
  FROM cleanups c JOIN areas a ON a.id = c.area_id
 WHERE c.state = 'submitted'
       ) w
  LEFT JOIN LATERAL (
       SELECT max(h.at) AS at FROM state_changes h
        WHERE h.object_id = w.id AND h.machine = w.kind) s ON true;
