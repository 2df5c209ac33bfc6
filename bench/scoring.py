"""The speed of the scoring engine beside what it is held against, all in one run: script/bench scoring.

Denominators: the time PostgreSQL needs to hand the same rows to numpy by binary COPY, and a bare mean by bincount.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django
import numpy as np
import pgtrigger

os.environ["TESTING"] = "1"
os.environ.setdefault("LOG_LEVEL", "WARNING")
django.setup()

from django.db import DatabaseError, connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from assessments.scoring import allocation, ranks  # noqa: E402
from assessments.scoring.agreement import alpha  # noqa: E402
from assessments.scoring.crossed import Crossed  # noqa: E402
from assessments.scoring.flags import assessor_flags  # noqa: E402
from assessments.scoring.tree import Tree  # noqa: E402

REPEAT = 5
# One row of a binary COPY: every field comes with its length.
ROW = np.dtype(
    [("fields", ">i2"), ("a", ">i4"), ("product", ">i4"), ("b", ">i4"), ("assessor", ">i4"), ("c", ">i4"), ("y", ">f8")]
)
HEADER, TRAILER = 19, 2


def tell(bench, **figures):
    print(
        json.dumps({"bench": bench, **{name: round(f, 4) if isinstance(f, float) else f for name, f in figures.items()}}),
        flush=True,
    )


def best(act, repeat=REPEAT, given=()):
    """Seconds of the quickest of several runs of act(*given), and what it gave."""
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        found = act(*given)
        times.append(time.perf_counter() - started)
    return min(times), found


def plain_means(product, y):
    return np.bincount(product, y) / np.bincount(product)


def ratings(count, assessors=100):
    """About `count` ratings of panels of 3–7, in the order in which they might arrive."""
    rng = np.random.default_rng(1)
    products = count // 5
    size = rng.integers(3, 8, products)
    product = np.repeat(np.arange(products), size)
    # Panels without repeats: a step that shares no divisor with the number of assessors.
    start, step = rng.integers(0, assessors, products), rng.choice([1, 3, 7, 9, 11, 13, 17, 19, 21, 23], products)
    place = np.arange(product.size) - np.repeat(np.cumsum(size) - size, size)
    assessor = (start[product] + step[product] * place) % assessors
    y = 60 + rng.normal(0, 8, products)[product] + rng.normal(0, 6, assessors)[assessor] + rng.normal(0, 9, product.size)
    order = rng.permutation(product.size)
    return product[order], assessor[order], y[order]


# ------------------------------------------------------------------ one model, from 10⁴ to 10⁶ ratings
def load(product, assessor, y):
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_rating")
        cursor.execute(
            "CREATE UNLOGGED TABLE bench_rating (id bigserial PRIMARY KEY, product integer NOT NULL, assessor integer NOT NULL,"
            " y float8 NOT NULL, at timestamptz DEFAULT now())"
        )
        rows = "".join(f"{p}\t{a}\t{v!r}\n" for p, a, v in zip(product.tolist(), assessor.tolist(), y.tolist(), strict=True))
        cursor.copy_expert("COPY bench_rating (product, assessor, y) FROM STDIN", io.StringIO(rows))
        cursor.execute("VACUUM ANALYZE bench_rating")


def read():
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert("COPY (SELECT product, assessor, y FROM bench_rating) TO STDOUT (FORMAT BINARY)", buffer)
    content = buffer.getbuffer()
    rows = np.frombuffer(content, dtype=ROW, offset=HEADER, count=(len(content) - HEADER - TRAILER) // ROW.itemsize)
    return rows["product"].astype(np.int32), rows["assessor"].astype(np.int32), rows["y"].astype(float)


def fit(product, assessor, y):
    design = Crossed(product, assessor, y)
    variances = design.fit()
    return design.fair(variances)


def evict():
    """Send the table out of PostgreSQL's buffers and, where its files can be opened, out of the kernel's; says from where."""
    gone = []
    with connection.cursor() as cursor:
        try:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_buffercache")
            cursor.execute("CHECKPOINT")
            cursor.execute("SELECT pg_buffercache_evict_relation('bench_rating')")
            gone.append("shared buffers")
        except DatabaseError:
            pass
        cursor.execute("SELECT current_setting('data_directory') || '/' || pg_relation_filepath('bench_rating')")
        (path,) = cursor.fetchone()
    try:
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        gone.append("page cache")
    except OSError:
        pass
    connection.close()  # a new backend has nothing of its own in memory either
    return gone


def models():
    """Gives the seconds of a warm COPY of the largest table: what the other methods are held against."""
    for count in (10_000, 100_000, 1_000_000):
        load(*ratings(count))
        evicted = evict()
        cold, _rows = best(read, 1)
        warm, (product, assessor, y) = best(read)
        seconds, _fair = best(fit, given=(product, assessor, y))
        mean, _found = best(plain_means, given=(product, y))
        first, above = in_fresh_process(product, assessor, y)
        tell(
            "REML, fair scores, errors",
            ratings=len(y),
            seconds=seconds,
            seconds_fresh_process=first,
            copy_warm=warm,
            copy_cold=cold,
            evicted_from=evicted,
            times_copy_warm=seconds / warm,
            times_copy_cold=seconds / cold,
            fresh_times_copy_warm=first / warm,
            fresh_times_copy_cold=first / cold,
            times_bincount=seconds / mean,
            megabytes_above_data=above,
            **({"bar_times_copy": 0.5, "bar_megabytes": 150} if count == 1_000_000 else {}),
            **({"bar_fresh_process": 0.1} if count == 10_000 else {}),
        )
    return warm


# The peak of a process begins with that of its parent in getrusage; the kernel's own account of it does not.
MEMORY = """
def memory(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name)) / 1024
"""
FRESH = (
    MEMORY
    + """
