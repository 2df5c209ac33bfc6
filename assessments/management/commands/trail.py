"""script/manage trail ROUND [--json]: everything that is on record of a round, in the order of time, with checks at the end."""

import json

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments import trail
from assessments.models import Assignment, Round
from assessments.selectors.trail import gaps_in_moves
from assessments.services import runs
from secretariat import calendar
from secretariat.list_parts import short_moment


class Command(BaseCommand):
    help = "Print the complete trail of a round: who did what, when and why. Ends with 1 when a check at its end fails."

    def add_arguments(self, parser):
        parser.add_argument("round", type=int, metavar="ROUND", help="the number of the round in its address")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
        parser.add_argument("--language", choices=[code for code, _name in settings.LANGUAGES], default=settings.LANGUAGE_CODE)

    def handle(self, *args, round, json, language, **options):
        found = Round.objects.select_related("run", "created_by").filter(pk=round).first()
        if found is None:
            raise CommandError(f"There is no round {round}.")
        with translation.override(language), calendar.one_reading():
            lines, checks = trail.told(found), list(_checks(found))
            self.stdout.write(_as_json(found, lines, checks) if json else _as_text(found, lines, checks))
        if not all(passed for _what, passed, _problems in checks):
            raise CommandError("A check failed.")


def _checks(round_):
    """(what was checked, whether it holds, what speaks against it)."""
    differences = list(runs.differences(round_.pk)) if round_.run_id else []
    yield _("Every stored score follows from the ratings."), not differences, differences
    if round_.is_settled:
        frozen = round_.run is not None and round_.run.frozen_at is not None
        digest = round_.run.inputs_hash if frozen else _("no frozen run")
        yield _("The scores stand on a frozen run; digest of what it rests on: %(digest)s") % {"digest": digest}, frozen, []
    gaps = list(gaps_in_moves(round_))
    yield _("Every state of the round and of its assignments was reached by a move on record."), not gaps, gaps


def _as_text(round_, lines, checks):
    parts = [
        _("Trail of round %(number)s: %(title)s") % {"number": calendar.digits(round_.pk), "title": round_},
        _("%(state)s; %(entries)s products, %(assignments)s assignments; written on %(when)s")
        % {
            "state": round_.get_status_display(),
            "entries": calendar.digits(round_.entries.count()),
            "assignments": calendar.digits(Assignment.objects.filter(entry__round=round_).count()),
            "when": calendar.long_datetime(timezone.now()),
        },
        "",
    ]
    for line in lines:
        parts += _line(line)
    count = ngettext("%(count)s line.", "%(count)s lines.", len(lines)) % {"count": calendar.digits(len(lines))}
    parts += ["", count, "", _("Checks")]
    for what, passed, problems in checks:
        parts.append(f"{'✓' if passed else '✗'} {what}")
        parts += [f"    {problem}" for problem in problems]
    return "\n".join(parts)


def _line(line):
    head = f"{short_moment(line.at)}  {line.what}"
    if line.about:
        head += f": {line.about}"
    if line.source or line.target:
        head += f"  ({line.source or '–'} → {line.target or '–'})"
    yield head
    if line.by != "":
        yield "    " + (_("by %(name)s") % {"name": line.by} if line.by else _("by the portal itself"))
    for name, said in line.facts.items():
        yield f"    {name}: {said}"
    if line.why:
        yield "    " + _("reason: %(why)s") % {"why": " ".join(line.why.split())}


def _as_json(round_, lines, checks):
    told = [
        {
            "at": line.at.isoformat(),
            "what": line.what,
            "row": line.row,
            "about": line.about,
            "by": line.by,
            "from": line.source,
            "to": line.target,
            "why": line.why,
            "facts": {str(name): str(said) for name, said in line.facts.items()},
        }
        for line in lines
    ]
    ended = [{"what": what, "holds": passed, "problems": problems} for what, passed, problems in checks]
    content = {"round": round_.pk, "title": str(round_), "state": round_.status, "lines": told, "checks": ended}
    return json.dumps(content, ensure_ascii=False, indent=1)
