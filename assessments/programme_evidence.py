"""What the assessors read of a programme beside their sheet, without its maker where they judge blind."""

from urllib.parse import urlsplit

from django.urls import reverse
from django.utils.translation import gettext as _

from assessments.evidence import Evidence, EvidenceFile
from assessments.forms.excellence import addresses
from assessments.models import Programme, ProgrammeCopy
from secretariat import calendar
from secretariat.uploads import INLINE


def programme_evidence(subject, *, blind):
    """Evidence of a programme; from the opening of a round its words do not change any more."""
    programme = Programme.objects.filter(subject=subject).select_related("agency").prefetch_related("files__nameless").first()
    if programme is None:
        return Evidence()
    return Evidence(fields=_fields(programme, blind), links=_links(programme, blind), files=_files(programme, blind))


def _fields(programme, blind):
    period = " – ".join(calendar.long_date(day) for day in (programme.starts_on, programme.ends_on) if day)
    rows = [
        (_("Title"), programme.title),
        (_("Period"), period),
        (_("Aims"), programme.aims),
        (_("Audience"), programme.audience),
        (_("Budget"), programme.budget),
        (_("Report"), programme.report),
    ]
    if not blind:
        rows.append((_("Agency"), programme.agency.name))
    return [(label, text) for label, text in rows if text]


def host(url):
    """The host of an address as it is compared: without www."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _links(programme, blind):
    """Where the assessor judges blind the agency's own site is left out."""
    own = host(programme.agency.website) if blind else ""
    shown = [line for line, opens in addresses(programme.links) if opens and not (own and host(line).endswith(own))]
    if not blind:
        return [(line, line) for line in shown]
    return [(_("link %(n)s") % {"n": calendar.digits(place)}, line) for place, line in enumerate(shown, 1)]


def _files(programme, blind):
    attached = [file for file in programme.files.all() if file.removed_at is None]
    if not blind:
        return [EvidenceFile(file.name, _address(file), file.size, file.content_type) for file in attached]
    return [_nameless(file) for file in attached]


def _nameless(file):
    """The copy of a file without its maker; where there is none, why not."""
    copy = getattr(file, "nameless", None)
    if copy is not None and copy.status == ProgrammeCopy.Status.READY:
        return EvidenceFile(neutral_name(file), _address(file), copy.size, file.content_type)
    if copy is not None and copy.status == ProgrammeCopy.Status.FAILED:
        note = _("This file could not be freed of its maker's name, so it is kept back in a blind round.")
    else:
        note = _("The file is being prepared; look again in a few minutes.")
    return EvidenceFile(neutral_name(file), content_type=file.content_type, note=note)


def _address(file):
    return reverse("programme_file", args=[file.pk]) + ("?show=1" if file.content_type in INLINE else "")


def neutral_name(file):
    """What an assessor who judges blind reads instead of the name that was given: “file 1.pdf”."""
    return _("file %(n)s%(extension)s") % {"n": calendar.digits(file.position), "extension": file.extension}
