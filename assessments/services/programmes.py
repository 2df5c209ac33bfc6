"""Programmes: begin, write, attach evidence, propose, accept, return, withdraw, and enter into a round."""

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.models import IndicatorSet, Programme, ProgrammeCopy, ProgrammeFile, SetVersion, Subject
from assessments.rules import programmes as rules
from assessments.services import rounds
from secretariat import calendar, workflow
from secretariat.background import after_commit
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Agency
from secretariat.private_files import already_here, ask_room, kept_with_rows
from secretariat.rules import is_officer, only_officers, represents
from secretariat.services import notices

MOST_AT_ONCE = 200
LONGEST_DRAFT = 200_000  # characters of everything typed
# The set by which programmes are judged unless an officer chooses another.
USUAL_SET = "programme"

PROPOSED = gettext_lazy("%(agency)s proposed the programme “%(title)s”.")
ACCEPTED = gettext_lazy("Your programme “%(title)s” was accepted for assessment.")
RETURNED = gettext_lazy("Your programme “%(title)s” was returned for correction. Reason: %(why)s")
WITHDRAWN = gettext_lazy("The programme “%(title)s” was withdrawn. Reason: %(why)s")


@transaction.atomic
def start(agency, *, by, by_agency):
    """Begin a programme of an agency: its own proposal, or (`by_agency` false) one that the secretariat writes."""
    if by_agency:
        if by is not None and not represents(by, agency.pk):
            raise RuleBroken(_("You do not represent this agency."), field="agency")
        if not agency.is_member:
            raise RuleBroken(_("Only member agencies take part."), field="agency")
    else:
        only_officers(by=by)
    subject = Subject.objects.create(kind="programme", title_fa="", title_en="", agency=agency)
    return Programme.objects.create(subject=subject, agency=agency, by_agency=by_agency, created_by=by, changed_by=by)


@transaction.atomic
def keep_typed(programme_id, typed, *, by, version):
    """Keep what is being typed, word for word, until it is saved on purpose. Raises Stale when somebody saved since."""
    programme = _at_work(programme_id, by)
    _check_version(programme, version)
    if sum(map(len, typed.values())) > LONGEST_DRAFT:
        raise RuleBroken(_("This is too long to be kept here. Shorten it, or send it as a file."))
    programme.draft = typed
    programme.save(update_fields=["draft", "changed_at"])
    return programme


@transaction.atomic
def save(programme_id, *, by, version, **fields):
    """Write the programme's words; a row of its history is left. Raises Stale when somebody saved since."""
    programme = _at_work(programme_id, by)
    _check_version(programme, version)
    for name, value in fields.items():
        setattr(programme, name, value)
    if programme.status != Programme.Status.DRAFT and (missing := programme.missing()):
        raise RuleBroken(_("Still missing: %(what)s.") % {"what": "، ".join(str(label) for label in missing)})
    programme.draft, programme.changed_by = {}, by
    programme.version += 1
    try:
        with transaction.atomic():
            programme.save(update_fields=[*fields, "draft", "changed_by", "changed_at", "version"])
    except IntegrityError as error:
        if "programme_ends_after_it_begins" in str(error):
            raise RuleBroken(_("This is before the beginning."), field="ends_on") from None
        raise
    Subject.objects.filter(pk=programme.subject_id).update(title_fa=programme.title_fa, title_en=programme.title_en)
    return programme


def attach(programme_id, upload, *, by):
    """Check one uploaded file and keep it with the programme; a copy without its maker's name is made in the background."""
    row, content = ProgrammeFile.of(upload, by=by, programme_id=programme_id)
    try:
        with kept_with_rows() as kept, transaction.atomic():
            programme = _at_work(programme_id, by)
            ask_room(row, programme.files.attached())
            row.position = (programme.files.aggregate(last=Max("position"))["last"] or 0) + 1
            row.file.save(row.name, content, save=False)
            kept.append(row.file)
            row.save()
            ProgrammeCopy.objects.create(original=row)
            after_commit("assessments.tasks.make_programme_copies")
            return row
    except IntegrityError as error:
        if "file_once_in_a_programme" in str(error):
            raise already_here(row.name) from None
        raise


@transaction.atomic
def detach(file_id, *, by):
    """Take a file out; it stays on record. Doing it twice is no harm."""
    file = ProgrammeFile.objects.get(pk=file_id)
    _at_work(file.programme_id, by)
    file.take_out()
    return file


# --- moves ---------------------------------------------------------------------------------------


@transaction.atomic
def propose(programme_id, *, by):
    """The agency hands its proposal to the officers."""
    programme = workflow.advance(_rows(by), programme_id, "propose", by=by, proposed_at=timezone.now())
    texts = both(PROPOSED, agency=programme.agency, title=programme)
    notices.tell_officers("programme_proposed", *texts, link=programme.get_absolute_url(), mail=False)
    return programme


