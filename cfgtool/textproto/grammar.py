"""The careful parser: one token at a time, every mistake reported where it is, blocks paired by their braces.

There is no recursion: `frames` is the stack of open blocks and lists, and each step handles one field, one
item or one closing delimiter. The step methods expect the current token in `kind`, `start`, `end`, `char`.
"""

from __future__ import annotations

from cfgtool.textproto.cursor import CONTINUES_NAME, Cursor, shown
from cfgtool.textproto.lexer import END, NAME, NUMBER, OTHER, PUNCTUATION, QUOTE, STRING
from cfgtool.textproto.tree import DEEPEST, Block, Edit, Field, Lines, ListValue, Scalar

_CONTINUES_LIST = tuple("]\"'0123456789")
_CLOSER = {"{": "}", "<": ">"}


class Grammar(Cursor):
    """State of one careful pass over a text: the tree so far and the stack of open blocks and lists."""

    __slots__ = ("after_field", "comma", "extra_closers", "frames", "nested", "owners", "root", "unclosed")

    def __init__(self, text: str, lines: Lines) -> None:
        super().__init__(text, lines)
        self.root = Block(0, 0)
        self.frames: list[Block | ListValue] = [self.root]
        self.owners: list[Field | None] = [None]
        self.after_field = False  # a separator may follow
        self.comma = False  # in a list: a comma must come before the next item
        self.nested = 0  # brackets opened inside the current list
        self.extra_closers = self.unclosed = 0

    # Blocks

    def step(self) -> bool:
        """Handle what stands at the current token; False at the end of the text."""
        if isinstance(self.frames[-1], ListValue):
            return self.list_step(self.frames[-1])
        if self.kind == NAME:
            self.field()
        elif self.kind == END:
            return False
        elif self.kind != PUNCTUATION:
            self.junk()
        elif self.char == "[":
            self.bracket_field()
        elif self.char in "}>":
            self.closer()
        elif self.char in "{<":
            self.report("missing-name", "block without a name", self.start, self.end)
            field = self.add_field("", self.start, self.start)
            self.open_block(field, self.start, self.end)
        elif self.char in ",;":
            # Protobuf allows one separator after a field, of either kind, and nowhere else.
            if not self.after_field:
                edit = Edit(self.start, self.end, "")
                self.report(
                    "stray-separator",
                    f"stray '{self.char}'",
                    self.start,
                    self.end,
                    f"remove '{self.char}'",
                    edit,
                )
            self.after_field = False
            self.advance()
        else:
            self.junk()
        return True

    def finish(self) -> None:
        """Close what is open at the end of the text."""
        while len(self.frames) > 1:
            self.close_unclosed(self.previous_end)
        self.root.body_end = self.root.end = len(self.text)

    def add_field(self, name: str, start: int, name_end: int) -> Field:
        """A new field of the current block, without a value yet."""
        field = Field(name, start, name_end, name_end, False, None)
        block = self.frames[-1]
        assert isinstance(block, Block)
        block.fields.append(field)
        return field

    def open_block(self, field: Field, start: int, body_start: int) -> None:
        """Start a block at `start`, the value of `field` or an item of its list; go on at `body_start`."""
        if len(self.frames) > DEEPEST:
            self.notes.append(f"blocks more than {DEEPEST:,} deep: the text inside is not read")
            body_start = len(self.text)
        block = Block(start, body_start)
        top = self.frames[-1]
        if isinstance(top, ListValue):
            top.items.append(block)
        else:
            field.value = block
        self.frames.append(block)
        self.owners.append(field)
        self.after_field = False
        self.end = body_start
        self.advance()

    def close_block(self, body_end: int, end: int) -> None:
        """End the current block; its owner ends with it unless the owner's value is a list."""
        block = self.frames.pop()
        owner = self.owners.pop()
        assert isinstance(block, Block)
        block.body_end = body_end
        block.end = end
        self.after_field = True
        if isinstance(self.frames[-1], ListValue):
            self.comma = True
        elif owner is not None:
            owner.end = end
            # After `[host/pkg.Type] {}` protobuf's Python parser takes no separator.
            self.after_field = owner.kind != "any"

    def close_unclosed(self, position: int, meant: str = "", fix: Edit | None = None) -> None:
        """End the current frame at `position`, where its closing delimiter is missing."""
        frame = self.frames[-1]
        owner = self.owners[-1]
        if isinstance(frame, ListValue):
            self.close_list(frame, position)
            edit = Edit(position, position, "]")
            self.report(
                "unclosed-list", "list without its ']'", frame.start, frame.start + 1, "insert ']'", edit
            )
            return
        self.unclosed += 1
        self.close_block(position, position)
        named = owner is not None and owner.value is frame
        name = owner.name if owner is not None and owner.name else "block"
        closer = _CLOSER.get(self.text[frame.start : frame.body_start], "}")
        line = self.lines.number(frame.start)
        message = f"{shown(name)}, opened on line {line}, has no closing '{closer}'" + meant
        start = owner.start if owner is not None and named else frame.start
        end = max(frame.body_start, start + 1)
        if fix is None:
            self.report("unclosed-block", message, start, end)
        else:
            self.report("unclosed-block", message, start, end, f"insert '{closer}'", fix)

    def closer(self) -> None:
        """A `}` or `>` in a block: closes the current one, whichever delimiter that has."""
        if len(self.frames) == 1:
            self.extra_closer()
            return
        block = self.frames[-1]
        expected = _CLOSER.get(self.text[block.start], self.char)
        if expected != self.char:
            message = f"'{self.char}' closes a block that '{self.text[block.start]}' opened"
            edit = Edit(self.start, self.end, expected)
            self.report("mismatched-delimiter", message, self.start, self.end, f"write '{expected}'", edit)
        self.close_block(self.start, self.end)
        self.advance()

    def extra_closer(self) -> None:
        """Report the current closing delimiter as one too many and pass over it."""
        self.extra_closers += 1
        self.stray_closer()
        self.after_field = False

    def stray_closer(self) -> None:
        """As `extra_closer`, where nothing else can be meant."""
        edit = Edit(self.start, self.end, "")
        message = f"extra '{self.char}' that closes nothing"
        self.report("extra-closing-brace", message, self.start, self.end, f"remove '{self.char}'", edit)
        self.advance()

    def junk(self) -> None:
        """Pass over text that cannot start a field, up to a line end, a brace, or what looks like a field."""
        before = self.previous_end
        start, end = self.start, self.token_end()
        self.end = end
        self.advance()
        while not self.on_new_line() and self.kind != END and self.char not in "{}<>":
            if self.kind == NAME and self.peek(self.end) in CONTINUES_NAME:
                break
            end = self.end = self.token_end()
            self.advance()
        # Junk on consecutive lines is one mistake, not one per line.
        last = self.problems[-1] if self.problems else None
        if last is not None and last.code == "unexpected-text" and last.end == before:
            last.end = end
        else:
            shown = self.text[start:end] if end - start < 40 else self.text[start : start + 37] + "..."
            self.report(
                "unexpected-text", f"unexpected {shown!r}, a field name should stand here", start, end
            )
        self.after_field = True

    # Fields

    def field(self) -> None:
        """A field that starts with a plain name."""
        field = self.add_field(self.text[self.start : self.end], self.start, self.end)
        self.advance()
        self.field_value(field)

    def bracket_field(self) -> None:
        """A field that starts with `[`: an extension or an expanded `Any`."""
        from cfgtool.textproto.names import read_bracket_name

        found = read_bracket_name(self.text, self.start)
        if found.error:
            self.report("bad-name", found.error, self.start, found.end)
        field = self.add_field(found.name, self.start, found.end)
        field.kind = found.kind
        self.end = found.end
        self.advance()
        self.field_value(field)

    def field_value(self, field: Field) -> None:
        """What follows a name: `:`, if any, and the value."""
        if self.char == ":" and self.kind == PUNCTUATION:
            field.colon = True
            field.end = self.end
            self.advance()
        elif self.char == "=" and self.kind == PUNCTUATION:
            field.colon = True
            field.end = self.end
            edit = Edit(self.start, self.end, ":")
            self.report("equals-sign", "'=' where ':' belongs", self.start, self.end, "write ':'", edit)
            self.advance()
        self.after_field = True
        if self.kind == PUNCTUATION and self.char in "{<":
            self.open_block(field, self.start, self.end)
        elif self.kind == PUNCTUATION and self.char == "[":
            self.open_list(field)
        elif self.kind in (STRING, QUOTE) or (self.kind in (NAME, NUMBER) and not self.lacks_value(field)):
            self.scalar_value(field)
        elif self.kind == OTHER and not self.on_new_line():
            end = self.token_end()
            field.end = end
            self.unquoted(self.start, end)
            self.end = end
            self.advance()
        else:
            self.no_value(field)

    def lacks_value(self, field: Field) -> bool:
        """Whether the name or number at the current token is no value of `field` but what comes after it."""
        if not field.colon and self.on_new_line():
            return True
        # No legal text has `name: other :` or `name: other {`, so that nothing legal is lost here.
        return self.kind == NAME and self.peek(self.end) in CONTINUES_NAME and self.unquoted_end() is None

    def no_value(self, field: Field) -> None:
        """Report that `field` has no value."""
        what = "after its ':'" if field.colon else "(no ':', no '{')"
        self.report("missing-value", f"{shown(field.name)} has no value {what}", field.start, field.end)

    def scalar_value(self, field: Field) -> None:
        """A scalar as the value of `field`."""
        if not field.colon:
            edit = Edit(field.name_end, field.name_end, ":")
            message = f"no ':' between {shown(field.name)} and its value"
            self.report("missing-colon", message, field.start, self.end, "insert ':'", edit)
        field.value = self.scalar()
        field.end = self.previous_end
        if field.kind == "any" and field.value is not None:
            message = f"{shown(field.name)} takes a block, not a scalar"
            self.report("unexpected-value", message, field.value.start, field.value.end)

    # Lists

    def open_list(self, field: Field) -> None:
        """Start a list as the value of `field`."""
        value = ListValue(self.start)
        field.value = value
        self.frames.append(value)
        self.owners.append(field)
        self.comma = False
        self.nested = 0
        self.advance()

    def close_list(self, value: ListValue, end: int) -> None:
        """End the current list."""
        self.frames.pop()
        field = self.owners.pop()
        assert field is not None
        value.end = field.end = end
        self.after_field = True
        if field.kind == "any":
            message = f"{shown(field.name)} takes a block, not a list"
            self.report("unexpected-value", message, value.start, end)
        # Only lists of blocks, like blocks, may do without the colon; for an empty list the schema decides.
        elif not field.colon and any(isinstance(item, Scalar) for item in value.items):
            edit = Edit(field.name_end, field.name_end, ":")
            message = f"no ':' between {shown(field.name)} and its value"
            self.report("missing-colon", message, field.start, value.start + 1, "insert ':'", edit)

    def list_step(self, value: ListValue) -> bool:
        """Handle the current token inside a list; False never (the end of the text closes the list)."""
        char = self.char if self.kind == PUNCTUATION else ""
        # A brace between items is a slip; a brace before anything else means that the `]` is missing.
        if char in ("}", ">") and self.peek(self.end) in _CONTINUES_LIST:
            self.stray_closer()
        elif self.kind == END or char in ("}", ">") or self.starts_field():
            self.close_unclosed(self.previous_end)
        elif char == "]":
            self.list_end(value)
        elif char == "," and self.comma:
            self.comma = False
            self.advance()
            if self.char == "]" and self.kind == PUNCTUATION:
                comma = self.previous_end - 1
                edit = Edit(comma, comma + 1, "")
                message = "',' before the ']' of a list"
                self.report("trailing-comma", message, comma, comma + 1, "remove ','", edit)
        else:
            self.list_item(value, char)
        return True

    def starts_field(self) -> bool:
        """Whether the current name is followed by what only follows the name of a field."""
        return self.kind == NAME and self.peek(self.end) in CONTINUES_NAME and self.unquoted_end() is None

    def list_end(self, value: ListValue) -> None:
        """A `]`: ends the list, or a bracket inside it that was reported."""
        if self.nested:
            self.nested -= 1
            self.comma = True
        else:
            self.close_list(value, self.end)
        self.advance()

    def list_item(self, value: ListValue, char: str) -> None:
        """An item of a list, or a mistake in its place."""
        is_item = self.kind in (NAME, NUMBER, STRING, QUOTE) or char in ("{", "<")
        if self.comma and (is_item or char == "["):
            edit = Edit(self.previous_end, self.previous_end, ",")
            message = "no ',' between two items of a list"
            self.report("missing-comma", message, self.previous_end, self.end, "insert ','", edit)
            self.comma = False
        if char in ("{", "<"):
            owner = self.owners[-1]
            assert owner is not None
            self.open_block(owner, self.start, self.end)
        elif is_item:
            item = self.scalar()
            if item is not None:
                value.items.append(item)
            self.comma = True
        elif char == "[":
            self.report("nested-list", "a list cannot stand in a list", self.start, self.end)
            self.nested += 1
            self.advance()
        elif char in (",", ";"):
            self.report("stray-separator", f"stray '{char}' in a list", self.start, self.end)
            self.comma = False
            self.advance()
        else:
            self.list_junk()

    def list_junk(self) -> None:
        """Text in a list that is no item."""
        start, end = self.start, self.token_end()
        if self.kind == OTHER:
            self.unquoted(start, end)
        else:
            self.report("unexpected-text", f"unexpected {shown(self.text[start:end])} in a list", start, end)
        self.end = end
        self.comma = True
        self.advance()
