"""The numbers of chapter 07, computed again."""

import math
import re

import torch
import torch.nn.functional as F
from chapters import ROOT
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from aelib import data

script = (ROOT / "experiments" / f"{evidence.slug}.py").read_text(encoding="utf-8")
fashion = data.fashion_mnist()
images, labels = fashion.train.images, fashion.train.labels
n_all = 10 * len(images)  # a tenth of all is embedded


def value(row, column):
    return float(evidence[row, column])


def levels(name):
    """Frequencies of the grey levels of one class, (256,)."""
    chosen = images[labels == fashion.classes.index(name)]
    counts = torch.bincount((255 * chosen).round().long().flatten(), minlength=256)
    return counts.double() / counts.sum()


def kl(p, q):
    return F.kl_div(q.log(), p, reduction="sum").item()


# figures
whole = evidence.curve("pulled apart")
halves = setting("halves_shown")
says("Five panels with hills further", len(halves) == 5)
shown = [int((whole["half"] - half).abs().argmin()) for half in halves]
gains = [float(whole["covering"][i, 2] - whole["choosing"][i, 2]) for i in shown]
says(
    "from the fourth on it is the cheaper of the two",
    [g > 1e-3 for g in gains].index(True) == 3,
)
n_digits = len(evidence.curve("digits")["mean"])
says("A matrix of ten by ten", n_digits == 10)
draws, samples = evidence.pictures("draws"), evidence.pictures("samples")
strips = [draws["test image"], *2 * [draws["right"]], *samples.values()]  # two live
says(
    "Five rows of ten garments",
    len(strips) == 5 and all(len(strip) == n_digits for strip in strips),
)

# the opening
hill = float(evidence["reverse, from the right", "mean"])
says("values around -3 and around 3", -round(hill), round(hill))
says("Gaussians of equal width differ by 0.005", setting("shift") ** 2 / 2)

# what a wrong belief costs
sandal, pullover = levels("Sandal"), levels("Pullover")
entropy = {
    name: -(p * p.log()).sum().item() for name, p in (("s", sandal), ("p", pullover))
}
forth, back = kl(sandal, pullover), kl(pullover, sandal)
says(
    "Of a sandal's pixels 68 % are black, of a pullover's 35 %",
    *(100 * p[0].item() for p in (sandal, pullover)),
)
says("a nat is 1.44 bits", 1 / math.log(2))
fair, crooked = setting("fair_coin"), setting("crooked_coin")
coins = torch.tensor([fair, crooked]).double()
says("heads nine times in ten", round(10 * crooked[0]) == 9)
says("the mean is 0.51", kl(coins[0], coins[1]))
says("never badly surprised, and pays 0.37", kl(coins[1], coins[0]))
says(
    "The wrong code costs 0.29 nats a pixel, 12 % more",
    forth,
    100 * forth / entropy["s"],
)
says("code cost 0.34, which is 8 % of what", back, 100 * back / entropy["p"])
terms = sandal * (sandal / pullover).log()
says("Black alone would cost more than that", terms[0] > forth)
says("All other levels together give a part of it back", terms[1:].sum() < 0)
merged = [p.reshape(4, -1).sum(dim=1) for p in (sandal, pullover)]
says("the sandals' 0.29 nats become 0.24", forth, kl(*merged))

# infinite
ONE, LATE = "1 picture", "64 pictures"
little, half, much = "+ 0.01", "+ 0.5", "+ 10"
sneakers = (labels == fashion.classes.index("Sneaker")).sum().item()
says("then meet all six thousand", 6000 if n_all == 60_000 and sneakers else 0)
amounts = [float(c[2:]) for c in evidence.columns if c.startswith("+")]
says('The column "+ 0.5" adds half a pixel', sorted(amounts)[1])
says(
    "about half of the levels are unseen",
    abs(value(ONE, "unseen levels") / 256 - 0.5) < 0.1,
)
says(
    "the price is 0.15 nats with half a pixel, and 0.64 or 0.69 with less or more",
    value(ONE, half),
    value(ONE, little),
    value(ONE, much),
)
late = [value(LATE, column) for column in (little, half, much)]
sizes = [int(row.split()[0]) for row in evidence.rows if "picture" in row]
says("With 64 pictures", sorted(sizes)[-2])
says("the largest of the three, 0.0054", max(late))
says("the smallest, 0.0047", min(late))
says("is within a sixth of the smallest", max(late) / min(late) < 7 / 6)

