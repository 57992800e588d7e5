"""Attention by the kernel of packed rows equals attention by runs of equal clips.

The kernel itself needs CUDA; on the CPU a loop over the clips stands in for it, behind the same
operator, so that the places of clips and words, autograd and torch.compile are those in use.
"""

import copy
import shutil

import pytest
import torch
from torch._dynamo.utils import counters
from torch.nn.attention import varlen

from generator import attend as attention
from generator.attend import Packed, arrange, attend, attend_text, has_packed_kernel, packed_places
from generator.dit import DiT, Size, rms_norm

SMALL = Size(width=32, depth=2, head_width=16)
PACKS = (
    ((4, 4, 5, 3, 6, 2, 3, 4, 3), 7),
    ((3, 3, 5, 2, 2), 7),
    ((8, 2, 2, 9, 9, 4), 4),
    ((6, 6), 6),
)
"""Lengths of clips and of the longest text. No size of the first is one of the network's own: the
compiler would take two that are equal for the same."""


def segments(starts_q, starts_k, max_q, max_k):
    assert starts_q.dtype == starts_k.dtype == torch.int32
    q, k = starts_q.tolist(), starts_k.tolist()
    assert len(q) == len(k)
    for i in range(len(q) - 1):
        assert 0 < q[i + 1] - q[i] <= max_q
        assert 0 < k[i + 1] - k[i] <= max_k
        yield slice(q[i], q[i + 1]), slice(k[i], k[i + 1])


@varlen._varlen_attn.register_kernel("cpu")
def _(
    query,
    key,
    value,
    starts_q,
    starts_k,
    max_q,
    max_k,
    is_causal=False,
    scale=None,
    window_size=None,
    enable_gqa=False,
    seqused_k=None,
    block_table=None,
    num_splits=None,
):
    assert not is_causal
    out = torch.full_like(query, torch.nan)
    for q, k in segments(starts_q, starts_k, max_q, max_k):
        scores = torch.einsum("qhd,khd->hqk", query[q], key[k]) * scale
        out[q] = torch.einsum("hqk,khd->qhd", scores.softmax(-1), value[k])
    lse = query.new_zeros(query.shape[1], len(query), dtype=torch.float32)
    return out, lse, torch.zeros(2, dtype=torch.uint64)


@varlen._varlen_attn_backward.register_kernel("cpu")
def _(
    grad,
    query,
    key,
    value,
    out,
    lse,
    starts_q,
    starts_k,
    max_q,
    max_k,
    is_causal,
    rng_state,
    scale=None,
    window_size=None,
):
    grads = tuple(torch.full_like(x, torch.nan) for x in (query, key, value))
    for q, k in segments(starts_q, starts_k, max_q, max_k):
        share = (torch.einsum("qhd,khd->hqk", query[q], key[k]) * scale).softmax(-1)
        back = torch.einsum("qhd,khd->hqk", grad[q], value[k])
        back = share * (back - (back * share).sum(-1, keepdim=True)) * scale
        grads[0][q] = torch.einsum("hqk,khd->qhd", back, key[k])
        grads[1][k] = torch.einsum("hqk,qhd->khd", back, query[q])
        grads[2][k] = torch.einsum("hqk,qhd->khd", share, grad[q])
    return grads


def texts(num_clips, longest, width, rng):
    """Return text states and a mask: clip i has its own number of words, one has `longest`."""
    text = torch.randn(num_clips, longest, width, generator=rng)
    words = torch.tensor([longest, *(1 + i % longest for i in range(num_clips - 1))])
    return text, torch.arange(longest)[None] < words[:, None]


def ran(dit, lengths, longest, device="cpu"):
    """Return the prediction for a pack, and all gradients."""
    rng = torch.Generator().manual_seed(1)
    tokens = torch.randn(sum(lengths), 6, generator=rng)
    positions = torch.rand(sum(lengths), 5, generator=rng) + 0.1
    per_clip = torch.rand(len(lengths), generator=rng)
    timesteps = per_clip.repeat_interleave(torch.tensor(lengths))
    words, mask = texts(len(lengths), longest, SMALL.width, rng)
    summary = torch.randn(len(lengths), 3, SMALL.width, generator=rng)
    both = ((summary, torch.ones(len(lengths), 3, dtype=torch.bool)), (words, mask))
    told = tuple((states.to(device), shown.to(device)) for states, shown in both)
    inputs = [x.to(device) for x in (tokens, positions, timesteps)]
    dit.zero_grad()
    grids = [(1, 1, length) for length in lengths]
    out = dit(*inputs, grids, told, words.mean(1).to(device))
    out.square().sum().backward()
    return [out.detach().cpu(), *(p.grad.cpu() for p in dit.parameters())]


def assert_close(found, expected, tolerance):
    """Compare in units of each tensor's largest number."""
    for mine, other in zip(found, expected, strict=True):
        assert (mine - other).abs().max() <= tolerance * other.abs().max()


@pytest.fixture
def dit(awake):
    torch.manual_seed(0)
    return awake(DiT(SMALL, 6))


@pytest.fixture
def packed(monkeypatch):
    monkeypatch.setattr(attention, "has_packed_kernel", lambda x_ND, head_width: True)


