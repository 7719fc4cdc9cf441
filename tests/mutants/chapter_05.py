"""Changes to corruption, and what chapter 05 teaches."""

from mutants.entry import Mutation

CHAPTER = "05_denoising_autoencoder"

MUTATIONS = [
    Mutation(
        "corrupt-gaussian-variance-for-deviation",
        "aelib/data/corrupt.py",
        "return x + sigma * noise",
        "return x + sigma**2 * noise",
        ("tests/test_corrupt.py::test_gaussian_noise_has_the_moments_of_a_normal",),
        chapter=CHAPTER,
    ),
    Mutation(
        "corrupt-gaussian-clipped",
        "aelib/data/corrupt.py",
        "return x + sigma * noise",
        "return (x + sigma * noise).clamp(0, 1)",
        ("tests/test_corrupt.py::test_gaussian_noise_is_not_clipped",),
    ),
    Mutation(
        "corrupt-masking-rescales-like-dropout",
        "aelib/data/corrupt.py",
        "return x.masked_fill(lost, 0)",
        "return x.masked_fill(lost, 0) / (1 - rate)",
        ("tests/test_corrupt.py::test_masking_loses_whole_pixels_and_scales_nothing",),
        chapter=CHAPTER,
    ),
    Mutation(
        "corrupt-masking-keeps-the-rate",
        "aelib/data/corrupt.py",
        '_uniform(x, generator) < _share("rate", rate)',
        '_uniform(x, generator) > _share("rate", rate)',
        ("tests/test_corrupt.py::test_masking_loses_whole_pixels_and_scales_nothing",),
    ),
    Mutation(
        "corrupt-more-salt-than-pepper",
        "aelib/data/corrupt.py",
        "masked_fill(u < rate / 2, 0)",
        "masked_fill(u < rate / 3, 0)",
        ("tests/test_corrupt.py::test_salt_is_as_frequent_as_pepper",),
    ),
    Mutation(
        "corrupt-one-sigma-for-all",
        "aelib/data/corrupt.py",
        "return sigma.reshape(-1, *[1] * (x.ndim - 1)).to(x.dtype)",
        "return sigma.mean().to(x.dtype)",
        ("tests/test_corrupt.py::test_each_example_may_have_its_own_sigma",),
    ),
    Mutation(
        "corrupt-channels-apart",
        "aelib/data/corrupt.py",
        "if x.ndim == 4:\n        shape[1] = 1",
        "if x.ndim == 5:\n        shape[1] = 1",
        ("tests/test_corrupt.py::test_masking_loses_whole_pixels_and_scales_nothing",),
    ),
    Mutation(
        "corrupt-generator-ignored",
        "aelib/data/corrupt.py",
        "torch.rand(shape, generator=generator, device=drawn_on, dtype=x.dtype)",
        "torch.rand(shape, device=drawn_on, dtype=x.dtype)",
        ("tests/test_corrupt.py::test_the_generator_decides",),
    ),
    Mutation(
        "corrupt-rate-in-per-cent",
        "aelib/data/corrupt.py",
        "_expect.number(name, value, least=0, most=1)",
        "_expect.number(name, value, least=0, most=100)",
        ("tests/test_corrupt.py::test_wrong_calls_are_named",),
    ),
    Mutation(
        "check-psnr-of-the-mean",
        "aelib/checks/denoising.py",
        "torch.stack([-10 * m.log10() for m in mse]).mean()",
        "-10 * torch.stack(mse).mean().log10()",
        ("tests/test_checks_denoising.py::test_right_answers_pass_with_one_line",),
        chapter=CHAPTER,
    ),
    Mutation(
        "check-langevin-whole-step",
        "aelib/checks/denoising.py",
        "y + 0.5 * eta * score(y)",
        "y + eta * score(y)",
        ("tests/test_checks_denoising.py::test_right_answers_pass_with_one_line",),
        chapter=CHAPTER,
    ),
    Mutation(
        "front-page-has-a-number-of-its-own",
        "book/index.md",
        "filter reaches 17.7 decibels",
        "filter reaches 17.9 decibels",
        (
            "tests/test_figures.py"
            "::test_a_number_below_a_borrowed_figure_stands_in_its_chapter_word_for_word",
        ),
    ),
]
