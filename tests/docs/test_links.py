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
