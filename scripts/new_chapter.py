"""Begin a chapter: a lesson, its evidence and its claims, to be written over.

    python scripts/new_chapter.py 10_visualization_and_retrieval

The three files have the shape that the tests ask for (tests/rules.py); their words and
numbers are placeholders. Nothing is overwritten.
"""

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Cell(NamedTuple):
    source: str
    kind: str = "markdown"
    tags: tuple[str, ...] = ()
    caption: str = ""
    alt: str = ""


def code(source: str, *tags: str, caption: str = "", alt: str = "") -> Cell:
    return Cell(source, "code", tags, caption, alt)


STUB = ("raises-exception", "remove-output")
LESSON = (
    Cell("(ch-LABEL)=\n# TITLE\n\n*One sentence: what the reader will see and make.*"),
    code(
        """\
import torch
from torch import Tensor, nn

import aelib
from aelib import checks, data, plots, results
from aelib.config import pick
from aelib.data import Batches
from aelib.train import train

device = aelib.start(seed=0)  # seeds, figure style, and the GPU if there is one
latent_dim, n_epochs = 16, pick(fast=20, full=10)
fashion = data.fashion_mnist().to(device)
evidence = results.load("SLUG")""",
        "hide-input",
    ),
    code(
        "plots.image_grid(fashion.test.images[:12], ncols=12);",
        "hide-input",
        caption="the picture that raises the question",
        alt="What somebody must know who cannot see the picture.",
    ),
    Cell(
        """\
What is strange about this picture? Say it in a paragraph, and let the reader predict.

You need [the chapter before](01_linear_autoencoder.ipynb); where it is used, a sentence
reminds you.

## The idea

A drawing of the machine; the idea in words; the formula, and its smallest example."""
    ),
    code(
        """\
encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, latent_dim))
decoder = nn.Sequential(nn.Linear(latent_dim, 784), nn.Unflatten(1, (1, 28, 28)))
model = nn.Sequential(encoder, decoder).to(device)


def loss(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    error = (model(x) - x).square().flatten(1).sum(dim=1)  # (B,)
    return {"loss": error.mean()}"""
    ),
    Cell("Why this loss? The paper is [Hinton and Salakhutdinov (2006)](REFERENCE)."),
    code(
        """\
history = train(model, loss, Batches(fashion.train.images, 128), epochs=n_epochs)
plots.history(history, ylabel="squared error");""",
        caption="training",
        alt="A falling curve: the squared error of an image, by epoch.",
    ),
    Cell(
        """\
Trained for 20 epochs, the network needs about 19. Say what this is compared with: the
mean image has an error of 68.1.

## What if

One experiment: a question, a table, the conclusion first and then its reason."""
    ),
    code(
        """\
with torch.no_grad():
    error = (model(fashion.test.images) - fashion.test.images).square()
error = error.flatten(1).sum(dim=1).mean().item()
assert 15 < error < 23  # else the code above is wrong
evidence.table("errors")"""
    ),
    Cell(
        """\
## The failure

Break it in front of the reader, then cure it.

## Summary

What the reader now knows.

| symptom | cause | cure |
|---|---|---|
| what one sees | what did it | the line that changes |

## Exercises

```{exercise-start} E1 (10 minutes, ●○○, code): what it asks
:label: ex-LABEL-code
```
Write it.
```{exercise-end}
```"""
    ),
    code(
        '''\
def mean_image(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (C, H, W)."""
    raise NotImplementedError


checks.check_mean_image(mean_image)''',
        *STUB,
    ),
    Cell("```{solution-start} ex-LABEL-code\n:class: dropdown\n```"),
    code(
        '''\
def mean_image(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (C, H, W)."""
    return x.mean(dim=0)


checks.check_mean_image(mean_image)'''
    ),
    Cell(
        """\
```{solution-end}
```

```{exercise-start} E2 (15 minutes, ●●○, proof): what it asks
:label: ex-LABEL-proof
```
Prove it.
```{exercise-end}
```

```{solution-start} ex-LABEL-proof
:class: dropdown
```
The proof.
```{solution-end}
```

```{exercise-start} E3 (10 minutes, ●○○, bug): what it asks
:label: ex-LABEL-bug
```
Find it; {ref}`ex-LABEL-proof` helps.
```{exercise-end}
```

```{solution-start} ex-LABEL-bug
:class: dropdown
```"""
    ),
    code("assert mean_image(fashion.test.images).shape == (1, 28, 28)", "remove-cell"),
    Cell(
        """\
```{solution-end}
```

```{exercise-start} E4 (40 minutes, ●●●, open): what it asks
:label: ex-LABEL-open
```
Try it.
```{exercise-end}
```

```{solution-start} ex-LABEL-open
:class: dropdown
```
One attempt.
```{solution-end}
```

## Further reading

- [Hinton and Salakhutdinov (2006)](REFERENCE): what it is good for."""
    ),
)

