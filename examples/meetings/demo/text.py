"""Text for the terminal."""


def plain(text: str) -> str:
    """Return text in one line without what a terminal would take for a command: input is shown, never obeyed."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
