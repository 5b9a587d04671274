-- What the database itself guards. Kept as SQL so that it can be read and reviewed as SQL.

CREATE SEQUENCE area_code_seq;
CREATE SEQUENCE partner_code_seq;

-- Codes people say aloud: A-0001, MP-0001. Grows past four digits instead of truncating.
CREATE FUNCTION next_code(prefix text, sequence_name text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    n text := nextval(sequence_name::regclass)::text;
BEGIN
    RETURN prefix || '-' || lpad(n, greatest(4, length(n)), '0');
END $$;
