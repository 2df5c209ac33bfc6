"""The agency's hand on a product: begin, keep the draft, attach files, hand in, withdraw."""

import json

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.models import Subject
from assessments.services import rounds
from products import content
from products.forms.submission import MAX_ROWS, ROWS, Sheet
from products.models import Creator, Product, SubmissionVersion, VersionFile
from products.services import nameless, overlaps
from products.services.files import attach, detach
from products.services.hold import check_editable, locked
from products.services.makers import write_makers
from secretariat.bilingual import both
from secretariat.digests import digest
from secretariat.errors import RuleBroken, Stale
from secretariat.rules import represents
from secretariat.services import notices
from secretariat.workflow import advance

__all__ = ["NotReady", "attach", "detach", "save_draft", "start", "submit", "withdraw"]

LONGEST_DRAFT = 400_000  # characters of everything typed; a novel belongs in a file


class NotReady(RuleBroken):
    """The product cannot be handed in yet; `problems` says what is missing where."""

    def __init__(self, problems):
        super().__init__(_("It cannot be handed in yet: see what is still missing."))
        self.problems = problems


@transaction.atomic
def start(agency, kind, *, by):
    """Open an empty draft of a product of `kind` for `agency`."""
    if by is not None and not represents(by, agency.pk):
        raise RuleBroken(_("You do not represent this agency."), field="agency")
    if not agency.is_member:
        raise RuleBroken(_("Only member agencies submit products."), field="agency")
    if not kind.is_active:
        raise RuleBroken(_("This kind is not open for submission."), field="kind")
    subject = Subject.objects.create(kind="product", title_fa="", title_en="", agency=agency)
    return Product.objects.create(subject=subject, agency=agency, kind=kind, created_by=by, changed_by=by)


@transaction.atomic
def save_draft(product_id, data, *, by, version):
    """Keep what was typed, right or wrong; columns follow as far as it can be read. Returns the product.

    `data` is {"answers": {form field: text}, "creators": [{"name", "role"}], "links": [{"url", "label"}]}; what is
    not mentioned stays as it is. `version` is the product's version that the form was opened on: when somebody
    saved since, Stale is raised, unless both typed the same.
    """
    product = locked(product_id, by=by)
    check_editable(product, by=by)
    draft = _merged(product.draft, data)
    if draft == product.draft:
        return product
    if product.version != version:
        raise Stale(_("Somebody else saved this product after you opened it."), current=product)
    if len(json.dumps(draft, ensure_ascii=False)) > LONGEST_DRAFT:
        raise RuleBroken(_("This is too long to be kept here. Shorten it, or send it as a file."))
    product.draft = draft
    _fill_columns(product, Sheet(product, draft, check=True, lenient=True))
    product.version += 1
    product.changed_by = by
    product.save()
    return product


@transaction.atomic
def submit(product_id, *, by, version):
    """Hand the draft in: an immutable version is made, and the secretariat is told. Returns the version.

    Repeating it (a double click, a lost answer) gives the version that was made. Raises Stale when the draft
    changed since the person looked at it, NotReady with everything that is missing.
    """
    product = locked(product_id, by=by)
    if product.status == Product.Status.SUBMITTED and product.version == version + 1:
        return product.versions.first()
    check_editable(product, by=by)
    if product.version != version:
        raise Stale(_("Somebody else saved this product after you opened it."), current=product)
    files = list(product.files.attached())
    sheet = Sheet(product, product.draft, check=True, files=files)
    if sheet.problems:
        raise NotReady(sheet.problems)
    made = _new_version(product, sheet, by)
    _fill_columns(product, sheet)
    _replace_creators(made)
    write_makers(product)
    written = {name: getattr(product, name) for name in _COLUMNS}
    advance(
        Product.objects.all(),
        product.pk,
        "submit",
        by=by,
        version=product.version + 1,
        changed_by=by,
        changed_at=made.submitted_at,
        submitted_at=made.submitted_at,
        **written,
    )
    overlaps.find(product.pk)
    _tell_officers(product, made)
    return made


