"""Models: shapes, layers, sampling, and what they refuse."""

import itertools

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from aelib.models import (
    VAE,
    Autoencoder,
    ConvDecoder,
    ConvEncoder,
    MLPDecoder,
    MLPEncoder,
    Posterior,
)

SHAPES = [(1, 28, 28), (3, 64, 64), (1, 40, 48)]


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("shape", SHAPES)
def test_autoencoders_map_images_to_codes_and_back(shape):
    pairs = [
        (MLPEncoder(shape, [32, 16], 5), MLPDecoder(5, [16, 32], shape)),
        (MLPEncoder(shape, [], 5), MLPDecoder(5, [], shape)),
        (ConvEncoder(shape, 5, width=4), ConvDecoder(5, shape, width=4)),
    ]
    x = torch.rand(3, *shape)
    for encoder, decoder in pairs:
        model = Autoencoder(encoder, decoder)
        z = model.encode(x)
        assert z.shape == (3, 5)
        assert model.decode(z).shape == x.shape
        torch.testing.assert_close(model(x), decoder(encoder(x)))


def test_no_hidden_layer_means_a_linear_map():
    encoder, decoder = MLPEncoder((1, 4, 4), [], 3), MLPDecoder(3, [], (1, 4, 4))
    model = Autoencoder(encoder, decoder).double()
    x, y = torch.rand(2, 5, 1, 4, 4).double()
    middle = model(0.5 * x + 0.5 * y)
    torch.testing.assert_close(middle, 0.5 * model(x) + 0.5 * model(y))


def test_hidden_layers_have_relu_between_and_none_at_the_end():
    layers = list(MLPEncoder((1, 4, 4), [8, 6], 3).net)
    kinds = [type(layer) for layer in layers]
    linear, relu = nn.Linear, nn.ReLU
    assert kinds == [nn.Flatten, linear, relu, linear, relu, linear]
    sizes = [layer.out_features for layer in layers if isinstance(layer, nn.Linear)]
    assert sizes == [8, 6, 3]


def test_decoders_reach_every_real_number():
    z = 100 * torch.randn(64, 2)
    shape = (1, 8, 8)
    for decoder in (MLPDecoder(2, [8], shape), ConvDecoder(2, shape, width=4)):
        output = decoder(z)
        assert output.min() < -1 and output.max() > 1


def test_conv_decoder_covers_every_inner_pixel_equally():
    decoder = ConvDecoder(1, (1, 16, 16), width=1)
    layers = [m for m in decoder.net if isinstance(m, nn.ConvTranspose2d)]
    for layer in layers:
        nn.init.ones_(layer.weight)
        nn.init.zeros_(layer.bias)
        cover = layer(torch.ones(1, layer.in_channels, 6, 6))[0, 0, 2:-2, 2:-2]
        assert cover.unique().numel() == 1


@torch.no_grad()
def test_conv_decoder_keeps_what_is_symmetric_in_its_place():
    """Shifted by one pixel, the image of symmetric layers would not be symmetric."""
    decoder = ConvDecoder(3, (2, 12, 16), width=4)
    first = decoder.net[0]
    for parameter in (first.weight, first.bias):
        maps = parameter.view(8, 3, 4, -1)  # 2 * width maps, H/4, W/4
        parameter.copy_(
            (maps + maps.flip(1) + maps.flip(2) + maps.flip(1, 2)).view_as(parameter)
        )
    for layer in decoder.net:
        if isinstance(layer, nn.ConvTranspose2d):
            layer.weight.add_(layer.weight.flip(2))
            layer.weight.add_(layer.weight.flip(3))
    x_hat = decoder(torch.randn(5, 3))
    torch.testing.assert_close(x_hat, x_hat.flip(-1))
    torch.testing.assert_close(x_hat, x_hat.flip(-2))
    assert x_hat.std() > 1e-3


ODD_SIZES = [(1, 25, 25), (1, 30, 30), (3, 218, 178), (1, 1, 1), (1, 3, 7), (2, 4, 5)]


@pytest.mark.parametrize("shape", ODD_SIZES, ids=str)
def test_convolutions_take_images_of_any_size_and_train(shape):
    model = Autoencoder(ConvEncoder(shape, 3, width=2), ConvDecoder(3, shape, width=2))
    x = torch.rand(4, *shape)
    x_hat = model(x)
    assert x_hat.shape == x.shape
    before = (x_hat - x).square().sum()
    before.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().max() > 0, name
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(8):
        optimizer.zero_grad()
        loss = (model(x) - x).square().sum()
        loss.backward()
        optimizer.step()
    assert loss < before
    assert x_hat.view(4, -1).shape == (4, shape[0] * shape[1] * shape[2])


