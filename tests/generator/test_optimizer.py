import pytest
import torch
from torch import nn

from generator.optimizer import Optimizer, orthogonal


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Linear(4, 6) for _ in range(3))
        self.head = nn.Linear(6, 2)


def test_orthogonal_keeps_singular_vectors_and_levels_singular_values():
    torch.manual_seed(0)
    matrices = torch.randn(3, 24, 8)
    levelled = orthogonal(matrices)
    assert levelled.shape == matrices.shape
    values = torch.linalg.svdvals(levelled)
    assert values.min() > 0.5
    assert values.max() < 1.4
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    core = u.mT @ levelled @ v.mT
    assert (core - torch.diag_embed(core.diagonal(dim1=1, dim2=2))).abs().max() < 0.1
    assert (orthogonal(torch.zeros(1, 3, 4)) == 0).all()
    torch.testing.assert_close(orthogonal(matrices.mT), levelled.mT)


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(nn.Conv2d(4, 6, 3), nn.Conv2d(6, 6, 1))
        self.out = nn.Conv2d(6, 2, 1)


def test_every_parameter_moves_and_gradients_are_forgotten():
    net = Net()
    optimizer = Optimizer(net, weight_decay=0.0)
    before = {n: p.detach().clone() for n, p in net.named_parameters()}
    for p in net.parameters():
        p.grad = torch.randn_like(p)
    optimizer.step(learning_rate=0.1, matrix_learning_rate=0.1)
    for n, p in net.named_parameters():
        assert not torch.equal(before[n], p), n
        assert p.grad is None
    keys = {k.rpartition("/")[2] for k in optimizer.tensors() if k.startswith("blocks.0.weight")}
    assert keys == {"momentum"}
    assert "head.weight/exp_avg" in optimizer.tensors()
    assert "blocks.0.bias/exp_avg" in optimizer.tensors()


def test_loaded_state_steps_as_the_state_it_came_from():
    torch.manual_seed(0)
    first, second = Net(), Net()
    one, two = (Optimizer(net, weight_decay=0.1) for net in (first, second))
    for turn in range(3):
        if turn == 2:
            second.load_state_dict(first.state_dict())
            two.load({k: v.clone() for k, v in one.tensors().items()})
        grads = {n: torch.randn_like(p) for n, p in first.named_parameters()}
        for net, optimizer in ((first, one), (second, two)):
            for n, p in net.named_parameters():
                p.grad = grads[n] if turn == 2 or net is first else torch.randn_like(p)
            optimizer.step(learning_rate=0.01, matrix_learning_rate=0.01)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_convolutions_inside_blocks_count_as_out_times_everything_else():
    net = ConvNet()
    optimizer = Optimizer(net, weight_decay=0.0)
    weight = net.blocks[0].weight
    before = weight.detach().clone()
    gradients = {n: torch.randn_like(p) for n, p in net.named_parameters()}
    for n, p in net.named_parameters():
        p.grad = gradients[n].clone()
    optimizer.step(learning_rate=0.1, matrix_learning_rate=0.1)
    moved = (before - weight.detach()).flatten(1)
    # Nesterov's first update points along the gradient, whatever its momentum.
    along = orthogonal(gradients["blocks.0.weight"].flatten(1)[None])[0]
    wanted = along * 0.1 * 0.2 * 36**0.5
    # Both went through an iteration in bfloat16 where the machine is fast at it.
    assert torch.cosine_similarity(moved.flatten(), wanted.flatten(), dim=0) > 0.999
    assert float(moved.norm() / wanted.norm()) == pytest.approx(1.0, abs=0.01)
    momenta = {k for k in optimizer.tensors() if k.endswith("/momentum")}
    assert momenta == {"blocks.0.weight/momentum", "blocks.1.weight/momentum"}


def test_without_muon_adamw_trains_everything():
    net = Net()
    optimizer = Optimizer(net, weight_decay=0.5, use_muon=False)
    before = {n: p.detach().clone() for n, p in net.named_parameters()}
    for p in net.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step(learning_rate=0.1, matrix_learning_rate=9.0)
    assert not any(k.endswith("/momentum") for k in optimizer.tensors())
    for n, p in net.named_parameters():
        # Without a gradient, decay alone moves: the matrices inside the blocks and nothing else.
        decays = n.startswith("blocks.") and n.endswith(".weight")
        torch.testing.assert_close(p.detach(), before[n] * (0.95 if decays else 1.0))


def test_forgetting_leaves_no_gradient():
    net = Net()
    optimizer = Optimizer(net)
    for p in net.parameters():
        p.grad = torch.ones_like(p)
    optimizer.forget()
    assert all(p.grad is None for p in net.parameters())
