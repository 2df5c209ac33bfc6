"""Why an assessor may not judge a subject: read for many of both at once, in a constant number of queries."""

from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments.models import Affiliation, ConflictOfInterest
from secretariat.models import RoleGrant


def conflicts(subjects, assessors):
    """{(subject pk, assessor pk): sentence} for every pair that must not meet; agencies are named in the sentence."""
    subjects, assessors = list(subjects), list(assessors)
    tied = agency_ties({subject.agency_id for subject in subjects}, assessors)
    found = {
        (subject.pk, assessor.pk): tied[assessor.pk, subject.agency_id]
        for subject in subjects
        for assessor in assessors
        if (assessor.pk, subject.agency_id) in tied
    }
    declared = ConflictOfInterest.objects.filter(subject__in=subjects, assessor__in=assessors)
    for row in declared:
        sentence = (
            _("Declared a conflict of interest: %(reason)s")
            if row.source == ConflictOfInterest.Source.DECLARED
            else _("Excluded by the secretariat: %(reason)s")
        )
        found.setdefault((row.subject_id, row.assessor_id), sentence % {"reason": row.reason})
    return found


def agency_ties(agency_ids, assessors):
    """{(assessor pk, agency pk): sentence} from affiliations and from roles in the agency or one of its units."""
    of_user = {assessor.user_id: assessor.pk for assessor in assessors}
    grants = (
        RoleGrant.objects.filter(Q(until=None) | Q(until__gt=timezone.now()), user__in=of_user)
        .annotate(owner=Coalesce(F("agency"), F("unit__agency")))
        .filter(owner__in=agency_ids)
        .select_related("agency", "unit__agency")
    )
    ties = {}
    for grant in grants:
        owner = grant.agency or grant.unit.agency
        ties[of_user[grant.user_id], grant.owner] = _("Has the role “%(role)s” in %(agency)s.") % {
            "role": grant.get_role_display(),
            "agency": owner.name,
        }
    affiliations = Affiliation.objects.binding().filter(assessor__in=assessors, agency__in=agency_ids).select_related("agency")
    for tie in affiliations:
        ties[tie.assessor_id, tie.agency_id] = _("Is affiliated with %(agency)s.") % {"agency": tie.agency.name}
    return ties
