"""Why an assessor may not judge a subject: read for many of both at once, in a bounded number of queries.

What these sentences explain is decided by `models.conflicted`, for the database and for every query alike.
"""

from dataclasses import dataclass

from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments import rules
from assessments.models import Affiliation, ConflictOfInterest, ConflictWaiver, Relation, Subject, SubjectMaker
from assessments.models.conflicted import Conflicted
from secretariat.models import Agency, RoleGrant, User


@dataclass(frozen=True)
class Why:
    """One tie in a sentence; a `firm` one is lifted by no waiver."""

    sentence: str
    firm: bool = False

    def __str__(self):
        return self.sentence


def conflicts(subjects, assessors):
    """{(subject pk, assessor pk): Why} for every pair that must not meet, waivers considered; the sentence names agencies."""
    found = ties(subjects, assessors)
    waived = _waived(found)
    standing = {pair: [why for why in whys if why.firm or pair not in waived] for pair, whys in found.items()}
    return {pair: whys[0] for pair, whys in standing.items() if whys}


def ties(subjects, assessors):
    """{(subject pk, assessor pk): [Why, …]}: all that ties each pair, the firm ones first, waivers left aside."""
    subjects, assessors = list(subjects), list(assessors)
    known = _Known(assessors)
    by_agency = _agency_ties({subject.agency_id for subject in subjects}, known)
    tied_to = {}
    for (assessor, agency), whys in by_agency.items():
        tied_to.setdefault(agency, []).append((assessor, whys))
    found = {
        (subject.pk, assessor): list(whys) for subject in subjects for assessor, whys in tied_to.get(subject.agency_id, ())
    }
    for pair, why in (*_maker_ties(subjects, known), *_recorded_ties(subjects, assessors)):
        found.setdefault(pair, []).append(why)
    return {pair: sorted(whys, key=lambda why: not why.firm) for pair, whys in found.items()}


def waivable_subjects(assessor):
    """Subjects of rounds at work that this assessor may not judge, but may once two officers say so; none asked for already."""
    asked = ConflictWaiver.objects.filter(assessor=assessor, status__in=rules.OPEN_WAIVERS)
    at_work = Subject.objects.filter(entries__round__status__in=rules.LIVE_ROUNDS).exclude(waivers__in=asked)
    tied = list(at_work.filter(Conflicted(Value(assessor.pk), "pk")).distinct().order_by("title_fa", "pk"))
    found = ties(tied, [assessor])
    return [subject for subject in tied if not any(why.firm for why in found[subject.pk, assessor.pk])]


def agency_ties(agency_ids, assessors):
    """{(assessor pk, agency pk): sentence} from roles, affiliations and relations to those who speak for the agency."""
    return {pair: whys[0].sentence for pair, whys in _agency_ties(agency_ids, _Known(list(assessors))).items()}


def _waived(found):
    pairs = [pair for pair, whys in found.items() if not whys[0].firm]
    if not pairs:
        return set()
    granted = ConflictWaiver.objects.filter(status=rules.WaiverStatus.GRANTED, subject__in={s for s, _a in pairs})
    return set(granted.values_list("subject", "assessor"))


class _Known:
    """By which names assessors and the people whom they named are recognised."""

    def __init__(self, assessors):
        self.of_user = {assessor.user_id: assessor.pk for assessor in assessors}
        self.by_name, self.related = {}, {}  # name key → assessors; name key → their Relations
        for user, *keys in User.objects.filter(pk__in=self.of_user).values_list("pk", "name_key", "name_en_key"):
            for key in filter(None, dict.fromkeys(keys)):
                self.by_name.setdefault(key, []).append(self.of_user[user])
        for relation in Relation.objects.binding().filter(assessor__in=self.of_user.values()).order_by("pk"):
            self.related.setdefault(relation.name_key, []).append(relation)


def _agency_ties(agency_ids, known):
    held = RoleGrant.objects.filter(Q(until=None) | Q(until__gt=timezone.now())).annotate(owner=Coalesce("agency", "unit__agency"))
    found = {}
    for grant in held.filter(user__in=known.of_user, owner__in=agency_ids).select_related("agency", "unit__agency").order_by("pk"):
        sentence = _("Has the role “%(role)s” in %(agency)s.") % {
            "role": grant.get_role_display(),
            "agency": (grant.agency or grant.unit.agency).name,
        }
        found.setdefault((known.of_user[grant.user_id], grant.owner), []).append(Why(sentence, firm=True))
    affiliations = Affiliation.objects.binding().filter(assessor__in=known.of_user.values(), agency__in=agency_ids)
    for tie in affiliations.select_related("agency").order_by("pk"):
        sentence = _("Is affiliated with %(agency)s: %(kind)s.") % {"agency": tie.agency.name, "kind": tie.get_kind_display()}
        found.setdefault((tie.assessor_id, tie.agency_id), []).append(Why(sentence, firm=tie.kind in rules.INSIDE))
    for relation, agency, words in _related_to_agencies(agency_ids, held, known):
        found.setdefault((relation.assessor_id, agency), []).append(_related(relation, words))
    return {pair: sorted(whys, key=lambda why: not why.firm) for pair, whys in found.items()}


def _related_to_agencies(agency_ids, held, known):
    """(Relation, agency pk, words) where somebody's relation heads an agency or speaks for it."""
    if not known.related:
        return
    for agency in Agency.objects.filter(pk__in=agency_ids, head_key__in=known.related).order_by("pk"):
        for relation in known.related[agency.head_key]:
            yield relation, agency.pk, _("heads %(agency)s") % {"agency": agency.name}
    keys = Q(user__name_key__in=known.related) | Q(user__name_en_key__in=known.related)
    columns = ("owner", "user__name_key", "user__name_en_key")
    for owner, *names in held.filter(keys, owner__in=agency_ids).order_by(*columns).values_list(*columns).distinct():
        for relation in (relation for key in dict.fromkeys(names) for relation in known.related.get(key, ())):
            yield relation, owner, _("speaks for the agency")


def _maker_ties(subjects, known):
    """((subject pk, assessor pk), Why) where an assessor, or somebody he is related to, is behind a subject."""
    behind = Q(user__in=known.of_user) | Q(name_key__in={*known.by_name, *known.related})
    for maker in SubjectMaker.objects.filter(behind, subject__in=subjects).order_by("pk"):
        words = {"name": maker.name, "part": maker.part}
        sentence = (_("Is behind it under this name: %(name)s (%(part)s).") if maker.part else _("Is behind it under this name: %(name)s.")) % words
        selves = [*known.by_name.get(maker.name_key, ()), *filter(None, [known.of_user.get(maker.user_id)])]
        for assessor in dict.fromkeys(selves):
            yield (maker.subject_id, assessor), Why(sentence, firm=True)
        for relation in known.related.get(maker.name_key, ()):
            yield (maker.subject_id, relation.assessor_id), _related(relation, _("is behind it"))


def _related(relation, words):
    return Why(_("%(name)s %(is)s (%(relation)s).") % {"name": relation.name, "is": words, "relation": relation.get_kind_display()})


def _recorded_ties(subjects, assessors):
    """((subject pk, assessor pk), Why) of what assessors declared and staff recorded on single subjects."""
    for row in ConflictOfInterest.objects.binding().filter(subject__in=subjects, assessor__in=assessors).order_by("pk"):
        declared = row.source == ConflictOfInterest.Source.DECLARED
        sentence = _("Declared a conflict of interest: %(reason)s") if declared else _("Excluded by the secretariat: %(reason)s")
        yield (row.subject_id, row.assessor_id), Why(sentence % {"reason": row.reason}, firm=declared)
