"""Who stands behind subjects, as people with accounts: those who made them, and those close to them."""

from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from assessments.models import Relation, SubjectMaker
from secretariat.models import Agency, RoleGrant, User


def maker_users(subjects):
    """{(subject pk, user pk)} of people who made one of `subjects`, or are called like somebody who did."""
    makers = SubjectMaker.objects.filter(subject__in=subjects)
    found = set(makers.filter(user__isnull=False).values_list("subject", "user"))
    named = {}
    for subject, key in makers.values_list("subject", "name_key"):
        named.setdefault(key, set()).add(subject)
    people = User.objects.filter(Q(name_key__in=named) | Q(name_en_key__in=named))
    for user, *keys in people.values_list("pk", "name_key", "name_en_key"):
        found |= {(subject, user) for key in keys for subject in named.get(key, ())}
    return found


def related_users(owners):
    """{(subject pk, user pk)} of assessors who named somebody behind a subject; `owners` are {subject pk: agency pk}."""
    named = {}
    for subject, key in SubjectMaker.objects.filter(subject__in=owners).values_list("subject", "name_key"):
        named.setdefault(key, set()).add(subject)
    for agency, key in _speakers(set(owners.values())):
        named.setdefault(key, set()).update(subject for subject, owner in owners.items() if owner == agency)
    relations = Relation.objects.binding().filter(name_key__in=named).values_list("assessor__user", "name_key")
    return {(subject, user) for user, key in relations for subject in named[key]}


def _speakers(agencies):
    """(agency pk, name key) of those who head these agencies or hold a role in them."""
    yield from Agency.objects.filter(pk__in=agencies).exclude(head_key="").values_list("pk", "head_key")
    held = RoleGrant.objects.filter(Q(until=None) | Q(until__gt=timezone.now())).annotate(owner=Coalesce("agency", "unit__agency"))
    for owner, *keys in held.filter(owner__in=agencies).values_list("owner", "user__name_key", "user__name_en_key"):
        yield from ((owner, key) for key in set(keys) if key)
