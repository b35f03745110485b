"""What the database itself refuses of agreements, whoever asks (law 6)."""

import pgtrigger

CLAUSES_ONLY_IN_DRAFT = pgtrigger.Trigger(
    name="only_in_draft",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
    declare=[("owner", "bigint[]"), ("frozen", "text")],
    func=pgtrigger.Func(  # type: ignore[no-untyped-call]
        """
                    owner := CASE TG_OP
                        WHEN 'INSERT' THEN ARRAY[NEW.version_id]
                        WHEN 'DELETE' THEN ARRAY[OLD.version_id]
                        ELSE ARRAY[OLD.version_id, NEW.version_id]
                    END;
                    SELECT state INTO frozen FROM agreements_version
                        WHERE id = ANY(owner) AND state <> 'draft' LIMIT 1;
                    IF frozen IS NOT NULL THEN
                        RAISE EXCEPTION 'The version is %: its clauses cannot change.', frozen
                            USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    RETURN NEW;
                    """
    ),
)
"""The indentation of the SQL is as in the migrations:

another one would make new ones in every app with clauses.
"""

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)

KEEPS_ITS_WORD = pgtrigger.Trigger(
    name="keeps_its_word",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
    func="""
        IF TG_OP = 'DELETE' THEN
            IF OLD.state <> 'draft' THEN
                RAISE EXCEPTION 'The version is %: it cannot be deleted.', OLD.state
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN OLD;
        END IF;
        IF TG_OP = 'INSERT' THEN
            IF NEW.state <> 'draft' OR NEW.content_hash <> '' THEN
                RAISE EXCEPTION 'A version begins as a draft without a hash.'
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
            ('draft', 'proposed'), ('draft', 'withdrawn'), ('proposed', 'withdrawn'),
            ('proposed', 'active'), ('active', 'superseded')
        ) THEN
            RAISE EXCEPTION 'A version that is % does not become %.', OLD.state, NEW.state
                USING ERRCODE = 'check_violation';
        END IF;
        IF (NEW.agreement_id, NEW.number, NEW.created_at)
            IS DISTINCT FROM (OLD.agreement_id, OLD.number, OLD.created_at)
        OR OLD.state <> 'draft' AND (
            NEW.title, NEW.preamble, NEW.change_note, NEW.content_hash, NEW.proposed_at
        ) IS DISTINCT FROM (
            OLD.title, OLD.preamble, OLD.change_note, OLD.content_hash, OLD.proposed_at
        )
        OR OLD.activated_at IS NOT NULL AND NEW.activated_at IS DISTINCT FROM OLD.activated_at
        OR OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at THEN
            RAISE EXCEPTION 'The version is %: what it says cannot change.', OLD.state
                USING ERRCODE = 'check_violation';
        END IF;
        IF OLD.state = 'draft' AND
            (NEW.state = 'proposed') IS DISTINCT FROM (NEW.content_hash ~ '^[0-9a-f]{64}$') THEN
            RAISE EXCEPTION 'A version has a hash from the moment it is proposed.'
                USING ERRCODE = 'check_violation';
        END IF;
        IF OLD.state = 'proposed' AND NEW.state = 'active' AND (
            SELECT count(DISTINCT side) FROM agreements_signature
            WHERE version_id = NEW.id AND content_hash = NEW.content_hash
        ) < 2 THEN
            RAISE EXCEPTION 'A version comes into force when both sides have signed it.'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)

SIGNS_WHAT_IS_PROPOSED = pgtrigger.Trigger(
    name="signs_what_is_proposed",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    func="""
        IF NOT EXISTS (
            SELECT FROM agreements_version
            WHERE id = NEW.version_id AND state = 'proposed' AND content_hash = NEW.content_hash
        ) THEN
            RAISE EXCEPTION 'A signature stands under the content of a proposed version.'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)

KEEPS_ITS_CURRENCY = pgtrigger.Trigger(
    name="keeps_its_currency",
    when=pgtrigger.Before,
    operation=pgtrigger.Update,
    condition=pgtrigger.Q(old__currency__df=pgtrigger.F("new__currency")),
    func="""
        IF EXISTS (
            SELECT FROM agreements_version
            WHERE agreement_id = NEW.id AND state NOT IN ('draft', 'withdrawn')
        ) THEN
            RAISE EXCEPTION 'Signed amounts are in %: the currency cannot change.', OLD.currency
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)
