"""What the assessors read of a product beside their form: the last submission, without its maker in a blind round."""

from dataclasses import replace

from django.urls import reverse
from django.utils.translation import gettext as _

from assessments.evidence import Evidence, EvidenceFile
from products import content
from products.models import NamelessCopy, SubmissionVersion
from products.selectors.makers import anybodys_links
from products.selectors.renewals import changes_since_mark
from secretariat import calendar
from secretariat.uploads import INLINE


def product_evidence(subject, *, blind):
    """Evidence of a product's newest submission version."""
    version = (
        SubmissionVersion.objects.filter(product__subject=subject)
        .select_related("product__agency")
        .prefetch_related("placed_files__file__nameless")
        .order_by("-number")
        .first()
    )
    if version is None:
        return Evidence(fields=[], links=[], files=[])
    said = version.content
    fields = _fields(said, blind)
    if changes := changes_since_mark(version, blind=blind):
        fields.append((_("What has changed since the mark"), changes))
    return Evidence(fields=fields, links=_links(version, blind), files=_files(version, blind))


def _fields(said, blind):
    rows = [(answer.label, answer.text) for answer in content.answers(said) if answer.text and not (blind and answer.hidden)]
    if blind:
        return rows
    makers = [f"{row['name']} – {row['role']}" if row["role"] else row["name"] for row in said["creators"]]
    agency = said["agency"]["fa"] if calendar.reads_persian() else said["agency"]["en"]
    return [*rows, (_("Agency"), agency), *([(_("Creators"), "\n".join(makers))] if makers else [])]


def _links(version, blind):
    """In a blind round addresses that name their maker and what the agency wrote beside a link are left out."""
    if not blind:
        return [(row["label"] or row["url"], row["url"]) for row in version.content["links"]]
    return [(_("link %(n)s") % {"n": calendar.digits(place)}, url) for place, url in enumerate(anybodys_links(version), 1)]


def _files(version, blind):
    return [_nameless(place) if blind else _as_it_is(place.file) for place in version.placed_files.all()]


def _as_it_is(file):
    return EvidenceFile(name=file.name, url=_address(file), size=file.size, content_type=file.content_type)


def _nameless(place):
    """The copy of a file without its maker; where there is none, why not."""
    file, copy = place.file, getattr(place.file, "nameless", None)
    given = EvidenceFile(name=neutral_name(place), content_type=file.content_type)
    if copy is None or copy.status == NamelessCopy.Status.WAITING:
        return replace(given, note=_("The file is being prepared; look again in a few minutes."))
    if not copy.is_shown:
        return replace(given, note=_("The secretariat keeps this file back, so that the round stays blind."))
    return replace(given, url=_address(file), size=copy.size)


def _address(file):
    return reverse("product_file", args=[file.pk]) + ("?show=1" if file.content_type in INLINE else "")


def neutral_name(place):
    """What an assessor of a blind round reads instead of the name that the agency gave: “file 1.pdf”."""
    return _("file %(n)s%(extension)s") % {"n": calendar.digits(place.position), "extension": place.file.extension}
