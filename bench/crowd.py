"""Fifty assessors saving and submitting at once, beside one who is alone: how long the slow requests take.

Nobody pauses to think: each sends the next answer as soon as the last is saved, so that this is the worst there can be.

script/bench crowd      (BENCH_ASSESSORS=50)
"""

import json
import os
import tempfile
import time
from pathlib import Path

import django

# Plain static files: what they are called is not measured here, and nothing has collected them.
os.environ["TESTING"] = "1"
django.setup()

from assessments.models import Entry  # noqa: E402
from assessments.services import runs  # noqa: E402
from tests.assessments import crowd  # noqa: E402

INDICATORS = 20
SCORED_WITHIN = 120


def told(name, people, seconds, alone=None):
    for what in ("open", "autosave", "submit"):
        row = {"bench": f"{name}: {what}", "requests": sum(kind == what for seat in people for kind, *_rest in seat.asked)}
        for word, share in (("median_ms", 0.5), ("p95_ms", 0.95)):
            row[word] = round(crowd.slowest(people, what, share) * 1000, 1)
        if alone:
            row["p95_times_alone"] = round(crowd.slowest(people, what) / crowd.slowest(alone, what), 1)
        print(json.dumps(row), flush=True)
    requests = sum(len(seat.asked) for seat in people)
    print(json.dumps({"bench": f"{name}: all", "requests": requests, "seconds": round(seconds, 1), "a_second": round(requests / seconds)}))


def main():
    count = int(os.environ.get("BENCH_ASSESSORS", 50))
    first, alone, people = crowd.seats(4, INDICATORS), crowd.seats(1, INDICATORS), crowd.seats(count, INDICATORS)
    with tempfile.TemporaryDirectory() as folder, crowd.programs(Path(folder)) as port:
        crowd.run(port, first)  # every process has seen every page
        told("one alone", alone, crowd.run(port, alone))
        told(f"{count} at once", people, crowd.run(port, people), alone)
        began = time.perf_counter()
        while Entry.objects.stale().exists() and time.perf_counter() - began < SCORED_WITHIN:
            time.sleep(0.2)
        waited = time.perf_counter() - began
    wrong = [*crowd.faults(people), *runs.differences()]
    print(json.dumps({"bench": "scores right", "seconds_after_the_last": round(waited, 1), "faults": len(wrong)}))
    for fault in wrong[:10]:
        print(json.dumps({"fault": fault}, ensure_ascii=False))


if __name__ == "__main__":
    main()