@transaction.atomic
def accept(programme_id, *, by, set_id=None):
    """Make a programme ready for assessment by an indicator set; the agency's own proposal is accepted by it."""
    only_officers(by=by)
    programme = _rows(by).get(pk=programme_id)
    action = "accept" if programme.by_agency else "adopt"
    chosen = IndicatorSet.objects.filter(pk=set_id) if set_id else IndicatorSet.objects.filter(code=USUAL_SET)
    set_ = chosen.first()
    if set_ is None or _published(set_) is None:
        raise RuleBroken(_("Choose an indicator set that has a published version."), field="indicator_set")
    programme = workflow.advance(_rows(by), programme_id, action, by=by, indicator_set=set_)
    if programme.by_agency:
        texts = both(ACCEPTED, title=programme)
        notices.tell_agency(programme.agency_id, "programme_accepted", *texts, link=programme.get_absolute_url())
    return programme


@transaction.atomic
def give_back(programme_id, *, by, why):
    """Return an agency's proposal for correction, with the reason."""
    programme = workflow.advance(_rows(by), programme_id, "return", by=by, why=why)
    texts = both(RETURNED, title=programme, why=why.strip())
    link = reverse("programme_edit", args=[programme.pk])
    notices.tell_agency(programme.agency_id, "programme_returned", *texts, link=link)
    return programme


@transaction.atomic
def withdraw(programme_id, *, by, why):
    """Take a programme back, with the reason; rounds whose results do not stand yet leave it out."""
    programme = workflow.advance(_rows(by), programme_id, "withdraw", by=by, why=why)
    rounds.take_back_subject(programme.subject_id, by=by, why=why)
    if programme.by_agency and programme.proposed_at:
        texts = both(WITHDRAWN, title=programme, why=why.strip())
        notices.tell_officers("programme_withdrawn", *texts, link=programme.get_absolute_url(), mail=False)
    return programme


# --- into a round --------------------------------------------------------------------------------


@transaction.atomic
def add_programmes(round_id, programme_ids, *, by):
    """Enter accepted programmes into a round, each judged by its set. Gives ([entries], [(programme, why not)])."""
    only_officers(by=by)
    if len(programme_ids) > MOST_AT_ONCE:
        raise RuleBroken(_("These are too many at once: at most %(count)s.") % {"count": calendar.digits(MOST_AT_ONCE)})
    # Locked, so that none is withdrawn between this look and the entry.
    programmes = list(_rows(by).filter(pk__in=programme_ids).order_by("pk").select_for_update(of=("self",), no_key=True))
    there = set(_rows(by).filter(pk__in=programme_ids, subject__entries__round=round_id).values_list("pk", flat=True))
    entries, left_out = [], []
    for programme in programmes:
        version = programme.indicator_set and _published(programme.indicator_set)
        if programme.pk in there:
            left_out.append((programme, _("It is in this round already.")))
        elif programme.status != Programme.Status.ACCEPTED:
            left_out.append((programme, _("Its state is now “%(state)s”.") % {"state": programme.get_status_display()}))
        elif version is None:
            left_out.append((programme, _("Its indicator set has no published version: publish one first.")))
        else:
            entries.append(rounds.add_subject(round_id, programme.subject_id, [(version, 100)], by=by))
    return entries, left_out


def _published(set_):
    return SetVersion.objects.published().filter(set=set_).select_related("set").first()


# --- whose, and whether --------------------------------------------------------------------------


def secretariat_agency():
    """The secretariat as the owner of its own programmes; no member, for it submits nothing."""
    names = {"name_fa": "دبیرخانهٔ دائمی ارتقای کیفیت", "name_en": "Permanent Secretariat", "kind": Agency.Kind.HEADQUARTERS}
    return Agency.objects.get_or_create(slug="secretariat", defaults={**names, "is_member": False})[0]


def _rows(by):
    rows = Programme.objects.all() if by is None else Programme.objects.visible_to(by)
    return rows.select_related("agency", "subject")


def _at_work(programme_id, by):
    """The programme, locked, if this person may write it now: every write of its words passes through here."""
    programme = _rows(by).select_for_update(of=("self",), no_key=True).get(pk=programme_id)
    if by is not None and not rules.writes(by, programme):
        raise RuleBroken(_("You may not do this.") if is_officer(by) else _("Only the agency itself edits its programme."))
    if refusal := rules.why_not_editable(programme):
        raise RuleBroken(refusal)
    return programme


def _check_version(programme, version):
    if programme.version != version:
        raise Stale(_("Somebody else saved this programme after you opened it."), programme)
