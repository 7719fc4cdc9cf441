"""The drawings of the book, in one style: book/_static/drawings/.

    python scripts/drawings.py

A drawing stands alone (it is shown by <img>), on white and on near-black paper alike,
so its ink is the mid grey and its colours are the first two of the book's figures.
Text is 18 units of a picture 672 wide, and so still read on a phone.
"""

import base64
import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib import image
from torch import Tensor

from aelib import results

FOLDER = Path(__file__).resolve().parent.parent / "book" / "_static" / "drawings"
STYLE = """
text { font: 18px system-ui, "Liberation Sans", sans-serif; fill: #7a7a7a; }
.code { fill: #d55e00; }
text.code { font-weight: 600; }
.layer { fill: #0072b2; }
.wires { fill: #0072b2; opacity: 0.14; }
.cloud { fill: #d55e00; opacity: 0.18; }
.arrow { fill: none; stroke: #7a7a7a; stroke-width: 1.5; }
.sheet { fill: none; stroke: #d55e00; stroke-width: 3; }
.tip { fill: #7a7a7a; }
.pixels { image-rendering: pixelated; }
"""
HEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
    'markerHeight="7" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/>'
    "</marker></defs>"
)


def svg(width: int, height: int, parts: list[str]) -> str:
    body = "\n".join([f"<style>{STYLE}</style>", HEAD, *parts])
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{body}\n</svg>\n'


def text(x: float, y: float, words: str, kind: str = "word") -> str:
    return f'<text class="{kind}" x="{x}" y="{y:g}" text-anchor="middle">{words}</text>'


def arrow(x: float, y: float, to_x: float) -> str:
    return f'<path class="arrow" d="M{x} {y}L{to_x} {y}" marker-end="url(#head)"/>'


def bar(x: float, middle: float, width: float, height: float, kind: str) -> str:
    top = f"{middle - height / 2:g}"
    return (
        f'<rect class="{kind}" x="{x}" y="{top}" width="{width}" height="{height:g}" '
        'rx="2"/>'
    )


def funnel(
    x: float, to_x: float, middle: float, height: float, to_height: float
) -> str:
    a, b = height / 2, to_height / 2
    corners = ((x, -a), (to_x, -b), (to_x, b), (x, a))
    path = "L".join(f"{px:g} {middle + dy:g}" for px, dy in corners)
    return f'<path class="wires" d="M{path}z"/>'


def picture(x: float, y: float, side: float, pixels: Tensor) -> str:
    """A grey image (1, H, W) in [0, 1] as a square."""
    grey = (255 * pixels[0]).round().byte().numpy()
    buffer = io.BytesIO()
    image.imsave(buffer, np.repeat(grey[..., None], 3, axis=2), format="png")
    data = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<image class="pixels" x="{x}" y="{y}" width="{side}" height="{side}" '
        f'href="data:image/png;base64,{data}"/>'
    )


def _labelled(x: float, middle: float, image: Tensor, label: str) -> list[str]:
    return [picture(x, middle - 52, 104, image), text(x + 52, middle + 76, label)]


def _compared(below: float, left: int, right: int, words: str) -> list[str]:
    """A line from the first picture to the last, with words in its gap."""
    return [
        f'<path class="arrow" d="M60 {below}L60 {below + 26}L{left} {below + 26}'
        f'M{right} {below + 26}L612 {below + 26}L612 {below}"/>',
        text(336, below + 32, words),
    ]


def two_matrices() -> str:
    """Chapter 01: x, V, z, W, x_hat; below, a cloud of points and its plane."""
    shown = results.load("01_linear_autoencoder").pictures("rebuilt")
    middle, sneaker = 66, 7
    parts = [
        funnel(180, 296, middle, 104, 26),
        funnel(376, 492, middle, 26, 104),
        bar(326, middle, 20, 26, "code"),
        *(arrow(114, middle, 172), arrow(300, middle, 322)),
        *(arrow(350, middle, 372), arrow(500, middle, 556)),
        *(text(238, middle + 6, "V"), text(434, middle + 6, "W")),
        text(336, middle - 26, "code z", "code"),
    ]
    for x, label, name in ((8, "x", "test image"), (560, "x\u0302", "16 numbers")):
        parts += _labelled(x, middle, shown[name][sneaker], label)
    return svg(672, 400, [*parts, *_cloud_and_plane(336, 282)])


