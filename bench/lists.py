"""List pages at size: server time and queries of each, beside a bare list of equal rows measured in the same run.

script/bench lists [PRODUCTS [ASSESSORS]]      (default 10000 200)
"""

import json
import os
import statistics
import time
from datetime import timedelta

import django

# Plain static files: what they are called is not measured here, and nothing has collected them.
os.environ["TESTING"] = "1"
os.environ.setdefault("LOG_LEVEL", "WARNING")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.template import engines  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from assessments.models import Assignment, Round  # noqa: E402
from products.models import Product  # noqa: E402
from secretariat import calendar  # noqa: E402
from secretariat.models import ActionItem, Council, RoleGrant, User  # noqa: E402

REPEAT = 7
BARE = engines["django"].from_string(
    "<table>{% for row in rows %}<tr><td>{{ row.title_fa }}</td><td>{{ row.agency.name_fa }}</td><td>{{ row.status }}</td></tr>{% endfor %}</table>"
)


def measured(act):
    """Median milliseconds of REPEAT runs after one warm-up."""
    act()
    times = []
    for _ in range(REPEAT):
        started = time.perf_counter()
        act()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def load(products, assessors):
    call_command("starter", if_empty=True, verbosity=0)
    started = time.perf_counter()
    call_command("demo", products=products, assessors=assessors, seed=1)
    return time.perf_counter() - started


def load_actions(count=2000):
    """Action items of one council in every column of the board, of twenty owners."""
    council, owners = Council.objects.order_by("pk").first(), list(User.objects.order_by("pk")[:20])
    over = {"done_at": timezone.now(), "done_by": owners[0]}
    states = [{"status": "todo"}, {"status": "doing"}, {"status": "done", **over}, {"status": "cancelled"}]
    ActionItem.objects.bulk_create(
        ActionItem(
            council=council, owner=owners[n % len(owners)], title=f"تدوین دستورالعمل ارزیابی شمارهٔ {n}", axis=f"محور {n % 5}",
            due_on=calendar.today() + timedelta(days=n % 60), **states[n % 4],
        )
        for n in range(count)
    )  # fmt: skip


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def main():
    products, assessors = int(os.environ.get("BENCH_PRODUCTS", 10_000)), int(os.environ.get("BENCH_ASSESSORS", 200))
    print(
        json.dumps(
            {"bench": "demo", "products": products, "assessors": assessors, "seconds": round(load(products, assessors), 1)}
        )
    )
    load_actions()
    officer = User.objects.create(username="bench-officer")
    RoleGrant.objects.create(user=officer, role="officer")
    busy = Assignment.objects.order_by("-pk").first().assessor.user
    of_agency = User.objects.filter(role_grants__role="representative").first()
    round_ = Round.objects.filter(title_en__startswith="Demo round").order_by("-pk").first()
    rows = list(Product.objects.select_related("agency").order_by("-changed_at")[:50])
    bare = measured(
        lambda: (list(Product.objects.select_related("agency").order_by("-changed_at")[:50]), BARE.render({"rows": rows}))
    )
    print(json.dumps({"bench": "bare list of 50 rows", "ms": round(bare, 1)}))
    pages = [
        ("products", officer, reverse("product_list")),
        ("products, searched", officer, reverse("product_list") + "?q=کتاب"),
        ("products, last page", officer, reverse("product_list") + "?page=9999"),
        ("products of one agency", of_agency, reverse("product_list")),
        ("screening queue", officer, reverse("product_queue")),
        ("assignments", officer, reverse("assignment_list")),
        ("rounds", officer, reverse("round_list")),
        ("one round", officer, reverse("round_detail", args=[round_.pk])),
        ("round results", officer, reverse("round_results", args=[round_.pk])),
        ("my assessments", busy, reverse("my_assessments")),
        ("desk of an officer", officer, reverse("desk")),
        ("register of marks", officer, reverse("mark_list")),
        ("board of 2,000 actions", officer, reverse("action_board")),
        ("list of 2,000 actions", officer, reverse("action_list")),
        ("search", officer, reverse("search") + "?q=کتاب"),
    ]
    for name, user, url in pages:
        client = signed_in(user)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(url)
        asked = len(queries)  # now: the next request begins a new log
        ms = measured(lambda client=client, url=url: client.get(url))
        print(
            json.dumps(
                {
                    "bench": name,
                    "status": answer.status_code,
                    "ms": round(ms, 1),
                    "queries": asked,
                    "kilobytes": round(len(answer.content) / 1024, 1),
                    "times_bare": round(ms / bare, 1),
                },
                ensure_ascii=False,
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
