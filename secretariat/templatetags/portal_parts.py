"""The parts of a page, each in one place; `/styleguide/` shows them all.

Load with `{% load portal_parts %}`; base.html already brings styles and scripts (Bootstrap's CSS, no Bootstrap
JavaScript: use `<details>` for menus and folding, `data-confirm` for dialogs, links for tabs).

Page          {% extends "base.html" %} with blocks title, breadcrumb, heading, lead, actions, content, scripts; `body_class`
              may say "page-public" (magazine) or "page-narrow" (forms); {% block breadcrumb %}{% crumb _("Rounds") "round_list" %}
              {% crumb round.title %}{% endblock %} – the desk (or home) comes first by itself, the last crumb has no address.
Icon          {% icon "check-circle" %} any name of bootstrap-icons, drawn inline and hidden from screen readers; "chevron-end",
              "chevron-start", "arrow-end", "arrow-start" point the way the page reads; {% icon "star" "text-accent" label=_("Star") %}.
Form          <form method="post" class="form" data-confirm="…?">{% csrf_token %}{% once_key %}{% form_errors form %}{% fields form %}
              … <div class="form-actions"><button class="btn btn-primary">…</button></div></form>
              {% field form.title %} one field; {% field form.title label="…" help="…" hide_label=True wide=True %};
              {% fields form "title kind" %} some of them, {% fields form %} all; hidden ones come along.
              <fieldset class="form-section"><legend>…</legend>…</fieldset> is a section. The Jalali picker attaches itself.
Autosave      <form … data-autosave-url="{% url … %}" data-autosave-version="{{ obj.version }}">{% autosave_status %}: the whole form is
              posted there; answer JSON {"version": 3, "saved_at": calendar.clock(…)}, 409 when stale ({"message", "url"}), 422 with {"errors": {field: [..]}}.
Confirm       data-confirm="Sentence?" data-confirm-button="Withdraw" data-confirm-tone="danger" on a form or on its submit button.
Status        {% badge obj.status obj.get_status_display %} – icon, word and colour by a table of tones; {% badge "x" _("Late") tone="danger" %}.
Deadline      {% deadline round.deadline %} «۳ روز کاری مانده» with its explanation; {% deadline d done=True %} only tells the day.
Chips         {% person user %}, {% person user hide=True alias=_("Assessor 2") %}, {% agency obj %}
Timeline      {% timeline product %} from product.moves; {% timeline product moves hide_names=True %} for other eyes.
Desk card     {% desk_card _("Waiting for you") count url icon="inbox" note="…" tone="warning" due=when %}
Empty         {% empty_state _("Nothing yet") _("What comes next.") icon="inbox" url=… action=_("New product") %}
Files         {% file_list files %} of objects with name, url, size (content_type, note, remove_url); {% file_drop form.upload %}
Job           {% progress_job done total label=… url=… %} asks `url` for itself again every 2 s while it runs.
Scores        {% score_card value low high n label=… url=… coverage=… %}, {% score_bar value low high %},
              {% forest_plot rows caption=… %} rows of dicts label, value, low, high, n, url, group (its table is below it).
Paging        {% pagination page %}; list pages come from secretariat.lists and need only {% include "parts/list.html" %}.
Tabs          {% tabs items label=_("Views") %} of (label, url, is_active[, count])
Facts         <dl class="facts"><div><dt>…</dt><dd>…</dd></div></dl>; <section class="panel"><h2 class="panel-title">…</h2>…</section>
Layout        `panel`, `grid-cards`, `split` (content beside an aside), `stack`, `cluster`, `muted`, `table-wrap > table.table`
Notes         <div class="note note-info">{% icon "info-circle" %}<div>…</div></div> (info, success, warning, danger)
Print         {% extends "print.html" %} – A4 letterhead with blocks number, date, attachment, heading, content, signature.
"""

import functools
import itertools
import re
import uuid
from pathlib import Path

from django import forms, template
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from secretariat import calendar, charts, navigation
from secretariat.navigation import address
from secretariat.tones import TONE_ICONS, TONES

register = template.Library()

ICONS = Path(settings.BASE_DIR) / "node_modules" / "bootstrap-icons" / "icons"
# Names for directions of reading: drawn for left-to-right and mirrored by the style sheet for the other.
MIRRORED = {
    "chevron-end": "chevron-right",
    "chevron-start": "chevron-left",
    "arrow-end": "arrow-right",
    "arrow-start": "arrow-left",
    "sign-out": "box-arrow-right",
    "sign-in": "box-arrow-in-right",
}


