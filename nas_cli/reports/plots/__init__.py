"""The figures of a report, in one style, as PNG and as SVG for a page."""