@transaction.atomic
def withdraw(product_id, *, by, why):
    """Take a product back, with the reason; what was handed in stays on record."""
    product = locked(product_id, by=by)
    product = advance(Product.objects.select_related("agency"), product.pk, "withdraw", by=by, why=why)
    rounds.take_back_subject(product.subject_id, by=by, why=why)
    if product.submitted_at:
        fa, en = both(_WITHDRAWN, agency=product.agency, title=_names(product))
        notices.tell_officers("product_withdrawn", fa, en, link=product.get_absolute_url(), once=f"withdrawn-{product.pk}")
    return product


_SUBMITTED = gettext_lazy("%(agency)s submitted “%(title)s”; it waits for screening.")
_AGAIN = gettext_lazy("%(agency)s corrected “%(title)s” and submitted it again; it waits for screening.")
_WITHDRAWN = gettext_lazy("%(agency)s withdrew “%(title)s”.")


class _names:
    """A product named in the language that is active when the name is read."""

    def __init__(self, product):
        self.product = product

    def __str__(self):
        return self.product.title


def _tell_officers(product, version):
    text = _SUBMITTED if version.number == 1 else _AGAIN
    fa, en = both(text, agency=product.agency, title=_names(product))
    notices.tell_officers("product_submitted", fa, en, link=product.get_absolute_url(), once=f"submitted-{version.pk}")


def _merged(draft, data):
    """The draft with what was typed now in place of what was there."""
    merged = dict(draft)
    merged["answers"] = {
        **draft.get("answers", {}),
        **{str(name)[:60]: _keepable(text) for name, text in data.get("answers", {}).items()},
    }
    for kind, columns in ROWS.items():
        if kind in data:
            rows = [{name: _keepable(row.get(name, "")) for name in columns} for row in data[kind]]
            rows = [row for row in rows if any(text.strip() for text in row.values())]
            if len(rows) > MAX_ROWS:
                raise RuleBroken(_("There are too many rows: at most %(n)s are kept.") % {"n": MAX_ROWS}, field=kind)
            merged[kind] = rows
    return merged


def _keepable(text):
    """What JSON in the database can hold: no NUL and no half of a character; nothing else is touched."""
    text = "" if text is None else str(text)
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


_COLUMNS = ("title_fa", "title_en", "summary", "audience", "starts_on", "ends_on", "unit", "details")


def _fill_columns(product, sheet):
    """Write into the columns what could be read; a day that cannot be read is no day, other columns keep what they had."""
    if sheet.form.is_valid() or sheet.lenient:
        values = sheet.values()
        for name in ("title_en", "summary", "unit", "details"):
            if name in values:
                setattr(product, name, values[name])
        for name in ("starts_on", "ends_on"):
            setattr(product, name, values.get(name))
        # Once handed in, a product has a title and an audience for good.
        for name in ("title_fa", "audience"):
            if values.get(name) or (name == "title_fa" and name in values and product.submitted_at is None):
                setattr(product, name, values[name])
        subject = product.subject
        if (subject.title_fa, subject.title_en) != (product.title_fa, product.title_en):
            subject.title_fa, subject.title_en = product.title_fa, product.title_en
            subject.save(update_fields=["title_fa", "title_en"])


def _new_version(product, sheet, by):
    said = content.build(sheet)
    last = product.versions.first()
    made = SubmissionVersion.objects.create(
        product=product,
        number=last.number + 1 if last else 1,
        content=said,
        content_hash=digest(said),
        submitted_by=by,
    )
    VersionFile.objects.bulk_create(
        VersionFile(version=made, file=file, position=place) for place, file in enumerate(sheet.files, 1)
    )
    nameless.await_copies(made, sheet.files)
    return made


def _replace_creators(version):
    product = version.product
    if version.number > 1:
        product.creators.all().delete()
    Creator.objects.bulk_create(
        Creator(product=product, position=place, **creator) for place, creator in enumerate(version.content["creators"], 1)
    )
