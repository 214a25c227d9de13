"""Which settings a text is linted with: those of its project, and the editor's wish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfgtool.lint.configuration import settings_for

if TYPE_CHECKING:
    from cfgtool.lint.engine import Settings

TARGETS = ("auto", "tf1", "tf2")


def settings_of(path: str | None, target: str = "auto") -> Settings:
    """The settings for the file `path` (None: a text without a file); `target` is the editor's generation.

    Raises UserError if the configuration file that holds for `path` is not in order.
    """
    settings = settings_for(path)
    return settings if target == "auto" else settings.replaced(target=target, codes=settings.codes)


class Wishes:
    """What the editor asks for: `target`, the generation to judge as, and `pages`, the address of the folder
    of rule pages (None: those beside the package).
    """

    def __init__(self) -> None:
        self.target = "auto"
        self.pages: str | None = None

    def take(self, given: Any) -> list[str]:
        """Follow a JSON object of wishes, maybe under the key "cfgtool"; the complaints about it come back.

        What is not named stays as it was.
        """
        if isinstance(given, dict) and isinstance(given.get("cfgtool"), dict):
            given = given["cfgtool"]
        if not isinstance(given, dict):
            return []
        complaints = []
        target = given.get("target", self.target)
        if target in TARGETS:
            self.target = target
        else:
            complaints.append(f"no target {target!r}; targets are {', '.join(TARGETS)}")
        pages = given.get("rulePages", self.pages)
        if pages is None or isinstance(pages, str):
            self.pages = pages or None
        else:
            complaints.append(f"'rulePages' is {pages!r}; it takes the address of a folder")
        return complaints
