"""Who made a product, as words to look for, and where those words stand in what assessors of a blind round would read."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from products import content
from products.models import NamelessCopy
from secretariat import persian
from secretariat.calendar import digits
from secretariat.models import RoleGrant
from secretariat.nameless import words

# Mail that anybody may have tells nothing of an agency.
_ANYBODYS_MAIL = {"gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "icloud.com", "chmail.ir", "mailfa.com", "example.org"}
_IN_BRACKETS = re.compile(r"\s*[(\[«“][^)\]»”]*[)\]»”]\s*")


def host(url):
    """The host of an address as it is compared: without www."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def makers_names(version):
    """Every name under which the maker of a submission goes: agency, unit, people, publisher, their addresses."""
    agency, said = version.product.agency, version.content
    names = [agency.slug, *said["agency"].values()]
    # Also as it was called before, and where its site was: an old name on a title page names it as well.
    for row in (agency, *agency.events.order_by("-pgh_id")):
        names += [row.name_fa, row.name_en, host(row.website)]
    names += (said.get("unit") or {}).values()
    names += [creator["name"] for creator in said["creators"]]
    names += [text for answer in said["answers"] if answer["hidden"] for text in answer["shown"].values()]
    for grant in RoleGrant.objects.current().filter(role="representative", agency=agency).select_related("user"):
        domain = grant.user.email.partition("@")[2].casefold()
        names += [grant.user.display_name, "" if domain in _ANYBODYS_MAIL else domain]
    names += [_IN_BRACKETS.sub(" ", name) for name in names]
    # The same word in another spelling is one word.
    unique = {persian.search_key(name): name.strip() for name in reversed(names)}
    return [name for key, name in reversed(unique.items()) if len(key) >= words.LEAST_KEY]


def anybodys_links(version):
    """The links of a submission in whose address nothing names its maker."""
    names = makers_names(version)
    return [row["url"] for row in version.content["links"] if not words.found(words.Text([(None, row["url"])]), names)]


@dataclass
class Find:
    """A name of the maker, and where an assessor would meet it."""

    word: str
    place: str


@dataclass
class FileSight:
    """A file as assessors of a blind round get it."""

    file: object
    copy: NamelessCopy | None
    finds: list = field(default_factory=list)

    @property
    def is_searched(self):
        return self.copy is not None and self.copy.searched_id is not None

    @property
    def wants_a_look(self):
        """Whether an officer should look: a name was found, or a failed copy keeps the file from everybody."""
        if self.copy is None or self.copy.is_hidden:
            return False
        return bool(self.finds) or self.copy.status == NamelessCopy.Status.FAILED


def sights(version):
    """The files of a version as assessors of a blind round get them, in two queries."""
    files = [place.file for place in version.placed_files.select_related("file")]
    copies = {row.original_id: row for row in NamelessCopy.objects.filter(original__in=files).select_related("decided_by")}
    return [FileSight(file, copies.get(file.pk), _finds(copies.get(file.pk))) for file in files]


def _finds(copy):
    return (
        [Find(row["word"], _("page %(n)s") % {"n": digits(row["page"])} if row["page"] else "") for row in copy.finds]
        if copy
        else []
    )


def named_in_answers(version):
    """Names of the maker in the answers and links that assessors of a blind round read."""
    names, said = makers_names(version), version.content
    texts = [(row.label, row.text) for row in content.answers(said) if not row.hidden]
    texts += [(_("Links"), link["url"]) for link in said["links"]]
    return [Find(word, label) for label, text in texts for word, _page in words.found(words.Text([(None, text)]), names)]


def decisions_on(copy):
    """The trail of keeping a file back and giving it out again, newest first; empty where nobody ever decided."""
    return list(copy.events.select_related("decided_by").order_by("-pgh_id")) if copy else []
