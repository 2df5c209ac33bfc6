"""Drawing up which products a council names exemplars, and what follows from its word."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from products import rules
from products.models import Exemplar
from products.selectors import exemplars as selectors
from products.services import council_items
from products.services.exemplars import fail, rows, tell_agency
from products.services.marks import ask_no_partial_vote, ask_second_factor
from secretariat.errors import RuleBroken
from secretariat.models import AgendaItem, Resolution
from secretariat.rules import ResolutionStatus, is_secretary, serves_council
from secretariat.services.ballots import locked_resolution
from secretariat.workflow import advance

Status = rules.ExemplarStatus


@transaction.atomic
def draw_up(item_id, exemplar_ids, *, by, title, text):
    """Make one draft resolution of an agenda item that names all these nominations exemplars; all or nothing."""
    item = council_items.opened(item_id, AgendaItem.Kind.EXEMPLARS, by=by)
    if not exemplar_ids:
        raise RuleBroken(_("Choose at least one nomination."), field="exemplars")
    resolution = council_items.drafted(item, Resolution.Kind.EXEMPLARS, title, text)
    for pk in sorted(set(exemplar_ids)):
        _place(resolution, pk, by)
    return resolution


def _place(resolution, exemplar_id, by):
    exemplar = rows().select_for_update(of=("self",), no_key=True).get(pk=exemplar_id)
    try:
        if exemplar.status == Status.READY:
            _check_product(exemplar)
        consent = exemplar.consent
        record = {"resolution": resolution, "words_hash": consent.words_hash if consent else ""}
        advance(rows(), exemplar_id, "propose", by=by, on_record=record, resolution=resolution)
    except RuleBroken as broken:
        raise RuleBroken(
            _("“%(product)s”: %(refusal)s") % {"product": exemplar.product, "refusal": broken}, field="exemplars"
        ) from broken


def _check_product(exemplar):
    """What is asked of the product when its nomination is put before a council, and again before it is published."""
    product = exemplar.product
    if product.status != rules.ProductStatus.ACCEPTED:
        raise RuleBroken(_("The product is no longer before the secretariat."))
    score = selectors.public_score(product)
    if score is None or (score.pk, score.value) != (exemplar.score_id, exemplar.score_value):
        raise RuleBroken(_("Its published score is another one now: send the nomination back and nominate it anew."))
    if selectors.lost_its_mark(product):
        raise RuleBroken(_("The quality mark of this product was revoked: it is no exemplar."))


@transaction.atomic
def release(exemplar_id, *, by):
    """Take a nomination out of a draft resolution again; it waits for a council as before."""
    exemplar = Exemplar.objects.get(pk=exemplar_id)
    if exemplar.resolution_id is None:
        raise RuleBroken(_("It stands before no council."))
    resolution = locked_resolution(exemplar.resolution_id)
    if not serves_council(by, resolution.council_id):
        raise RuleBroken(_("You may not do this."))
    council_items.ask_undecided(resolution)
    if rows().get(pk=exemplar_id).consent is None:
        return fail(exemplar_id, by=by, why=_("The agency has taken its consent back."))
    return advance(rows(), exemplar_id, "release", by=by, on_record={"resolution": resolution}, resolution=None)


@transaction.atomic
def publish_all(resolution_id, *, by):
    """Publish what an adopted resolution named, all or none; gives (published, sent back).

    Whose agency has taken its consent back since is sent back to be written instead.
    """
    ask_second_factor(by=by)
    resolution = Resolution.objects.select_for_update(of=("self",), no_key=True).get(pk=resolution_id)
    if not (is_secretary(by) or serves_council(by, resolution.council_id)):
        raise RuleBroken(_("You may not do this."))
    if resolution.status != ResolutionStatus.ADOPTED:
        raise RuleBroken(_("The resolution is not adopted yet."))
    waiting = list(rows().filter(resolution=resolution, status=Status.PROPOSED).order_by("pk"))
    if not waiting:
        raise RuleBroken(_("No exemplar of this resolution waits to be published."))
    published, gone = [], []
    for exemplar in waiting:
        if exemplar.consent is None:
            gone.append(fail(exemplar.pk, by=by, why=_("The agency has taken its consent back.")))
            continue
        try:
            _check_product(exemplar)
            ask_no_partial_vote(resolution, exemplar.product)
        except RuleBroken as refusal:
            raise RuleBroken(
                _("“%(product)s”: %(refusal)s Nothing was published.") % {"product": exemplar.product, "refusal": refusal}
            ) from refusal
        made = advance(rows(), exemplar.pk, "publish", by=by, on_record={"resolution": resolution}, published_at=timezone.now())
        tell_agency(made, "publish")
        published.append(made)
    return published, gone


def lost(resolution, why, *, by):
    """What a council has not adopted goes back to be written, with its word as the reason."""
    with override("fa"):
        reason = _("Not adopted: “%(title)s”.") % {"title": resolution.title}
    for pk in rows().filter(resolution=resolution, status=Status.PROPOSED).order_by("pk").values_list("pk", flat=True):
        fail(pk, by=by, why=f"{reason} {why}".strip())
