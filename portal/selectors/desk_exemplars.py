"""What exemplars bring to a desk: an agency's consent that is asked, nominations to look at, what a council must do."""

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.selectors.desk_parts import Card, Row
from products.models import Exemplar
from products.selectors import exemplars

Status = Exemplar.Status


def rows_for_agencies(agencies, shown):
    """Where an agency has to consent, or to finish what it began to write."""
    return [
        Row(
            str(one),
            reverse("exemplar_consent", args=[one.pk]) if one.status == Status.ASKED else one.get_absolute_url(),
            note=_("The secretariat would like to show it as an exemplar: your consent is asked.")
            if one.status == Status.ASKED
            else _("Its nomination as an exemplar is still being written."),
            status=one.status,
            status_text=one.get_status_display(),
        )
        for one in exemplars.asked_of(agencies)[:shown]
    ]


def officer_cards():
    """Nominations that are ready for a council; nothing while there are none."""
    ready = exemplars.ready().count()
    return (
        [Card(_("Exemplars ready for a council"), ready, f"{reverse('exemplar_nominations')}?status=ready", "bookmark-star")]
        if ready
        else []
    )


def council_cards(served):
    """For those who keep the papers of a council: what could be put before it, and what it has adopted; nothing while there is none."""
    if served is not None and not served:
        return []
    cards = officer_cards()
    waiting = exemplars.to_publish(served)
    if count := waiting.count():
        board = reverse("exemplar_board", args=[waiting.order_by("pk").values_list("resolution", flat=True)[0]])
        cards.append(Card(_("Adopted, exemplars still to publish"), count, board, "globe2", tone="warning"))
    return cards
