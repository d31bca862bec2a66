"""Links between pages lead somewhere."""

from __future__ import annotations

import re

LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")


def test_relative_links_exist(document, root):
    text = (root / document).read_text(encoding="utf-8")
    base = (root / document).parent
    targets = [m["target"].split("#")[0] for m in LINK.finditer(text)]
    missing = [t for t in targets if t and not t.startswith(("http://", "https://", "mailto:"))]
    assert not [t for t in missing if not (base / t).exists()]


def test_every_decision_is_listed(root):
    folder = root / "docs" / "decisions"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    assert not [page.name for page in folder.glob("[0-9]*.md") if f"({page.name})" not in listed]


def test_every_page_is_in_the_index(root):
    listed = (root / "docs" / "index.md").read_text(encoding="utf-8")
    pages = [page.name for page in (root / "docs").glob("*.md") if page.name != "index.md"]
    assert not [name for name in pages if f"({name})" not in listed]