import sys, time
import numpy as np
from assessments.scoring.crossed import Crossed
if sys.argv[2] == "warm":
    small = np.arange(60) % 6
    design = Crossed(np.arange(60) // 5, small, np.sin(np.arange(60.0)))
    design.fair(design.fit())  # everything is loaded
product, assessor, y = (np.load(f"{sys.argv[1]}/{name}.npy") for name in ("product", "assessor", "y"))
with open("/proc/self/clear_refs", "w") as peak:
    peak.write("5")  # the peak begins anew
before, started = memory("VmRSS"), time.perf_counter()
design = Crossed(product, assessor, y)
design.fair(design.fit())
print(time.perf_counter() - started, memory("VmHWM") - before)
"""
)


def in_fresh_process(product, assessor, y):
    """Seconds of the very first fit of a process, imports excluded; megabytes that a fit takes above its data."""
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, values in (("product", product), ("assessor", assessor), ("y", y)):
            np.save(Path(folder) / name, values)
        for state in ("cold", "warm"):
            act = [sys.executable, "-c", FRESH, folder, state]
            told[state] = subprocess.run(act, capture_output=True, text=True, check=True).stdout.split()
    return float(told["cold"][0]), float(told["warm"][1])


# ------------------------------------------------------------------ the other methods
def methods(copy):
    """`copy` is the time to read a million rows, in this run."""
    rng = np.random.default_rng(2)
    product, _assessor, y = ratings(1_000_000)
    seconds, _found = best(lambda: alpha(product, y, "interval"))
    tell("alpha (interval)", ratings=len(y), seconds=seconds, bar=0.05, times_copy=seconds / copy)

    edges = [(f"d{d}", "root", 20) for d in range(5)] + [(f"d{d}i{i}", f"d{d}", 25) for d in range(5) for i in range(4)]
    tree, answers = Tree(edges), rng.uniform(0, 100, (20, 50_000))
    answers[rng.random(answers.shape) < 0.06] = np.nan
    seconds, _found = best(lambda: tree.values(answers))
    tell("tree", rows=answers.size, seconds=seconds, bar=0.05, times_copy=seconds / copy)

    conflicts = rng.random((400, 100)) < 0.05
    category, expertise = rng.integers(0, 6, 400), rng.random((100, 6)) < 0.4
    affinity = expertise[:, category].T + 0.01 * rng.random((400, 100))
    plain, _found = best(lambda: allocation.allocate(5, 22, 18, conflicts, affinity, swaps=False), 3)
    whole, found = best(lambda: allocation.allocate(5, 22, 18, conflicts, affinity), 3)
    tell(
        "panels 400 × 100",
        seconds=plain,
        seconds_of_swaps=whole - plain,
        bar=1,
        bar_of_swaps=3,
        max_concurrence=found.max_concurrence,
    )

    product, assessor, y = ratings(10_000, assessors=200)
    design = Crossed(product, assessor, y)
    posterior = design.posterior(design.fit())
    drawing, draws = best(lambda: posterior.draws(4000, np.random.default_rng(1)), 3)
    seconds, _found = best(lambda: ranks.top_probabilities(draws, 50), 3)
    tell("top 50 of 2,000, 4,000 draws", seconds=drawing + seconds, seconds_of_drawing=drawing, bar=1)
    seconds, _found = best(lambda: (ranks.rank_intervals(draws), ranks.indistinct_groups(draws.mean(axis=1), draws)), 3)
    tell("rank intervals and groups of 2,000, 4,000 draws", seconds=seconds)

    product = np.repeat(np.arange(2000), 5)
    assessor = (product * 7 + np.tile([0, 31, 77, 123, 199], 2000) + rng.integers(0, 20, product.size)) % 400
    answers = rng.normal(50, 15, 2000)[product][:, None] + rng.normal(0, 15, (product.size, 30))
    seconds, _found = best(lambda: assessor_flags(product, assessor, answers, products=2000, assessors=400), 3)
    tell("flags of 10,000 sheets × 30", seconds=seconds)


# ------------------------------------------------------------------ a whole round, from ratings to stored scores
def tell_planner():
    """Count the rows made so far: the plans of the triggers still believe the tables to be empty."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def a_round(products=2000, panel=5, assessors=200):
    """A closed round of 30 indicators, loaded in bulk; its id."""
    from assessments.models import Assessment, Assessor, Assignment, Entry, Indicator, Round, Subject
    from portal import demo
    from secretariat.models import User
    from tests import factories

    rng = np.random.default_rng(3)
    version, agency = factories.published_set(5, 6), factories.agency()
    round_ = factories.round_(status="open")
    sheet = factories.sheet(round_, version)
    people = User.objects.bulk_create(User(username=f"bench-{n}") for n in range(assessors))
    judges = Assessor.objects.bulk_create(Assessor(user=person) for person in people)
    subjects = Subject.objects.bulk_create(Subject(kind="product", title_fa=f"اثر {n}", agency=agency) for n in range(products))
    entries = Entry.objects.bulk_create(
        Entry(round=round_, subject=subject, sheet=sheet, inputs_version=1, inputs_changed_at=timezone.now())
        for subject in subjects
    )
    leaves = list(Indicator.objects.filter(version=version, scale__isnull=False).values_list("pk", flat=True))
    chosen = [rng.choice(assessors, panel, replace=False) for _ in entries]
    tell_planner()
    with pgtrigger.ignore(*demo._HISTORY), transaction.atomic():
        given = Assignment.objects.bulk_create(
            Assignment(entry=entry, assessor=judges[one], status="accepted", alias=alias)
            for entry, mine in zip(entries, chosen, strict=True)
            for alias, one in enumerate(mine, 1)
        )
        tell_planner()
        sheets = Assessment.objects.bulk_create(Assessment(assignment=assignment) for assignment in given)
        level = np.repeat(rng.normal(3.2, 0.7, products), panel) - rng.normal(0, 0.5, assessors)[np.concatenate(chosen)]
        values = np.clip(np.round(level[:, None] + rng.normal(0, 0.7, (len(sheets), len(leaves)))), 1, 5).astype(int)
        rows = "".join(
            f"{made.pk}\t{leaf}\tscored\t{value}\t\n"
            for made, line in zip(sheets, values.tolist(), strict=True)
            for leaf, value in zip(leaves, line, strict=True)
        )
        with connection.cursor() as cursor:
            cursor.copy_expert(
                "COPY assessments_rating (assessment_id, indicator_id, state, value, comment) FROM STDIN", io.StringIO(rows)
            )
        tell_planner()
        Assessment.objects.filter(pk__in=[made.pk for made in sheets]).update(submitted_at=timezone.now())
        Assignment.objects.filter(pk__in=[assignment.pk for assignment in given]).update(status="submitted")
    Round.objects.filter(pk=round_.pk).update(status="moderation")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return round_.pk


WORKER = (
    MEMORY
    + """
import json, sys, time
import django
django.setup()
from assessments import scoring
from assessments.models import Score
from assessments.scoring import run
from assessments.selectors import score_inputs
from assessments.services import run_rows, runs
took = {}
def timed(place, name, label):
    real = getattr(place, name)
    def act(*args, **kwargs):
        started = time.perf_counter()
        try:
            return real(*args, **kwargs)
        finally:
            took[label] = took.get(label, 0) + time.perf_counter() - started
    setattr(place, name, act)
timed(runs, "round_inputs", "read")
timed(run, "standings", "standings")
timed(run, "assessor_flags", "flags")
timed(run, "compute", "compute")
timed(run, "_readings", "readings with flags")
timed(run_rows, "write_scores", "write scores")
timed(run_rows, "write_readings", "write readings")
timed(run_rows, "write_flags", "write flags")
timed(run_rows, "point_entries", "point entries")
before, started, processor = memory("VmRSS"), time.perf_counter(), time.process_time()
done = runs.score_round(int(sys.argv[1]))
took["seconds"], took["seconds_of_processor"] = time.perf_counter() - started, time.process_time() - processor
took["method"], took["ratings"], took["rows"] = done.method, done.summary["ratings"], Score.objects.filter(run=done).count()
took["megabytes_before"], took["megabytes"] = round(before), round(memory("VmHWM"))
print(json.dumps(took))
"""
)


def whole_round():
    pk = a_round()
    told = subprocess.run([sys.executable, "-c", WORKER, str(pk)], capture_output=True, text=True, check=False)
    if told.returncode:
        sys.exit(told.stderr[-2000:])
    figures = json.loads(told.stdout.splitlines()[-1])
    copy, _found = best(read_round)
    tell(
        "ratings in PostgreSQL to stored scores",
        bar=10,
        bar_megabytes=500,
        copy_warm=copy,
        times_copy=figures["seconds"] / copy,
        **figures,
    )


def read_round():
    """The bare ratings as numpy columns: what anybody must read who computes anything."""
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(
            "COPY (SELECT assessment_id, indicator_id, value::float8 FROM assessments_rating) TO STDOUT (FORMAT BINARY)", buffer
        )
    content = buffer.getbuffer()
    wide = np.dtype(
        [("f", ">i2"), ("a", ">i4"), ("sheet", ">i8"), ("b", ">i4"), ("indicator", ">i8"), ("c", ">i4"), ("y", ">f8")]
    )
    rows = np.frombuffer(content, dtype=wide, offset=HEADER, count=(len(content) - HEADER - TRAILER) // wide.itemsize)
    return rows["sheet"].astype(np.int64), rows["indicator"].astype(np.int64), rows["y"].astype(float)


def main():
    tell("load of the machine", one_minute=os.getloadavg()[0], cores=os.cpu_count())
    methods(models())
    whole_round()
    tell("load of the machine", one_minute=os.getloadavg()[0])


if __name__ == "__main__":
    main()
