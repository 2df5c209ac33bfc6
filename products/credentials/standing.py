"""What is true of a signed credential on a day, from its own dates and the signed status lists at hand."""

from datetime import datetime

from products.credentials import status_lists


class StatusUnknown(Exception):
    """A status list is missing, too old or not about this credential."""


def listed(credential, lists, now):
    """The purposes for which the credential's bit is set; `lists` are the status list credentials that were checked.

    Raises StatusUnknown when a list that the credential names is not among them or no longer holds.
    """
    by_address = {one["id"]: one for one in lists if isinstance(one.get("id"), str)}
    found = set()
    for entry in credential.get("credentialStatus", []):
        one = by_address.get(entry["statusListCredential"])
        if one is None or one["credentialSubject"]["statusPurpose"] != entry["statusPurpose"]:
            raise StatusUnknown(entry["statusListCredential"])
        if now > datetime.fromisoformat(one["validUntil"]):
            raise StatusUnknown(entry["statusListCredential"])
        try:
            if status_lists.is_set(status_lists.unpacked(one["credentialSubject"]["encodedList"]), int(entry["statusListIndex"])):
                found.add(entry["statusPurpose"])
        except ValueError as wrong:
            raise StatusUnknown(str(wrong)) from wrong
    return found


def standing(credential, purposes, now):
    """ "revoked", "suspended", "expired", "not_yet" or "valid"."""
    if "revocation" in purposes:
        return "revoked"
    if "suspension" in purposes:
        return "suspended"
    if now > datetime.fromisoformat(credential["validUntil"]):
        return "expired"
    if now < datetime.fromisoformat(credential["validFrom"]):
        return "not_yet"
    return "valid"
