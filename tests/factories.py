"""Small makers of rows for tests: each gives a valid object, any field may be said otherwise."""

from itertools import count

serial = count(1)


def agency(**fields):
    from secretariat.models import Agency

    n = next(serial)
    fields.setdefault("slug", f"agency-{n}")
    fields.setdefault("name_fa", f"دستگاه {n}")
    fields.setdefault("name_en", f"Agency {n}")
    fields.setdefault("kind", "public_body")
    return Agency.objects.create(**fields)


def user(**fields):
    from secretariat.models import User

    n = next(serial)
    fields.setdefault("username", f"user{n}")
    fields.setdefault("first_name", "نام")
    fields.setdefault("last_name", f"خانوادگی {n}")
    fields.setdefault("email", f"user{n}@example.org")
    return User.objects.create(**fields)


def officer(**fields):
    return granted("officer", **fields)


def secretary(**fields):
    return granted("secretary", **fields)


def granted(role, user_=None, **fields):
    """A user who holds `role`; agency=, unit= or council= is its scope, the rest are fields of the user."""
    from secretariat.models import RoleGrant

    scope = {name: fields.pop(name) for name in ("agency", "unit", "council") if name in fields}
    person = user_ or user(**fields)
    RoleGrant.objects.create(user=person, role=role, **scope)
    return person


def representative(agency_=None, **fields):
    return granted("representative", agency=agency_ or agency(), **fields)


def assessor(**fields):
    """A person on the roster of assessors; `user` fields may be given."""
    from assessments.models import Assessor

    return Assessor.objects.create(user=fields.pop("user", None) or user(**fields))


def scale(kind="ordinal", **fields):
    from assessments.models import Scale

    n = next(serial)
    bounds = {
        "ordinal": {"minimum": 1, "maximum": 5},
        "inverse": {"minimum": 0, "maximum": 4},
        "boolean": {"minimum": 0, "maximum": 1},
        "number": {"minimum": 0, "maximum": 100, "step": "0.1"},
        "ratio": {"minimum": 0, "maximum": None, "step": "0.01"},
    }[kind]
    anchors = [{"value": v, "fa": f"تراز {v}", "en": f"level {v}"} for v in range(1, 6)] if kind == "ordinal" else []
    return Scale.objects.create(
        **{"code": f"scale-{n}", "name_fa": "مقیاس", "name_en": "Scale", "kind": kind, "anchors": anchors, **bounds, **fields}
    )


def published_set(dimensions=2, indicators=2, layer="kind", scale_=None, allow_na=False, **fields):
    """A published version with `dimensions` × `indicators` leaves of equal weight, which assessors rate unless said otherwise."""
    title, guidance, rater = fields.pop("title", "شاخص"), fields.pop("guidance", "راهنما"), fields.pop("rater", "expert")
    from django.utils import timezone

    from assessments.models import Indicator, IndicatorSet, SetVersion
    from assessments.scoring.weights import percentages

    n = next(serial)
    set_ = IndicatorSet.objects.create(
        code=fields.pop("code", f"set-{n}"), title_fa=f"شاخص‌های {n}", title_en=f"Set {n}", layer=layer, **fields
    )
    version = SetVersion.objects.create(set=set_, number=1)
    scale_ = scale_ or scale()
    above = Indicator.objects.bulk_create(
        Indicator(version=version, code=f"D{d}", title_fa=f"بُعد {d}", title_en=f"Dimension {d}", position=d, weight=share)
        for d, share in enumerate(percentages([1] * dimensions), 1)
    )
    Indicator.objects.bulk_create(
        Indicator(
            version=version, parent=dimension, code=f"D{d}I{i}", title_fa=f"{title} {d}.{i}", title_en=f"Indicator {d}.{i}",
            guidance_fa=guidance, guidance_en="Guidance", position=i, weight=weight, scale=scale_, allow_na=allow_na, rater=rater,
        )
        for d, dimension in enumerate(above, 1)
        for i, weight in enumerate(percentages([1] * indicators), 1)
    )  # fmt: skip
    version.status, version.published_at = "published", timezone.now()
    version.save()
    return version


