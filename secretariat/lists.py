"""List pages as tools: declared columns and filters; search, sort, paging, column choice, bulk choice and Excel come with them.

    class AgencyList(ListPage):
        name = "agencies"                                        # of the file that is exported
        caption = _("Agencies")
        columns = [
            Column("name", _("Name"), sort="sort_key", link=True),          # the first column heads its row
            Column("kind", _("Kind"), sort="kind", value="get_kind_display"),
            Column("status", _("State"), kind="badge"),                     # shows get_status_display
            Column("joined", _("Member since"), sort="joined_on", value="joined_on", kind="date"),
            Column("products", _("Products"), sort="product_count", value="product_count", kind="number"),
            Column("phone", _("Telephone"), kind="code", shown=False),      # offered, not shown at first
            Column("panel", _("Panel"), template="assessments/cells/panel.html", value=lambda row: row.panel_text),
        ]
        filters = [Choice("kind", _("Kind"), Agency.Kind.choices), DateRange("joined", _("Member since"), "joined_on", day=True)]
        search = ("search_key", "agency__search_key", "serial")   # folded columns, or plain ones (compared without case)
        default_sort = "name"                                     # or "-joined"
        bulk = [BulkAction("remind", _("Remind"), confirm=_("Send a reminder to all of them?"))]

        def queryset(self):
            return Agency.objects.visible_to(self.request.user).select_related("province")

        def row_actions(self, row):                               # optional: [RowAction(label, url, icon, post=True, confirm="…")]
            return [RowAction(_("Edit"), reverse("agency_edit", args=[row.slug]), "pencil")]

    def agency_list(request):
        page = AgencyList(request)
        if request.method == "POST":
            action, rows = page.bulk_choice()                     # rows: a queryset, all pages when so chosen; RuleBroken if none
            ...
        return page.respond("secretariat/agency_list.html", {"more": "context"})

and the template has `{% include "parts/list.html" %}` in its content. Two queries a page: the count and the rows.
"""

from functools import cached_property
from types import SimpleNamespace
from typing import Any

from django import forms
from django.db.models import F, Q
from django.http import QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import calendar, persian, spreadsheets
from secretariat.errors import RuleBroken
from secretariat.fields import JalaliDateFormField
from secretariat.list_parts import SHOW, BulkAction, Choice, Column, DateRange, RowAction, Toggle, short_moment
from secretariat.templatetags import portal_text
from secretariat.typed import keys

__all__ = ["BulkAction", "Choice", "Column", "DateRange", "ListPage", "RowAction", "Toggle"]

SIZES = (25, 50, 100)
COUNT_LIMIT = 20_000  # rows beyond this are told as "more than"
EXPORT_LIMIT = 50_000
BULK_LIMIT = 5_000


# --- the page ------------------------------------------------------------------------------------


