"""A round that falls into parts which no assessor joins: what stands in each, and which assignments would join them."""

from dataclasses import dataclass

import numpy as np

from assessments.models import Assessor, Assignment, Entry, SetAside
from assessments.scoring import graphs
from assessments.selectors.rounds import refusals


@dataclass
class Part:
    """Products that can be compared with one another and with nothing else in the round."""

    number: int  # as in the scores of the run
    entries: list
    assessors: list


@dataclass
class Link:
    """One assignment that would join two parts; numbers as in Part."""

    assessor: Assessor
    entry: Entry
    home: int  # the assessor's part
    target: int  # the product's


def parts(round_):
    """The parts of the round's current run in their order; none where it is connected. Two queries."""
    told = round_.run.summary.get("components", [])
    entries = (
        Entry.objects.filter(round=round_).select_related("subject").in_bulk([pk for part in told for pk in part["entries"]])
    )
    people = Assessor.objects.select_related("user").in_bulk([pk for part in told for pk in part["assessors"]])
    return [
        Part(
            number,
            [entries[pk] for pk in part["entries"] if pk in entries],
            sorted((people[pk] for pk in part["assessors"]), key=lambda one: (one.user.sort_key or "", one.pk)),
        )
        for number, part in enumerate(told, 1)
    ]


def joining_links(round_, found):
    """What would make one round of the parts `found`: for each missing link a list of one or two Links, the better first.

    Whoever has a conflict of interest, declined or has as much work as agreed is not proposed. Where that forbids
    every link to some part, the list is shorter than needed.
    """
    number = {entry.pk: part.number for part in found for entry in part.entries}
    entries = {entry.pk: entry for part in found for entry in part.entries}
    people = {one.pk: one for part in found for one in part.assessors}
    rows = Assignment.objects.filter(entry__in=entries, assessor__in=people)
    asked = set(rows.values_list("entry", "assessor"))
    aside = SetAside.objects.filter(round=round_, ended_at=None).values("assessor")
    rated = list(rows.filter(status=Assignment.Status.SUBMITTED).exclude(assessor__in=aside).values_list("entry", "assessor"))
    barred = refusals(entries.values(), Assessor.objects.filter(pk__in=people))
    products, assessors = list(entries), list(people)
    row_of, column_of = {pk: n for n, pk in enumerate(products)}, {pk: n for n, pk in enumerate(assessors)}

    def forbidden(product, assessor):
        pair = products[product], assessors[assessor]
        return pair in asked or pair in barred

    links = graphs.joining(
        np.array([row_of[entry] for entry, _assessor in rated], dtype=int),
        np.array([column_of[assessor] for _entry, assessor in rated], dtype=int),
        len(products),
        len(assessors),
        forbidden=forbidden,
    )
    home = {one.pk: part.number for part in found for one in part.assessors}
    return [
        [
            Link(people[who], entries[what], home[who], number[what])
            for who, what in ((assessors[bridge.assessor], products[bridge.product]) for bridge in choices)
        ]
        for choices in links
    ]
