"""What the pages of exemplars show: who may be nominated, what a nomination says, where it stands, what a resolution decides."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from assessments.models import Score
from assessments.rules import PUBLIC_ROUNDS
from assessments.selectors.sets import nested, walk
from products import rules
from products.evidence import neutral_name
from products.models import Exemplar, ExemplarMove, NamelessCopy, Product
from products.models.exemplars import TOLD, WORDS
from products.services.marks import deciding_scores
from secretariat.rules import represents
from secretariat.uploads import INLINE

Status = rules.ExemplarStatus


# --- who may be nominated ------------------------------------------------------------------------


def public_scores(subjects):
    """The totals of `subjects` that everybody may read, newest round first for each."""
    return deciding_scores(subjects).filter(entry__round__status__in=PUBLIC_ROUNDS)


def public_score(product):
    """The total that an exemplar rests on: of the newest round whose results are public; else None."""
    return public_scores([product.subject_id]).first()


def may_be_nominated(products):
    """Those of `products` that somebody may nominate now; the same rules as `why_not`, for a list."""
    living = Exemplar.objects.filter(status__in=rules.LIVING_EXEMPLARS).values("product")
    accepted = products.filter(status=rules.ProductStatus.ACCEPTED).exclude(pk__in=living).exclude(pk__in=_revoked().values("pk"))
    scored = public_scores(accepted.values("subject")).order_by().values("entry__subject")
    return accepted.filter(subject__in=scored)


def _revoked():
    """Products whose mark was revoked and that hold no other."""
    marked = Product.objects.filter(marks__status=rules.MarkStatus.REVOKED)
    return marked.exclude(pk__in=Product.objects.filter(marks__status__in=rules.LIVING_MARKS).values("pk"))


def lost_its_mark(product):
    """Whether the mark of a product was revoked and no other followed."""
    return _revoked().filter(pk=product.pk).exists()


def why_not(product):
    """The sentence that stands against nominating a product, or None."""
    if product.status != rules.ProductStatus.ACCEPTED:
        return _("Only a product accepted for assessment can be an exemplar; this one is “%(state)s”.") % {
            "state": product.get_status_display()
        }
    if public_score(product) is None:
        return _("This product has no published score yet: an exemplar is held up with the score that everybody can read.")
    if lost_its_mark(product):
        return _("The quality mark of this product was revoked: it is no exemplar.")
    if product.exemplars.filter(status__in=rules.LIVING_EXEMPLARS).exists():
        return _("This product is nominated or shown as an exemplar already.")
    return None


# --- what a nomination is made of ----------------------------------------------------------------


@dataclass(frozen=True)
class Spot:
    """A dimension or indicator of the published sheet, with the product's score there."""

    score: Score
    number: str
    depth: int
    dimension_id: int
    is_dimension: bool
    part: str  # the set to which it belongs


def spots(score):
    """Every scored dimension and indicator under a total, in the order of the sheet."""
    rows = Score.objects.filter(run=score.run_id, entry=score.entry_id, indicator__isnull=False, value__isnull=False)
    by_part = {}
    for row in rows.select_related("indicator", "part__version__set").order_by("part__position", "indicator__position", "pk"):
        by_part.setdefault(row.part_id, []).append(row)
    found = []
    for scores in by_part.values():
        own = {row.indicator_id: row for row in scores}
        for node in walk(nested([row.indicator for row in scores])):
            top = node
            while top.parent is not None:
                top = top.parent
            row = own[node.pk]
            found.append(Spot(row, node.number, node.depth, top.pk, not node.is_leaf, row.part.version.set.title))
    return found


def accepted_version(product):
    """The submission version that the secretariat accepted; None before."""
    return product.versions.filter(screening__decision="accept").order_by("-number").first()


def evidence_places(product):
    """The files of the accepted submission that may be chosen as evidence."""
    version = accepted_version(product)
    return list(version.placed_files.select_related("file__nameless")) if version else []


def words_of(exemplar):
    """Everything that would be published of a nomination, as plain values: what the agency consents to."""
    points = exemplar.points.select_related("score__indicator")
    files = exemplar.files.select_related("place__file")
    return {
        "product": [exemplar.product_id, exemplar.product.title_fa, exemplar.product.title_en],
        "score": [exemplar.score_value, exemplar.score_low, exemplar.score_high],
        "points": [
            [one.score.indicator.title_fa, one.score.indicator.title_en, one.score.value, one.score.low, one.score.high]
            for one in points
        ],
        "words": {name: getattr(exemplar, name) for name in WORDS},
        "files": [[one.place.file_id, one.place.file.name, one.place.file.sha256, one.agreed] for one in files],
        "links": exemplar.links,
    }


@dataclass(frozen=True)
class Lesson:
    """One of the questions that an exemplar answers for others."""

    stem: str
    question: str
    answer: str


