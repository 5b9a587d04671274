-- What the matching adds: places per slot, open offers of the waiting list, the guards of help
-- calls, and certificates that stay as they were issued.

UPDATE opportunities SET published_at = created_at WHERE state <> 'draft';
ALTER TABLE opportunities
    ADD CONSTRAINT ck_opportunities_published_dated
        CHECK (state = 'draft' OR published_at IS NOT NULL);

-- Rows written by programs that know nothing of the column (a rolling update) get the moment too.
CREATE FUNCTION opportunities_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'draft' AND NEW.published_at IS NULL THEN
        NEW.published_at := NEW.updated_at;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER opportunities_published BEFORE INSERT OR UPDATE ON opportunities
    FOR EACH ROW EXECUTE FUNCTION opportunities_published();

-- Capacity holds under any race: the activity's row is locked, then people and open offers are
-- counted, for the activity and for the slot. The offer of the person who takes a place is free
-- for that person. A new row carries the service clock's moment, so an offer that ran out before it
-- holds nothing. A change does not (created_at is the moment of long ago): there every offer counts
-- until it is ended, which the queue does before each change (signups.waitlist.settle).
-- Who only gives places back, or changes another answer, takes none and is not counted.
CREATE OR REPLACE FUNCTION signups_within_capacity() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    places integer;
    slot_places integer;
    taken integer;
    slot_taken integer;
BEGIN
    IF NEW.cancelled_at IS NOT NULL THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF OLD.cancelled_at IS NULL AND NEW.people <= OLD.people
           AND NEW.opportunity_id = OLD.opportunity_id AND NEW.account_id = OLD.account_id
           AND (NEW.slot_id IS NULL OR NEW.slot_id = OLD.slot_id) THEN
            RETURN NEW;
        END IF;
    END IF;
    SELECT capacity INTO places FROM opportunities
     WHERE id = NEW.opportunity_id AND state = 'published' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the opportunity is not open'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_signups_open';
    END IF;
    SELECT coalesce(sum(people), 0),
           coalesce(sum(people) FILTER (WHERE slot_id = NEW.slot_id), 0)
      INTO taken, slot_taken
      FROM (SELECT people, slot_id FROM signups
             WHERE opportunity_id = NEW.opportunity_id AND cancelled_at IS NULL AND id <> NEW.id
            UNION ALL
            SELECT people, slot_id FROM waitlist_entries
             WHERE opportunity_id = NEW.opportunity_id AND ended_at IS NULL
               AND offer_expires_at IS NOT NULL
               AND (TG_OP = 'UPDATE' OR offer_expires_at > NEW.created_at)
               AND account_id <> NEW.account_id) held;
    IF taken + NEW.people > places THEN
        RAISE EXCEPTION 'no place is left'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_signups_capacity';
    END IF;
    IF NEW.slot_id IS NOT NULL THEN
        SELECT capacity INTO slot_places FROM opportunity_slots
         WHERE id = NEW.slot_id AND opportunity_id = NEW.opportunity_id AND closed_at IS NULL;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the slot is not open'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_signups_slot';
        END IF;
        IF slot_taken + NEW.people > slot_places THEN
            RAISE EXCEPTION 'no place is left in this slot'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_signups_capacity';
        END IF;
    END IF;
    RETURN NEW;
END $$;

-- A slot keeps room for those who have signed up for it.
CREATE FUNCTION opportunity_slots_capacity_not_below() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM opportunities WHERE id = NEW.opportunity_id FOR UPDATE;
    IF NEW.capacity < (SELECT coalesce(sum(people), 0) FROM signups
                        WHERE slot_id = NEW.id AND cancelled_at IS NULL) THEN
        RAISE EXCEPTION 'fewer places than people signed up'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_opportunity_slots_capacity_taken';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER opportunity_slots_capacity_not_below
    BEFORE UPDATE OF capacity ON opportunity_slots
    FOR EACH ROW EXECUTE FUNCTION opportunity_slots_capacity_not_below();

CREATE TRIGGER workflow_guard BEFORE INSERT OR UPDATE ON help_calls
    FOR EACH ROW EXECUTE FUNCTION workflow_guard('help_call');
CREATE CONSTRAINT TRIGGER workflow_needs_history
    AFTER INSERT OR UPDATE ON help_calls DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION workflow_needs_history('help_call');
CREATE TRIGGER workflow_never_deleted BEFORE DELETE ON help_calls
    FOR EACH ROW EXECUTE FUNCTION workflow_never_deleted('help_call');

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON certificates
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