# --- icons ---------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=512)
def _drawing(name):
    """The inside of an icon's SVG; an unknown name is a mistake in a template."""
    file = ICONS / f"{MIRRORED.get(name, name)}.svg"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not file.is_file():
        raise LookupError(f"there is no icon “{name}”")
    return re.sub(r"\s*\n\s*", "", re.search(r"<svg[^>]*>(.*)</svg>", file.read_text(), re.S).group(1))


@register.simple_tag
def icon(name, css="", label=""):
    """Draw an icon inline; silent to screen readers unless it has a label."""
    css = " ".join(filter(None, ["icon", "icon-mirrored" if name in MIRRORED else "", css]))
    spoken = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="{}" width="16" height="16" viewBox="0 0 16 16" fill="currentColor" focusable="false" {}>{}</svg>',
        css,
        spoken,
        mark_safe(_drawing(name)),
    )


# --- the shell -----------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def nav_items(context):
    """The main navigation for this reader: [{"label", "url", "icon", "active"}]."""
    return navigation.items(context)


@register.simple_tag
def footer_items():
    """Links at the foot of every page."""
    return navigation.foot()


@register.simple_tag
def page_url(name, *args):
    """Like `url`, but "" while the page does not exist."""
    return address(name, *args)


@register.simple_tag(takes_context=True)
def unread_notices(context):
    """How many notices the reader has not read."""
    user = context.get("user")
    if not getattr(user, "is_authenticated", False):
        return 0
    return user.notices.unread().count()


@register.simple_tag
def crumb(label, name="", *args):
    """One step of the breadcrumb: a link when it has an address, else the page itself."""
    url = name if name.startswith("/") else (address(name, *args) if name else "")
    if url:
        return format_html('<li><a href="{}">{}</a></li>', url, label)
    return format_html('<li aria-current="page">{}</li>', label)


# --- forms ---------------------------------------------------------------------------------------


@register.simple_tag
def once_key():
    """A one-time key, so that a double submit takes effect once (see secretariat.gate)."""
    return format_html('<input type="hidden" name="once_key" value="{}">', uuid.uuid4())


@register.inclusion_tag("parts/autosave_status.html")
def autosave_status():
    """The quiet line that tells when a draft was saved."""
    return {}


def _kind(widget):
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if isinstance(widget, forms.CheckboxSelectMultiple | forms.RadioSelect):
        return "choices"
    if isinstance(widget, forms.Select):
        return "select"
    if isinstance(widget, forms.ClearableFileInput | forms.FileInput):
        return "file"
    return "input"


_CSS = {"check": "form-check-input", "choices": "form-check-input", "select": "form-select"}


def _described(bound, help_text, kind, css=""):
    """The field's widget with its classes and what describes it; of several choices, each."""
    widget = bound.field.widget
    if kind == "choices":
        widget.attrs["class"] = "form-check-input"
        return list(bound.subwidgets)
    attrs = {"class": " ".join(filter(None, [widget.attrs.get("class", ""), _CSS.get(kind, "form-control"), css]))}
    if bound.errors:
        attrs["class"] += " is-invalid"
    described = [f"{bound.auto_id}-help"] if help_text else []
    described += [f"{bound.auto_id}-error"] if bound.errors else []
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if kind == "input" and "dir" not in widget.attrs:
        typed_ltr = isinstance(bound.field, forms.EmailField | forms.URLField) or isinstance(
            widget, forms.PasswordInput | forms.NumberInput
        )
        attrs["dir"] = "ltr" if typed_ltr else "auto"
    if kind == "input" and isinstance(widget, forms.Textarea):
        attrs.setdefault("rows", widget.attrs.get("rows") if str(widget.attrs.get("rows", "10")) != "10" else "4")
    return bound.as_widget(attrs=attrs)


@register.inclusion_tag("parts/field.html")
def field(bound, label=None, help=None, hide_label=False, wide=False, css="", input_css=""):
    """A form field with its label, help, error and everything that joins them for assistive technology."""
    kind = _kind(bound.field.widget)
    help_text = bound.help_text if help is None else help
    return {
        "bound": bound,
        "kind": kind,
        "label": bound.label if label is None else label,
        "help": help_text,
        "control": "" if bound.is_hidden else _described(bound, help_text, kind, input_css),
        "hide_label": hide_label,
        "wide": wide or isinstance(bound.field.widget, forms.Textarea),
        "css": css,
    }


@register.inclusion_tag("parts/fields.html")
def fields(form, names=""):
    """All fields of a form, or those named; the hidden ones come with all."""
    wanted = names.split()
    bound = [form[name] for name in wanted] if wanted else list(form.visible_fields())
    return {"bound_fields": bound, "hidden": [] if wanted else form.hidden_fields()}