def lessons(exemplar):
    """What others can learn, in order and in the reader's language."""
    asked = {
        "done": _("What they did"),
        "worked": _("Why it worked"),
        "needs": _("What it takes"),
        "begin": _("How to begin"),
    }
    return [Lesson(stem, asked[stem], getattr(exemplar, stem)) for stem in TOLD if stem in asked and getattr(exemplar, stem)]


@dataclass(frozen=True)
class Evidence:
    """A chosen file as it is shown: by its name, led to as a copy without what programs write into files."""

    row: object
    name: str
    note: str
    content_type: str
    size: int
    is_ready: bool
    shows: bool  # may be opened in the browser


def evidence_of(exemplar, *, agreed_only):
    """The chosen files; for everybody those that the agency lets go."""
    rows = exemplar.files.select_related("place__file__nameless")
    found = []
    for row in rows:
        if agreed_only and not row.agreed:
            continue
        file, copy = row.place.file, getattr(row.place.file, "nameless", None)
        ready = copy is not None and copy.status == NamelessCopy.Status.READY
        name = file.note or neutral_name(row.place)
        found.append(
            Evidence(
                row, name, file.name, file.content_type, copy.size if ready else file.size, ready, file.content_type in INLINE
            )
        )
    return found


def points_of(exemplar):
    """The chosen dimensions and indicators with their scores, the dimensions first."""
    rows = list(exemplar.points.select_related("score__indicator", "dimension"))
    return sorted(rows, key=lambda row: (not row.is_dimension, row.position))


def living_mark(product):
    """The published mark of a product that is in force today, or None."""
    return product.marks.in_force().order_by("-granted_at", "-pk").first()


# --- where it stands -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """Who holds a nomination now, and what comes next, in sentences."""

    holder: str
    next: str


def standing_of(exemplar, reader=None):
    """Say who holds a nomination now and what comes next."""
    agency = _("your agency") if reader and represents(reader, exemplar.product.agency_id) else _("the agency")
    status = exemplar.status
    if status == Status.NOMINATED:
        if exemplar.by_agency:
            return Standing(agency, _("It writes what others can learn, and hands it in with its consent."))
        return Standing(_("the secretariat"), _("It writes what others can learn; then the agency is asked for its consent."))
    if status == Status.ASKED:
        return Standing(agency, _("It reads exactly what would be published and consents, or says why not."))
    if status == Status.READY:
        return Standing(_("the secretary of a council"), _("It is put before a council at one of its next meetings."))
    if status == Status.PROPOSED:
        return Standing(_("the council"), _("The council votes on it; once adopted it is published."))
    if status == Status.PUBLISHED:
        return Standing(_("nobody"), _("It is public; the agency may take its consent back at any time."))
    return Standing(_("nobody"), _("It has ended; the reason is in the trail below."))


# --- before a council ----------------------------------------------------------------------------


def placed(resolution):
    """The nominations that a resolution decides (or decided) on: {exemplar pk: seal of its words}.

    Read from the trail, which stays: what became of a nomination later changes nothing of what was decided.
    """
    moves = ExemplarMove.objects.filter(resolution=resolution, action__in=("propose", "release")).order_by("pk")
    last = {move.exemplar_id: move for move in moves}
    return {pk: move.words_hash for pk, move in sorted(last.items()) if move.action == "propose"}


def exemplars_before(resolution):
    """Those nominations with what their board shows, in order of their score."""
    rows = Exemplar.objects.filter(pk__in=placed(resolution)).select_related(
        "product__agency", "product__kind", "score__entry__round"
    )
    return list(rows.prefetch_related("consents", "points__score__indicator").order_by("-score_value", "pk"))


def ready():
    """Nominations that wait for a council, longest first."""
    rows = Exemplar.objects.filter(status=Status.READY).select_related("product__agency", "product__kind")
    return rows.prefetch_related("points__score__indicator").order_by("nominated_at", "pk")


def shown_of(product):
    """The exemplar of a product that everybody reads, or None."""
    return product.exemplars.shown().first()


def current_of(product):
    """The nomination or exemplar of a product that has not ended, or None."""
    return product.exemplars.filter(status__in=rules.LIVING_EXEMPLARS).first()


# --- what waits ----------------------------------------------------------------------------------


def asked_of(agencies):
    """Nominations on which agencies have to answer, or which are still theirs to write."""
    theirs = Exemplar.objects.filter(product__agency__in=agencies)
    waiting = theirs.filter(status=Status.ASKED) | theirs.filter(status=Status.NOMINATED, by_agency=True)
    return waiting.select_related("product").order_by("nominated_at", "pk")


def to_publish(served):
    """Nominations that a council has adopted and nobody has published yet; of the councils `served`, None for all."""
    rows = Exemplar.objects.filter(status=Status.PROPOSED, resolution__status="adopted")
    return rows if served is None else rows.filter(resolution__council__in=served)
