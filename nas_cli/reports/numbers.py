"""Numbers as people read them."""

DASH = "–"


def count(value: float | None) -> str:
    """'1.23 M', '45.6 k', '789': three significant digits; a dash for None."""
    if value is None:
        return DASH
    for limit, unit in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= limit * 0.9995:
            return _significant(value / limit) + unit
    return f"{value:.0f}" if float(value).is_integer() else _significant(value)


def size(value: float | None) -> str:
    """Bytes as '512 B', '1.5 KiB', '3.25 GiB'; a dash for None."""
    if value is None:
        return DASH
    for limit, unit in ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if value >= limit:
            return f"{_significant(value / limit)} {unit}"
    return f"{value:.0f} B"


def duration(seconds: float | None) -> str:
    """'8.3 s', '4 min 05 s', '2 h 03 min', '3 d 4 h'; a dash for None."""
    if seconds is None:
        return DASH
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    hours = round(seconds / 3600)
    return f"{hours // 24} d {hours % 24} h"


def percent(fraction: float | None) -> str:
    """'7.5 %'; a dash for None."""
    return DASH if fraction is None else f"{fraction * 100:.1f} %"


def decimal(value: float | None, digits: int = 4) -> str:
    """A fixed number of decimals; a dash for None."""
    return DASH if value is None else f"{value:.{digits}f}"


def grouped(value: object) -> str:
    """A whole number with narrow spaces between thousands: '60 000'; a dash for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return DASH
    return f"{value:,.0f}".replace(",", "\u202f")


def _significant(value: float) -> str:
    """Three significant digits, without an exponent: '1.23', '12.3', '123'."""
    magnitude = abs(value)
    return f"{value:.0f}" if magnitude >= 99.95 else f"{value:.1f}" if magnitude >= 9.995 else f"{value:.2f}"