class ListPage:
    """A list of one model for one request; see the top of this module."""

    name = "list"
    caption: Any = ""
    columns: list[Column] = []
    filters: list = []
    search: tuple[str, ...] = ()
    search_label: Any = gettext_lazy("Search")
    default_sort = ""
    always_first: tuple = ()  # ORM expressions by which rows stand in any order
    size = SIZES[0]
    bulk: list[BulkAction] = []
    exports = True
    exports_csv = False
    results_template = "parts/list_results.html"
    rows_template = "parts/list_table.html"  # or a page's own cards, drawn from list.page.rows
    empty_title: Any = gettext_lazy("Nothing is here yet.")
    empty_text: Any = ""
    empty_action: tuple[Any, str] | None = None  # (label, address)

    def __init__(self, request):
        self.request = request
        self.query = request.GET

    # -- for subclasses

    def queryset(self):
        """The rows that this reader may see, with what the columns need."""
        raise NotImplementedError

    def row_url(self, row):
        """Where a column with `link` leads."""
        return row.get_absolute_url()

    def row_actions(self, row):
        """What may be done to a row: a list of RowAction."""
        return []

    def row_heads(self, row, previous):
        """Headings between the row before (None at the top of a page) and this one: (css class, words), the widest first."""
        return []

    def row_css(self, row):
        """The class of a row."""
        return ""

    @property
    def export_columns(self):
        """The columns of an exported table: those on the page."""
        return self.shown_columns

    # -- filters and search

    @cached_property
    def form(self):
        fields = {}
        if self.search:
            fields["q"] = forms.CharField(label=self.search_label, required=False, max_length=200)
        for declared in self.filters:
            fields.update(declared.form_fields(self.request))
        form = type("ListForm", (forms.Form,), fields)(self.query, auto_id=f"{self.name}-%s")
        form.is_valid()  # what can't be read is told beside its field and narrows nothing
        return form

    @property
    def filter_fields(self):
        return [field for field in self.form if field.name != "q"]

    @cached_property
    def filtered(self):
        """All rows that fit the search and the filters, unsorted."""
        queryset = self.queryset()
        for declared in self.filters:
            queryset = declared.narrow(queryset, self.form.cleaned_data)
        for word in self.form.cleaned_data.get("q", "").split():
            queryset = queryset.filter(self._matches(word))
        return queryset

    def _matches(self, word):
        folded, plain = persian.search_key(word), persian.digits_to_ascii(word)
        found = Q()
        if not folded:  # only a dash or a mark, which no folded column holds: narrows nothing
            return found
        for column in self.search:
            is_folded = column.endswith("search_key")
            found |= Q(**{f"{column}__contains": folded} if is_folded else {f"{column}__icontains": plain})
        return found

    @cached_property
    def chips(self):
        """The filters in force, each with the address of the list without it."""
        found = []
        for field in self.form:
            value = self.form.cleaned_data.get(field.name)
            if value in (None, "", False):
                continue
            shown = dict(field.field.choices).get(value, value) if hasattr(field.field, "choices") else value
            if isinstance(field.field, JalaliDateFormField):
                shown = calendar.short_date(value)
            text = field.label if value is True else f"{field.label}: {shown}"
            found.append({"text": text, "url": self.address(**{field.name: None, "page": None})})
        return found

    # -- sorting

    @cached_property
    def sort(self):
        """(column key, descending) in force."""
        wanted = self.query.get("sort") or self.default_sort
        key = wanted.removeprefix("-")
        known = {column.key for column in self.columns if column.sort}
        if key not in known:
            wanted = self.default_sort
            key = wanted.removeprefix("-")
        return key, wanted.startswith("-")

    @cached_property
    def rows_in_order(self):
        key, descending = self.sort
        path = next((column.sort for column in self.columns if column.key == key and column.sort), None)
        if path is None:
            return self.filtered.order_by(*self.always_first, "-pk")
        order = F(path).desc(nulls_last=True) if descending else F(path).asc(nulls_last=True)
        # Equal values keep one order, else a row could stand on two pages or on none.
        return self.filtered.order_by(*self.always_first, order, "-pk" if descending else "pk")

    # -- columns

    @cached_property
    def shown_columns(self):
        wanted = set(self.query.getlist("column"))
        chosen = [column for column in self.columns if column.key in wanted]
        if not chosen:
            return [column for column in self.columns if column.shown]
        head = self.columns[0]
        return chosen if head in chosen else [head, *chosen]

    @property
    def column_choice(self):
        return [{"column": column, "shown": column in self.shown_columns} for column in self.columns[1:]]

    @cached_property
    def headings(self):
        key, descending = self.sort
        result = []
        for column in self.shown_columns:
            active = column.key == key and bool(column.sort)
            turned = f"-{column.key}" if active and not descending else column.key
            result.append(
                {
                    "column": column,
                    "url": self.address(sort=turned, page=None) if column.sort else "",
                    "aria": ("descending" if descending else "ascending") if active else "none" if column.sort else "",
                    "icon": ("caret-down-fill" if descending else "caret-up-fill") if active else "chevron-expand",
                }
            )
        return result

    # -- paging

    @cached_property
    def page_size(self):
        try:
            wanted = int(persian.digits_to_ascii(self.query.get("size", "")))
        except ValueError:
            return self.size
        return wanted if wanted in SIZES else self.size

    @cached_property
    def total(self):
        """How many rows fit, counted up to COUNT_LIMIT + 1."""
        # The key alone: what a row shows beside it need not be reckoned for all rows.
        return self.filtered.order_by().values("pk")[: COUNT_LIMIT + 1].count()

    @property
    def total_text(self):
        if self.total > COUNT_LIMIT:
            return _("more than %(count)s") % {"count": portal_text.num(COUNT_LIMIT)}
        return portal_text.num(self.total)

    @cached_property
    def page(self):
        """The page asked for, or the nearest one there is; what `{% pagination %}` needs of Django's Page."""
        pages = max(1, -(-min(self.total, COUNT_LIMIT) // self.page_size))
        try:
            number = int(persian.digits_to_ascii(self.query.get("page", "1")))
        except ValueError:
            number = 1
        number = min(max(1, number), pages)
        start = (number - 1) * self.page_size
        rows = list(self.rows_in_order[start : start + self.page_size]) if self.total else []
        first = start + 1 if rows else 0
        return SimpleNamespace(
            number=number, rows=rows, first=first, last=start + len(rows), paginator=SimpleNamespace(num_pages=pages)
        )

    @property
    def sizes(self):
        return [{"size": size, "here": size == self.page_size} for size in SIZES]

    # -- what the template writes down

    @cached_property
    def rows(self):
        """The rows of this page as cells."""
        return [
            {
                "pk": row.pk,
                "row": row,
                "name": str(self.shown_columns[0].read(row)),
                "heads": self.row_heads(row, previous),
                "css": self.row_css(row),
                "cells": [{"column": column, "html": self._html(column, row)} for column in self.shown_columns],
                "actions": self.row_actions(row),
            }
            for previous, row in zip([None, *self.page.rows], self.page.rows, strict=False)
        ]

    @property
    def width(self):
        """How many cells a row has."""
        return len(self.shown_columns) + bool(self.bulk) + self.has_actions

    @property
    def has_actions(self):
        return any(row["actions"] for row in self.rows)

    def _html(self, column, row):
        value = column.read(row)
        if column.template:
            return render_to_string(column.template, {"row": row, "value": value, "list": self}, request=self.request)
        if value is None or value == "":
            return "–"
        shown = SHOW[column.kind](column, row, value)
        return format_html('<a href="{}">{}</a>', self.row_url(row), shown) if column.link else shown

    def address(self, **changes):
        """This list's query string with some parameters changed; None takes one out."""
        query = self._clean_query()
        for key, value in changes.items():
            if value is None:
                query.pop(key, None)
            else:
                query[key] = value
        return f"{self.request.path}?{query.urlencode()}" if query else self.request.path

    def _clean_query(self):
        """The query string without what is empty or means the default."""
        query = QueryDict(mutable=True)
        for key, values in self.query.lists():
            kept = [value for value in values if value != ""]
            if kept and key != "export":
                query.setlist(key, kept)
        if query.get("page") == "1":
            del query["page"]
        if query.get("sort") == self.default_sort:
            del query["sort"]
        if query.get("size") == str(self.size):
            del query["size"]
        if set(query.getlist("column")) == {column.key for column in self.columns[1:] if column.shown}:
            del query["column"]
        return query

    @property
    def kept_query(self):
        """What the form of the columns sends along."""
        return [pair for pair in self._clean_query().lists() if pair[0] not in ("column", "page")]

    @property
    def kept_for_size(self):
        """What the choice of the page size sends along."""
        return [pair for pair in self._clean_query().lists() if pair[0] not in ("size", "page")]

    @property
    def here(self):
        return self.address()

    @property
    def export_url(self):
        return self.address(export="xlsx", page=None)

    @property
    def csv_url(self):
        return self.address(export="csv", page=None)

    # -- answers

    def respond(self, template, context=None):
        """The whole page; only the list for htmx; a workbook or CSV when asked for one."""
        if self.exports and self.query.get("export") == "xlsx":
            return self.workbook()
        if self.exports_csv and self.query.get("export") == "csv":
            return self.csv()
        htmx = getattr(self.request, "htmx", None)
        partial = htmx and not htmx.boosted and not htmx.history_restore_request
        name = template
        if partial:
            name = self.results_template if htmx.target == f"{self.name}-results" else "parts/list.html"
        response = render(self.request, name, {"list": self, **(context or {})})
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        if partial:
            response.headers["HX-Push-Url"] = self.here
        return response

    def workbook(self):
        """All rows that fit, in the order of the page, as an Excel file."""
        content = spreadsheets.workbook(self.caption or self.name, *self._table(), rtl=calendar.reads_persian())
        return spreadsheets.download(self._file_name, content)

    def csv(self):
        """The same as comma-separated values."""
        return spreadsheets.csv_download(self._file_name, *self._table())

    @property
    def _file_name(self):
        return f"{self.name}-{calendar.today():%Y-%m-%d}"

    def _table(self):
        """(headings, rows as they come) of an export."""
        rows = self.rows_in_order[:EXPORT_LIMIT].iterator(chunk_size=2000)
        cells = ([self._plain(column, row) for column in self.export_columns] for row in rows)
        return [column.label for column in self.export_columns], cells

    @staticmethod
    def _plain(column, row):
        value = column.read(row)
        if value is None:
            return None
        if column.kind == "badge":
            return str(column.word(row))
        if column.kind in ("date", "datetime"):
            return calendar.short_date(value) if column.kind == "date" else short_moment(value)
        if column.kind == "bool":
            return _("yes") if value else _("no")
        return value if isinstance(value, int | float) or column.kind in ("number", "percent") else str(value)

    # -- bulk

    def bulk_choice(self):
        """(action key, queryset of the chosen rows) of a posted bulk form; all rows that fit when so chosen."""
        action = self.request.POST.get("bulk_action", "")
        if action not in {declared.key for declared in self.bulk}:
            raise RuleBroken(_("Choose what to do."))
        if self.request.POST.get("bulk_all") == "1":
            if self.total > BULK_LIMIT:
                raise RuleBroken(_("These are too many at once: at most %(count)s.") % {"count": portal_text.num(BULK_LIMIT)})
            return action, self.rows_in_order
        chosen = keys(self.request.POST.getlist("row"))
        if not chosen:
            raise RuleBroken(_("Choose at least one row."))
        return action, self.rows_in_order.filter(pk__in=chosen)
