"""Where one can go: the pages in the head and at the foot of every page, and to whom they are shown."""

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy

from secretariat import rules

# One line must hold what an officer sees: whatever has a place of its own on the desk or in a list need not stand here too.
# url name, label, icon, who ("public": those without an account only; "all": everybody signed in; else a context flag)
NAVIGATION = (
    ("home", gettext_lazy("Home"), "house", ("public",)),
    ("mark_list", gettext_lazy("Quality marks"), "award", ("public",)),
    ("exemplar_list", gettext_lazy("Exemplars"), "bookmark-star", ("public",)),
    ("set_list", gettext_lazy("Indicators"), "list-check", ("public",)),
    ("agency_list", gettext_lazy("Member agencies"), "building", ("public",)),
    ("mark_verify_form", gettext_lazy("Verify a mark"), "patch-check", ("public",)),
    ("about", gettext_lazy("About"), "info-circle", ("public",)),
    ("desk", gettext_lazy("My desk"), "inbox", ("all",)),
    ("product_list", gettext_lazy("Products"), "collection", ("is_representative",)),
    ("product_queue", gettext_lazy("Products"), "collection", ("is_officer",)),
    ("my_assessments", gettext_lazy("My assessments"), "clipboard-check", ("is_assessor",)),
    ("round_list", gettext_lazy("Rounds"), "arrow-repeat", ("is_officer",)),
    ("programme_list", gettext_lazy("Programmes"), "kanban", ("is_officer", "is_representative")),
    ("excellence_list", gettext_lazy("Self-assessment"), "clipboard-data", ("is_officer",)),
    ("self_assessment_list", gettext_lazy("Self-assessment"), "clipboard-data", ("is_representative",)),
    ("assessor_list", gettext_lazy("Assessors"), "people", ("is_officer",)),
    ("set_list", gettext_lazy("Indicators"), "list-check", ("is_officer", "is_assessor")),
    ("agency_list", gettext_lazy("Agencies"), "building", ("all",)),
    ("mark_list", gettext_lazy("Quality marks"), "award", ("all",)),
    ("meeting_list", gettext_lazy("Meetings"), "calendar-event", ("is_officer", "is_council")),
    ("resolution_list", gettext_lazy("Resolutions"), "hammer", ("is_council",)),
    ("action_board", gettext_lazy("Action items"), "check2-square", ("is_officer", "is_council")),
    ("agreement_list", gettext_lazy("Agreements"), "file-earmark-check", ("is_representative",)),
    ("overview", gettext_lazy("Figures"), "graph-up", ("is_officer", "is_council")),
    ("admin:index", gettext_lazy("Councils and settings"), "bank", ("all",)),
)
FOOTER = (
    ("about", gettext_lazy("About the secretariat")),
    ("set_list", gettext_lazy("Indicators")),
    ("mark_list", gettext_lazy("Register of quality marks")),
    ("exemplar_list", gettext_lazy("Exemplars")),
    ("mark_verify_form", gettext_lazy("Verify a mark")),
    ("agency_list", gettext_lazy("Member agencies")),
    ("council_list", gettext_lazy("Councils")),
    ("api_docs", gettext_lazy("For developers")),
)


def address(name, *args):
    """The address of a named page, or "" while no such page exists."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def items(context):
    """The main navigation for this reader: [{"label", "url", "icon", "active"}]; pages that do not exist are left out."""
    signed_in = getattr(context.get("user"), "is_authenticated", False)
    path = getattr(context.get("request"), "path", "")
    items, seen = [], set()
    for name, label, icon_name, who in NAVIGATION:
        shown = any((flag == "all" and signed_in) or (flag == "public" and not signed_in) or context.get(flag) for flag in who)
        url = address(name) if shown else ""
        if url and name == "admin:index" and not rules.may_administer(context["user"]):
            continue
        if url and url not in seen:
            seen.add(url)
            items.append({"label": label, "url": url, "icon": icon_name, "active": path == url})
    if not any(item["active"] for item in items):
        # A page inside a section marks the section: the longest address that begins the path.
        inside = [item for item in items if item["url"] != "/" and path.startswith(item["url"])]
        if inside:
            max(inside, key=lambda item: len(item["url"]))["active"] = True
    return items


def foot():
    """Links at the foot of every page."""
    return [{"label": label, "url": url} for name, label in FOOTER if (url := address(name))]
