"""Tables of figures, each figure beside its aim."""


def judged(value, below, digits=2):
    """A figure, and whether it is below its aim."""
    return f"{value:.{digits}f} {'ok' if value < below else 'MISSED'}"


def at_most(value, most, digits=2):
    """A figure, and whether it is not above its aim."""
    return f"{value:.{digits}f} {'ok' if value <= most else 'MISSED'}"


def exactly(value, aim):
    """A count, and whether it equals its aim."""
    return f"{value:g} {'ok' if value == aim else 'MISSED'}"


def show(title, head, rows, notes=()):
    """Prints a table: the first column to the left, figures to the right."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    print(f"\n{title}\n")
    print(line(head, widths))
    print(line(["-" * width for width in widths], widths))
    for row in rows:
        print(line(row, widths))
    if notes:
        print()
    for note in notes:
        print(f"  {note}")
    print(end="", flush=True)


def line(cells, widths):
    """One row."""
    first, *others = (
        cell.rjust(width) if number else cell.ljust(width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  " + "   ".join([first, *others]).rstrip()
