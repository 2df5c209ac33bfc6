"""How well an assessor fits a product, from 0 to 1: the one figure by which panels are filled and candidates are ordered.

| share | what | figure |
|---|---|---|
| 60 % | expertise | weight of those indicator sets of the product's sheet that the assessor is named for |
| 20 % | field | 1 where a word of his fields is a word of the product's kind |
| 10 % | language | 1 where he reads the product's language, ½ where his languages are not told |
| 10 % | timeliness | of the assessments and answers that were due, the share that came in time (two given on trust) |

Where a product's language is not known, everybody reads it.
"""

import re

import numpy as np
from django.db.models import Count, Q
from django.utils import timezone

from assessments import rules
from assessments.models import Assessor, Assignment, SheetPart
from assessments.traits import Traits, traits_of
from secretariat.persian import search_key

SHARES = {"expertise": 0.6, "field": 0.2, "language": 0.1, "timeliness": 0.1}
TRUST = 2  # assessments in time that everybody is believed to have behind him
LEAST_WORD = 3  # letters; shorter words mean nothing by themselves


def affinity(entries, assessors):
    """Entries × assessors, with the entries' subjects at hand. Six queries, however many there are of either."""
    entries, assessors = list(entries), list(assessors)
    if not entries or not assessors:
        return np.zeros((len(entries), len(assessors)))
    traits = traits_of(entry.subject for entry in entries)
    of_entries = [traits.get(entry.subject_id, Traits()) for entry in entries]
    return (
        SHARES["expertise"] * _expertise(entries, assessors)
        + SHARES["field"] * _fields(of_entries, assessors)
        + SHARES["language"] * _languages(of_entries, assessors)
        + SHARES["timeliness"] * _timeliness(assessors)
    )


def _expertise(entries, assessors):
    parts = SheetPart.objects.filter(sheet__in={entry.sheet_id for entry in entries})
    named = dict.fromkeys(range(len(assessors)), ())
    place = {assessor.pk: column for column, assessor in enumerate(assessors)}
    through = Assessor.expertise.through.objects.filter(assessor__in=place).values_list("assessor", "indicatorset")
    for assessor, set_ in through:
        named[place[assessor]] += (set_,)
    weights = {}
    for sheet, set_, weight in parts.values_list("sheet", "version__set", "weight"):
        weights.setdefault(sheet, {})[set_] = float(weight) / 100
    of_sheet = {
        sheet: np.array([sum(sets.get(set_, 0.0) for set_ in named[column]) for column in range(len(assessors))])
        for sheet, sets in weights.items()
    }
    return np.array([of_sheet[entry.sheet_id] for entry in entries])


def _fields(traits, assessors):
    place = {assessor.pk: column for column, assessor in enumerate(assessors)}
    known = [_words(f"{assessor.field_fa} {assessor.field_en}") for assessor in assessors]
    named = Assessor.expertise_fields.through.objects.filter(assessor__in=place)
    for assessor, fa, en in named.values_list("assessor", "expertisefield__name_fa", "expertisefield__name_en"):
        known[place[assessor]] |= _words(f"{fa} {en}")
    of_words = {}
    for one in traits:
        if one.words not in of_words:
            wanted = _words(one.words)
            of_words[one.words] = np.array([bool(wanted & words) for words in known], dtype=float)
    return np.array([of_words[one.words] for one in traits])


def _words(text):
    folded = (search_key(word) for word in re.split(r"[^\w\u200c]+", text))
    return {word for word in folded if len(word) >= LEAST_WORD}


def _languages(traits, assessors):
    of_languages = {}
    for one in traits:
        if one.languages not in of_languages:
            of_languages[one.languages] = np.array([_reads(assessor, one.languages) for assessor in assessors])
    return np.array([of_languages[one.languages] for one in traits])


def _reads(assessor, languages):
    if not languages or languages & set(assessor.languages):
        return 1.0
    return 0.0 if assessor.languages else 0.5


def _timeliness(assessors):
    overdue = Q(due__lt=timezone.now(), status__in=rules.PENDING_ASSIGNMENTS) | Q(status=rules.AssignmentStatus.LAPSED)
    done = Q(status=rules.AssignmentStatus.SUBMITTED)
    rows = Assignment.objects.with_due().filter(overdue | done, assessor__in=[assessor.pk for assessor in assessors])
    rows = rows.order_by().values_list("assessor").annotate(in_time=Count("pk", filter=done), late=Count("pk", filter=overdue))
    counted = {assessor: (in_time + TRUST) / (in_time + late + TRUST) for assessor, in_time, late in rows}
    return np.array([counted.get(assessor.pk, 1.0) for assessor in assessors])
