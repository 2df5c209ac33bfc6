"""Rounds for the tests of panels: products of several kinds and agencies, assessors with expertise, conflicts and capacity."""

import random

from assessments.models import Affiliation, Assessor, Entry
from assessments.services import panels
from tests import factories


def unfilled_round(products=12, assessors=8, status="draft", sets=2, seed=1, tied=0, capacity=15, **fields):
    """A round without assignments: entries on `sets` sheets, assessors each with one set of expertise, the first `tied` with a tie."""
    draw = random.Random(seed)
    round_ = factories.round_(status, **fields)
    versions = [factories.published_set(1, 1) for _ in range(sets)]
    sheets = [factories.sheet(round_, version) for version in versions]
    agencies = [factories.agency() for _ in range(max(2, products // 4))]
    for n in range(products):
        Entry.objects.create(round=round_, subject=factories.subject(agencies[n % len(agencies)]), sheet=sheets[n % sets])
    people = [factories.assessor() for _ in range(assessors)]
    for n, person in enumerate(people):
        person.expertise.add(versions[n % sets].set)
        if n < tied:
            Affiliation.objects.create(assessor=person, agency=draw.choice(agencies))
    Assessor.objects.filter(pk__in=[person.pk for person in people]).update(capacity=capacity)
    return round_, people


def filled(round_, by=None, **settings):
    """A draft of the round as the worker leaves it."""
    draft = panels.start(round_.pk, by=by or factories.officer(), **settings)
    panels.fill(draft.pk)
    draft.refresh_from_db()
    return draft


def seats(draft, **narrow):
    return sorted(draft.seats.taken().filter(**narrow).values_list("entry", "assessor"))
