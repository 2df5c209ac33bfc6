"""A scenario's outcome in plain sentences."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments.selectors.rounds import titles
from secretariat.calendar import digits, reads_persian
from secretariat.templatetags.portal_text import num

# Points below which a change can't be seen in the figures that are shown.
UNSEEN = 0.05
MOST_TITLES = 6


@dataclass
class Verdict:
    """`is_same` when nothing that is decided by would change: neither who is among the best nor a band."""

    is_same: bool
    sentences: list = field(default_factory=list)
    remarks: list = field(default_factory=list)  # what must be known before the figures are read


def verdict(told, scenario):
    """The Verdict on a selectors.whatif.Answer."""
    comparison = told.comparison
    is_same = not (
        comparison.enters.any()
        or comparison.leaves.any()
        or comparison.other_band.any()
        or comparison.appears.any()
        or comparison.vanishes.any()
    )
    found = Verdict(is_same)
    found.sentences += changes(told)
    found.remarks += [*_standing(told, scenario), *_carried(told)]
    return found


def changes(told):
    """Sentences on what two results differ in: `told` has `rows`, `comparison` and `tops`, how many are sought in each."""
    return [*_sought(told), *_order(told), _bands(told), _scores(told)]


def _sought(told):
    leaves, enters = ([row.entry for row in told.rows if getattr(row, name)] for name in ("leaves", "enters"))
    before, after = told.tops
    if before != after:
        yield _("Instead of %(before)s products, %(after)s are sought.") % {"before": digits(before), "after": digits(after)}
    if not leaves and not enters:
        yield ngettext(
            "The best product stays the same.", "The best %(count)s products stay the same.", after
        ) % {"count": digits(after)}  # fmt: skip
    if leaves:
        yield ngettext(
            "%(count)s product is no longer among the best %(top)s: %(titles)s.",
            "%(count)s products are no longer among the best %(top)s: %(titles)s.",
            len(leaves),
        ) % {"count": digits(len(leaves)), "top": digits(after), "titles": titles(leaves, MOST_TITLES)}
    if enters:
        yield ngettext(
            "%(count)s product comes in among the best %(top)s: %(titles)s.",
            "%(count)s products come in among the best %(top)s: %(titles)s.",
            len(enters),
        ) % {"count": digits(len(enters)), "top": digits(after), "titles": titles(enters, MOST_TITLES)}


def _order(told):
    moved = [row for row in told.rows if row.places]
    if not moved:
        yield _("Every product keeps its rank.")
        return
    if len(moved) == 2 and moved[0].rank_before == moved[1].rank_after and moved[0].rank_after == moved[1].rank_before:
        yield _("Two products swap their ranks: %(titles)s.") % {"titles": titles([row.entry for row in moved])}
        return
    first = next(number for number, row in enumerate(told.rows) if row.places != 0)
    if first:
        yield ngettext("The first product keeps its rank.", "The first %(count)s products keep their ranks.", first) % {
            "count": digits(first)
        }
    most = max(moved, key=lambda row: abs(row.places))
    yield ngettext(
        "%(count)s of %(all)s products changes its rank, by %(places)s at most: %(titles)s.",
        "%(count)s of %(all)s products change their rank, by %(places)s at most: %(titles)s.",
        len(moved),
    ) % {
        "count": digits(len(moved)), "all": digits(len(told.rows)),
        "places": _places(abs(most.places)), "titles": titles([most.entry]),
    }  # fmt: skip
    tau = told.comparison.tau
    if tau == tau:
        yield _("Of every 100 pairs of products, %(share)s turn round (Kendall's τ: %(tau)s).") % {
            "share": num(100 * told.comparison.reversed_share, 1), "tau": num(tau, 3)
        }  # fmt: skip


def _places(count):
    return ngettext("%(count)s place", "%(count)s places", count) % {"count": digits(count)}


def _bands(told):
    count = sum(row.other_band for row in told.rows)
    if not count:
        return _("No product changes its band.")
    return ngettext(
        "%(count)s of %(all)s products changes its band.", "%(count)s of %(all)s products change their band.", count
    ) % {"count": digits(count), "all": digits(len(told.rows))}  # fmt: skip


def _scores(told):
    known = [row for row in told.rows if row.delta is not None]
    most = max(known, key=lambda row: abs(row.delta), default=None)
    if most is None or abs(most.delta) < UNSEEN:
        return _("No score changes noticeably.")
    return _("No score changes by more than %(points)s points: %(titles)s.") % {
        "points": num(abs(most.delta), 1), "titles": titles([most.entry])
    }  # fmt: skip


def _standing(told, scenario):
    vanished = [row.entry for row in told.rows if row.after is None]
    appeared = [row.entry for row in told.rows if row.before is None]
    if vanished:
        yield ngettext(
            "%(count)s product has no score any more, for nobody else judged it: %(titles)s.",
            "%(count)s products have no score any more, for nobody else judged them: %(titles)s.",
            len(vanished),
        ) % {"count": digits(len(vanished)), "titles": titles(vanished, MOST_TITLES)}
    if appeared:
        yield ngettext(
            "%(count)s product has a score only now: %(titles)s.", "%(count)s products have a score only now: %(titles)s.", len(appeared)
        ) % {"count": digits(len(appeared)), "titles": titles(appeared, MOST_TITLES)}  # fmt: skip
    parts = int(told.after.standings.component.max(initial=0))
    if parts > max(1, int(told.before.standings.component.max(initial=0))):
        yield _("The round would fall into %(count)s parts that no assessor joins: each is ranked by itself.") % {
            "count": digits(parts)
        }
    if told.before.is_fair and not told.after.is_fair and not scenario.plain:
        yield _("What is left is too little to tell how strict the assessors are: the scores are the plain means of the panels.")


def _carried(told):
    joined = "، ".join if reads_persian() else ", ".join
    for choice, carried in told.carried:
        named = {node.code: node.title for node in choice.nodes}
        version = str(choice.chosen)
        if carried.only_after:
            yield _("%(version)s: nobody was asked about %(titles)s; the rest weighs more.") % {
                "version": version, "titles": joined(named[code] for code in carried.only_after)
            }  # fmt: skip
        if carried.other_scale:
            yield _("%(version)s: answered on another scale and left out: %(titles)s.") % {
                "version": version, "titles": joined(named[code] for code in carried.other_scale)
            }  # fmt: skip
        if carried.only_before:
            yield _("%(version)s does not ask about %(codes)s any more; the answers are left out.") % {
                "version": version, "codes": joined(carried.only_before)
            }  # fmt: skip
