"""The panels of a round from rows to rows: filled in the background, shown, applied, one replaced: script/bench panels.

400 products × 100 assessors, three each, with a tie to every product's agency for some and 25 recorded conflicts besides.
Denominator: the engine alone on the same matrices, in the same run.
"""

import json
import os
import random
import time

import django

os.environ["TESTING"] = "1"
os.environ.setdefault("LOG_LEVEL", "WARNING")
django.setup()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402

from assessments.models import Affiliation, Assignment, ConflictOfInterest, Entry  # noqa: E402
from assessments.scoring.filling import fill as computed  # noqa: E402
from assessments.selectors.conflicts import conflicts  # noqa: E402
from assessments.selectors.panel_inputs import panel_inputs  # noqa: E402
from assessments.selectors.panels import preview  # noqa: E402
from assessments.selectors.replacements import proposals, short_panels  # noqa: E402
from assessments.services import panels, rounds  # noqa: E402
from tests import factories  # noqa: E402

PRODUCTS, ASSESSORS, AGENCIES, KINDS, CONFLICTS = 400, 100, 25, 8, 25


def tell(bench, **figures):
    rounded = {name: round(figure, 3) if isinstance(figure, float) else figure for name, figure in figures.items()}
    print(json.dumps({"bench": bench, **rounded}), flush=True)


def timed(act):
    """(seconds, queries, what it gave)"""
    with CaptureQueriesContext(connection) as caught:
        started = time.perf_counter()
        found = act()
        return time.perf_counter() - started, len(caught), found


def load(status):
    """A round without assignments; each assessor knows two or three kinds, one in four is tied to an agency."""
    draw = random.Random(1)
    round_ = factories.round_(status)
    versions = [factories.published_set(1, 1) for _ in range(KINDS)]
    sheets = [factories.sheet(round_, version) for version in versions]
    agencies = [factories.agency() for _ in range(AGENCIES)]
    subjects = [factories.subject(agencies[n % AGENCIES]) for n in range(PRODUCTS)]
    Entry.objects.bulk_create(Entry(round=round_, subject=subject, sheet=draw.choice(sheets)) for subject in subjects)
    people = [factories.assessor() for _ in range(ASSESSORS)]
    for n, person in enumerate(people):
        person.expertise.set([version.set for version in draw.sample(versions, draw.choice([2, 3]))])
        if n % 4 == 0:
            Affiliation.objects.create(assessor=person, agency=draw.choice(agencies))
    officer = factories.officer()
    for _ in range(CONFLICTS):
        pair = {"assessor": draw.choice(people), "subject": draw.choice(subjects)}
        ConflictOfInterest.objects.get_or_create(**pair, defaults={"source": "staff", "reason": "bench", "by": officer})
    return round_, people, officer


def main():
    round_, people, officer = load("open")
    barred = len(conflicts([entry.subject for entry in round_.entries.select_related("subject")], people))
    reading, queries, inputs = timed(lambda: panel_inputs(round_))
    tell("reading the matrices", products=PRODUCTS, assessors=ASSESSORS, barred_pairs=barred, seconds=reading, queries=queries)
    sizes = [round_.panel_size] * PRODUCTS
    engine = {}
    for weight, price in (("even", 10.0), ("both", 1.0), ("fit", 0.0)):
        wish = inputs.wish(sizes=sizes, floor=6, price=price, seed=1)
        engine[weight], _queries, _found = timed(lambda wish=wish: computed(wish))
    for weight, seconds in engine.items():
        draft = panels.start(round_.pk, by=officer, weight=weight, floor=6, seed=1)
        service, queries, _found = timed(lambda draft=draft: panels.fill(draft.pk))
        draft.refresh_from_db()
        looking, looks, told = timed(lambda draft=draft: preview(draft))
        figures = {
            "short": told.short, "least_load": told.least_load, "most_load": told.most_load, "fit": told.fit,
            "best_fit": told.best_fit, "most_meetings": told.most_meetings, "parts": told.parts,
        }  # fmt: skip
        tell(
            f"filling from rows to rows, {weight}", seconds=service, engine_alone=seconds, times_engine=service / seconds,
            queries=queries, preview_seconds=looking, preview_queries=looks, **figures,
        )  # fmt: skip
        if weight != "both":
            panels.discard(draft.pk, by=officer)
            continue
        client = Client()
        client.force_login(officer)
        client.get(reverse("round_panels", args=[round_.pk]))  # templates are read once
        page, queries, response = timed(lambda client=client: client.get(reverse("round_panels", args=[round_.pk])))
        tell("the page of the draft", seconds=page, queries=queries, kilobytes=len(response.content) / 1000)
        applying, queries, _found = timed(lambda draft=draft: panels.apply(draft.pk, by=officer, version=draft.version))
        tell("applying", seconds=applying, queries=queries, assignments=Assignment.objects.filter(entry__round=round_).count())
        break
    for row in Assignment.objects.filter(entry__round=round_)[:5]:
        rounds.answer(row.pk, "decline", by=row.assessor.user, why="bench")
    seconds, queries, found = timed(lambda: proposals(list(short_panels().select_related("subject", "round"))))
    tell("five replacements proposed", seconds=seconds, queries=queries, found=sum(map(len, found.values())))


if __name__ == "__main__":
    main()
