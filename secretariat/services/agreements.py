"""Agreements: write down, record as signed, publish, end; their files; the paper of the yearly review."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Agreement, AgreementFile, AgreementReview
from secretariat.private_files import ask_room, keeping
from secretariat.rules import is_officer, only_officers, serves_council
from secretariat.selectors import agreements as selectors
from secretariat.services import notices
from secretariat.workflow import advance

SIGNED = gettext_lazy("The agreement “%(title)s” is recorded as signed; your commitments stand in the portal.")
ENDED = gettext_lazy("The agreement “%(title)s” has ended. Reason: %(why)s")
REFUSALS = {
    "agreement_number_unique_in_agency": (gettext_lazy("This agency already has an agreement of this number."), "number"),
    "agreement_ends_after_it_begins": (gettext_lazy("This is before the beginning."), "valid_until"),
}


@transaction.atomic
def create(*, by, **fields):
    """Write down an agreement; a draft until it is recorded as signed."""
    only_officers(by=by)
    return _kept(Agreement(created_by=by, **fields))


@transaction.atomic
def save(agreement_id, *, by, version, **fields):
    """Change a draft. Raises Stale when somebody saved since."""
    only_officers(by=by)
    agreement = Agreement.objects.select_for_update(no_key=True).get(pk=agreement_id)
    if not agreement.is_draft:
        raise RuleBroken(_("A signed agreement stays as it was signed."))
    if agreement.version != version:
        raise Stale(_("Somebody else changed this agreement in the meantime: see how it stands now."), agreement)
    council = agreement.council_id
    if "agency" in fields and fields["agency"].pk != agreement.agency_id and agreement.commitments.exists():
        raise RuleBroken(_("Commitments stand in this agreement already: its agency stays."), field="agency")
    for name, value in fields.items():
        setattr(agreement, name, value)
    agreement.version += 1
    agreement = _kept(agreement)
    if agreement.council_id != council:
        # The commitments are confirmed and reviewed where the agreement is.
        agreement.commitments.exclude(status="cancelled").update(council=agreement.council_id)
    return agreement


def _kept(agreement):
    try:
        with transaction.atomic():
            agreement.save()
    except IntegrityError as error:
        for name, (sentence, field) in REFUSALS.items():
            if name in str(error):
                raise RuleBroken(sentence, field=field) from None
        raise
    return agreement


@transaction.atomic
def sign(agreement_id, *, by, version=None):
    """Record that both sides have signed: from now on its words stay, and the agency reads it."""
    _unchanged(agreement_id, version)
    agreement = advance(_rows(), agreement_id, "sign", by=by)
    words = both(SIGNED, title=agreement)
    notices.tell_agency(agreement.agency_id, "agreement_signed", *words, link=agreement.get_absolute_url())
    return agreement


@transaction.atomic
def end(agreement_id, *, by, why, version=None):
    """Record that it no longer binds, with the reason. What was promised and is open stays open."""
    _unchanged(agreement_id, version)
    agreement = advance(_rows(), agreement_id, "end", by=by, why=why)
    words = both(ENDED, title=agreement, why=why.strip())
    notices.tell_agency(agreement.agency_id, "agreement_ended", *words, link=agreement.get_absolute_url())
    return agreement


@transaction.atomic
def publish(agreement_id, *, by, is_public):
    """Let everybody read its text, or no longer; a row of its history is left."""
    only_officers(by=by)
    agreement = Agreement.objects.select_for_update(no_key=True).get(pk=agreement_id)
    if is_public and agreement.is_draft:
        raise RuleBroken(_("Only a signed agreement is published."))
    agreement.is_public = is_public
    agreement.save(update_fields=["is_public"])
    return agreement


@transaction.atomic
def review(agreement_id, *, by):
    """Make the paper of the annual review: the commitments as they stand at this moment."""
    agreement = _rows().get(pk=agreement_id)
    if by is not None and not is_officer(by) and not serves_council(by, agreement.council_id):
        raise RuleBroken(_("You may not do this."))
    if agreement.is_draft:
        raise RuleBroken(_("The agreement is not signed yet."))
    lines = selectors.review_lines(agreement)
    if not lines:
        raise RuleBroken(_("There is no commitment to review."))
    return AgreementReview.objects.create(agreement=agreement, made_by=by, lines=lines)


# --- files ---------------------------------------------------------------------------------------


def attach(agreement_id, upload, *, by):
    """Check one uploaded file and keep it with the agreement."""
    only_officers(by=by)
    row, content = AgreementFile.of(upload, by=by, agreement_id=agreement_id)
    with keeping(row, content, once="file_once_in_an_agreement"):
        ask_room(row, Agreement.objects.select_for_update(no_key=True).get(pk=agreement_id).files.attached())
    return row


@transaction.atomic
def detach(file_id, *, by):
    """Take a file out; it stays on record. Doing it twice is no harm."""
    only_officers(by=by)
    file = AgreementFile.objects.select_for_update(no_key=True).get(pk=file_id)
    file.take_out()
    return file


def _rows():
    return Agreement.objects.select_related("agency", "council")


def _unchanged(agreement_id, version):
    """Lock the agreement as it was looked at. Raises Stale when somebody changed it since."""
    agreement = Agreement.objects.select_for_update(no_key=True).get(pk=agreement_id)
    if version is not None and agreement.version != version:
        raise Stale(_("Somebody else changed this agreement in the meantime: see how it stands now."), agreement)
