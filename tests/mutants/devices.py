"""Changes that a GPU would refuse, and those that only Apple's would."""

from mutants.entry import Mutation

_TESTS = "tests/test_fake_device.py"
_LESSONS = "tests/test_lesson_devices.py"
_METRICS = "aelib/metrics"

MUTATIONS = [
    Mutation(
        "device-ssim-in-float64",
        f"{_METRICS}/images.py",
        "a, b = x_hat.cpu().double(), x.cpu().double()",
        "a, b = x_hat.double(), x.double()",
        (f"{_TESTS}::test_metrics_on_the_device",),
    ),
    Mutation(
        "device-ssim-left-on-the-cpu",
        f"{_METRICS}/images.py",
        ".flatten(1).mean(dim=1).to(x)",
        ".flatten(1).mean(dim=1).to(x.dtype)",
        (f"{_TESTS}::test_metrics_on_the_device",),
    ),
    Mutation(
        "device-importance-ratio-in-float64",
        f"{_METRICS}/distributions.py",
        "0.5 * terms.cpu().double().sum(dim=2)",
        "0.5 * terms.double().sum(dim=2).cpu()",
        (f"{_TESTS}::test_metrics_on_the_device",),
    ),
    Mutation(
        "device-frechet-in-float64",
        f"{_METRICS}/distributions.py",
        "features = features.detach().cpu().double()",
        "features = features.detach().double()",
        (f"{_TESTS}::test_metrics_that_go_to_the_cpu",),
    ),
    Mutation(
        "device-knn-in-float64",
        f"{_METRICS}/probes.py",
        "return (guess == test_labels).sum().item() / len(test_labels)",
        "return (guess == test_labels).double().mean().item()",
        (f"{_TESTS}::test_metrics_on_the_device",),
    ),
    Mutation(
        "device-pca-in-float64",
        "aelib/linear.py",
        "flat = x.detach().cpu().double().flatten(1)",
        "flat = x.detach().double().cpu().flatten(1)",
        (f"{_TESTS}::test_pca_computes_on_the_cpu_and_answers_on_the_device",),
    ),
    Mutation(
        "device-order-stays-on-the-cpu",
        "aelib/data/batches.py",
        "        ).to(self.device)\n",
        "        )\n",
        (f"{_TESTS}::test_batches_on_the_device",),
    ),
    Mutation(
        "device-noise-of-the-generator",
        "aelib/data/corrupt.py",
        "return x + sigma * noise.to(x.device)",
        "return x + sigma * noise",
        (f"{_TESTS}::test_noise_on_the_device",),
    ),
    Mutation(
        "device-record-read-in-float64",
        "aelib/train/evaluation.py",
        "table = torch.stack(self.rows).cpu().double()",
        "table = torch.stack(self.rows).double().cpu()",
        (f"{_TESTS}::test_data_sets_move_to_the_device_and_feed_an_objective",),
    ),
    Mutation(
        "device-loss-with-a-constant-of-the-cpu",
        "aelib/losses/divergences.py",
        "return 0.5 * (mean.square() + torch.expm1(log_var) - log_var)",
        "return torch.tensor([0.5]) * (mean.square() + torch.expm1(log_var) - log_var)",
        (f"{_TESTS}::test_losses_stay_on_the_device",),
    ),
    Mutation(
        "pretence-has-float64",
        "tests/fake_device.py",
        "if tensor.dtype == torch.float64 and",
        "if tensor.dtype == torch.complex64 and",
        (f"{_TESTS}::test_what_a_gpu_refuses_is_refused",),
    ),
    Mutation(
        "pretence-takes-any-generator",
        "tests/fake_device.py",
        "if has != result.device.type:",
        "if has == result.device.type == 0:",
        (f"{_TESTS}::test_what_a_gpu_refuses_is_refused",),
    ),
    Mutation(
        "lesson-refusals-are-swallowed",
        "tests/objectives.py",
        "            except NotAnObjective:\n                raise\n",
        "",
        (f"{_LESSONS}::test_a_second_objective_that_is_wrong_is_red",),
    ),
    Mutation(
        "lesson-needs-looked-for-once",
        "tests/objectives.py",
        "                    grown = True\n",
        "",
        (f"{_LESSONS}::test_the_objective_of_a_lesson_is_called",),
    ),
]
