"""Waivers: two officers let an assessor judge one subject in spite of a tie, on the record."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments import rules
from assessments.models import Assessor, ConflictWaiver, Subject
from assessments.selectors.conflicts import ties
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.services.notices import tell, tell_officers
from secretariat.workflow import advance

ASKED = gettext_lazy("%(who)s asks that %(name)s may judge “%(title)s” in spite of a tie. A second officer decides.")
DECIDED = gettext_lazy("The waiver for %(name)s and “%(title)s”: %(state)s.")


@transaction.atomic
def ask(assessor_id, subject_id, reason, *, by):
    """Ask that an assessor may judge a subject in spite of what ties him to it; a second officer grants it."""
    assessor = Assessor.objects.select_related("user").get(pk=assessor_id)
    subject = Subject.objects.get(pk=subject_id)
    if (refusal := rules.why_not_asked(by, assessor)) is not None:
        raise RuleBroken(refusal)
    reason = reason.strip()
    if not reason:
        raise RuleBroken(_("Write the reason."), field="reason")
    _check(assessor, subject)
    try:
        with transaction.atomic():
            waiver = ConflictWaiver.objects.create(assessor=assessor, subject=subject, reason=reason[:1000], asked_by=by)
    except IntegrityError:
        raise RuleBroken(_("A waiver for these two was asked for or granted already.")) from None
    waiver.moves.create(action="ask", source="", target=waiver.status, by=by, why=waiver.reason)
    fa, en = both(ASKED, who=by, name=assessor, title=subject)
    tell_officers("waiver_asked", fa, en, link=waiver.get_absolute_url(), once=f"waiver-asked:{waiver.pk}", mail=False)
    return waiver


def _check(assessor, subject):
    """The ties of the pair in sentences; refuses where there is none, or one that no waiver lifts."""
    whys = ties([subject], [assessor]).get((subject.pk, assessor.pk))
    if not whys:
        raise RuleBroken(_("Nothing ties this assessor to this product: no waiver is needed."))
    if whys[0].firm:
        raise RuleBroken(_("%(reason)s No waiver lifts this.") % {"reason": whys[0].sentence})
    return [why.sentence for why in whys]


@transaction.atomic
def grant(waiver_id, *, by):
    """Grant what another officer asked for; the ties that it lifts are kept in words."""
    waiver = ConflictWaiver.objects.select_related("assessor__user", "subject").get(pk=waiver_id)
    lifts = _check(waiver.assessor, waiver.subject) if waiver.status == rules.WaiverStatus.ASKED else []
    changes = {"granted_by": by, "granted_at": timezone.now(), "lifts": "\n".join(lifts)}
    return _told(advance(_rows(), waiver_id, "grant", by=by, **changes), by)


@transaction.atomic
def refuse(waiver_id, *, by, why):
    """Do not grant a waiver, or take the asking back, with the reason."""
    return _told(_closed(waiver_id, "refuse", by, why), by)


@transaction.atomic
def end(waiver_id, *, by, why):
    """End a waiver, with the reason; whatever the assessor has to do with the subject ends with it."""
    return _told(_closed(waiver_id, "end", by, why), by)


def _closed(waiver_id, action, by, why):
    if not why.strip():
        raise RuleBroken(_("Write the reason."), field="why")
    changes = {"ended_by": by, "ended_at": timezone.now(), "ended_why": why.strip()[:1000]}
    return advance(_rows(), waiver_id, action, by=by, why=why, **changes)


def _rows():
    return ConflictWaiver.objects.select_related("assessor__user", "subject", "asked_by")


def _told(waiver, by):
    if by != waiver.asked_by:
        fa, en = both(lambda: DECIDED % {"name": waiver.assessor, "title": waiver.subject, "state": waiver.get_status_display()})
        tell(waiver.asked_by, "waiver_decided", fa, en, link=waiver.get_absolute_url(), mail=False)
    return waiver
