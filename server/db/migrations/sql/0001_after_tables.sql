-- What the database itself guards. Kept as SQL so that it can be read and reviewed as SQL.

-- Every shape and description an area ever had is kept; cleanups point at the version of their day.
CREATE FUNCTION areas_next_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.name, NEW.kind, NEW.manager, NEW.section) IS DISTINCT FROM
       (OLD.name, OLD.kind, OLD.manager, OLD.section)
       OR NOT ST_OrderingEquals(NEW.geom, OLD.geom) THEN
        NEW.version := OLD.version + 1;
    ELSE
        NEW.version := OLD.version;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER areas_next_version BEFORE UPDATE ON areas
    FOR EACH ROW EXECUTE FUNCTION areas_next_version();

CREATE FUNCTION areas_keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.version = OLD.version THEN
            RETURN NULL;
        END IF;
        UPDATE area_versions SET valid_to = NEW.updated_at
         WHERE area_id = NEW.id AND version = OLD.version;
    END IF;
    INSERT INTO area_versions (area_id, version, name, kind, manager, section, geom, valid_from)
    VALUES (NEW.id, NEW.version, NEW.name, NEW.kind, NEW.manager, NEW.section, NEW.geom,
            NEW.updated_at);
    RETURN NULL;
END $$;

CREATE TRIGGER areas_keep_version AFTER INSERT OR UPDATE ON areas
    FOR EACH ROW EXECUTE FUNCTION areas_keep_version();

-- The last place goes to exactly one of many simultaneous people: whoever gets the row lock first.
CREATE FUNCTION signups_within_capacity() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    places integer;
    taken integer;
BEGIN
    IF NEW.cancelled_at IS NOT NULL THEN
        RETURN NEW;
    END IF;
    SELECT capacity INTO places FROM opportunities
     WHERE id = NEW.opportunity_id AND state = 'published' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the opportunity is not open'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_signups_open';
    END IF;
    SELECT coalesce(sum(people), 0) INTO taken FROM signups
     WHERE opportunity_id = NEW.opportunity_id AND cancelled_at IS NULL AND id <> NEW.id;
    IF taken + NEW.people > places THEN
        RAISE EXCEPTION 'no place is left'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_signups_capacity';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER signups_within_capacity BEFORE INSERT OR UPDATE ON signups
    FOR EACH ROW EXECUTE FUNCTION signups_within_capacity();

CREATE FUNCTION opportunities_capacity_not_below() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.capacity < (SELECT coalesce(sum(people), 0) FROM signups
                        WHERE opportunity_id = NEW.id AND cancelled_at IS NULL) THEN
        RAISE EXCEPTION 'fewer places than people signed up'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_opportunities_capacity_taken';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER opportunities_capacity_not_below BEFORE UPDATE OF capacity ON opportunities
    FOR EACH ROW EXECUTE FUNCTION opportunities_capacity_not_below();

-- The audit trail can only grow.
CREATE FUNCTION audit_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are never changed or deleted'
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_events_append_only();
