"""`manage demo --products N --assessors M --seed S`: a large synthetic data set for load tests."""

import time

from django.core.management.base import BaseCommand, CommandError

from assessments.models import Round
from portal import demo
from products.models import ProductKind
from secretariat.models import User


class Command(BaseCommand):
    help = "Make a large, consistent demonstration data set by bulk inserts (for load tests)."

    def add_arguments(self, parser):
        parser.add_argument("--products", type=int, default=0)
        parser.add_argument("--assessors", type=int, default=0)
        parser.add_argument("--panel", type=int, default=5, help="assessors for each product (default 5)")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--waiting", action="store_true", help="leave the products for a round to come")
        parser.add_argument("--judge", type=int, metavar="ROUND", help="instead: let everybody asked in this round submit")

    def handle(self, *args, products, assessors, panel, seed, waiting, judge, **options):
        if judge:
            round_ = Round.objects.filter(pk=judge, status=Round.Status.OPEN).first()
            if round_ is None:
                raise CommandError(f"There is no open round {judge}.")
            self.stdout.write(self.style.SUCCESS(f"{demo.judge(round_, seed)} assessments submitted."))
            return
        if products < 1 or panel < 3:
            raise CommandError("At least one product and three assessors a product, please.")
        if assessors < 2 * panel:
            raise CommandError(f"{assessors} assessors are too few for panels of {panel}: conflicts must leave enough of them.")
        if User.objects.filter(username=f"demo-{seed}-1").exists():
            raise CommandError(f"Seed {seed} is in this database already; take another.")
        if not ProductKind.objects.exists():
            raise CommandError("Load the starter content first: manage starter.")
        started = time.monotonic()
        demo.make(
            products,
            assessors,
            seed,
            panel=panel,
            waiting=waiting,
            say=lambda line: self.stdout.write(f"{time.monotonic() - started:6.1f}s {line}"),
        )
        self.stdout.write(self.style.SUCCESS(f"Done in {time.monotonic() - started:.1f} s."))
