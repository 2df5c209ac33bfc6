"""Exemplars: nominated, written, agreed to by the agency, published on a council's word, taken off again."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from products import rules
from products.models import Exemplar, ExemplarConsent, Product
from products.models.exemplars import WORDS
from products.selectors import exemplars as selectors
from products.services.marks import ask_second_factor
from secretariat.bilingual import both
from secretariat.digests import digest
from secretariat.errors import RuleBroken, Stale
from secretariat.rules import is_officer, represents
from secretariat.selectors import actions
from secretariat.services import notices
from secretariat.workflow import advance

Status = rules.ExemplarStatus
# Where a living consent holds: leaving these its end is noted.
_ON_A_CONSENT = (Status.READY, Status.PROPOSED, Status.PUBLISHED)
# How the agency takes its consent back, by where the nomination stands.
TAKING_BACK = {Status.READY: "take_back", Status.PROPOSED: "object", Status.PUBLISHED: "take_down"}

TO_AGENCY = {
    "ask": gettext_lazy(
        "The secretariat would like to show “%(product)s” as an exemplar. Read what would be published, and consent or say why not."
    ),
    "return": gettext_lazy("The nomination of “%(product)s” as an exemplar goes back to be written: %(why)s"),
    "refuse": gettext_lazy("The nomination of “%(product)s” as an exemplar was not accepted: %(why)s"),
    "fail": gettext_lazy("“%(product)s” was not named an exemplar; the nomination goes back to be written: %(why)s"),
    "publish": gettext_lazy("The council has named “%(product)s” an exemplar. Its page is public now."),
    "retire": gettext_lazy("“%(product)s” is no longer shown as an exemplar: %(why)s"),
}
TO_OFFICERS = {
    "consent": gettext_lazy("“%(product)s”: the agency consents to its nomination as an exemplar. It is ready for a council."),
    "decline": gettext_lazy("“%(product)s”: the agency does not consent to its nomination as an exemplar: %(why)s"),
    "withdraw": gettext_lazy("“%(product)s”: the agency has withdrawn its nomination as an exemplar: %(why)s"),
    "take_back": gettext_lazy("“%(product)s”: the agency has taken its consent back: %(why)s"),
    "object": gettext_lazy("“%(product)s”: the agency has taken its consent back while the nomination stands before a council: %(why)s"),
    "take_down": gettext_lazy("“%(product)s”: the agency has taken its consent back; the public page says so: %(why)s"),
}  # fmt: skip


def rows():
    """Nominations with what their moves ask about."""
    return Exemplar.objects.select_related("product__agency", "resolution")


# --- writing -------------------------------------------------------------------------------------


@transaction.atomic
def nominate(product_id, *, by):
    """Begin the nomination of a product with a published score: an officer's, or its own agency's. Raises RuleBroken."""
    product = Product.objects.select_for_update(of=("self",), no_key=True).select_related("agency").get(pk=product_id)
    if not (by is None or is_officer(by) or represents(by, product.agency_id)):
        raise RuleBroken(_("You may not do this."))
    if (refusal := selectors.why_not(product)) is not None:
        raise RuleBroken(refusal)
    score = selectors.public_score(product)
    exemplar = Exemplar.objects.create(
        product=product,
        score=score,
        score_value=score.value,
        score_low=score.low,
        score_high=score.high,
        by_agency=by is not None and not is_officer(by),
        nominated_by=by,
    )
    exemplar.moves.create(action="nominate", target=exemplar.status, by=by)
    return exemplar


@transaction.atomic
def save(exemplar_id, *, by, version, words, links, points, files):
    """Write a nomination: `words` by name, addresses, keys of scores and of placed files, each in order.

    Raises Stale when somebody saved since `version`, RuleBroken when it is no longer being written.
    """
    exemplar = _locked(exemplar_id)
    if by is not None and not rules.writes_exemplar(by, exemplar):
        raise RuleBroken(_("You may not do this."))
    if not exemplar.is_editable:
        raise RuleBroken(
            _("This can no longer be edited: its state is now “%(state)s”.") % {"state": exemplar.get_status_display()}
        )
    if version != exemplar.version:
        raise Stale(_("Somebody else has saved this nomination meanwhile. What stands now is beside what you typed."), exemplar)
    for name in WORDS:
        setattr(exemplar, name, words.get(name, ""))
    exemplar.links = list(links)[: rules.MOST_EXEMPLAR_LINKS]
    exemplar.version += 1
    exemplar.save(update_fields=[*WORDS, "links", "version"])
    _choose_points(exemplar, points)
    _choose_files(exemplar, files)
    return exemplar


def _choose_points(exemplar, chosen):
    spots = {spot.score.pk: spot for spot in selectors.spots(exemplar.score)}
    wanted = [spots[pk] for pk in spots if pk in set(chosen)]
    if len(wanted) != len(set(chosen)):
        raise RuleBroken(_("Choose from the published sheet of this product."), field="points")
    if [spot.score.pk for spot in wanted] == list(exemplar.points.values_list("score", flat=True)):
        return
    exemplar.points.all().delete()
    for place, spot in enumerate(wanted, 1):
        exemplar.points.create(score=spot.score, dimension_id=spot.dimension_id, position=place)


def _choose_files(exemplar, chosen):
    places = [place for place in selectors.evidence_places(exemplar.product) if place.pk in set(chosen)]
    if len(places) != len(set(chosen)) or len(places) > rules.MOST_EXEMPLAR_FILES:
        raise RuleBroken(_("Choose from the files of the accepted submission."), field="files")
    if [place.pk for place in places] == list(exemplar.files.values_list("place", flat=True)):
        return
    exemplar.files.all().delete()
    for position, place in enumerate(places, 1):
        exemplar.files.create(place=place, position=position)


# --- the agency's word ---------------------------------------------------------------------------


@transaction.atomic
def ask(exemplar_id, *, by):
    """Ask the agency for its consent to exactly what is written."""
    exemplar = advance(rows(), exemplar_id, "ask", by=by)
    tell_agency(exemplar, "ask")
    return exemplar


@transaction.atomic
def consent(exemplar_id, *, by, answers, seen):
    """The agency consents: {chosen file's pk: may it be published}; `seen` is the seal of what it was shown.

    Raises Stale when something else is written now.
    """
    exemplar = _locked(exemplar_id)
    if digest(selectors.words_of(exemplar)) != seen:
        raise Stale(_("The text has changed since you opened this page. Read it once more."), exemplar)
    step = exemplar.MOVES["consent"]
    if not step.who(by, exemplar) or exemplar.status not in step.sources:
        # `advance` says it in full; here nothing is written yet.
        return advance(rows(), exemplar_id, "consent", by=by)
    for file in exemplar.files.all():
        if file.pk not in answers:
            raise RuleBroken(_("Say of each file whether it may be published."), field=f"file-{file.pk}")
        file.agreed = bool(answers[file.pk])
        file.save(update_fields=["agreed"])
    words = selectors.words_of(exemplar)
    ExemplarConsent.objects.create(exemplar=exemplar, words=words, words_hash=digest(words), by=by)
    exemplar = advance(rows(), exemplar_id, "consent", by=by)
    _tell_officers(exemplar, "consent")
    return exemplar


@transaction.atomic
def decline(exemplar_id, *, by, why):
    """The agency says no, with the reason; the text goes back to be written."""
    return _moved(exemplar_id, "decline", by=by, why=why)


@transaction.atomic
def take_back(exemplar_id, *, by, why):
    """The agency takes its consent back, wherever the nomination stands; a public page goes, the trail stays."""
    exemplar = _locked(exemplar_id)
    if exemplar.status not in TAKING_BACK or exemplar.consent is None:
        raise RuleBroken(_("There is no consent to take back."))
    return _moved(exemplar_id, TAKING_BACK[exemplar.status], by=by, why=why)


# --- the secretariat's ---------------------------------------------------------------------------


@transaction.atomic
def send_back(exemplar_id, *, by, why):
    """Give a nomination back to be written; the consent to the former text ends."""
    return _moved(exemplar_id, "return", by=by, why=why)


@transaction.atomic
def refuse(exemplar_id, *, by, why):
    """End a nomination before it comes to a council."""
    return _moved(exemplar_id, "refuse", by=by, why=why)


@transaction.atomic
def withdraw(exemplar_id, *, by, why):
    """The agency ends its own nomination."""
    return _moved(exemplar_id, "withdraw", by=by, why=why)


@transaction.atomic
def retire(exemplar_id, *, by, why):
    """Take a published exemplar off, with a reason that its page keeps telling."""
    ask_second_factor(by=by)
    return _moved(exemplar_id, "retire", by=by, why=why)


def retire_with_mark(mark, *, by, why):
    """An exemplar whose product loses its mark for good is no longer shown; in the transaction of the revocation."""
    for exemplar in Exemplar.objects.shown().filter(product=mark.product_id):
        # Whoever revokes the mark may have no seat in the council of the exemplar: the revocation itself decides.
        _moved(exemplar.pk, "retire", by=None, why=_("The quality mark of this product was revoked: %(why)s") % {"why": why})


@transaction.atomic
def fail(exemplar_id, *, by, why):
    """A nomination that its council did not name an exemplar goes back to be written."""
    exemplar = _locked(exemplar_id)
    resolution = exemplar.resolution
    if resolution is not None and resolution.ballots.filter(status__in=("open", "tied")).exists():
        raise RuleBroken(_("The council is voting on it: what is proposed stays until the ballot is closed or broken off."))
    return _moved(exemplar_id, "fail", by=by, why=why)


ACTIONS = {"decline": decline, "return": send_back, "refuse": refuse, "withdraw": withdraw, "retire": retire, "fail": fail}


def _moved(exemplar_id, action, *, by, why):
    """Take a step with a reason, end the consent where it leads away from one, and tell whom it concerns."""
    before = _locked(exemplar_id)
    now = {"resolution": None} if action == "fail" else {}
    record = {"resolution": before.resolution} if before.resolution_id else {}
    exemplar = advance(rows(), exemplar_id, action, by=by, why=why, on_record=record, **now)
    if exemplar.status not in _ON_A_CONSENT or action == "object":
        _end_consent(exemplar, by, why.strip())
    if action in TO_AGENCY and (exemplar.by_agency or before.status != Status.NOMINATED):
        tell_agency(exemplar, action, why=why.strip())
    elif action in TO_OFFICERS:
        _tell_officers(exemplar, action, why=why.strip(), resolution=before.resolution)
    return exemplar


def _end_consent(exemplar, by, why):
    exemplar.consents.filter(ended_at=None).update(ended_at=timezone.now(), ended_by=by, ended_why=why)
    if exemplar.status == Status.NOMINATED:
        exemplar.files.exclude(agreed=None).update(agreed=None)


def _locked(exemplar_id):
    return rows().select_for_update(of=("self",), no_key=True).get(pk=exemplar_id)


# --- telling -------------------------------------------------------------------------------------


def tell_agency(exemplar, action, *, why=""):
    """Tell the agency what happened to the nomination of its product."""
    fa, en = both(TO_AGENCY[action], product=exemplar.product, why=why)
    notices.tell_agency(
        exemplar.product.agency_id, f"exemplar_{action}", fa, en, link=exemplar.get_absolute_url(), once=_once(exemplar)
    )


def _tell_officers(exemplar, action, *, why="", resolution=None):
    fa, en = both(TO_OFFICERS[action], product=exemplar.product, why=why)
    link, kind = exemplar.get_absolute_url(), f"exemplar_{action}"
    notices.tell_officers(kind, fa, en, link=link, once=_once(exemplar))
    if resolution is not None:
        notices.tell_all(actions.keepers_of(resolution), kind, fa, en, link=link, once=_once(exemplar))


def _once(exemplar):
    last = exemplar.moves.order_by("-pk").values_list("pk", flat=True).first()
    return f"exemplar-{last}"
