"""Makers of exemplars for tests: a product with a public sheet and files, its nomination at every step, by the services."""

from types import SimpleNamespace

from assessments.models import Entry, Indicator, Round
from products.models import Exemplar, Product
from products.models.exemplars import WORDS
from products.selectors import exemplars as selectors
from products.services import exemplar_motions, nameless, screening, submission
from products.services import exemplars as services
from secretariat.digests import digest
from tests import council as make
from tests import factories, named_files, specimens

WORDS_SAID = {name: f"آموزهٔ {name}" for name in WORDS}
CONSENT = "رضایت"


def scored_product(value=87.5, status="published", files=0, agency_=None, deadline=None, **fields):
    """An accepted product whose round is public: a total, and scores of its two dimensions; with files of its submission."""
    product = fields.pop("product", None)
    if product is None and files:
        product = _handed_in(files, agency_, **fields)
    elif product is None:
        product = factories.product(status="accepted", agency_=agency_, **fields)
    version = factories.published_set(indicators=1)
    entry = factories.entry(
        factories.round_(status="open", **({"deadline": deadline} if deadline else {})), product.subject, [version]
    )
    factories.score(entry, value, low=value - 4, high=value + 4)
    part = entry.sheet.parts.get()
    for n, indicator in enumerate(Indicator.objects.filter(version=version).order_by("pk")):
        factories.score(entry, value + n, part=part, indicator=indicator, low=value - 6, high=min(100, value + 6))
    Entry.objects.filter(pk=entry.pk).update(inputs_version=2, scored_version=2)
    factories.settled(entry.round, status) if status in (
        "scored",
        "confirmed",
        "published",
        "appeal",
        "final",
    ) else Round.objects.filter(pk=entry.round_id).update(status=status)
    return product


def _handed_in(files, agency_, **fields):
    agency_ = agency_ or factories.agency()
    owner = factories.representative(agency_)
    product = submission.start(agency_, fields.pop("kind", None) or factories.product_kind(), by=owner)
    for n in range(files):
        submission.attach(
            product.pk, specimens.upload(named_files.pdf(f"ZgMetaAuthor{n}"), f"گزارش-{n}.pdf"), by=owner, note=f"گزارش {n}"
        )
    version = factories.submission(product, **fields)  # its title, say
    screening.screen(version.pk, "accept", dict.fromkeys(screening.CHECKLIST, "yes"), {}, "", by=factories.officer())
    nameless.make_waiting()
    return Product.objects.get(pk=product.pk)


def content(exemplar, **changes):
    """What `save` takes, whole."""
    spots = selectors.spots(exemplar.score)
    return {
        "words": WORDS_SAID,
        "links": ["https://example.org/report"],
        "points": [spot.score.pk for spot in spots if spot.is_dimension],
        "files": [place.pk for place in selectors.evidence_places(exemplar.product)],
        **changes,
    }


def written(product=None, by=None, **changes):
    """A nomination with everything written, by an officer unless said otherwise."""
    by = by or factories.officer()
    exemplar = services.nominate((product or scored_product()).pk, by=by)
    return services.save(exemplar.pk, by=by, version=exemplar.version, **content(exemplar, **changes))


def asked(product=None, **changes):
    exemplar = written(product, **changes)
    return services.ask(exemplar.pk, by=factories.officer())


def owner_of(exemplar):
    return factories.representative(exemplar.product.agency)


def agreed(exemplar, by=None, answer=True):
    """The agency consents to what is asked, and to every file (or none)."""
    by = by or owner_of(exemplar)
    answers = dict.fromkeys(exemplar.files.values_list("pk", flat=True), answer)
    return services.consent(exemplar.pk, by=by, answers=answers, seen=digest(selectors.words_of(exemplar)))


def ready(product=None, **changes):
    """A nomination that waits for a council."""
    return agreed(asked(product, **changes))


def sitting(members=3):
    """A council in session with an item on exemplars, and who keeps its papers."""
    council = make.council()
    meeting = make.in_session(council)
    for n in range(members):
        make.presence(meeting, make.seat(council, role="chair" if n == 0 else "member"))
    item = make.item(meeting, kind="exemplars", title="الگوها")
    return SimpleNamespace(council=council, meeting=meeting, item=item, keeper=make.keeper(council))


def before_a_council(*exemplars, room=None):
    """A draft resolution that names these nominations (one, if none is given); gives it."""
    room = room or sitting()
    exemplars = exemplars or [ready()]
    return exemplar_motions.draw_up(
        room.item.pk, [one.pk for one in exemplars], by=room.keeper, title="نام‌گذاری الگوها", text="شورا تصمیم می‌گیرد."
    )


def published(product=None, **changes):
    """An exemplar that everybody reads."""
    exemplar = ready(product, **changes)
    resolution = make.adopted(before_a_council(exemplar))
    exemplar_motions.publish_all(resolution.pk, by=make.keeper(resolution.council))
    return Exemplar.objects.select_related("product__agency", "resolution").get(pk=exemplar.pk)