# the direction
forward, one_hill, trap = (
    value(row, "KL")
    for row in ("forward", "reverse, from the right", "reverse, from just beside")
)
says("at 0.462 nats", forward)
says("at 0.689 nats, a hair below", one_hill)
says("across both hills, at 0.841", trap)
grid = torch.linspace(-25, 25, 5001).double()
log_p = sum(Normal(place, 1.0).log_prob(grid).exp() for place in (-3.0, 3.0)).log()


def reverse_kl(free):
    """KL(q || p), but for a constant, of mean and log standard deviation."""
    log_q = Normal(free[0], free[1].exp()).log_prob(grid)
    return (log_q.exp() * (log_q - log_p)).sum() * (grid[1] - grid[0])


place = [value("reverse, from just beside", c) for c in ("mean", "variance")]
place = torch.tensor([place[0], math.log(place[1]) / 2]).double()
bend = torch.autograd.functional.hessian(reverse_kl, place)
slope = torch.autograd.functional.jacobian(reverse_kl, place)
says(
    "and yet a minimum, which no small push leaves",
    bool(torch.linalg.eigvalsh(bend).min() > 0.05 and slope.abs().max() < 1e-3),
)
exists = whole["choosing"][:, 0].abs() > 0.1
(seen,) = exists.nonzero(as_tuple=True)
gain = whole["covering"][seen, 2] - whole["choosing"][seen, 2]
i = int((gain > 0).int().argmax())  # between i - 1 and i the two are level
before, after = -gain[i - 1], gain[i]
level = torch.lerp(*whole["half"][seen[i - 1 : i + 1]], before / (before + after))
ends = evidence.curve("ends")
says(
    "until they stand at about ±2.41, and it is the cheaper one only beyond ±2.80",
    float(ends["half"]),
    float(level),
)
both = exists.int().argmax()
says(
    "before that, both directions cover both hills",
    bool(
        (
            whole["forward"][:both, 0].abs() + whole["covering"][:both, 0].abs() < 1e-3
        ).all()
    ),
)
covers = whole["covering"]
says(
    "stays as a trap at any distance",
    bool((covers[:, 0].abs() < 1e-3).all() and (covers[both:, 2].diff() > 0).all()),
)

# ten digits
kept = evidence.curve("digits")
covariances = kept["covariance"].double()
gaussians = [
    MultivariateNormal(m.double(), S.double())
    for m, S in zip(kept["mean"], covariances, strict=True)
]
matrix = torch.tensor(
    [[kl_divergence(q, p).item() for p in gaussians] for q in gaussians]
)
apart = matrix + torch.diag(torch.full((n_digits,), math.inf))
nearest, farthest = (
    divmod(int(i), n_digits) for i in (apart.argmin(), matrix.argmax())
)
says("MNIST's sixty thousand training pictures", n_all)
says("four and nine are nearest", nearest == (4, 9))
says("In these eight components", kept["mean"].shape[1] == 8)
says("at 2.2 nats", matrix[nearest].item())
says("Farthest are the zeros for a believer in ones", farthest == (0, 1))
says("at 275 nats", matrix[farthest].item())
back_share = matrix[farthest[::-1]].item() / matrix[farthest].item()
says("the other way round it is a tenth of that", abs(back_share - 0.1) < 5e-3)
others = torch.arange(n_digits) != 1
says("a whole column is bright", bool((matrix[others].argmax(dim=1) == 1).all()))
widths = torch.linalg.eigvalsh(covariances).sqrt()
narrower = widths[1] < widths[others].min(dim=0).values
says("all but the largest are smaller", narrower.tolist() == [True] * 7 + [False])

# three estimators
NEAR, FAR = "KL 0.005", "KL 0.5"
names = ("k1", "k2", "k3")
says(
    "repeat the note's spreads to its last digit",
    all(
        abs(value(f"spread, {kl}", k) - value(f"{kl}, Schulman", k)) < 0.0051
        for k in names
        for kl in (NEAR, FAR)
    ),
)
shift = setting("shift")
true, accuracy = shift**2 / 2, setting("accuracy")
needed = [
    variance / true**2 / accuracy**2
    for variance in (math.expm1(shift**2) - shift**2, shift**2)
]
few, many = round(needed[0], -2), round(needed[1])
says("How many do you need: two hundred, or forty thousand", few, many)
says("$k_1$ takes 40,000 samples, $k_3$ two hundred for this pair", many, few)
full = re.search(r"n_samples = study.pick\(smoke=\w+, full=(\w+)\)", script)[1]
says("Ten million samples of ours", int(full))
says("Draw forty thousand samples", setting("n_drawn"))
# its bias m^4 / 8 is m^2 / 4 = KL / 2 of the truth
says("Beyond 0.2 nats $k_2$ never gets there", 2 * accuracy)
says(
    "At 0.5 nats its spread is 1.29 times the truth, that of $k_3$ is 1.70",
    max(float(row.split()[1].strip(",")) for row in evidence.rows if "Schulman" in row),
    value(f"spread, {FAR}", "best multiple"),
    value(f"spread, {FAR}", "k3"),
)
pairs = [(q, p) for q in range(n_digits) for p in range(n_digits) if p != q]
passing = [
    bool(torch.linalg.eigvalsh(2 * covariances[q] - covariances[p]).min() > 0)
    for q, p in pairs
]
says("Of the ninety ordered pairs of digits", len(pairs))
says("of digits, none passes", not any(passing))
closed, average = (
    matrix[nearest].item(),
    {k: value("average, 4 and 9", k) for k in names},
)
says("meet the closed form, 2.20 nats", closed)
says(
    "the averages of $k_1$ and $k_3$ meet",
    all(abs(average[k] - closed) < 0.05 for k in ("k1", "k3")),
)
says("is wrong by more than the truth itself", average["k2"] > 2 * closed)
spread = evidence["spread, 4 and 9", "k3"]
says("do not agree on its spread", spread.sd > spread.mean / 5)
says(
    "thousands of times likelier",
    value("spread, 4 and 9", "largest ratio") > 2000,
)

