"""Who may not judge what, said once: the condition that the database's triggers and our queries share."""

from django.db.models import BooleanField, Func, Value

from assessments.rules import ACTIVE_ASSIGNMENTS, BINDING_ROUNDS, INSIDE

ACTIVE = "g.status IN ({})".format(", ".join(f"'{status}'" for status in ACTIVE_ASSIGNMENTS))
BINDING_STATES = "({})".format(", ".join(f"'{status}'" for status in BINDING_ROUNDS))
# Ties in force and those that are to begin: with time a tie can end, never begin.
_BINDS = "({0}.until IS NULL OR {0}.until >= (now() AT TIME ZONE 'Asia/Tehran')::date)"
_HOLDS = "(t.until IS NULL OR t.until > now())"
_INSIDE = ", ".join(f"'{kind}'" for kind in INSIDE)

# What no waiver lifts: a live role in the agency, working in it or leading it, having made the thing, one's own word.
_FIRM = f"""
    EXISTS (SELECT 1 FROM secretariat_rolegrant t LEFT JOIN secretariat_unit n ON n.id = t.unit_id
            WHERE t.user_id = u.id AND coalesce(t.agency_id, n.agency_id) = s.agency_id AND {_HOLDS})
    OR EXISTS (SELECT 1 FROM assessments_affiliation a
               WHERE a.assessor_id = p.id AND a.agency_id = s.agency_id AND a.kind IN ({_INSIDE}) AND {_BINDS.format("a")})
    OR EXISTS (SELECT 1 FROM assessments_subjectmaker m
               WHERE m.subject_id = s.id AND (m.user_id = u.id OR m.name_key IN (u.name_key, u.name_en_key)))
    OR EXISTS (SELECT 1 FROM assessments_conflictofinterest c
               WHERE c.assessor_id = p.id AND c.subject_id = s.id AND c.source = 'declared' AND {_BINDS.format("c")})
"""
# What a waiver for this one subject lifts: other affiliations, what staff recorded, relations to those behind the thing.
_WAIVABLE = f"""
    EXISTS (SELECT 1 FROM assessments_affiliation a
            WHERE a.assessor_id = p.id AND a.agency_id = s.agency_id AND {_BINDS.format("a")})
    OR EXISTS (SELECT 1 FROM assessments_conflictofinterest c
               WHERE c.assessor_id = p.id AND c.subject_id = s.id AND {_BINDS.format("c")})
    OR EXISTS (SELECT 1 FROM assessments_relation l WHERE l.assessor_id = p.id AND {_BINDS.format("l")} AND (
           EXISTS (SELECT 1 FROM assessments_subjectmaker m WHERE m.subject_id = s.id AND m.name_key = l.name_key)
           OR EXISTS (SELECT 1 FROM secretariat_agency y WHERE y.id = s.agency_id AND y.head_key = l.name_key)
           OR EXISTS (SELECT 1 FROM secretariat_rolegrant t JOIN secretariat_user x ON x.id = t.user_id
                      LEFT JOIN secretariat_unit n ON n.id = t.unit_id
                      WHERE coalesce(t.agency_id, n.agency_id) = s.agency_id AND {_HOLDS}
                        AND l.name_key IN (x.name_key, x.name_en_key))))
"""


def conflicted(assessor, subject):
    """SQL that is true when this assessor may not judge this subject; both are SQL for a primary key."""
    return f"""EXISTS (
        SELECT 1 FROM assessments_assessor p JOIN secretariat_user u ON u.id = p.user_id, assessments_subject s
        WHERE p.id = {assessor} AND s.id = {subject} AND ({_FIRM} OR (
            NOT EXISTS (SELECT 1 FROM assessments_conflictwaiver w
                        WHERE w.assessor_id = p.id AND w.subject_id = s.id AND w.status = 'granted')
            AND ({_WAIVABLE}))))"""


def partial(user, subject):
    """SQL that is true when this person may not decide on this subject; a waiver for judging gives nobody a vote."""
    return f"""EXISTS (
        SELECT 1 FROM secretariat_user u LEFT JOIN assessments_assessor p ON p.user_id = u.id, assessments_subject s
        WHERE u.id = {user} AND s.id = {subject} AND ({_FIRM} OR {_WAIVABLE}
            OR EXISTS (SELECT 1 FROM assessments_assignment g JOIN assessments_entry e ON e.id = g.entry_id
                       WHERE g.assessor_id = p.id AND e.subject_id = s.id AND {ACTIVE})))"""


class Conflicted(Func):
    """The same for a query: `filter(Conflicted("assessor", "entry__subject"))`."""

    arity = 2
    output_field = BooleanField()
    conditional = True

    def as_sql(self, compiler, connection, **context):
        (assessor, first), (subject, second) = (compiler.compile(part) for part in self.source_expressions)
        return conflicted(assessor, subject), [*first, *second]


class Partial(Conflicted):
    """`partial` for a query, of a person by number or by name of the column: `filter(Partial(user.pk, "product__subject"))`."""

    def __init__(self, user, subject, **more):
        super().__init__(user if hasattr(user, "resolve_expression") or isinstance(user, str) else Value(user), subject, **more)

    def as_sql(self, compiler, connection, **context):
        (user, first), (subject, second) = (compiler.compile(part) for part in self.source_expressions)
        return partial(user, subject), [*first, *second]


def lock_names(keys):
    """SQL that lets pass, one after the other, whoever writes one of these names: a relation and the maker it meets."""
    return f"""PERFORM pg_advisory_xact_lock(hashtextextended('name ' || k, 0)) FROM (
            SELECT DISTINCT k FROM unnest(ARRAY[{keys}]) k WHERE k <> '' ORDER BY k) named;"""


def no_live_assignment(suspects, *, names="", before=""):
    """The body of a deferred trigger: at commit none of the `suspects` (SQL that selects assessors) judges what he must not.

    Their rows are locked here against the share lock of `no_assignment_with_a_conflict`: whichever of a tie and an
    assignment comes second sees the first. Ties that meet by name are lined up by `names`, SQL for the keys.
    """
    return f"""
        {lock_names(names) if names else ""}
        {before}
        PERFORM 1 FROM assessments_assessor p WHERE p.id IN ({suspects}) ORDER BY p.id FOR NO KEY UPDATE;
        IF EXISTS (SELECT 1 FROM assessments_assignment g JOIN assessments_entry e ON e.id = g.entry_id
                   JOIN assessments_round r ON r.id = e.round_id
                   WHERE g.assessor_id IN ({suspects}) AND {ACTIVE} AND r.status IN {BINDING_STATES}
                     AND {conflicted("g.assessor_id", "e.subject_id")}) THEN
            RAISE EXCEPTION 'the assessor still judges what this tie forbids' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    """
