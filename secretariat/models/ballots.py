"""Voting on a resolution: ballots, open votes, recusals, and secret votes of which only the sum is kept, sealed."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from secretariat import rules
from secretariat.models.bodies import DecisionRule, Seat, rule_of
from secretariat.models.meetings import IN_FORCE
from secretariat.models.moves import Move
from secretariat.models.people import User
from secretariat.models.resolutions import Resolution
from secretariat.rules.voting import Standing

_COUNTS = ("seats", "present", "recused", "recused_present", "votes_for", "votes_against", "votes_abstain")
_RULE = "quorum_over, {0}.quorum_under, {0}.share_over, {0}.share_under, {0}.is_strict, {0}.of, {0}.is_secret, {0}.casting"


def _rule(row):
    return f"{row}.resolution_id, {row}.number, {row}.opened_at, {row}.opened_by_id, {row}." + _RULE.format(row)


def _counted(row):
    return ", ".join(f"{row}.{name}" for name in _COUNTS)


# Who may vote in a ballot now: SQL over `b` (the ballot) and NEW (the vote or the mark).
_ENTITLED = f"""
    SELECT * INTO b FROM secretariat_ballot WHERE id = NEW.ballot_id FOR SHARE;
    IF b.status <> 'open' THEN
        RAISE EXCEPTION 'only an open ballot takes votes' USING ERRCODE = 'check_violation';
    END IF;
    -- The presence is locked: who is just leaving has either left before the vote or leaves after it.
    PERFORM 1 FROM secretariat_resolution r JOIN secretariat_meeting m ON m.id = r.meeting_id
    JOIN secretariat_seat s ON s.council_id = r.council_id AND s.id = NEW.seat_id
    JOIN secretariat_attendance a ON a.meeting_id = m.id AND a.seat_id = s.id
    JOIN secretariat_presence p ON p.attendance_id = a.id AND p.left_at IS NULL AND p.arrived_at <= NEW.at
    WHERE r.id = b.resolution_id AND m.status = 'in_session' AND s.role <> 'observer' AND {IN_FORCE} FOR SHARE OF p;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'only a seat present at the meeting, with a vote, may vote' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM secretariat_recusal c WHERE c.resolution_id = b.resolution_id AND c.seat_id = NEW.seat_id) THEN
        RAISE EXCEPTION 'who is recused does not vote' USING ERRCODE = 'check_violation';
    END IF;
