"""The roster of assessors: who is on it, what each knows, when he has time, and to whom he is tied."""

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.models import Affiliation, Assessor, Availability, ExpectedAssessor, ExpertiseField, IndicatorSet, Relation
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Agency, Invitation, Province
from secretariat.rules import only_officers
from secretariat.services.notices import tell_officers

COLUMNS = ("field_fa", "field_en", "languages", "province", "capacity", "is_active", "national_code")
SETS = ("expertise", "expertise_fields")
# What an assessor may say of himself; how much he is asked and by which sets is agreed with the secretariat.
OWN_COLUMNS = ("field_fa", "field_en", "languages", "province")
LISTS = {
    "affiliations": (Affiliation, ("agency", "unit", "kind", "since", "until", "note")),
    "relations": (Relation, ("name", "kind", "since", "until", "note")),
    "periods": (Availability, ("since", "until", "capacity", "note")),
}
CHANGED = gettext_lazy("%(name)s changed what he told as an assessor: %(what)s.")
WORDS = {
    "affiliations": gettext_lazy("affiliations"),
    "relations": gettext_lazy("relations"),
    "periods": gettext_lazy("times of availability"),
}


@transaction.atomic
def add_assessor(user, *, by, **said):
    """Put a person on the roster. `said` are columns, sets of choices and lists, the latter as dicts of their columns."""
    only_officers(by=by)
    try:
        with transaction.atomic():
            assessor = Assessor.objects.create(user=user, **{name: said[name] for name in COLUMNS if name in said})
    except IntegrityError as refused:
        _refuse_code(refused)
        raise RuleBroken(_("This person is on the roster already."), field="user") from None
    _write(assessor, said, by)
    return assessor


@transaction.atomic
def edit_assessor(assessor_id, *, by, version, **said):
    """Save what officers keep of an assessor; ties that are new take effect on his assignments at once."""
    only_officers(by=by)
    assessor = _locked(assessor_id, version)
    _write_columns(assessor, {name: said[name] for name in COLUMNS if name in said})
    _write(assessor, said, by)
    return assessor


@transaction.atomic
def edit_own_profile(*, by, version, **said):
    """Save what an assessor says of himself: it takes effect at once, and officers are told of ties and of time.

    Of the lists only what he told himself is his to change; what the secretariat recorded stays.
    """
    assessor = _locked(Assessor.objects.values_list("pk", flat=True).get(user=by), version)
    _write_columns(assessor, {name: said[name] for name in OWN_COLUMNS if name in said})
    if changed := _write(assessor, {name: rows for name, rows in said.items() if name != "expertise"}, by, own=True):

        def text():
            return CHANGED % {"name": assessor, "what": "، ".join(str(WORDS[name]) for name in changed)}

        link = reverse("assessor_detail", args=[assessor.pk])
        tell_officers("assessor_changed", *both(text), link=link, mail=False)
    return assessor


def _locked(assessor_id, version):
    assessor = Assessor.objects.select_for_update(of=("self",), no_key=True).select_related("user").get(pk=assessor_id)
    if assessor.version != version:
        raise Stale(_("Somebody else saved this assessor while you were working. Nothing of yours was saved yet."), assessor)
    return assessor


def _write_columns(assessor, columns):
    for name, value in columns.items():
        setattr(assessor, name, value)
    assessor.version += 1
    try:
        with transaction.atomic():
            assessor.save(update_fields=[*columns, "version"])
    except IntegrityError as refused:
        _refuse_code(refused)
        raise


def _refuse_code(refused):
    if "national_code" in str(refused):
        raise RuleBroken(_("Another assessor has this national code."), field="national_code") from None


def _write(assessor, said, by, own=False):
    """Write the sets and lists that were said; gives the names of the lists in which something changed."""
    for name in SETS:
        if name in said:
            getattr(assessor, name).set(said[name])
    return [name for name in LISTS if name in said and _write_list(assessor, name, said[name], by, own)]


