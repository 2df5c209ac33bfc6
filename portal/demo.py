"""A large, consistent, synthetic data set for load tests, made by bulk inserts from one seed.

Everything it makes is labelled as demonstration. The ratings come from a simple model: product quality +
assessor severity + noise, turned into each indicator's own scale; who judges what respects every conflict.
"""

import io
from datetime import timedelta
from itertools import groupby

import numpy as np
import pgtrigger
from django.db import connection, transaction
from django.utils import timezone

from assessments.models import (
    Affiliation,
    Assessment,
    Assessor,
    Assignment,
    AssignmentMove,
    Entry,
    Indicator,
    Measurement,
    Rating,
    Round,
    RoundMove,
    Sheet,
    SheetPart,
    Subject,
)
from assessments.services import runs
from products import content
from products.models import Product, ProductKind, ProductMove, SubmissionVersion
from products.selectors.judging import set_versions_for
from secretariat.digests import digest
from secretariat.models import Agency, User
from secretariat.persian import digits_to_persian

BATCH = 2000
# The history of bulk-made rows would only repeat the making; every other trigger stays on guard.
_HISTORY = [
    f"{model._meta.label}:{trigger}"
    for model in (User, Assessor, Affiliation, Product, Round, Measurement, Assignment, Assessment)
    for trigger in ("insert_insert", "update_update")
    if (model, trigger) != (Assessment, "insert_insert")
]
PRODUCTS_A_ROUND = 2500

_FIRST = [
    "مریم",
    "زهرا",
    "فاطمه",
    "سارا",
    "نرگس",
    "لیلا",
    "علی",
    "محمد",
    "حسین",
    "رضا",
    "امیر",
    "مهدی",
    "پژمان",
    "ژاله",
    "گلناز",
    "چنگیز",
]
_LAST = [
    "احمدی",
    "محمدی",
    "کریمی",
    "رضایی",
    "موسوی",
    "حسینی",
    "پورچیان",
    "گودرزی",
    "ژیان",
    "چراغی",
    "یوسفی",
    "وحیدی",
    "هاشمی",
    "طاهری",
]
_THING = [
    "داستان",
    "روایت",
    "گنجینهٔ",
    "سفر",
    "باغ",
    "چراغ",
    "آینهٔ",
    "قصه‌های",
    "نغمه‌های",
    "کارگاه",
    "جشن",
    "پژوهش",
    "یادنامهٔ",
    "پویش",
]
_ABOUT = [
    "ایران",
    "کتاب‌خوانی",
    "خلیج فارس",
    "نوجوانان",
    "موسیقی مقامی",
    "شاهنامه",
    "میراث",
    "مسجد محله",
    "خانواده",
    "کودکان",
    "هنر",
    "زبان فارسی",
]