def _cloud_and_plane(x: float, y: float) -> list[str]:
    """Points in space, drawn slantwise, and the plane along their longest axes."""
    generator = torch.Generator().manual_seed(3)
    cloud = torch.randn(60, 3, generator=generator) * torch.tensor([90.0, 55.0, 15.0])

    def seen(points: Tensor) -> list[tuple[float, float]]:
        across = points[:, 0] + 0.55 * points[:, 1]
        up = 0.16 * points[:, 0] - 0.45 * points[:, 1] - points[:, 2]
        return [
            (x + a, y + b) for a, b in zip(across.tolist(), up.tolist(), strict=True)
        ]

    flat = cloud * torch.tensor([1.0, 1.0, 0.0])
    corners = torch.tensor(
        [[-210, -110, 0], [210, -110, 0], [210, 110, 0], [-210, 110, 0]]
    )
    edge = "L".join(f"{a:.0f} {b:.0f}" for a, b in seen(corners.float()))
    feet = zip(seen(cloud), seen(flat), strict=True)
    errors = "".join(f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" for (a, b), (c, d) in feet)
    dots = [
        f'<circle class="layer" cx="{a:.1f}" cy="{b:.1f}" r="3"/>'
        for a, b in seen(cloud)
    ]
    return [
        f'<path class="cloud" d="M{edge}z"/>',
        f'<path class="arrow" d="{errors}"/>',
        *dots,
        text(
            x,
            y + 112,
            "every answer lies on the plane of W; the strokes are the errors",
        ),
    ]


def hourglass() -> str:
    """Chapter 02: 784-128-64-32-16 and back, widths to scale, and the loss."""
    widths = (784, 128, 64, 32, 16, 32, 64, 128, 784)
    lefts, wide, middle = (150, 205, 250, 290, 328, 366, 406, 451, 506), 15, 162
    heights = [max(6, n * 250 / 784) for n in widths]
    shown = results.load("02_autoencoder").pictures("opening")
    parts = [
        funnel(x + wide, to_x, middle, height, to_height)
        for x, to_x, height, to_height in zip(
            lefts, lefts[1:], heights, heights[1:], strict=False
        )
    ]
    for n, x, height in zip(widths, lefts, heights, strict=True):
        is_code = n == min(widths)
        parts += [
            bar(x, middle, wide, height, "code" if is_code else "layer"),
            text(
                x + wide / 2,
                middle + height / 2 + 20,
                str(n),
                "code" if is_code else "word",
            ),
        ]
    sneaker = 7
    for x, label, name in ((8, "x", "original"), (560, "x\u0302", "16-number code")):
        parts += [
            picture(x, middle - 52, 104, shown[name][sneaker]),
            text(x + 52, middle + 74, label),
        ]
    parts += [
        *(arrow(114, middle, 146), arrow(523, middle, 556)),
        *(text(246, middle - 62, "encoder"), text(426, middle - 62, "decoder")),
        text(335.5, middle - 22, "code z", "code"),
        f'<path class="arrow" d="M60 {middle - 58}L60 24L176 24M496 24L612 24L612 '
        f'{middle - 58}"/>',
        text(336, 30, "loss: squared error, pixel by pixel"),
    ]
    return svg(672, 326, parts)


def bent_sheet() -> str:
    """Chapter 02: points along an arc, a straight line and a curve through them."""
    generator = torch.Generator().manual_seed(1)
    angles = torch.linspace(0.12, 0.88, 22) * math.pi
    radii = 118 + 9 * torch.randn(22, generator=generator)
    points = torch.stack([-radii * angles.cos(), -radii * angles.sin()], dim=1)
    points = points - points.mean(dim=0)
    on_line = torch.stack([points[:, 0], torch.zeros(22)], dim=1)
    centre = torch.tensor([0.0, 118.0 * (2 / math.pi) + 12])
    away = points - centre
    on_arc = centre + 118 * away / away.norm(dim=1, keepdim=True)
    return svg(672, 220, [*_fit(168, points, on_line), *_fit(504, points, on_arc)])


def _fit(x: float, points: Tensor, fitted: Tensor) -> list[str]:
    """Points, what is fitted to them, and the error of each, around (x, 110)."""
    at = [[(x + px, 110 + py) for px, py in some.tolist()] for some in (points, fitted)]
    errors = "".join(
        f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" for (a, b), (c, d) in zip(*at, strict=True)
    )
    line = "L".join(f"{px:.1f} {py:.1f}" for px, py in at[1])
    dots = [
        f'<circle class="layer" cx="{a:.1f}" cy="{b:.1f}" r="3.5"/>' for a, b in at[0]
    ]
    return [
        f'<path class="arrow" d="{errors}"/>',
        f'<path class="sheet" d="M{line}"/>',
        *dots,
        text(x, 205, "PCA: a plane" if x < 336 else "autoencoder: a bent sheet"),
    ]


def maps_and_stamps() -> str:
    """Chapter 03: the network as stacks of maps; a kernel that reads and stamps."""
    shown = results.load("03_convolutional_autoencoder").pictures("digits")
    middle, two = 62, 2
    parts = [
        picture(8, middle - 52, 104, shown["digits"][two]),
        picture(560, middle - 52, 104, shown["convolutional"][two]),
        bar(326, middle, 20, 40, "code"),
        text(336, middle - 30, "code", "code"),
        text(336, middle + 76, "32", "code"),
    ]
    for x, side, label in (
        (60, 0, "28 x 28"),
        (176, 64, "14 x 14"),
        (260, 34, "7 x 7"),
    ):
        for centre in (x, 672 - x):
            parts.append(text(centre, middle + 76, label))
            parts += [
                square(centre + shift - side / 2, middle + shift - side / 2, side)
                for shift in (-9, -3, 3, 9)
                if side
            ]
    for x, to_x in ((116, 134), (220, 232), (290, 322), (350, 382), (440, 452)):
        parts.append(arrow(x, middle, to_x))
    parts.append(arrow(538, middle, 556))
    long = (1, 2, 3, 4, 5, 6, 3)
    parts += _seven_and_three(168, long, (8, 16, 20), top=200, bottom=270)
    parts += _seven_and_three(504, long, (1, 2, 3), top=270, bottom=200)
    return svg(
        672,
        332,
        [
            *parts,
            text(168, 320, "the encoder reads"),
            text(504, 320, "the decoder stamps"),
        ],
    )


def square(x: float, y: float, side: float) -> str:
    return f'<rect class="wires" x="{x:g}" y="{y:g}" width="{side}" height="{side}"/>'


def _seven_and_three(
    x: float, seven: Sequence[int], three: Sequence[int], *, top: float, bottom: float
) -> list[str]:
    """Seven cells at height `top`, three at `bottom`, and the windows between them."""
    side, half = 40, 15
    towards = half if bottom > top else -half
    parts = []
    for i, number in enumerate(seven):
        parts += _cell(x + side * (i - 3), top, half, number)
    for i, number in enumerate(three):
        centre = x + 2 * side * (i - 1)
        left, right = centre - side - half, centre + side + half
        parts.append(
            f'<path class="wires" d="M{left} {top + towards}L{right} {top + towards}'
            f"L{centre + half} {bottom - towards}L{centre - half} {bottom - towards}z"
            '"/>'
        )
        parts += _cell(centre, bottom, half, number)
    return parts


def _cell(x: float, y: float, half: float, number: int) -> list[str]:
    return [
        f'<rect class="arrow" x="{x - half}" y="{y - half}" width="{2 * half}" '
        f'height="{2 * half}"/>',
        text(x, y + 6, str(number)),
    ]


def balance() -> str:
    """Chapter 04: what one nat weighs, and the variances that six lines state."""
    parts = [
        '<path class="arrow" d="M168 64L504 64M336 64L318 112L354 112z"/>',
        '<path class="arrow" d="M168 64L168 88M504 64L504 88"/>',
        *(bar(100, 98, 136, 20, "layer"), bar(468, 98, 72, 20, "code")),
        text(168, 50, "squared error of 2\u03c3\u00b2"),
        text(504, 50, "1 nat", "code"),
        text(336, 28, "2\u03c3\u00b2 is the rate of exchange"),
    ]
    n_pixels, n_numbers, batch, noise = 784, 64, 128, 0.25
    errors = {"e.sum(1).mean()": 1, "e.mean()": 1 / n_pixels, "e.sum()": batch}
    penalties = {"R": 1, "mean of w\u00b2": 1 / (n_pixels * n_numbers)}
    top, left, decade, lowest = 172, 300, 32, -8

    def place(variance: float) -> float:
        return round(left + decade * (math.log10(variance) - lowest), 1)

    y = top
    for error, a in errors.items():
        for penalty, b in penalties.items():
            label = f"{error} + {penalty}"
            parts += [
                f'<text class="word" x="8" y="{y + 6}">{label}</text>',
                f'<path class="arrow" d="M{left} {y}L{left + 11 * decade} {y}"/>',
                f'<circle class="code" cx="{place(b / (2 * a))}" cy="{y}" r="6"/>',
            ]
            y += 28
    at = place(noise)
    parts += [
        f'<path class="sheet" d="M{at} {top - 14}L{at} {y - 14}"/>',
        text(at, top - 22, "noise of the pictures", "code"),
    ]
    names = {-6: "10\u207b\u2076", -3: "10\u207b\u00b3", 0: "1", 3: "10\u00b3"}
    parts += [text(place(10**power), y + 10, name) for power, name in names.items()]
    parts.append(text(140, y + 10, "variance stated"))
    return svg(672, y + 24, parts)


def noise_and_back() -> str:
    """Chapter 05: x, noise, y, a network, its answer; below, the pull to the data."""
    shown = results.load("05_denoising_autoencoder").pictures("garments")
    middle, sneaker = 66, 7
    parts = [
        *(arrow(114, middle, 188), arrow(300, middle, 336), arrow(506, middle, 556)),
        funnel(356, 423, middle, 104, 64),
        funnel(423, 490, middle, 64, 104),
        *(bar(342, middle, 14, 104, "layer"), bar(490, middle, 14, 104, "layer")),
        text(151, middle - 14, "+ noise", "code"),
        text(423, middle + 6, "network"),
    ]
    pictures = (
        (8, "x", "clean"),
        (192, "y = x + \u03c3\u03b5", "noisy"),
        (560, "r(y)", "U-Net"),
    )
    for x, label, name in pictures:
        parts += _labelled(x, middle, shown[name][sneaker], label)
    parts += _compared(middle + 84, 156, 516, "loss: squared error between x and r(y)")
    return svg(672, 404, [*parts, *_pull(336, 300)])


def _pull(x: float, y: float) -> list[str]:
    """A curve of data, its noisy neighbourhood, and arrows that lead back to it."""
    turns = torch.linspace(-1.0, 1.0, 41)
    curve = torch.stack([230 * turns, 34 * (2.6 * turns).sin()], dim=1)
    line = "L".join(f"{x + a:.1f} {y + b:.1f}" for a, b in curve.tolist())
    parts = [f'<path class="sheet" d="M{line}"/>']
    for i, off in ((4, 52), (10, -46), (17, 50), (24, -52), (31, 42), (37, -50)):
        a, b = curve[i].tolist()
        start, end = y + b + off, y + b + 0.22 * off
        parts += [
            f'<circle class="layer" cx="{x + a:.1f}" cy="{start:.1f}" r="4"/>',
            f'<path class="arrow" d="M{x + a:.1f} {start + (-7 if off > 0 else 7):.1f}'
            f'L{x + a:.1f} {end:.1f}" marker-end="url(#head)"/>',
        ]
    return [
        *parts,
        text(x, y + 98, "noisy points (blue) are drawn to where data are (orange)"),
    ]


def there_and_back() -> str:
    """Chapter 08: a code makes a picture; an encoder guesses the code; three costs."""
    small = results.load("08_evidence_lower_bound").pictures("small garments")["7 x 7"]
    there, back, minus = 100, 300, "\u2212"
    parts = [
        # the story: a code is drawn, a decoder makes a picture of it
        _ring(104, there, 62, 62),
        '<circle class="code" cx="128" cy="78" r="5"/>',
        text(142, 71, "z", "code"),
        text(104, there + 88, "prior p(z)"),
        arrow(174, there, 262),
        funnel(272, 372, there, 40, 110),
        bar(370, there, 9, 110, "layer"),
        text(322, there + 6, "decoder"),
        arrow(384, there, 532),
        *_labelled(540, there, small[:1][0], "x"),
        # the way back: an encoder looks at the picture and answers with a cloud
        f'<path class="arrow" d="M592 {there + 84}L592 {back}L384 {back}" '
        'marker-end="url(#head)"/>',
        funnel(272, 372, back, 40, 110),
        bar(370, back, 9, 110, "layer"),
        text(322, back + 6, "encoder"),
        arrow(262, back, 182),
        f'<ellipse class="cloud" cx="104" cy="{back}" rx="50" ry="34"/>',
        f'<g transform="rotate(-28 112 {back - 6})">',
        *(_ring(112, back - 6, 46, 19), "</g>"),
        text(52, back - 44, "q(z | x)", "code"),
        text(136, back + 58, "true p(z | x)"),
        # what each of them costs
        text(458, there - 14, "distortion", "code"),
        '<path class="arrow" d="M116 200L116 262"/>',
        text(144, 237, "rate", "code"),
        text(198, back - 34, "gap"),
        f'<path class="arrow" d="M180 {back - 34}L140 {back - 22}"/>',
        text(
            336,
            back + 104,
            f"bound = {minus} distortion {minus} rate; it misses the gap",
        ),
    ]
    return svg(672, back + 120, parts)


def _ring(x: float, y: float, rx: float, ry: float) -> str:
    """A distribution of the model itself: a dashed line around it."""
    place = f'cx="{x}" cy="{y}" rx="{rx}" ry="{ry}"'
    return f'<ellipse class="arrow" stroke-dasharray="5 4" {place}/>'


def places_of_limits() -> str:
    """Chapter 06: a wide code between two pictures, and where it can be limited."""
    shown = results.load("02_autoencoder").pictures("opening")
    middle, sneaker = 132, 7
    active = (66, 14, 40, 8, 74, 22, 52, 10, 30, 60, 16, 44)  # of the units drawn
    parts = [
        *(arrow(114, middle, 142), arrow(531, middle, 557)),
        *(funnel(156, 292, middle, 104, 152), funnel(380, 516, middle, 152, 104)),
        *(bar(147, middle, 9, 104, "layer"), bar(516, middle, 9, 104, "layer")),
        *(text(224, middle + 6, "encoder"), text(448, middle + 6, "decoder")),
        text(336, 24, "few numbers: chapter 2, a price in nats: chapter 9"),
    ]
    for i, length in enumerate(active):
        parts.append(bar(336 - length / 2, middle - 71.5 + 13 * i, length, 8, "code"))
    for x, label, name in ((8, "x", "original"), (560, "x\u0302", "16-number code")):
        parts += _labelled(x, middle, shown[name][sneaker], label)
    limits = (
        (84, 60, 86, "noise on x", "denoising"),
        (246, 224, 70, "price on slopes", "contractive"),
        (420, 346, 84, "price on activity", "sparse"),
        (590, 366, 84, "noise on code", "dropout"),
    )
    for x, start, below, words, method in limits:
        parts += [
            f'<path class="arrow" d="M{start} {middle + below}L{x} 268"/>',
            *(text(x, 290, words), text(x, 314, method, "code")),
        ]
    return svg(672, 326, parts)


def cloud_of_codes() -> str:
    """Chapter 09: a picture, its cloud, a random point of it, and the two costs."""
    shown = results.load("09_variational_autoencoder").pictures("rebuilt")
    sneaker, middle = 7, 118
    pictures = ((8, "x", "test image"), (560, "x\u0302", "variational"))
    parts = [
        funnel(150, 232, middle, 150, 60),
        funnel(440, 522, middle, 60, 150),
        *(bar(143, middle, 9, 150, "layer"), bar(520, middle, 9, 150, "layer")),
        *(text(195, middle + 6, "encoder"), text(480, middle + 6, "decoder")),
        *(arrow(114, middle, 140), arrow(531, middle, 557)),
        *(arrow(236, middle, 280), arrow(392, middle, 436)),
        f'<ellipse class="cloud" cx="336" cy="{middle}" rx="54" ry="40"/>',
        f'<ellipse class="cloud" cx="336" cy="{middle}" rx="30" ry="22"/>',
        f'<circle class="arrow" cx="336" cy="{middle}" r="3"/>',
        f'<circle class="code" cx="358" cy="{middle - 13}" r="5"/>',
        text(372, middle - 20, "z", "code"),
        text(336, middle - 56, "mean m, width s"),
        text(336, middle + 66, "rate: the price of the cloud", "code"),
    ]
    for x, label, name in pictures:
        parts += _labelled(x, middle, shown[name][sneaker], label)
    parts += _compared(middle + 84, 140, 532, "error: squared, summed over the pixels")
    return svg(672, middle + 132, parts)


def front_page() -> str:
    """The walks of chapter 09, from garment to garment, by its kept network."""
    walks = results.load("09_variational_autoencoder").pictures("walks")
    (n,) = {len(walk) for walk in walks.values()}
    side = 672 / n
    return svg(
        672,
        math.ceil(side * len(walks)),
        [
            picture(round(side * i, 1), round(side * row, 1), round(side, 1), x)
            for row, walk in enumerate(walks.values())
            for i, x in enumerate(walk)
        ],
    )


def ratio_weighted_twice() -> str:
    """Chapter 07: two densities, their log-ratio, and it weighted by either."""
    x = torch.linspace(-4.4, 4.4, 177)
    log_p, log_q = (
        torch.distributions.Normal(mean, std).log_prob(x)
        for mean, std in ((-0.9, 0.9), (1.0, 1.3))
    )
    p, q, ratio = log_p.exp(), log_q.exp(), log_p - log_q
    seen = ratio > -4.0
    upper, middle, lower = 122, 220, 388

    def line(values: Tensor, base: float, unit: float, where: Tensor = x > -9) -> str:
        points = zip(
            (336 + 70 * x[where]).tolist(), values[where].tolist(), strict=True
        )
        return "L".join(f"{a:.1f} {base - unit * y:.1f}" for a, y in points)

    def area(values: Tensor, base: float, unit: float, kind: str) -> str:
        edge = line(values, base, unit)
        return f'<path class="{kind}" d="M28 {base}L{edge}L644 {base}z"/>'

    parts = [
        *(area(p, upper, 210, "wires"), area(q, upper, 210, "cloud")),
        f'<path class="sheet" d="M{line(q, upper, 210)}"/>',
        *(
            text(128, 60, "p, what happens"),
            text(556, 50, "q, what is believed", "code"),
        ),
        f'<path class="arrow" d="M{line(ratio, middle, 15, seen)}"/>',
        text(430, middle - 12, "ln p/q"),
        *(area(p * ratio, lower, 84, "wires"), area(-q * ratio, lower, 84, "cloud")),
        f'<path class="sheet" d="M{line(-q * ratio, lower, 84)}"/>',
        text(130, lower - 54, "p ln p/q"),
        text(604, lower - 84, "q ln q/p", "code"),
        text(336, lower + 60, "area above less area below: the two KLs"),
    ]
    parts += [
        f'<path class="arrow" d="M28 {base}L644 {base}"/>'
        for base in (upper, middle, lower)
    ]
    return svg(672, 464, parts)


DRAWINGS = {
    "01_linear_autoencoder": two_matrices,
    "02_autoencoder": hourglass,
    "02_bent_sheet": bent_sheet,
    "03_convolutional_autoencoder": maps_and_stamps,
    "04_reconstruction_losses": balance,
    "05_denoising_autoencoder": noise_and_back,
    "06_regularized_autoencoder": places_of_limits,
    "07_kl_divergence": ratio_weighted_twice,
    "08_evidence_lower_bound": there_and_back,
    "09_variational_autoencoder": cloud_of_codes,
    "front_page": front_page,
}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for slug, draw in DRAWINGS.items():
        (FOLDER / f"{slug}.svg").write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