# swapped
found = {arm: value(arm, "width") for arm in ("right", "swapped")}
v = torch.logspace(-4, 1, 50_001, dtype=torch.float64)
cost = 100 * v / 2
best = [
    v[(cost + price).argmin()].sqrt().item()
    for price in ((v - 1 - v.log()) / 2, (1 / v - 1 + v.log()) / 2)
]
says("the widths $\\sqrt v$ are 0.10 and 0.31", *best)
says("each halving of a small width costs 0.69 nats", math.log(2))
here = value("right", "error of a draw") / images[0].numel()
says("0.0125. There a pixel's squared", setting("noise_variance"))
says("here it ends at 0.015", here)
says("trained on all sixty thousand images", n_all)
says("The clouds are 0.69 wide instead of 0.053", found["swapped"], found["right"])
DRAW, BOUND, SAMPLES = "error of a draw", "bound", "sample deviation"
says("with an error of 13.7 against 11.8", value("swapped", DRAW), value("right", DRAW))
loss = value("swapped", BOUND) - value("right", BOUND)
says("The bound is worse by 180 nats", round(loss, -1))
says(
    "samples from the prior lose more than half of their deviation",
    value("swapped", SAMPLES) < value("right", SAMPLES) / 2,
)
means = samples["swapped"].flatten(1).mean(dim=0)
says(
    "the swapped ones are nearly one picture",
    bool((samples["swapped"].flatten(1) - means).square().sum(dim=1).mean() < 10)
    and value("swapped", SAMPLES) < value("test images", SAMPLES) / 4,
)
heavy = sorted(int(row.split()[-1]) for row in evidence.rows if "right, times" in row)
less, more = (f"right, times {factor}" for factor in heavy)
says("with a KL 15 or 80 times too heavy", *heavy)
says("a KL 15 times too heavy brings the same error", heavy[0])
says(
    "times too heavy brings the same error",
    abs(value(less, DRAW) / value("swapped", DRAW) - 1) < 0.02,
)
says("and 80 times about the same width", heavy[1])
says(
    "times about the same width",
    abs(value(more, "width") / value("swapped", "width") - 1) < 0.1,
)
square = {row: value(row, "mean square") for row in ("right", "swapped", less, more)}
says(
    "Too heavy a KL pulls them in; swapped arguments push them out",
    max(square[less], square[more]) < square["right"] < square["swapped"] / 10,
)


def predicted(weight):
    m_squared = value("swapped", "median square")
    root = math.sqrt(1 + 4 * weight * (1 + m_squared))
    return math.sqrt((root - 1) / (2 * weight))


a = {row: value(row, "weight") for row in ("right", "swapped")}
says("With the right network's weight it says 0.36", predicted(a["right"]))
says(
    "half of what is found", abs(predicted(a["right"]) / found["swapped"] - 0.5) < 0.03
)
says(
    "With its own, it is right", abs(predicted(a["swapped"]) - found["swapped"]) < 0.02
)
fall, scale = a["right"] / a["swapped"], square["swapped"] / square["right"]
says("the weight has fallen fifteen times", round(fall))
says("thirteen times the mean square", round(scale))
says("and most of that is scale", 1 < fall / scale < scale)

# others
u = (sandal + pullover) / 2
says("for sandals and pullovers it is 0.075", (kl(sandal, u) + kl(pullover, u)) / 2)

# exercises
says("with batches of 32 and of 512", *setting("sizes"))
