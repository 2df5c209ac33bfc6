"""What may be in the repository: no machine's paths, no registry's address, no inline script or style."""

import re
import subprocess

import pytest
from django.conf import settings

ROOT = settings.BASE_DIR
BINARY = {".woff2", ".png", ".jpg", ".jpeg", ".ico", ".pdf", ".xlsx", ".ttf", ".webp", ".gif", ".zip", ".docx"}
# Put together here, so that this file does not hold what it forbids.
REGISTRIES = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs"))]
FOLDERS = ("home", "root", "work", "Users", "tmp")
MACHINE_PATHS = re.compile(r"(?<![\w.}])/(?:" + "|".join(FOLDERS) + r")/\w")
INLINE = {
    "an event handler attribute": re.compile(r"<[^>]*\son[a-z]+\s*=\s*[\"']", re.I),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=\s*[\"']", re.I),
    "a javascript: address": re.compile(r"[\"']\s*javascript:", re.I),
    "an inline style element": re.compile(r"<style(?![^>]*nonce)[^>]*>", re.I),
    "an inline script": re.compile(r"<script(?![^>]*(?:\bsrc\s*=|\bnonce\s*=|application/(?:ld\+)?json))[^>]*>", re.I),
}


def tracked_files():
    """Everything git keeps or would keep; without git, everything that is not made by a command."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode == 0 and listing.stdout:
        names = [name for name in listing.stdout.split("\0") if name]
    else:
        made = {".venv", "node_modules", ".run", "__pycache__", ".git"}
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if not made.intersection(p.relative_to(ROOT).parts)]
    return sorted(path for name in names if (path := ROOT / name).is_file() and path.suffix not in BINARY)


def texts():
    for path in tracked_files():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            pytest.fail(f"{path.name} is not UTF-8 text; name its suffix in BINARY when it is meant to be binary")


def test_there_are_files_to_look_at():
    assert len(tracked_files()) > 50


def test_no_file_names_a_registry():
    found = [f"{name}: {host}" for name, text in texts() for host in REGISTRIES if host in text]
    assert found == []


def test_no_file_names_a_path_of_somebodys_machine():
    found = []
    for name, text in texts():
        found += [f"{name}: {hit.group(0)}" for hit in MACHINE_PATHS.finditer(text)]
    assert found == []


def test_lock_files_carry_no_address():
    for name in ("package-lock.json", "script/browser/package-lock.json"):
        text = (ROOT / name).read_text()
        assert '"resolved"' not in text, name
        assert '"integrity"' in text, name


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-embedded.txt"])
def test_requirements_are_pinned_with_hashes(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    entries = [block for block in re.split(r"\n(?=\S)", text) if re.match(r"[A-Za-z0-9]", block)]
    assert entries
    assert [e.split("\n")[0] for e in entries if "==" not in e or "--hash=sha256:" not in e] == []


@pytest.mark.parametrize("fault", INLINE)
def test_templates_hold_nothing_the_content_policy_refuses(fault):
    templates = [(name, text) for name, text in texts() if "/templates/" in f"/{name}" and name.endswith((".html", ".svg"))]
    # Letters are no pages: programs that show mail know style attributes only.
    pages = [(name, text) for name, text in templates if "/letters/" not in name]
    assert pages
    found = []
    for name, text in pages:
        bare = re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", text, flags=re.S)
        found += [f"{name}: {hit.group(0)[:80]}" for hit in INLINE[fault].finditer(bare)]
    assert found == []


def test_commands_can_be_started():
    for name in ("server", "test", "manage", "bench", "messages"):
        assert (ROOT / "script" / name).stat().st_mode & 0o111, name
