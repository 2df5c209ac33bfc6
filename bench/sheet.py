"""The assessor's sheet of forty indicators: opening it beside a bare page of equal rows, saving beside a bare save.

script/bench sheet
"""

import json
import os
import statistics
import time

import django

# Plain static files: what they are called is not measured here, and nothing has collected them.
os.environ["TESTING"] = "1"
os.environ.setdefault("LOG_LEVEL", "ERROR")
django.setup()

from django.db import connection, transaction  # noqa: E402
from django.template import engines  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from assessments.models import Assessment, Assignment, Indicator, Rating  # noqa: E402
from tests.assessments import sheets  # noqa: E402

REPEAT = 40
BARE = engines["django"].from_string(
    "<form>{% for row in rows %}<p>{{ row.title_fa }} {{ row.guidance_fa }}{% for level in levels %}"
    '<label><input type="radio" name="r-{{ row.pk }}" value="{{ level }}">{{ level }}</label>{% endfor %}</p>{% endfor %}</form>'
)


def measured(act):
    """(wall, processor) milliseconds, medians of REPEAT runs after one warm-up."""
    act()
    walls, processor = [], []
    for _ in range(REPEAT):
        wall, own = time.perf_counter(), time.process_time()
        act()
        walls.append((time.perf_counter() - wall) * 1000)
        processor.append((time.process_time() - own) * 1000)
    return statistics.median(walls), statistics.median(processor)


def main():
    assignment = sheets.forty()
    client = Client()
    client.force_login(assignment.assessor.user)
    form, autosave = sheets.form_of(assignment), sheets.form_of(assignment, "assessment_autosave")
    leaves, versions = sheets.leaves(assignment), iter(range(10_000))

    def save(count):
        version = next(versions)
        fields = {f"r-{leaf}": version % 5 + 1 for leaf in leaves[:count]}
        answer = client.post(autosave, {**fields, "version": version})
        assert answer.status_code == 200, answer.content
        return answer

    def bare_page():
        rows = list(Indicator.objects.filter(pk__in=leaves).select_related("scale"))
        return BARE.render({"rows": rows, "levels": range(1, 8)})

    @transaction.atomic
    def bare_save(count):
        Assignment.objects.select_for_update().get(pk=assignment.pk)
        kept = Assessment.objects.get(assignment=assignment)
        rows = [Rating(assessment=kept, indicator_id=leaf, state="scored", value=3) for leaf in leaves[:count]]
        Rating.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["assessment", "indicator"], update_fields=["state", "value"]
        )

    save(40)
    works = [
        ("opening the sheet", lambda: client.get(form), "a bare page", bare_page),
        ("saving one answer", lambda: save(1), "a bare save", lambda: bare_save(1)),
        ("saving all forty", lambda: save(40), "a bare save", lambda: bare_save(40)),
    ]
    for name, act, floor, bare in works:
        with CaptureQueriesContext(connection) as queries:
            answer = act()
        asked = len(queries)  # now: the next request begins a new log
        (wall, own), (floor_wall, _floor_own) = measured(act), measured(bare)
        row = {"bench": name, "ms": round(wall, 1), "own_processor_ms": round(own, 1), "queries": asked,
               "kilobytes": round(len(answer.content) / 1024, 1), "floor": floor, "floor_ms": round(floor_wall, 1),
               "times_floor": round(wall / floor_wall, 1)}  # fmt: skip
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