def test_places_of_clips_and_words():
    mask = torch.tensor([[True, True, False], [True, True, True], [True, False, False]])
    places = packed_places((4, 2, 3), mask)
    assert places.token_starts.tolist() == [0, 4, 6, 9]
    assert places.word_starts.tolist() == [0, 2, 5, 6]
    assert (places.most_tokens, places.most_words) == (4, 3)


def test_the_cpu_has_no_kernel_for_packed_rows():
    for dtype in (torch.float32, torch.bfloat16):
        assert not has_packed_kernel(torch.zeros(4, 32, dtype=dtype), 16)
    assert attention._takes_scaled_queries()


@pytest.mark.parametrize(("lengths", "longest"), PACKS)
def test_packed_attention_equals_attention_by_runs(lengths, longest):
    rng = torch.Generator().manual_seed(0)
    q, k, v = torch.randn(3, sum(lengths), 2, 16, generator=rng).unbind(0)
    text, mask = texts(len(lengths), longest, 2 * 2 * 16, rng)
    text_k, text_v = text.unflatten(2, (2, 2, 16)).unbind(2)
    places = packed_places(lengths, mask)
    torch.testing.assert_close(attend(q, k, v, places), attend(q, k, v, lengths))
    torch.testing.assert_close(
        attend_text(q, text_k[mask], text_v[mask], mask, places),
        attend_text(q, text_k, text_v, mask, lengths),
    )


def test_text_is_packed_without_its_padding(packed):
    text, mask = texts(3, 4, 32, torch.Generator().manual_seed(0))
    states, where = arrange(torch.zeros(9, 32), (4, 2, 3), text, mask, 16)
    assert isinstance(where, Packed)
    assert states.shape == (4 + 1 + 2, 32)
    assert torch.equal(states[4], text[1, 0])


@pytest.mark.parametrize(("lengths", "longest"), PACKS[:2])
def test_a_packed_transformer_equals_one_by_runs(dit, monkeypatch, lengths, longest):
    expected = ran(dit, lengths, longest)
    monkeypatch.setattr(attention, "has_packed_kernel", lambda x_ND, head_width: True)
    assert_close(ran(dit, lengths, longest), expected, 1e-5)


@pytest.mark.parametrize("how", ["by runs", "packed"])
def test_blocks_are_compiled_once_for_all_packs(dit, monkeypatch, how):
    if how == "packed":
        monkeypatch.setattr(attention, "has_packed_kernel", lambda x_ND, head_width: True)
    torch._dynamo.reset()
    compiled = copy.deepcopy(dit)
    compiled.compile_blocks(backend="aot_eager")
    graphs = []
    for lengths, longest in PACKS:
        assert_close(ran(compiled, lengths, longest), ran(dit, lengths, longest), 1e-4)
        graphs.append(counters["stats"]["unique_graphs"])
    assert graphs[0] > 0
    assert len(set(graphs)) == 1


def test_a_compiled_norm_equals_the_plain_one():
    torch._dynamo.reset()
    compiled = torch.compile(rms_norm, backend="aot_eager")
    x = torch.randn(5, 2, 3, 8, requires_grad=True)
    gain = torch.randn(2, 3, 1, requires_grad=True)
    both = [torch.autograd.grad(f(x, gain).square().sum(), (x, gain)) for f in (compiled, rms_norm)]
    torch.testing.assert_close(compiled(x, gain), rms_norm(x, gain))
    torch.testing.assert_close(both[0], both[1], atol=1e-5, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="no compiler")
def test_compiled_blocks_give_the_same(dit):
    torch._dynamo.reset()
    compiled = copy.deepcopy(dit)
    compiled.compile_blocks()
    for lengths, longest in PACKS[:2]:
        assert_close(ran(compiled, lengths, longest), ran(dit, lengths, longest), 1e-4)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("compiles", [False, True])
def test_cuda_gives_what_the_cpu_gives(dit, compiles):
    torch._dynamo.reset()
    there = copy.deepcopy(dit).cuda()
    if compiles:
        there.compile_blocks()
    for lengths, longest in PACKS:
        expected = ran(dit, lengths, longest)
        assert_close(ran(there, lengths, longest, "cuda"), expected, 1e-3)
        with torch.autocast("cuda", torch.bfloat16):
            assert has_packed_kernel(torch.zeros(1, dtype=torch.bfloat16, device="cuda"), 16)
            assert_close(ran(there, lengths, longest, "cuda"), expected, 5e-2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize(("lengths", "longest"), PACKS)
def test_the_kernel_for_packed_rows_gives_what_the_cpu_gives(lengths, longest):
    rng = torch.Generator().manual_seed(0)
    mine = [x.requires_grad_() for x in torch.randn(3, sum(lengths), 2, 16, generator=rng)]
    theirs = [x.detach().cuda().bfloat16().requires_grad_() for x in mine]
    mask = texts(len(lengths), longest, 1, rng)[1]
    here = attend(*mine, lengths)
    there = attend(*theirs, packed_places(lengths, mask.cuda()))
    weight = torch.randn(here.shape, generator=rng)
    grads = torch.autograd.grad((here * weight).sum(), mine)
    others = torch.autograd.grad((there * weight.cuda()).sum(), theirs)
    found = [x.detach().float().cpu() for x in (there, *others)]
    assert_close(found, [x.detach() for x in (here, *grads)], 3e-2)
