"""A language is one file, and says all that English says."""

from collections.abc import Mapping
import json
from pathlib import Path
import re
from typing import Any, Final

import pytest

from tests.texts import ENGLISH, INTEGRATION, leaves, placeholders_in

TRANSLATIONS: Final = sorted((INTEGRATION / "translations").glob("*.json"))


def differences(english: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return where another language has other texts or placeholders than English."""
    ours, theirs = dict(leaves(english)), dict(leaves(other))
    return sorted(ours.keys() ^ theirs.keys()) + [
        path
        for path in ours.keys() & theirs.keys()
        if placeholders_in(ours[path]) != placeholders_in(theirs[path]) or not theirs[path].strip()
    ]


@pytest.mark.parametrize("path", TRANSLATIONS, ids=lambda path: path.stem)
def test_every_language_has_what_english_has(path: Path) -> None:
    """A language is one file: the same keys, the same placeholders, and texts of its own."""
    content = json.loads(path.read_bytes())
    assert differences(ENGLISH, content) == []
    assert "[%key:" not in path.read_text()
    assert re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]{2,4})?", path.stem)
    texts = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    assert path.read_text() == texts


def test_a_language_that_differs_would_be_found() -> None:
    """A text too few, one too many, an empty one, and one without its placeholder."""
    english = {"a": {"b": "of {meter}", "c": "text"}}
    assert differences(english, {"a": {"b": "von {meter}", "c": "Text"}}) == []
    assert differences(english, {"a": {"b": "von {meter}"}}) == ["a.c"]
    assert differences(english, {**english, "d": "more"}) == ["d"]
    assert differences(english, {"a": {"b": "von {meter}", "c": " "}}) == ["a.c"]
    assert differences(english, {"a": {"b": "von {zaehler}", "c": "Text"}}) == ["a.b"]
