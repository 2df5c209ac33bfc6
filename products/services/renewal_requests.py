"""Asking for a renewal and answering: begun in the time of a call, kept while it is written, sent once, into a round or declined."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.models import Entry, Round
from assessments.rules import EDITABLE_ROUNDS
from products import rules
from products.models import QualityMark, RenewalFile, RenewalRequest
from products.services.round_entries import add_products
from secretariat import calendar, persian
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.private_files import ask_room, keeping
from secretariat.rules import is_officer, represents
from secretariat.services import notices
from secretariat.workflow import advance

SENT = gettext_lazy("%(agency)s asks that the quality mark of “%(product)s” be renewed; it ends on %(day)s.")
ACCEPTED = gettext_lazy("Your request to renew the mark of “%(product)s” was accepted: it is judged in the round “%(round)s”.")
DECLINED = gettext_lazy("Your request to renew the mark of “%(product)s” was declined: %(why)s")


@transaction.atomic
def start(mark_id, *, by):
    """The request of a mark that is being written or was sent; begun where there is none. Doing it twice makes one."""
    mark = QualityMark.objects.select_for_update(of=("self",), no_key=True).select_related("product").get(pk=mark_id)
    if by is not None and not represents(by, mark.product.agency_id):
        raise RuleBroken(_("You may not do this."))
    standing = mark.renewal_requests.living().first()
    if standing is not None:
        return standing
    if refusal := rules.why_not_renewed(mark):
        raise RuleBroken(refusal)
    term = rules.renewal_term(mark)
    if term is None:
        raise RuleBroken(
            _("A renewal can be asked for in the last %(days)s days of a mark.")
            % {"days": calendar.digits(rules.RENEWAL_CALLS[0])}
        )
    if mark.renewal_requests.filter(term=term).exclude(status=rules.RenewalStatus.WITHDRAWN).exists():
        raise RuleBroken(_("This was asked already and answered; ask the secretariat if something has changed since."))
    return RenewalRequest.objects.create(mark=mark, term=term, begun_by=by)


@transaction.atomic
def save_draft(request_id, changes, *, by, version):
    """Keep what is being written. Raises Stale when somebody else of the agency saved first."""
    request = _draft(request_id, by)
    if request.version != version:
        raise Stale(_("Somebody else of your agency has saved this meanwhile."), request)
    changes = persian.canonical(changes)
    if changes != request.changes:
        request.changes, request.version = changes, version + 1
        request.save(update_fields=["changes", "version"])
    return request


def attach(request_id, upload, *, by):
    """Check one uploaded file and keep it beside the request."""
    row, content = RenewalFile.of(upload, by=by, request_id=request_id)
    with keeping(row, content):
        ask_room(row, _draft(request_id, by).files.filter(removed_at=None))
    return row


@transaction.atomic
def detach(file_id, *, by):
    """Take a file out of the draft. Doing it twice is no harm."""
    file = RenewalFile.objects.get(pk=file_id)
    _draft(file.request_id, by)
    file.take_out()
    return file


@transaction.atomic
def send(request_id, *, by):
    """Send the request to the secretariat; officers are told."""
    request = _advance(request_id, "send", by=by, sent_at=timezone.now())
    product = request.mark.product
    fa, en = both(SENT, agency=product.agency, product=product, day=request.mark.valid_until)
    notices.tell_officers("renewal_asked", fa, en, link=request.get_absolute_url(), once=f"renewal-asked-{request.pk}")
    return request


@transaction.atomic
def withdraw(request_id, *, by):
    """Take a request back; it may be made anew while the time lasts."""
    return _advance(request_id, "withdraw", by=by)


@transaction.atomic
def accept(request_id, round_id, *, by):
    """Let the product be judged anew in a round, where it is entered unless it stands there; the agency is told."""
    if by is not None and not is_officer(by):
        raise RuleBroken(_("You may not do this."))
    product = RenewalRequest.objects.select_related("mark__product").get(pk=request_id).mark.product
    round_ = Round.objects.filter(pk=round_id, status__in=EDITABLE_ROUNDS).first()
    if round_ is None:
        raise RuleBroken(_("Choose a round that still takes products."), field="round")
    request = _advance(request_id, "accept", by=by, round_id=round_id)
    if not Entry.objects.filter(round=round_, subject=product.subject_id).exists():
        _entries, left_out = add_products(round_id, [product.pk], by=by)
        if left_out:
            raise RuleBroken(left_out[0][1], field="round")
    _tell(request, "renewal_accepted", *both(ACCEPTED, product=product, round=round_))
    return request


@transaction.atomic
def decline(request_id, *, by, why):
    """Answer that the mark is not renewed, with the reason; the agency is told."""
    request = _advance(request_id, "decline", by=by, why=why)
    _tell(request, "renewal_declined", *both(DECLINED, product=request.mark.product, why=why.strip()))
    return request


def _tell(request, kind, fa, en):
    link = request.get_absolute_url()
    notices.tell_agency(request.mark.product.agency_id, kind, fa, en, link=link, once=f"{kind}-{request.pk}")


def _advance(request_id, action, *, by, why="", **changes):
    rows = RenewalRequest.objects.select_related("mark__product__agency")
    return advance(rows, request_id, action, by=by, why=why, **changes)


def _draft(request_id, by):
    """The request, locked, while its agency still writes it."""
    rows = RenewalRequest.objects.select_related("mark__product")
    request = rows.select_for_update(of=("self",), no_key=True).get(pk=request_id)
    if by is not None and not represents(by, request.mark.product.agency_id):
        raise RuleBroken(_("You may not do this."))
    if not request.is_draft:
        raise RuleBroken(_("This was sent already and is not changed any more."))
    return request
