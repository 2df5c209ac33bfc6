"""The ground floor's pages in the Django admin."""

from secretariat.admin import agencies, councils, meetings, people, resolutions  # noqa: F401
