"""The few icons of the pages, drawn for this book: strokes on a 24 x 24 grid."""

PATHS = {
    "arrow-up": "M12 20V4M5 11l7-7 7 7",
    "angle-left": "M15 5l-7 7 7 7",
    "angle-right": "M9 5l7 7-7 7",
    "bars": "M3 6h18M3 12h18M3 18h18",
    "list": "M8 6h13M8 12h13M8 18h13M3 6h.01M3 12h.01M3 18h.01",
    "magnifying-glass": "M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L21 21",
    "sun": "M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2M12 20v2M2 12h2M20 12h2"
    "M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4",
    "moon": "M20 14.5A8.5 8.5 0 019.5 4a8.5 8.5 0 1010.5 10.5z",
    "circle-half-stroke": "M12 3a9 9 0 100 18 9 9 0 000-18zM12 3v18"
    "M12 6.5h5M12 10h7.8M12 14h7.8M12 17.5h5",
    "download": "M12 3v12M6 10l6 6 6-6M4 21h16",
    "printer": "M7 9V3h10v6M7 18H4v-8h16v8h-3M7 14h10v7H7z",
    "chevron-right": "M9 5l7 7-7 7",
    "xmark": "M5 5l14 14M19 5L5 19",
    "circle-info": "M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v6M12 7.5v.01",
}


def svg(name: str, extra: str = "") -> str:
    """The icon as an SVG element, hidden from assistive technology."""
    return (
        f'<svg class="book-icon {extra}" viewBox="0 0 24 24" aria-hidden="true"'
        f' focusable="false"><path d="{PATHS[name]}"/></svg>'
    )
