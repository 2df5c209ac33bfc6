"""Addresses of the portal room."""

from django.urls import include, path

from portal.views import desk, overview, public

urlpatterns = [
    path("", public.home, name="home"),
    path("about/", public.about, name="about"),
    path("search/", public.search, name="search"),
    path("robots.txt", public.robots, name="robots"),
    path("sitemap.xml", public.sitemap, name="sitemap"),
    path("desk/", desk.desk, name="desk"),
    path("overview/", overview.overview, name="overview"),
    path("api/", include("portal.api")),
]