@register.inclusion_tag("parts/form_errors.html")
def form_errors(*forms_, extra=()):
    """The summary of errors on top of a form; takes the focus when there are any."""
    lines = [{"text": text, "target": ""} for text in ([extra] if isinstance(extra, str) and extra else list(extra or []))]
    for form in itertools.chain.from_iterable(_flat(form) for form in forms_ if form):
        lines += [{"text": text, "target": ""} for text in form.non_field_errors()]
        for bound in form:
            lines += [
                {"text": text, "target": bound.id_for_label or bound.auto_id, "label": bound.label} for text in bound.errors
            ]
    return {"lines": lines}


def _flat(form):
    if hasattr(form, "management_form"):
        yield from form.forms
    else:
        yield form


@register.inclusion_tag("parts/file_drop.html")
def file_drop(bound, label=None, help=None, max_bytes=None, accept=""):
    """A place to choose or drop files; checks type and size before anything is sent."""
    accept = accept or bound.field.widget.attrs.get("accept", "")
    limit = max_bytes or settings.UPLOAD_MAX_BYTES
    help_text = bound.help_text if help is None else help
    described = " ".join([f"{bound.auto_id}-help", *([f"{bound.auto_id}-error"] if bound.errors else [])])
    attrs = {"class": "form-control", "data-filedrop-input": "", "data-max-bytes": limit, "aria-describedby": described}
    if accept:
        attrs["accept"] = accept
    return {
        "bound": bound,
        "label": bound.label if label is None else label,
        "help": help_text,
        "limit": limit,
        "accept": accept,
        "control": bound.as_widget(attrs=attrs),
    }


# --- states --------------------------------------------------------------------------------------


@register.simple_tag
def badge(status, label="", tone="", icon_name=""):
    """A state by icon, word and colour."""
    known_tone, known_icon = TONES.get(str(status), ("neutral", ""))
    tone = tone or known_tone
    drawn = icon(icon_name or known_icon or TONE_ICONS[tone])
    return format_html('<span class="state state-{}">{}<span>{}</span></span>', tone, drawn, label or status)


@register.inclusion_tag("parts/deadline.html")
def deadline(when, done=False):
    """What is left until a day in working days, coloured by urgency, with how it was counted."""
    if not when:
        return {"when": None}
    due, today = calendar.day_of(when), calendar.today()
    if done:
        return {"when": when, "done": True}
    working = calendar.working_days_between(
        today, due, calendar.holidays_between(min(today, due), max(today, due)), calendar.working_weekend()
    )
    tone = "danger" if due < today or working <= 0 else "warning" if working <= 3 else "neutral"
    explanation = calendar.deadline(today, working) if due > today and working > 0 else None
    return {
        "when": when,
        "done": False,
        "tone": tone,
        "text": calendar.remaining(due, today),
        "skipped": explanation.skipped if explanation else (),
        "late": due < today,
    }


@register.inclusion_tag("parts/person.html")
def person(user, hide=False, alias="", note=""):
    """A person's name with initials; `hide` shows only the alias."""
    name = (alias or _("Name hidden")) if hide or user is None else user.display_name
    letters = [] if hide or user is None else [part[0] for part in name.split()[:2]]
    return {"name": name, "initials": "\u200c".join(letters), "hidden": hide or user is None, "note": note}


@register.inclusion_tag("parts/agency.html")
def agency(obj, link=True):
    """An agency's name, leading to its page."""
    return {"agency": obj, "url": address("agency_detail", obj.slug) if obj and link else ""}


@register.inclusion_tag("parts/timeline.html")
def timeline(obj, moves=None, hide_names=False, hide_reasons=False, newest_first=True):
    """The trail of an object's moves: who, when, from → to, why."""
    try:
        labels = dict(obj._meta.get_field("status").flatchoices)
    except (AttributeError, ObjectDoesNotExist):
        labels = {}
    actions = getattr(obj, "MOVES", {})
    rows = list(obj.moves.select_related("by") if moves is None else moves)
    steps = [
        {
            "label": (row.action in actions and actions[row.action].label) or labels.get(row.target, row.action),
            "source": labels.get(row.source, row.source),
            "target": labels.get(row.target, row.target),
            "target_code": row.target,
            "tone": TONES.get(row.target, ("neutral", ""))[0],
            "icon": TONES.get(row.target, ("", ""))[1] or "circle",
            "at": row.at,
            "by": None if hide_names else row.by,
            "system": row.by_id is None,
            "why": "" if hide_reasons else row.why,
        }
        for row in rows
    ]
    return {"steps": steps[::-1] if newest_first else steps, "hide_names": hide_names}


# --- cards and lists -----------------------------------------------------------------------------


