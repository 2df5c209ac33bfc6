"""How the renewal of a mark stands, for its page; and what its agency says has changed, for those who judge it anew."""

from dataclasses import dataclass
from datetime import date, timedelta

from products import rules
from products.models import QualityMark, RenewalRequest
from products.selectors.makers import makers_names
from secretariat.nameless import words
from secretariat.rules import represented_agencies


@dataclass
class Standing:
    """What a reader sees of the renewal of one mark."""

    mark: QualityMark
    request: RenewalRequest | None = None  # the newest that he may see
    may_ask: bool = False
    is_own: bool = False

    @property
    def until(self) -> date:
        """The last day on which it can be asked for."""
        return self.mark.valid_until  # type: ignore[return-value]  # a granted mark has its days

    @property
    def sent_until(self) -> date:
        """The last day on which what was begun can be sent."""
        return self.until + timedelta(days=rules.RENEWAL_GRACE)


def standings(marks, user):
    """{mark pk: Standing} of those marks of whose renewal there is something to tell this reader; three queries at most."""
    if not marks or not user.is_authenticated:
        return {}
    seen = {}
    for request in RenewalRequest.objects.visible_to(user).filter(mark__in=marks).order_by("pk").prefetch_related("moves"):
        seen.setdefault(request.mark_id, []).append(request)
    own = {mark.pk for mark in marks if mark.product.agency_id in represented_agencies(user)}
    ending = set(QualityMark.objects.ending().filter(pk__in=own).values_list("pk", flat=True)) if own else set()
    found = {}
    for mark in marks:
        requests = seen.get(mark.pk, [])
        standing = [one for one in requests if one.status != rules.RenewalStatus.WITHDRAWN]
        hindered = any(one.is_living or one.term == rules.renewal_term(mark) for one in standing)
        may_ask = mark.pk in ending and not hindered
        if requests or may_ask:
            found[mark.pk] = Standing(mark, requests[-1] if requests else None, may_ask, mark.pk in own)
    return found


def changes_since_mark(version, *, blind):
    """What the agency says has changed since the mark that is to be renewed; "" where it says nothing, or it names its maker to whom it may not."""
    accepted = RenewalRequest.objects.filter(mark__product=version.product_id, status=rules.RenewalStatus.ACCEPTED)
    said = accepted.values_list("changes", flat=True).first() or ""
    return "" if said and blind and names_maker(version, said) else said


def names_maker(version, text):
    """Names of its maker in a text about a product; none where nothing was handed in."""
    return version and [word for word, _page in words.found(words.Text([(None, text)]), makers_names(version))]