def _write_list(assessor, name, wanted, by, own):
    """Make a list of the assessor that of the form: dicts with `id` (None for a new row) and columns. Tells whether it changed.

    With `own` the rows of others stay as they are, whatever the form says.
    """
    model, columns = LISTS[name]
    rows = getattr(assessor, name).select_related(*(["agency", "unit"] if name == "affiliations" else []))
    present = {row.pk: row for row in rows if not own or getattr(row, "by_id", by.pk) == by.pk}
    kept = {row["id"] for row in wanted if row.get("id") in present}
    gone = [row for pk, row in present.items() if pk not in kept]
    rows = [_filled(present.get(row.get("id")) or model(assessor=assessor), row, columns) for row in wanted]
    fresh = [row for row, differs in rows if differs]
    if name == "periods":  # two of them may trade their time: what changed makes room first
        gone += [row for row in fresh if row.pk]
        fresh = [model(assessor=assessor, **{column: getattr(row, column) for column in columns}) for row in fresh]
    model.objects.filter(pk__in=[row.pk for row in gone]).delete()
    try:
        with transaction.atomic():
            for row in fresh:
                if name != "periods":
                    row.by = by
                row.save()
    except IntegrityError:
        raise RuleBroken(_TWICE[name]) from None
    return bool(gone or fresh)


def _filled(row, said, columns):
    """The row with what was said of it, and whether that is anything new."""
    stood = [getattr(row, name) for name in columns] if row.pk else None
    for name in columns:
        if name in said:
            setattr(row, name, said[name])
    return row, stood != [getattr(row, name, None) for name in columns]


_TWICE = {
    "affiliations": gettext_lazy("The same affiliation is named twice, or one ends before it begins."),
    "relations": gettext_lazy("The same relation is named twice, or one ends before it begins."),
    "periods": gettext_lazy("Two periods overlap: end the earlier one before the later begins."),
}


# --- what an import or an invitation says -----------------------------------------------------------


@transaction.atomic
def fill(assessor, profile, *, by):
    """Write what a profile says (see ExpectedAssessor); affiliations are added, never taken away. Tells what became of it.

    What has gone meanwhile – a field, a set, an agency – is passed over.
    """
    columns = {name: profile[name] for name in ("languages", "capacity") if name in profile}
    code = profile.get("national_code")
    if code and not Assessor.objects.exclude(pk=assessor.pk).filter(national_code=code).exists():
        columns["national_code"] = code
    if "province" in profile:
        columns["province"] = Province.objects.filter(pk=profile["province"]).first()
    if columns:
        for name, value in columns.items():
            setattr(assessor, name, value)
        assessor.version += 1
        assessor.save(update_fields=[*columns, "version"])
    if "fields" in profile:
        assessor.expertise_fields.set(ExpertiseField.objects.filter(pk__in=profile["fields"]))
    if "sets" in profile:
        assessor.expertise.set(IndicatorSet.objects.filter(pk__in=profile["sets"]))
    stands = set(assessor.affiliations.binding().values_list("agency", "kind"))
    for agency, kind in profile.get("affiliations", ()):
        if (agency, kind) not in stands and Agency.objects.filter(pk=agency).exists():
            _tie(assessor, agency, kind, by)


def _tie(assessor, agency, kind, by):
    """An affiliation without dates; another one without a beginning gives way to its kind."""
    row = assessor.affiliations.filter(agency=agency, since=None).first() or Affiliation(assessor=assessor, agency_id=agency)
    row.kind, row.until, row.by = kind, None, by
    row.save()


def welcome(sender, invitation, user, **kwargs):
    """Whoever accepts an invitation to assess is on the roster, as far as he was expected. Receiver of invitation_accepted."""
    if invitation.purpose != Invitation.Purpose.ASSESSOR:
        return
    assessor, _made = Assessor.objects.get_or_create(user=user)
    expected = ExpectedAssessor.objects.filter(invitation=invitation).first() if invitation.pk else None
    if expected is not None:
        fill(assessor, expected.profile, by=invitation.invited_by)


def listen():
    """Connect the receiver; called once when the room is ready."""
    from secretariat.signals import invitation_accepted

    invitation_accepted.connect(welcome, dispatch_uid="roster_welcome")


# --- fields of expertise ---------------------------------------------------------------------------


@transaction.atomic
def save_field(field_id, *, by, **columns):
    """Add a field of expertise (`field_id` None) or word it anew."""
    only_officers(by=by)
    field = ExpertiseField.objects.select_for_update().get(pk=field_id) if field_id else ExpertiseField()
    for name, value in columns.items():
        setattr(field, name, value)
    try:
        with transaction.atomic():
            field.save()
    except IntegrityError:
        raise RuleBroken(_("There is a field of this name already."), field="name_fa") from None
    return field