def product_kind(**fields):
    from products.models import ProductKind

    n = next(serial)
    if "indicator_set" not in fields:
        fields["indicator_set"] = published_set().set
    return ProductKind.objects.create(
        **{"code": f"kind-{n}", "group": "product", "title_fa": f"گونهٔ {n}", "title_en": f"Kind {n}", **fields}
    )


def product(status="draft", agency_=None, **fields):
    """A product in any state; submitted ones carry a title and a time but no submission version (see `submission`)."""
    from django.utils import timezone

    from assessments.models import Subject
    from products.models import Product

    n = next(serial)
    agency_ = agency_ or agency()
    fields.setdefault("title_fa", f"محصول {n}")
    fields.setdefault("title_en", f"Product {n}")
    fields.setdefault("kind", None)
    fields["kind"] = fields["kind"] or product_kind()
    if status not in ("draft", "withdrawn"):
        fields.setdefault("submitted_at", timezone.now())
    subject = Subject.objects.create(kind="product", title_fa=fields["title_fa"], title_en=fields["title_en"], agency=agency_)
    return Product.objects.create(subject=subject, agency=agency_, status=status, **fields)


def subject(agency_=None, **fields):
    from assessments.models import Subject

    n = next(serial)
    return Subject.objects.create(
        **{"kind": "product", "title_fa": f"موضوع {n}", "title_en": f"Subject {n}", "agency": agency_ or agency(), **fields}
    )


def round_(status="draft", **fields):
    from datetime import timedelta

    from django.utils import timezone

    from assessments.models import Round
    from assessments.rules import SETTLED_ROUNDS

    n = next(serial)
    made = Round.objects.create(
        **{
            "title_fa": f"دور {n}",
            "title_en": f"Round {n}",
            "status": "moderation" if status in SETTLED_ROUNDS else status,
            "deadline": timezone.now() + timedelta(days=20),
            # Nobody disagrees with anybody, unless the test is about that.
            "gap_indicator": 0,
            "gap_total": 0,
            **fields,
        }
    )
    return settled(made, status) if status in SETTLED_ROUNDS else made


def sheet(round__, *versions):
    """A sheet of `round__` on these set versions; two weigh 70 and 30, one 100."""
    from django.db import transaction

    from assessments.models import Sheet, SheetPart

    weights = {1: [100], 2: [70, 30], 3: [55, 25, 20]}[len(versions)]
    with transaction.atomic():
        made = Sheet.objects.create(round=round__, key="+".join(f"{v.set.code}:{v.number}" for v in versions))
        SheetPart.objects.bulk_create(
            SheetPart(sheet=made, version=v, weight=w, position=p)
            for p, (v, w) in enumerate(zip(versions, weights, strict=True), 1)
        )
    return made


def entry(round__=None, subject_=None, versions=None):
    """A subject's entry in an open round, with a sheet on `versions` (default: one small published set)."""
    from assessments.models import Entry

    round__ = round__ or round_(status="open")
    return Entry.objects.create(
        round=round__, subject=subject_ or subject(), sheet=sheet(round__, *(versions or [published_set()]))
    )


def assignment(entry_=None, assessor_=None, status="accepted"):
    from django.utils import timezone

    from assessments.models import Assessment, Assignment

    entry_ = entry_ or entry()
    made = Assignment.objects.create(
        entry=entry_, assessor=assessor_ or assessor(), status=status, alias=entry_.assignments.count() + 1
    )
    if status == "submitted":
        # The two go together; `submitted_assessment` fills one in.
        Assessment.objects.create(assignment=made, submitted_at=timezone.now())
    return made


def submitted_assessment(entry_=None, values=4, assessor_=None, comment="", **fields):
    """An assessment rated and submitted; `values` is one value for all leaves or {code: value or None for N/A}."""
    from django.db import transaction
    from django.utils import timezone

    from assessments.models import Assessment, Assignment, Indicator, Rating

    with transaction.atomic():
        given = assignment(entry_, assessor_)
        made = Assessment.objects.create(assignment=given, **fields)
        leaves = Indicator.objects.filter(version__sheet_parts__sheet=given.entry.sheet, scale__isnull=False, rater="expert")
        said = {leaf.pk: values.get(leaf.code) if isinstance(values, dict) else values for leaf in leaves}
        Rating.objects.bulk_create(
            Rating(assessment=made, indicator_id=leaf, state="na" if value is None else "scored", value=value, comment=comment)
            for leaf, value in said.items()
        )
        made.submitted_at = timezone.now()
        made.save(update_fields=["submitted_at"])
        Assignment.objects.filter(pk=given.pk).update(status="submitted")
    return made


