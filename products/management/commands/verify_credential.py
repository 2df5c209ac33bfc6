"""script/manage verify_credential FILE [--keys jwks.json] [--status list.jwt …]: what a credential is, also without a network."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from products.credentials import standing, tokens
from products.selectors import credentials as selectors


class Command(BaseCommand):
    help = (
        "Check a credential (.jwt, .json or PDF certificate). With --keys nothing but the given files is asked: name both status"
        " lists, else the answer is that nobody knows. Ends with 0 only for a mark that is valid."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--keys", type=Path, metavar="JWKS.json", help="the key set, as published at /.well-known/jwks.json")
        parser.add_argument(
            "--status", type=Path, action="append", default=[], metavar="LIST.jwt", help="a status list as published"
        )

    def handle(self, *args, file, keys, status, **options):
        content = self._read(file)
        if keys is None:
            found = selectors.check(content)
            verdict, said = found.verdict, found.finding.credential
            true_today = found.mark.standing if found.mark and verdict == "signed" else ""
            true_today = "valid" if true_today == "granted" else true_today
        else:
            finding, true_today = self._by_files(content, keys, status)
            verdict, said = finding.verdict, finding.credential
        self.stdout.write(f"signature: {verdict}")
        if true_today:
            self.stdout.write(f"{said.get('name', '')}\n{said['credentialSubject'].get('licenseNumber', '')}: {true_today}")
        if true_today != "valid":
            raise CommandError("This credential is not valid." if true_today != "unknown" else "Nobody can say from these files.")

    def _by_files(self, content, keys, status):
        try:
            known = {jwk["kid"]: jwk for jwk in json.loads(self._read(keys))["keys"]}
        except (ValueError, KeyError, TypeError) as wrong:
            raise CommandError(f"{keys} is no key set.") from wrong
        finding = tokens.examined(content, known)
        if not finding.is_signed:
            return finding, ""
        lists = []
        for path in status:
            found = tokens.examined(self._read(path), known)
            if not found.is_signed:
                raise CommandError(f"{path} is no status list signed with these keys ({found.verdict}).")
            lists.append(found.credential)
        try:
            now = timezone.now()
            return finding, standing.standing(finding.credential, standing.listed(finding.credential, lists, now), now)
        except standing.StatusUnknown as missing:
            self.stdout.write(f"no usable status list: {missing}")
            return finding, "unknown"

    def _read(self, path):
        try:
            return path.read_bytes()
        except OSError as wrong:
            raise CommandError(f"{path} cannot be read: {wrong.strerror}") from wrong