EXPERIMENT = '''\
"""Evidence of SLUG: every run behind its tables."""

from torch import Tensor, nn

from aelib import data, metrics
from aelib.data import Batches
from aelib.lab import Study

study = Study("SLUG", seeds=[0, 1, 2], columns={"error": "squared error"})
fashion = data.fashion_mnist(profile=study.pick(smoke="fast", full="full"))
fashion = fashion.to(study.device)
x = fashion.test.images


def build() -> nn.Module:
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 16))
    decoder = nn.Sequential(nn.Linear(16, 784), nn.Unflatten(1, (1, 28, 28)))
    return nn.Sequential(encoder, decoder)


def loss(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    error = (model(x) - x).square().flatten(1).sum(dim=1)  # (B,)
    return {"loss": error.mean()}


def batches(seed: int) -> Batches:
    return Batches(fashion.train.images, 128)


def measure(model: nn.Module) -> dict[str, float]:
    return {"error": metrics.sse(model(x), x).mean().item()}


mean = fashion.train.images.mean(dim=0).expand_as(x)
study.note("mean image", error=metrics.sse(mean, x).mean().item())
epochs = study.pick(smoke=1, full=10)
study.train("16 numbers", build, loss, batches, measure=measure, epochs=epochs)
study.table("errors", ["mean image", "16 numbers"])
study.save()
'''

CLAIMS = '''\
"""The numbers in the text of SLUG; tests/says.py says how."""

says("Trained for 20 epochs", setting("n_epochs"))
says("needs about 19", live="15 < error < 23")
says("the mean image has an error of 68.1", evidence["mean image", "error"])
'''


def filled(text: str, slug: str) -> str:
    name = slug.partition("_")[2]
    key = "../book/bibliography.md#ref-hinton2006reducing"
    text = text.replace("SLUG", slug).replace("REFERENCE", key)
    text = text.replace("LABEL", name.replace("_", "-"))
    return text.replace("TITLE", name.replace("_", " ").title())


def notebook(slug: str) -> dict:
    """The lesson as a notebook of Jupyter, without outputs."""
    found = []
    for number, cell in enumerate(LESSON):
        metadata: dict = {"tags": list(cell.tags)} if cell.tags else {}
        if cell.caption:
            figure = {"caption": cell.caption, "name": f"fig-LABEL-{number}"}
            metadata["mystnb"] = {"figure": figure, "image": {"alt": cell.alt}}
        entry = {
            "cell_type": cell.kind,
            "id": hashlib.sha256(f"{slug} {number}".encode()).hexdigest()[:8],
            "metadata": metadata,
            "source": cell.source.splitlines(keepends=True),
        }
        if cell.kind == "code":
            entry |= {"execution_count": None, "outputs": []}
        found.append(entry)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = {"cells": found, "metadata": {"kernelspec": kernel}}
    text = filled(json.dumps(book | {"nbformat": 4, "nbformat_minor": 5}), slug)
    return json.loads(text)


def files(slug: str) -> dict[str, str]:
    """Paths in the repository and their contents."""
    lesson = json.dumps(notebook(slug), indent=1, ensure_ascii=False) + "\n"
    return {
        f"notebooks/{slug}.ipynb": lesson,
        f"experiments/{slug}.py": filled(EXPERIMENT, slug),
        f"tests/claims/{slug}.py": filled(CLAIMS, slug),
    }


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("slug", help="number and name, such as 10_visualization")
    slug = parser.parse_args(arguments).slug
    if not re.fullmatch(r"\d\d_[a-z_]+", slug):
        parser.error(f"slug must look like 10_visualization, got {slug!r}")
    contents = files(slug)
    there = [name for name in contents if (root / name).exists()]
    if there:
        print(f"{', '.join(there)}: there already, nothing written", file=sys.stderr)
        return 1
    for name, text in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
        print(f"   {name}")
    print("Next: _toc.yml, the glossary, book/references.bib; see CONTRIBUTING.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