"""


@pghistory.track()
class Ballot(models.Model):
    """One vote on a resolution, by the rule as it was when the ballot opened, with its counts once it is closed."""

    Status = rules.BallotStatus
    MOVES = rules.BALLOT_MOVES

    class Verdict(models.TextChoices):
        NONE = "", _("undecided")
        CARRIED = "carried", _("carried")
        LOST = "lost", _("not carried")

    resolution = models.ForeignKey(Resolution, models.PROTECT, related_name="ballots", verbose_name=_("resolution"))
    number = models.PositiveSmallIntegerField(_("number"), default=1)
    status = models.CharField(_("state"), max_length=6, choices=Status, default=Status.OPEN, editable=False)
    quorum_over = models.PositiveSmallIntegerField()
    quorum_under = models.PositiveSmallIntegerField()
    share_over = models.PositiveSmallIntegerField()
    share_under = models.PositiveSmallIntegerField()
    is_strict = models.BooleanField()
    of = models.CharField(max_length=7, choices=DecisionRule.Of)
    is_secret = models.BooleanField(_("secret ballot"))
    casting = models.BooleanField()
    opened_at = models.DateTimeField(_("opened at"), default=timezone.now)
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # null: taken over from older papers
    closed_at = models.DateTimeField(_("closed at"), null=True)
    verdict = models.CharField(_("verdict"), max_length=7, choices=Verdict, default=Verdict.NONE, blank=True)
    seats = models.PositiveSmallIntegerField(_("voting seats"), null=True)
    present = models.PositiveSmallIntegerField(_("present"), null=True)
    recused = models.PositiveSmallIntegerField(_("recused"), null=True)
    recused_present = models.PositiveSmallIntegerField(null=True)
    votes_for = models.PositiveSmallIntegerField(_("for"), null=True)
    votes_against = models.PositiveSmallIntegerField(_("against"), null=True)
    votes_abstain = models.PositiveSmallIntegerField(_("abstained"), null=True)
    casting_choice = models.CharField(_("casting vote"), max_length=7, blank=True)
    casting_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    casting_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("ballot"), _("ballots")
        ordering = ["resolution", "number"]
        constraints = [
            models.UniqueConstraint(fields=["resolution", "number"], name="ballots_of_a_resolution_are_numbered"),
            models.UniqueConstraint(fields=["resolution"], condition=~Q(status="void"), name="one_ballot_that_counts"),
            models.CheckConstraint(
                name="counted_exactly_when_closed",
                condition=Q(status="open", closed_at=None, verdict="", **dict.fromkeys(_COUNTS))
                | Q(status="void", verdict="")
                | Q(status="tied", closed_at__isnull=False, verdict="", **{f"{name}__isnull": False for name in _COUNTS})
                | Q(
                    status="closed",
                    closed_at__isnull=False,
                    verdict__in=["carried", "lost"],
                    **{f"{name}__isnull": False for name in _COUNTS},
                ),
            ),
            models.CheckConstraint(
                name="casting_vote_is_whole",
                condition=Q(casting_choice="", casting_by=None, casting_at=None)
                | Q(
                    casting_choice__in=["for", "against"],
                    casting_by__isnull=False,
                    casting_at__isnull=False,
                    casting=True,
                    status="closed",
                ),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="ballot_opens_at_a_meeting_in_session",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    -- Locked against the end of the session and the decision, which wait for what is opened here.
                    PERFORM 1 FROM secretariat_resolution r JOIN secretariat_meeting m ON m.id = r.meeting_id
                    WHERE r.id = NEW.resolution_id AND r.status = 'draft' AND m.status = 'in_session' FOR SHARE;
                    IF NOT FOUND OR NEW.status <> 'open' THEN
                        RAISE EXCEPTION 'a ballot opens on a draft, while the meeting is in session' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="counted_ballot_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func=f"""
                    IF TG_OP = 'DELETE' OR OLD.status IN ('closed', 'void') OR ({_rule("NEW")}) IS DISTINCT FROM ({_rule("OLD")}) THEN
                        RAISE EXCEPTION 'a ballot keeps its rule, and once counted everything' USING ERRCODE = 'check_violation';
                    END IF;
                    IF OLD.status = 'tied' AND (NEW.status = 'open' OR ({_counted("NEW")}, NEW.closed_at)
                                                IS DISTINCT FROM ({_counted("OLD")}, OLD.closed_at)) THEN
                        RAISE EXCEPTION 'what was counted stays so' USING ERRCODE = 'check_violation';
                    END IF;
                    IF OLD.status = 'open' AND NEW.status IN ('tied', 'closed') AND NOT NEW.is_secret AND EXISTS (
                        SELECT 1 FROM (SELECT count(*) FILTER (WHERE choice = 'for') f, count(*) FILTER (WHERE choice = 'against') a,
                                              count(*) FILTER (WHERE choice = 'abstain') n
                                       FROM secretariat_vote WHERE ballot_id = NEW.id) v
                        WHERE (v.f, v.a, v.n) IS DISTINCT FROM (NEW.votes_for, NEW.votes_against, NEW.votes_abstain)) THEN
                        RAISE EXCEPTION 'the counts are those of the votes' USING ERRCODE = 'check_violation';
                    END IF;
                    IF OLD.status = 'open' AND NEW.status IN ('tied', 'closed') AND NEW.is_secret
                       AND NEW.votes_for + NEW.votes_against + NEW.votes_abstain
                           <> (SELECT count(*) FROM secretariat_ballotmark WHERE ballot_id = NEW.id) THEN
                        RAISE EXCEPTION 'as many votes as people who voted' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.resolution} – {self.number}"

    @property
    def rule(self):
        """The VotingRule it is taken by."""
        return rule_of(self)

    @property
    def standing(self):
        """How it stood when it was counted; None before."""
        return None if self.seats is None else Standing(**{name: getattr(self, name) for name in _COUNTS})