@register.inclusion_tag("parts/desk_card.html")
def desk_card(title, count=None, url="", icon="inbox", note="", tone="", due=None):
    """A card of the desk: how many things wait, how long, and one click to the work."""
    return {"title": title, "count": count, "url": url, "icon_name": icon, "note": note, "tone": tone, "due": due}


@register.inclusion_tag("parts/empty_state.html")
def empty_state(title, text="", icon="inbox", url="", action=""):
    """What to say when there is nothing: why, and what comes next."""
    return {"title": title, "text": text, "icon_name": icon, "url": url, "action": action}


_FILE_ICONS = (
    ("pdf", "file-earmark-pdf"),
    ("image", "file-earmark-image"),
    ("audio", "file-earmark-music"),
    ("video", "file-earmark-play"),
    ("zip", "file-earmark-zip"),
    ("sheet", "file-earmark-spreadsheet"),
    ("word", "file-earmark-word"),
    ("presentation", "file-earmark-slides"),
    ("text", "file-earmark-text"),
)


@register.inclusion_tag("parts/file_list.html", takes_context=True)
def file_list(context, files):
    """Files with name, kind and size."""
    listed = []
    for file in files:
        kind = getattr(file, "content_type", "") or ""
        listed.append({"file": file, "icon": next((icon for word, icon in _FILE_ICONS if word in kind), "file-earmark")})
    return {"files": listed, "csrf_token": context.get("csrf_token")}


@register.filter
def file_size(size):
    """A size in bytes as people read it: «۱٫۲ مگابایت»."""
    from secretariat.templatetags.portal_text import num

    if size is None or size == "":
        return ""
    if size < 1024:
        return _("%(n)s bytes") % {"n": num(size)}
    if size < 1024 * 1024:
        return _("%(n)s kB") % {"n": num(round(size / 1024))}
    return _("%(n)s MB") % {"n": num(round(size / 1024 / 1024, 1))}


@register.inclusion_tag("parts/progress_job.html")
def progress_job(done, total, label="", url="", finished=None, failed=0):
    """A long work's progress: a bar with a real count; `url` gives this part again while it runs."""
    finished = done >= total if finished is None else finished
    return {"done": done, "total": total, "label": label, "url": url, "finished": finished, "failed": failed}


@register.inclusion_tag("parts/tabs.html")
def tabs(items, label=""):
    """Links that stand for views of one thing: (label, url, is_active[, count])."""
    keys = ("label", "url", "active", "count")
    return {"items": [dict(zip(keys, item, strict=False)) for item in items], "label": label}


@register.inclusion_tag("parts/pagination.html", takes_context=True)
def pagination(context, page):
    """Links to the other pages of a list, the query string kept. `page` is a django Page or a lists.Slice."""
    request = context.get("request")
    query = request.GET.copy() if request else None

    def link(number):
        if query is None:
            return f"?page={number}"
        query["page"] = number
        return f"?{query.urlencode()}"

    last, here = page.paginator.num_pages, page.number
    near = sorted({1, last, *range(max(1, here - 1), min(last, here + 1) + 1)})
    numbers = []
    for number in near:
        if numbers and number - numbers[-1]["number"] > 1:
            numbers.append({"gap": True, "number": number - 1})
        numbers.append({"number": number, "url": link(number), "here": number == here})
    return {
        "page": page,
        "numbers": numbers if last > 1 else [],
        "previous": link(here - 1) if here > 1 else "",
        "next": link(here + 1) if here < last else "",
    }


# --- scores --------------------------------------------------------------------------------------


@register.inclusion_tag("parts/score_card.html")
def score_card(value, low=None, high=None, n=None, label="", url="", coverage=None, maximum=100):
    """A score with its interval and the number of assessors; never a bare number."""
    return {
        "value": value,
        "low": low,
        "high": high,
        "n": n,
        "label": label,
        "url": url,
        "coverage": coverage,
        "maximum": maximum,
        "bar": charts.bar(value, low, high, maximum, calendar.reads_persian()),
    }


@register.inclusion_tag("parts/score_bar.html")
def score_bar(value, low=None, high=None, maximum=100, label=""):
    """A horizontal bar of one score with its interval."""
    return {
        "value": value,
        "low": low,
        "high": high,
        "maximum": maximum,
        "label": label,
        "bar": charts.bar(value, low, high, maximum, calendar.reads_persian()),
    }


@register.inclusion_tag("parts/forest_plot.html")
def forest_plot(rows, caption="", minimum=0, maximum=100, reference=None, open_table=False):
    """Scores with intervals, one line each, with the same numbers as a table below."""
    return {
        "plots": charts.forest(rows, minimum, maximum, reference, calendar.reads_persian()),
        "rows": rows,
        "caption": caption,
        "open_table": open_table,
        "reference": reference,
    }
