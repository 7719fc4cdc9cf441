"""The benchmarks run, with tiny sizes, so that they do not rot; no speed is checked."""

import json
import sys
from types import SimpleNamespace

import pytest
import torch
from torch.utils.data import TensorDataset

from benchmarks import devices, others, profile_step, quality, throughput


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_throughput_measures_and_reports(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(others, "find_spec", lambda name: None)
    out = tmp_path / "throughput.json"
    arguments = ["--rows", "S3-VAE", "S1-CONV", "--rounds", "2", "--images", "64"]
    monkeypatch.setattr(sys, "argv", ["throughput.py", *arguments, "--out", str(out)])
    throughput.main()
    report = json.loads(out.read_text())
    assert set(report["rows"]) == {"S3-VAE", "S1-CONV"}
    for row in report["rows"].values():
        assert row["methods"][throughput.SOURCE]["times_source"] == 1
        assert len(row["methods"]) == len(row["rounds"]) >= 3
        for entry in row["methods"].values():
            assert entry["images_per_cpu_second"] > 0
            assert entry["times_source_low"] <= entry["times_source_high"]
    assert torch.__version__.startswith(report["environment"]["torch"])
    assert "of peak" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "megaflops"),
    [
        ("S0-FC", 1.13),
        ("S0-CONV", 1.57),
        ("S1-CONV", 0.67),
        ("S3-AE", 2.22),
        ("S3-VAE", 2.22),
        ("S4-VAE", 41.3),
    ],
)
def test_flops_by_formula_equal_the_counted_ones(name, megaflops):
    row = throughput.ROWS[name]
    flops = throughput.flops_by_formula(row)
    assert flops == throughput.flops_counted(row)
    assert abs(flops / 1e6 / megaflops - 1) < 0.01


def test_the_source_loops_images_are_those_of_ours():
    row = throughput.ROWS["S4-VAE"]
    images = throughput.images_for(row, 3)
    dataset = throughput.PictureDataset(images)
    for index in range(3):
        torch.testing.assert_close(dataset[index][0], images[index])
    grey = throughput.images_for(throughput.ROWS["S0-FC"], 7000)
    assert grey.shape == (7000, 1, 28, 28)
    torch.testing.assert_close(throughput.PictureDataset(grey)[5][0], grey[5])


def test_profile_has_a_rung_for_each_part():
    row = throughput.ROWS["S0-FC"]
    found = profile_step.measure(row, 16, False, n_rounds=1, n_images=64)
    assert next(iter(found)) == "matrix products" and "aelib.train" in found
    conv = profile_step.measure(throughput.ROWS["S1-CONV"], 16, True, 1, 32)
    assert "matrix products" not in conv and min(conv.values()) >= 0


def test_devices_times_epochs_and_writes_them(tmp_path, monkeypatch, capsys):
    out = tmp_path / "devices.json"
    arguments = ["--device", "cpu", "--rows", "S3-VAE", "S1-CONV", "--images", "64"]
    monkeypatch.setattr(sys, "argv", ["devices.py", *arguments, "--out", str(out)])
    devices.main()
    rows = json.loads(out.read_text())["rows"]
    assert len(rows) == sum(
        len(throughput.ROWS[name].settings) for name in ("S3-VAE", "S1-CONV")
    )
    assert all(row["seconds"] > 0 and row["cpu_seconds"] > 0 for row in rows)
    assert capsys.readouterr().out.count("\n| S") == len(rows)


def test_seconds_of_an_epoch_are_scaled_to_60_000_images(monkeypatch):
    seconds = SimpleNamespace(seconds=[9.0, 0.25, 0.5])
    monkeypatch.setattr(devices, "train", lambda *arguments, **options: seconds)
    row = throughput.ROWS["S4-VAE"]  # an eighth of the images
    assert devices.epoch_seconds(row, "cpu", 1600, 64, True) == 0.25 * 60_000 / 200


def test_quality_trains_both_and_summarises(capsys):
    torch.manual_seed(0)
    images = throughput.images_for(throughput.ROWS["S0-FC"], 192)
    signed = 2 * images - 1
    setting = quality.Setting(epochs=2)
    plan = quality.PLANS["S0-FC"]._replace(source_epochs=(1, 2), settings=(setting,))
    dataset = TensorDataset(images, torch.zeros(len(images)))
    points = [
        quality.our_run("S0-FC", setting, 0, signed, signed[:64]),
        *quality.source_run("S0-FC", plan, 0, dataset, signed[:64]),
    ]
    assert [point.epochs for point in points] == [2, 1, 2]
    assert all(0 < point.test_mse < 1 for point in points)
    rows = quality.summarise(points)
    assert rows[-1]["share_of_source_seconds"] == 1
    quality.show(rows)
    assert "of source" in capsys.readouterr().out


def test_quality_keeps_the_other_systems_of_the_same_machine(tmp_path, capsys):
    def report(system, machine):
        rows = [{"system": system}]
        return {"machine": machine, "rows": rows, "points": list(rows)}

    out = tmp_path / "quality.json"
    here = {"cpu": "a", "date": "2026-01-01"}
    out.write_text(json.dumps(report("S0-CONV", here)))
    new = report("S0-FC", {"cpu": "a", "date": "2026-02-02"})
    quality.add_other_systems(new, out, ["S0-FC"])
    assert [row["system"] for row in new["rows"]] == ["S0-FC", "S0-CONV"]
    again = report("S0-CONV", here)
    quality.add_other_systems(again, out, ["S0-CONV"])
    assert len(again["rows"]) == len(again["points"]) == 1
    elsewhere = report("S0-FC", {"cpu": "b", "date": "2026-02-02"})
    quality.add_other_systems(elsewhere, out, ["S0-FC"])
    assert [row["system"] for row in elsewhere["rows"]] == ["S0-FC"]
    assert "another machine" in capsys.readouterr().out