class BallotMove(Move):
    ballot = models.ForeignKey(Ballot, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Recusal(models.Model):
    """A seat that does not decide on a resolution, and why. It counts in no quorum but the meeting's and has no vote."""

    class Source(models.TextChoices):
        COMPUTED = "computed", _("found by the portal")
        DECLARED = "declared", _("declared by the member")
        CHAIR = "chair", _("recorded by the chair or the secretary")

    resolution = models.ForeignKey(Resolution, models.PROTECT, related_name="recusals", verbose_name=_("resolution"))
    seat = models.ForeignKey(Seat, models.PROTECT, related_name="recusals", verbose_name=_("seat"))
    source = models.CharField(_("source"), max_length=8, choices=Source)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # null: the portal itself

    class Meta:
        verbose_name, verbose_name_plural = _("recusal"), _("recusals")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["resolution", "seat"], name="recused_once"),
            models.CheckConstraint(condition=Q(source__in=["computed", "declared", "chair"]), name="recusal_from_a_known_source"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="recusal_before_the_vote",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("c", "secretariat_recusal%ROWTYPE"), ("b", "secretariat_ballot%ROWTYPE")],
                func="""
                    IF TG_OP = 'DELETE' THEN c := OLD; ELSE c := NEW; END IF;
                    PERFORM 1 FROM secretariat_resolution r WHERE r.id = c.resolution_id AND r.status = 'draft' FOR SHARE;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'recusals from a decided resolution are frozen' USING ERRCODE = 'check_violation';
                    END IF;
                    SELECT * INTO b FROM secretariat_ballot WHERE resolution_id = c.resolution_id AND status <> 'void'
                    FOR NO KEY UPDATE; -- against a vote of the same seat at the same moment
                    IF FOUND AND (TG_OP <> 'INSERT' OR b.status <> 'open'
                        OR EXISTS (SELECT 1 FROM secretariat_vote v WHERE v.ballot_id = b.id AND v.seat_id = c.seat_id)
                        OR EXISTS (SELECT 1 FROM secretariat_ballotmark v WHERE v.ballot_id = b.id AND v.seat_id = c.seat_id)) THEN
                        RAISE EXCEPTION 'a recusal comes before the vote, and stays once voting has begun' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP <> 'DELETE' AND NOT EXISTS (
                        SELECT 1 FROM secretariat_resolution r JOIN secretariat_seat s ON s.council_id = r.council_id
                        WHERE r.id = c.resolution_id AND s.id = c.seat_id) THEN
                        RAISE EXCEPTION 'a seat of the council is recused' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN c;
                """,
            )
        ]

    def __str__(self):
        return str(self.seat)


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Vote(models.Model):
    """One seat's open vote. Cast by the member it is final; recorded from a show of hands it is corrected until the count."""

    Choice = rules.Choice

    ballot = models.ForeignKey(Ballot, models.PROTECT, related_name="votes", verbose_name=_("ballot"))
    seat = models.ForeignKey(Seat, models.PROTECT, related_name="votes_cast", verbose_name=_("seat"))
    choice = models.CharField(_("vote"), max_length=7, choices=Choice)
    by_hand = models.BooleanField(_("recorded from a show of hands"), default=False)
    cast_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # null: taken over from older papers
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("vote"), _("votes")
        constraints = [
            models.UniqueConstraint(fields=["ballot", "seat"], name="seat_votes_once_in_a_ballot"),
            models.CheckConstraint(condition=Q(choice__in=["for", "against", "abstain"]), name="vote_choice_known"),
            models.UniqueConstraint(fields=["ballot", "cast_by"], condition=Q(by_hand=False), name="nobody_casts_two_votes_in_a_ballot"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="vote_in_an_open_ballot_by_who_may",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                declare=[("b", "secretariat_ballot%ROWTYPE")],
                func=f"""
                    {_ENTITLED}
                    IF b.is_secret THEN
                        RAISE EXCEPTION 'a secret ballot keeps no votes' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'UPDATE' AND (NOT OLD.by_hand OR NOT NEW.by_hand
                                             OR (NEW.ballot_id, NEW.seat_id) IS DISTINCT FROM (OLD.ballot_id, OLD.seat_id)) THEN
                        RAISE EXCEPTION 'a vote that was cast is final' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="vote_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                func="""
                    PERFORM 1 FROM secretariat_ballot b WHERE b.id = OLD.ballot_id AND b.status = 'open' FOR SHARE;
                    IF NOT FOUND OR NOT OLD.by_hand THEN
                        RAISE EXCEPTION 'a vote that was cast or counted stays' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN OLD;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.seat}: {self.get_choice_display()}"


class BallotMark(models.Model):
    """That a seat has voted in a secret ballot; not how."""

    ballot = models.ForeignKey(Ballot, models.PROTECT, related_name="marks", verbose_name=_("ballot"))
    seat = models.ForeignKey(Seat, models.PROTECT, related_name="+", verbose_name=_("seat"))
    cast_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ballot", "seat"], name="marked_once_in_a_ballot"),
            models.UniqueConstraint(fields=["ballot", "cast_by"], name="nobody_is_marked_twice_in_a_ballot"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="mark_in_an_open_secret_ballot_by_who_may",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("b", "secretariat_ballot%ROWTYPE")],
                func=f"""
                    {_ENTITLED}
                    IF NOT b.is_secret THEN
                        RAISE EXCEPTION 'an open ballot takes open votes' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(name="mark_stays", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self):
        return str(self.seat)


class SealedTally(models.Model):
    """The sum of a secret ballot while it is open, sealed with a key that is not in the database. Gone once counted.

    It has no history on purpose: there is nothing beside it from which a single vote could be told.
    """

    ballot = models.OneToOneField(Ballot, models.PROTECT, related_name="sealed", primary_key=True)
    sealed = models.BinaryField()

    def __str__(self):
        return str(self.ballot_id)