def run(round__, **fields):
    """The round's current run: the one it has, or a plain mean as the engine would leave it."""
    from django.db import transaction
    from django.utils import timezone

    from assessments.models import Round, ScoringRun

    round__.refresh_from_db()
    if round__.run is None:
        defaults = {"status": "done", "finished_at": timezone.now(), "progress": 100, "phase": round__.status, "method": "mean",
                    "algorithm": "fair/1", "inputs_hash": "0" * 64}  # fmt: skip
        with transaction.atomic():
            made = ScoringRun.objects.create(round=round__, **{**defaults, **fields})
            Round.objects.filter(pk=round__.pk).update(run=made)
        round__.refresh_from_db()
    return round__.run


def score(entry_, value, **fields):
    """The total of an entry in its round's current run, as the engine would leave it."""
    from assessments.models import Entry, Score

    near = {} if value is None else {"low": max(0, value - 5), "high": min(100, value + 5)}
    made = Score.objects.create(
        run=run(entry_.round), entry=entry_, **{"value": value, "raw_mean": value, "raters": 3, "coverage": 1, **near, **fields}
    )
    if made.part_id is None:
        Entry.objects.filter(pk=entry_.pk).update(result=made)
    return made


def published(round__):
    """A round whose results stand and may be read."""
    return settled(round__, "published")


def settled(round__, status="scored"):
    """A round whose current run is frozen: its scores are fixed, or more."""
    from datetime import timedelta

    from django.db import transaction
    from django.utils import timezone

    from assessments.models import Round, ScoringRun

    with transaction.atomic():
        ScoringRun.objects.filter(pk=run(round__).pk, frozen_at=None).update(frozen_at=timezone.now())
        window = {"appeals_until": timezone.now() + timedelta(days=9)} if status == "appeal" else {}
        Round.objects.filter(pk=round__.pk).update(status=status, **window)
    round__.refresh_from_db()
    return round__


def released(round__, by=None):
    """Every text that the assessors of a round wrote for the submitters, let through as it is."""
    from assessments.models import RemarkCheck
    from assessments.selectors.remarks import round_remarks

    by = by or officer()
    RemarkCheck.objects.bulk_create(
        RemarkCheck(assessment=one.assessment, kind=one.kind, indicator=one.indicator, source=one.text, text=one.text, verdict="released", by=by)
        for one in round_remarks(round__)
        if one.check is None
    )


def submission(product_=None, agency_=None, **answers):
    """A version handed in by the agency itself; `answers` are words for the form, `product_` a draft or a returned one."""
    from products.services.submission import save_draft, start, submit

    if product_ is None:
        product_ = start(agency_ or agency(), answers.pop("kind", None) or product_kind(), by=None)
    product_.refresh_from_db()
    n = next(serial)
    said = {"title_fa": unlike(n), "title_en": f"Product {n}", "summary": f"خلاصهٔ {n}", "audience": "general",
            "starts_on": "1403/02/01", **product_.draft.get("answers", {}), **answers}  # fmt: skip
    rows = {"creators": [{"name": "سارا یوسفی", "role": "نویسنده"}], "links": [{"url": "https://example.org/", "label": "نمونه"}]}
    product_ = save_draft(product_.pk, {"answers": said, **rows}, by=None, version=product_.version)
    return submit(product_.pk, by=None, version=product_.version)


def unlike(n):
    """A title that has nothing in common with that of another number: no two are taken for an overlap."""
    from hashlib import sha256

    return sha256(str(n).encode()).hexdigest()[:20].translate(str.maketrans("0123456789abcdef", "ابپتثجدرسشعفقلمن"))