def make(products, assessors, seed, *, panel=5, waiting=False, say=lambda line: None):
    """Make `products` products judged by `panel` of `assessors` assessors each, scored and closed. Returns the rounds.

    `waiting` products were accepted and wait for a round: there is none, and nobody judged them.
    """
    rng = np.random.default_rng(seed)
    with pgtrigger.ignore(*_HISTORY), transaction.atomic():
        # Who is to be asked in a round to come has a third more room than an even share.
        people = _assessors(assessors, seed, rng, capacity=-(-4 * products * panel // (3 * assessors)) if waiting else 32000)
        say(f"{len(people)} assessors")
        made = _products(products, seed, rng)
        say(f"{len(made)} products")
        if waiting:
            return []
        rounds = []
        for start in range(0, len(made), PRODUCTS_A_ROUND):
            rounds.append(_round(made[start : start + PRODUCTS_A_ROUND], people, panel, rng, len(rounds) + 1, say))
            _tell_planner()
    for round_ in rounds:
        runs.rescore_round(round_.pk)
        say(f"scored {round_.title_en}")
    return rounds


def judge(round_, seed):
    """Let everybody who was asked in an open round accept, fill in his sheet and submit it; gives how many did."""
    rng = np.random.default_rng(seed)
    entries = list(round_.entries.ranked().select_related("subject").order_by("pk"))
    asked = list(Assignment.objects.filter(entry__in=entries, status__in=["offered", "accepted"]).order_by("pk"))
    people = sorted({assignment.assessor_id for assignment in asked})
    severity = dict(zip(people, rng.normal(0, 7, size=len(people)), strict=True))
    quality = dict(zip((entry.pk for entry in entries), rng.normal(72, 10, size=len(entries)), strict=True))
    sheets = {entry.pk: entry.sheet_id for entry in entries}
    with pgtrigger.ignore(*_HISTORY), transaction.atomic():
        _measurements([entry for entry in entries if not entry.measurements.exists()], rng)
        Assignment.objects.filter(pk__in=[one.pk for one in asked], status="offered").update(status="accepted")
        levels = [quality[one.entry_id] - severity[one.assessor_id] for one in asked]
        _submit(asked, [sheets[one.entry_id] for one in asked], levels, _leaves(entries, "expert"), rng)
        round_.entries.filter(pk__in=sheets, inputs_version=0).update(inputs_version=1)
        runs.round_changed(round_.pk)
    return len(asked)


def _tell_planner():
    """Count the rows that this transaction made: the planner, and the checks at commit, still believe the tables to be small."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _assessors(count, seed, rng, capacity):
    """Assessors, each tied to one agency (or none); returns [(assessor id, agency id or None)]."""
    agencies = [*Agency.objects.filter(is_member=True).values_list("pk", flat=True)]
    users = User.objects.bulk_create(
        [
            User(
                username=f"demo-{seed}-{n}",
                first_name=_FIRST[rng.integers(len(_FIRST))],
                last_name=_LAST[rng.integers(len(_LAST))],
                name_en=f"Demo Assessor {n}",
                password="!",  # unusable: nobody signs in as one of these
            )
            for n in range(1, count + 1)
        ],
        batch_size=BATCH,
    )
    roster = Assessor.objects.bulk_create([Assessor(user=user, capacity=capacity) for user in users], batch_size=BATCH)
    ties = [int(agencies[rng.integers(len(agencies))]) if rng.random() < 0.7 else None for _ in roster]
    Affiliation.objects.bulk_create(
        [Affiliation(assessor=assessor, agency_id=tie) for assessor, tie in zip(roster, ties, strict=True) if tie],
        batch_size=BATCH,
    )
    return [(assessor.pk, tie) for assessor, tie in zip(roster, ties, strict=True)]


def _products(count, seed, rng):
    agencies = [*Agency.objects.filter(is_member=True)]
    kinds = [*ProductKind.objects.filter(is_active=True)]
    now = timezone.now()
    titles = [
        f"{_THING[rng.integers(len(_THING))]} {_ABOUT[rng.integers(len(_ABOUT))]} {digits_to_persian(str(n))}"
        for n in range(1, count + 1)
    ]
    owners = [agencies[i] for i in rng.integers(len(agencies), size=count)]
    subjects = Subject.objects.bulk_create(
        [
            Subject(kind="product", title_fa=title, title_en=f"Demo product {seed}-{n}", agency=owner)
            for n, (title, owner) in enumerate(zip(titles, owners, strict=True), 1)
        ],
        batch_size=BATCH,
    )
    ages = rng.integers(30, 700, size=count)
    products = Product.objects.bulk_create(
        [
            Product(
                subject=subject,
                agency=subject.agency,
                kind=kinds[rng.integers(len(kinds))],
                status="accepted",
                title_fa=subject.title_fa,
                title_en=subject.title_en,
                summary="دادهٔ نمایشی برای آزمون بار.",
                audience="children" if rng.random() < 0.2 else "general",
                starts_on=(now - timedelta(days=int(age) + 30)).date(),
                submitted_at=now - timedelta(days=int(age)),
                is_demo=True,
            )
            for subject, age in zip(subjects, ages, strict=True)
        ],
        batch_size=BATCH,
    )
    SubmissionVersion.objects.bulk_create([_version(product) for product in products], batch_size=BATCH)
    ProductMove.objects.bulk_create(
        [
            ProductMove(product=product, action=action, source=source, target=target)
            for product in products
            for action, source, target in (("submit", "draft", "submitted"), ("accept", "submitted", "accepted"))
        ],
        batch_size=BATCH,
    )
    return products


def _version(product):
    """A submission version of the shape that `products.content` reads."""
    answers = [
        ("title_fa", "عنوان", "title", product.title_fa),
        ("summary", "خلاصه", "summary", product.summary),
    ]
    said = {
        "format": content.FORMAT,
        "kind": {"code": product.kind.code, "fa": product.kind.title_fa, "en": product.kind.title_en},
        "agency": {"slug": product.agency.slug, "fa": product.agency.name_fa, "en": product.agency.name_en},
        "unit": None,
        "answers": [
            {
                "key": key,
                "label": {"fa": fa, "en": en},
                "type": "text",
                "value": text,
                "shown": {"fa": text, "en": text},
                "hidden": False,
            }
            for key, fa, en, text in answers
        ],
        "creators": [],
        "links": [],
        "files": [],
    }
    return SubmissionVersion(product=product, number=1, content=said, content_hash=digest(said))


def _round(products, people, panel, rng, number, say):
    now = timezone.now()
    round_ = Round.objects.create(
        title_fa=f"دور نمایشی {digits_to_persian(str(number))}",
        title_en=f"Demo round {number}",
        status="open",  # the database takes judgements of open rounds only, and until their deadline
        deadline=now + timedelta(days=1),
        panel_size=panel,
        gap_indicator=0,  # nobody is there to settle what thousands of drawn ratings would find
        gap_total=0,
        is_demo=True,
    )
    RoundMove.objects.bulk_create(
        RoundMove(round=round_, action=action, source=source, target=target)
        for action, source, target in (("open", "draft", "open"), ("close", "open", "moderation"))
    )
    entries = _entries(round_, products)
    _measurements(entries, rng)
    _judgements(entries, people, panel, rng)
    Round.objects.filter(pk=round_.pk).update(status="moderation", deadline=now - timedelta(days=1))
    say(f"{round_.title_en}: {len(entries)} entries judged")
    return round_


def _entries(round_, products):
    """Entries with their sheets: one sheet for each composition of set versions."""
    sheets, chosen, by_kind = {}, [], {}
    for product in products:
        composition = by_kind.get((product.kind_id, product.audience))
        if composition is None:
            composition = by_kind[product.kind_id, product.audience] = set_versions_for(product)
        key = "+".join(f"{version.set.code}:{version.number}" for version, _weight in composition)
        if key not in sheets:
            sheets[key] = Sheet.objects.create(round=round_, key=key)
            SheetPart.objects.bulk_create(
                SheetPart(sheet=sheets[key], version=version, weight=weight, position=position)
                for position, (version, weight) in enumerate(composition, 1)
            )
        chosen.append(sheets[key])
    return Entry.objects.bulk_create(
        [
            Entry(round=round_, subject=product.subject, sheet=sheet, inputs_version=1, inputs_changed_at=timezone.now())
            for product, sheet in zip(products, chosen, strict=True)
        ],
        batch_size=BATCH,
    )


def _leaves(entries, rater):
    """{sheet id: [indicator with its scale]} for the leaves that `rater` gives."""
    sheets = {entry.sheet_id for entry in entries}
    parts = SheetPart.objects.filter(sheet__in=sheets).values_list("version_id", "sheet_id")
    sheets_of = {}
    for version, sheet in parts:
        sheets_of.setdefault(version, []).append(sheet)
    leaves = {sheet: [] for sheet in sheets}
    for indicator in Indicator.objects.filter(version__in=sheets_of, scale__isnull=False, rater=rater).select_related("scale"):
        for sheet in sheets_of[indicator.version_id]:
            leaves[sheet].append(indicator)
    return leaves


def _measurements(entries, rng):
    leaves = _leaves(entries, "secretariat")
    rows = []
    for entry in entries:
        for indicator in leaves[entry.sheet_id]:
            ratio = indicator.scale.kind == "ratio"
            value = rng.integers(200, 12000) if ratio else _on_scale(rng.normal(70, 18), indicator.scale)
            rows.append(
                Measurement(
                    entry=entry, indicator=indicator, value=round(float(value), 1), target=10000 if ratio else None, note="نمایشی"
                )
            )
    Measurement.objects.bulk_create(rows, batch_size=BATCH)


def _on_scale(quality, scale):
    """The value on `scale` nearest to a quality of 0–100."""
    share = min(max(float(quality), 0.0), 100.0) / 100
    if scale.kind == "inverse":
        share = 1 - share
    low, high, step = float(scale.minimum), float(scale.maximum), float(scale.step)
    return min(high, low + round(share * (high - low) / step) * step)


def _judgements(entries, people, panel, rng):
    ids = np.array([person for person, _tie in people])
    ties = np.array([tie or 0 for _person, tie in people])
    severity = rng.normal(0, 7, size=len(people))
    quality = rng.normal(72, 10, size=len(entries))
    eligible = {}
    assignments, sheets_of, levels = [], [], []
    for position, entry in enumerate(entries):
        owner = entry.subject.agency_id
        if owner not in eligible:
            eligible[owner] = np.flatnonzero(ties != owner)
        chosen = rng.choice(eligible[owner], size=min(panel, len(eligible[owner])), replace=False)
        for alias, person in enumerate(chosen, 1):
            assignments.append(Assignment(entry=entry, assessor_id=int(ids[person]), status="accepted", alias=alias))
            sheets_of.append(entry.sheet_id)
            levels.append(quality[position] - severity[person])
    _tell_planner()
    Assignment.objects.bulk_create(assignments, batch_size=BATCH)
    _tell_planner()
    _submit(assignments, sheets_of, levels, _leaves(entries, "expert"), rng)


def _submit(assignments, sheets_of, levels, leaves, rng):
    """Accepted assignments with their sheets, filled in around `levels` (0–100) and handed in."""
    AssignmentMove.objects.bulk_create(
        [
            AssignmentMove(assignment=assignment, action=action, source=source, target=target)
            for assignment in assignments
            for action, source, target in (("accept", "offered", "accepted"), ("submit", "accepted", "submitted"))
        ],
        batch_size=BATCH,
    )
    assessments = Assessment.objects.bulk_create(
        [Assessment(assignment=assignment, strengths="نمونهٔ نمایشی") for assignment in assignments], batch_size=BATCH
    )
    _copy_ratings([assessment.pk for assessment in assessments], sheets_of, levels, leaves, rng)
    # Only now: the database refuses ratings for a submitted assessment.
    Assessment.objects.filter(pk__in=[assessment.pk for assessment in assessments]).update(submitted_at=timezone.now())
    Assignment.objects.filter(pk__in=[assignment.pk for assignment in assignments]).update(status="submitted")


def _copy_ratings(assessments, sheets_of, levels, leaves, rng):
    """All ratings by COPY, values drawn in one go for each sheet."""
    order = sorted(range(len(assessments)), key=sheets_of.__getitem__)
    lines = []
    for sheet, group in groupby(order, key=sheets_of.__getitem__):
        rows = [*group]
        indicators = leaves[sheet]
        drawn = np.array([levels[row] for row in rows])[:, None] + rng.normal(0, 12, size=(len(rows), len(indicators)))
        columns = [_column(drawn[:, j], indicator.scale) for j, indicator in enumerate(indicators)]
        for i, row in enumerate(rows):
            assessment = assessments[row]
            lines.extend(
                f"{assessment}\t{indicator.pk}\tscored\t{column[i]:g}\t\n"
                for indicator, column in zip(indicators, columns, strict=True)
            )
    table = connection.ops.quote_name(Rating._meta.db_table)
    with connection.cursor() as cursor:
        cursor.copy_expert(
            f"COPY {table} (assessment_id, indicator_id, state, value, comment) FROM STDIN", io.StringIO("".join(lines))
        )


def _column(quality, scale):
    share = np.clip(quality, 0, 100) / 100
    if scale.kind == "inverse":
        share = 1 - share
    low, high, step = float(scale.minimum), float(scale.maximum), float(scale.step)
    return np.minimum(high, low + np.round(share * (high - low) / step) * step)