@torch.no_grad()
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 8, 12)], ids=str)
def test_convolutions_of_multiples_of_4_are_the_plain_network(shape):
    """As they were before other sizes were taken: same weights, same numbers."""
    channels, h, w = shape
    encoder, decoder = ConvEncoder(shape, 5, width=3), ConvDecoder(5, shape, width=3)
    n_flat = 6 * (h // 4) * (w // 4)
    down = nn.Sequential(
        *(nn.Conv2d(channels, 3, 4, 2, 1), nn.GELU(), nn.Conv2d(3, 6, 4, 2, 1)),
        *(nn.GELU(), nn.Flatten(), nn.Linear(n_flat, 5)),
    )
    up = nn.Sequential(
        *(nn.Linear(5, n_flat), nn.GELU(), nn.Unflatten(1, (6, h // 4, w // 4))),
        *(nn.ConvTranspose2d(6, 3, 4, 2, 1), nn.GELU()),
        nn.ConvTranspose2d(3, channels, 4, 2, 1),
    )
    x, z = torch.rand(3, *shape), torch.randn(3, 5)
    for ours, plain, given in ((encoder, down, x), (decoder, up, z)):
        states = {f"net.{name}" for name in plain.state_dict()}
        assert set(ours.state_dict()) == states
        plain.load_state_dict(ours.net.state_dict())
        assert torch.equal(ours(given), plain(given))


@torch.no_grad()
def test_other_sizes_are_padded_with_0_and_cut_below_and_on_the_right():
    small, large = (1, 5, 6), (1, 8, 8)
    encoder, whole = ConvEncoder(small, 2, width=2), ConvEncoder(large, 2, width=2)
    whole.load_state_dict(encoder.state_dict())
    x = torch.rand(3, *small)
    canvas = torch.zeros(3, *large)
    canvas[:, :, :5, :6] = x
    assert torch.equal(encoder(x), whole(canvas))
    decoder, whole = ConvDecoder(2, small, width=2), ConvDecoder(2, large, width=2)
    whole.load_state_dict(decoder.state_dict())
    z = torch.randn(3, 2)
    assert torch.equal(decoder(z), whole(z)[:, :, :5, :6])


@pytest.mark.parametrize("encoder", [MLPEncoder, ConvEncoder])
def test_images_of_another_size_are_named_beside_the_right_one(encoder):
    shape = (1, 25, 25)
    module = MLPEncoder(shape, [], 3) if encoder is MLPEncoder else encoder(shape, 3)
    words = r"^x must be \(B, C, H, W\) = \(B, 1, 25, 25\), got \(2, 1, 28, 28\)$"
    with pytest.raises(ValueError, match=words):
        module(torch.rand(2, 1, 28, 28))


FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


@pytest.mark.parametrize("dtype", FLOATS)
def test_input_and_parameters_must_have_one_dtype(dtype):
    shape, foreign = (1, 8, 8), nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    back = nn.Sequential(nn.Linear(3, 64), nn.Unflatten(1, shape))
    modules = [
        (MLPEncoder(shape, [], 3), torch.rand(2, *shape)),
        (ConvEncoder(shape, 3, width=2), torch.rand(2, *shape)),
        (MLPDecoder(3, [], shape), torch.rand(2, 3)),
        (ConvDecoder(3, shape, width=2), torch.rand(2, 3)),
        (Autoencoder(foreign, back), torch.rand(2, *shape)),
        (
            VAE(MLPEncoder(shape, [], 6), MLPDecoder(3, [], shape)),
            torch.rand(2, *shape),
        ),
    ]
    for module, given in modules:
        module.to(dtype)
        for other in FLOATS:
            if other == dtype:
                module(given.to(other))
                continue
            words = rf"^[xz] must be {dtype} like the model's .* got {other}: [xz]\."
            with pytest.raises(TypeError, match=words):
                module(given.to(other))


def test_autocast_may_mix_dtypes_and_embeddings_take_indices():
    model = Autoencoder(MLPEncoder((1, 4, 4), [], 3), MLPDecoder(3, [], (1, 4, 4)))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert model(torch.rand(2, 1, 4, 4)).dtype == torch.bfloat16
    words = nn.Sequential(nn.Embedding(7, 2), nn.Flatten())
    spell = nn.Sequential(nn.Linear(10, 5))
    assert Autoencoder(words, spell)(torch.arange(5)[None]).shape == (1, 5)
    with pytest.raises(TypeError, match=r"x must be torch.float32 like the model's"):
        Autoencoder(spell, spell)(torch.arange(10)[None])


def test_posterior_samples_have_its_mean_and_spread():
    mean, log_var = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, 2.0]])
    posterior = Posterior(mean.expand(40_000, 2), log_var.expand(40_000, 2))
    z = posterior.sample()
    assert z.shape == (40_000, 2)
    torch.testing.assert_close(z.mean(0), mean[0], atol=0.06, rtol=0)
    torch.testing.assert_close(z.var(0), log_var[0].exp(), atol=0, rtol=0.05)


def test_posterior_sample_carries_gradients_to_both_heads():
    mean, log_var = (
        torch.zeros(3, 2).requires_grad_(),
        torch.zeros(3, 2).requires_grad_(),
    )
    Posterior(mean, log_var).sample().square().sum().backward()
    assert mean.grad.abs().min() > 0 and log_var.grad.abs().min() > 0


def test_vae_splits_the_encoder_into_mean_and_log_var():
    shape = (1, 8, 8)
    vae = VAE(MLPEncoder(shape, [16], 6), MLPDecoder(3, [16], shape))
    x = torch.rand(4, *shape)
    mean, log_var = vae.encode(x)
    heads = vae.encoder(x)
    torch.testing.assert_close(mean, heads[:, :3])
    torch.testing.assert_close(log_var, heads[:, 3:])
    output, posterior = vae(x)
    assert output.shape == x.shape and posterior.mean.shape == (4, 3)


@pytest.mark.parametrize("training", [True, False])
def test_vae_decodes_a_sample_in_train_and_in_eval_mode(training):
    shape = (1, 8, 8)
    vae = VAE(MLPEncoder(shape, [16], 6), MLPDecoder(3, [16], shape)).train(training)
    x = torch.rand(4, *shape)
    one, other = vae(x)[0], vae(x)[0]
    assert not torch.equal(one, other)


def test_a_vae_learns_the_posterior_of_a_linear_gaussian():
    """x = w z + noise has a known posterior: the ELBO's optimum must find it."""
    w = torch.tensor([[2.0, -1.0, 0.5, 1.0]])  # (D, N), noise of variance 1
    z = torch.randn(4_000, 1)
    x = (z @ w + torch.randn(4_000, 4)).reshape(-1, 1, 2, 2)
    vae = VAE(MLPEncoder((1, 2, 2), [], 2), MLPDecoder(1, [], (1, 2, 2)))
    with torch.no_grad():
        vae.decoder.net[0].weight.copy_(w.T)
        vae.decoder.net[0].bias.zero_()
    optimizer = torch.optim.Adam(vae.encoder.parameters(), lr=2e-2)
    for _ in range(400):
        output, (mean, log_var) = vae(x)
        sse = (output - x).square().flatten(1).sum(1)
        rate = kl_divergence(Normal(mean, (0.5 * log_var).exp()), Normal(0.0, 1.0))
        loss = (0.5 * sse + rate.sum(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    precision = 1 + w.square().sum()
    mean, log_var = vae.encode(x)
    assert log_var.exp().mean().item() == pytest.approx(1 / precision.item(), rel=0.05)
    expected = x.flatten(1) @ w.T / precision
    assert (mean - expected).abs().max() < 0.1


def test_models_refuse_what_does_not_fit():
    shape = (1, 8, 8)
    encoder, decoder = MLPEncoder(shape, [4], 3), MLPDecoder(3, [4], shape)
    with pytest.raises(ValueError, match=r"x must be \(B, C, H, W\) = \(B, 1, 8, 8\)"):
        encoder(torch.rand(2, 64))
    with pytest.raises(ValueError, match=r"z must be \(B, D\) = \(B, 3\)"):
        decoder(torch.rand(2, 4))
    with pytest.raises(ValueError, match=r"decoder must return images of the input's"):
        Autoencoder(encoder, MLPDecoder(3, [4], (1, 8, 4)))(torch.rand(2, 1, 8, 8))
    with pytest.raises(ValueError, match="encoder must return"):
        Autoencoder(nn.Identity(), decoder).encode(torch.rand(2, 1, 8, 8))
    odd = nn.Sequential(encoder)  # its size cannot be seen before it runs
    with pytest.raises(ValueError, match="odd"):
        VAE(odd, decoder).encode(torch.rand(2, 1, 8, 8))


def test_batches_of_any_size_pass():
    for shape in ((1, 8, 8), (1, 7, 9)):
        encoder, decoder = (
            ConvEncoder(shape, 2, width=4),
            ConvDecoder(2, shape, width=4),
        )
        model = Autoencoder(encoder, decoder)
        for n in (0, 1, 5):
            assert model(torch.rand(n, *shape)).shape == (n, *shape)


def test_models_vectorise_over_their_parameters():
    """K models in one run (torch.func) must give what they give one by one."""
    shape = (1, 8, 8)
    models = [
        Autoencoder(MLPEncoder(shape, [6], 2), MLPDecoder(2, [6], shape))
        for _ in range(3)
    ]
    params, buffers = torch.func.stack_module_state(models)
    x = torch.rand(4, *shape)

    def call(one_params, one_buffers):
        return torch.func.functional_call(models[0], (one_params, one_buffers), (x,))

    together = torch.func.vmap(call)(params, buffers)
    for model, output in zip(models, together, strict=True):
        torch.testing.assert_close(output, model(x))
    assert all(
        not torch.equal(a, b) for a, b in itertools.combinations(together.unbind(0), 2)
    )
