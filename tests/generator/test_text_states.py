"""Text encoders of transformers, by small checkpoints of the real classes with random weights."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from generator import text_states
from generator.checkpoint import load
from generator.sample import SampleSettings, load_checkpoint, sample
from generator.text_states import MAX_TOKENS, OWN, TextStates, open_text
from generator.train import TrainSettings, train
from schemas.errors import UserError
from schemas.vision_imports import ready_vision
from tests.captioner.checkpoints import make_tokenizer

KINDS = ("t5", "umt5", "qwen2", "llama", "bart", "clip_text")
TEXTS = (
    "A red circle moves to the left over a dark green background; the camera is still.",
    "A blue square.",
    "",
    "A white triangle moves up.",
    "A red circle.",
)
WIDTH = 32


def save_encoder(folder: Path, kind: str, seed: int = 0) -> Path:
    """Save a small encoder with random weights and its tokenizer, trained on captions."""
    ready_vision()
    import transformers
    from tokenizers.processors import TemplateProcessing

    tokenizer = make_tokenizer(("<pad>", "</s>"), vocabulary=400, pad_token="<pad>")
    if kind in ("t5", "umt5", "bart"):
        tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
            single="$A </s>", special_tokens=[("</s>", tokenizer.convert_tokens_to_ids("</s>"))]
        )
    if kind == "llama":  # many language models have no token for padding
        tokenizer.pad_token = None
    heads = {"num_attention_heads": 4, "num_hidden_layers": 2}
    shared = {"num_key_value_heads": 2}
    sizes = {"vocab_size": len(tokenizer), "hidden_size": WIDTH, "intermediate_size": 48}
    t5 = {"d_model": WIDTH, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4}
    classes = {
        "t5": ("T5EncoderModel", transformers.T5Config, {**t5, "vocab_size": len(tokenizer)}),
        "umt5": ("UMT5EncoderModel", transformers.UMT5Config, {**t5, "vocab_size": len(tokenizer)}),
        "qwen2": ("Qwen2ForCausalLM", transformers.Qwen2Config, {**sizes, **heads, **shared}),
        "llama": ("LlamaForCausalLM", transformers.LlamaConfig, {**sizes, **heads, **shared}),
        "bart": (
            "BartModel",
            transformers.BartConfig,
            {
                "vocab_size": len(tokenizer),
                "d_model": WIDTH,
                "encoder_layers": 2,
                "decoder_layers": 1,
                "encoder_attention_heads": 4,
                "decoder_attention_heads": 4,
                "encoder_ffn_dim": 48,
                "decoder_ffn_dim": 48,
            },
        ),
        "clip_text": (
            "CLIPTextModel",
            transformers.CLIPTextConfig,
            {**sizes, **heads, "max_position_embeddings": 16},
        ),
    }
    name, config, values = classes[kind]
    torch.manual_seed(seed)
    getattr(transformers, name)(config(**values)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("encoders")
    return {kind: save_encoder(root / kind, kind) for kind in KINDS}


def open_states(source: Path, folder: Path | None = None, **options) -> TextStates:
    return TextStates(str(source), folder, **options)


@pytest.fixture(params=KINDS)
def source(request, folders) -> Path:
    return folders[request.param]


def test_our_own_encoder_needs_no_other():
    assert open_text(OWN) is None


def test_states_are_those_of_the_encoder(folders):
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folders["t5"])
    model = transformers.T5EncoderModel.from_pretrained(folders["t5"]).eval()
    states, mask = open_states(folders["t5"])(TEXTS)
    assert states.dtype == torch.float32
    assert states.shape[2] == WIDTH
    for row, (text, own) in enumerate(zip(TEXTS, mask, strict=True)):
        tokens = tokenizer(text, return_tensors="pt")
        expected = model(**tokens).last_hidden_state[0]
        assert int(own.sum()) == tokens["input_ids"].shape[1]
        torch.testing.assert_close(states[row][own], expected, rtol=2e-3, atol=1e-3)


def test_a_text_has_the_same_states_alone_and_among_others(source):
    together, mask = open_states(source)(TEXTS)
    assert together.shape == (len(TEXTS), mask.shape[1], WIDTH)
    assert not together[~mask].any()
    for row, text in enumerate(TEXTS):
        alone, own = open_states(source)([text])
        assert own.all()
        assert torch.equal(together[row][mask[row]], alone[0])
    different = [tuple(together[row][mask[row]].flatten().tolist()) for row in range(len(TEXTS))]
    assert len(set(different)) == len(TEXTS)


def test_batches_change_rounding_at_most(source):
    alone, mask = open_states(source)(TEXTS)
    batched, same = open_states(source, batch_size=3)(TEXTS)
    assert torch.equal(mask, same)
    torch.testing.assert_close(batched, alone, rtol=2e-3, atol=2e-3)


def test_texts_read_together_are_few_and_of_like_length(folders, monkeypatch):
    states = open_states(folders["t5"], batch_size=2)
    seen = []
    forward = TextStates._forward
    monkeypatch.setattr(
        TextStates, "_forward", lambda self, rows: (seen.append(rows), forward(self, rows))[1]
    )
    states([*TEXTS, *TEXTS])
    lengths = [len(row) for rows in seen for row in rows]
    assert [len(rows) for rows in seen] == [2, 2, 1]
    assert lengths == sorted(lengths)
    states(TEXTS)
    states.keep(TEXTS)
    assert len(seen) == 3, "every text is read once"


def test_states_do_not_depend_on_autocast_and_take_no_random_numbers(folders):
    plain, _ = open_states(folders["t5"])(TEXTS)
    before = torch.get_rng_state()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast, _ = open_states(folders["t5"])(TEXTS)
    assert torch.equal(plain, cast)
    assert not cast.requires_grad
    assert torch.equal(before, torch.get_rng_state())


def test_long_texts_are_cut_to_what_the_encoder_takes(folders):
    long = "A red circle moves to the left. " * 200
    for kind, limit in (("t5", MAX_TOKENS), ("clip_text", 16)):
        _, mask = open_states(folders[kind])([long, "A dog."])
        assert int(mask[0].sum()) == limit


def test_a_text_without_a_token_has_one_state_of_zeros(folders):
    states, mask = open_states(folders["qwen2"])(["", "A dog."])
    assert mask[0].tolist() == [True] + [False] * (mask.shape[1] - 1)
    assert not states[0].any()
    end, _ = open_states(folders["t5"])([""])
    assert end.any(), "T5 ends every text with a token"


def test_states_on_disk_are_read_instead_of_the_encoder(source, tmp_path):
    first, mask = open_states(source, tmp_path)(TEXTS)
    files = list(tmp_path.rglob("*.npy"))
    assert len(files) == len(TEXTS)
    assert {np.load(file).dtype for file in files} == {np.dtype(np.float16)}
    again = open_states(source, tmp_path)
    states, same = again(TEXTS)
    assert torch.equal(states, first)
    assert torch.equal(mask, same)
    assert again._network is None, "its weights are not even loaded"
    assert list(tmp_path.rglob("*.partial")) == []


@pytest.mark.parametrize("damage", ["cut", "empty", "other"])
def test_a_damaged_file_is_made_anew(folders, tmp_path, damage):
    first, _ = open_states(folders["t5"], tmp_path)(TEXTS)
    whole = {file: file.read_bytes() for file in tmp_path.rglob("*.npy")}
    for file in whole:
        if damage == "other":
            np.save(file, np.zeros((3, 5), np.float16))
        else:
            file.write_bytes(whole[file][:-7] if damage == "cut" else b"")
    again, _ = open_states(folders["t5"], tmp_path)(TEXTS)
    assert torch.equal(first, again)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*.npy")} == whole


def test_other_weights_have_states_of_their_own(folders, tmp_path):
    other = save_encoder(tmp_path / "other", "t5", seed=1)
    copy = shutil.copytree(folders["t5"], tmp_path / "copy")
    kept = tmp_path / "states"
    first, second, third = (open_states(f, kept) for f in (folders["t5"], other, copy))
    assert first.revision == third.revision != second.revision
    states = [opened(TEXTS)[0] for opened in (first, second, third)]
    assert torch.equal(states[0], states[2])
    assert not torch.equal(states[0], states[1])
    assert len(list(kept.rglob("*.npy"))) == 2 * len(TEXTS)


def test_memory_is_bounded(folders, tmp_path, monkeypatch):
    monkeypatch.setattr(text_states, "_MEMORY_BYTES", 3000)
    states = open_states(folders["t5"], tmp_path)
    first, _ = states(TEXTS)
    held = sum(kept.nbytes for kept in states._memory.values())
    assert states._memory_bytes == held <= 3000
    assert len(states._memory) < len(TEXTS)
    assert torch.equal(states(TEXTS)[0], first)


def test_the_encoder_of_a_pipeline_is_found(folders, tmp_path):
    for file in folders["umt5"].iterdir():
        place = "tokenizer" if "token" in file.name else "text_encoder"
        (tmp_path / place).mkdir(exist_ok=True)
        shutil.copy(file, tmp_path / place)
    (tmp_path / "model_index.json").write_text("{}")
    assert {p.name for p in tmp_path.iterdir()} >= {"text_encoder", "tokenizer"}
    expected, _ = open_states(folders["umt5"])(TEXTS)
    assert torch.equal(open_states(tmp_path)(TEXTS)[0], expected)


def damaged(folder: Path, damage: str) -> None:
    weights = folder / "model.safetensors"
    if damage == "config":
        (folder / "config.json").write_text("{")
    elif damage == "not_text":
        (folder / "config.json").write_text(json.dumps({"model_type": "timm_backbone"}))
    elif damage == "tokenizer":
        for file in folder.glob("*token*"):
            file.unlink()
    elif damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-100])
    elif damage == "no_weights":
        weights.unlink()
    else:
        from safetensors.torch import load_file, save_file

        tensors = load_file(weights)
        name = next(n for n in tensors if n.endswith("layer.0.SelfAttention.q.weight"))
        if damage == "key":
            tensors.pop(name)
        else:
            tensors[name].fill_(float("nan"))
        save_file(tensors, weights, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("config", "no text encoder can be read"),
        ("not_text", "no text encoder can be read"),
        ("tokenizer", "the tokenizer of .* cannot be read"),
        ("cut", "no text encoder can be read"),
        ("no_weights", "no text encoder can be read"),
        ("key", "no text encoder can be read"),
        ("nan", "not finite"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_a_hint(folders, tmp_path, damage, message):
    folder = shutil.copytree(folders["t5"], tmp_path / "encoder")
    damaged(folder, damage)
    with pytest.raises(UserError, match=message) as caught:
        open_text(str(folder), tmp_path / "states")(TEXTS)
    assert caught.value.hint
    assert not list(tmp_path.rglob("*.npy"))


@pytest.mark.parametrize("name", ["missing", "", "own2"])
def test_a_name_of_nothing_is_an_error_at_once(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"there is no config\.json") as caught:
        open_text(name)
    assert "`own`" in caught.value.hint


def test_a_tokenizer_of_another_model_is_an_error(folders, tmp_path):
    folder = shutil.copytree(folders["t5"], tmp_path / "encoder")
    make_tokenizer(("<pad>",), vocabulary=900, pad_token="<pad>").save_pretrained(folder)
    with pytest.raises(UserError, match="the encoder knows") as caught:
        open_text(str(folder))([*TEXTS, "the quick background moves over the lazy camera"])
    assert "same model" in caught.value.hint


def test_a_gated_model_says_how_to_be_let_in(monkeypatch):
    ready_vision()
    from transformers import AutoConfig

    def refuse(*args, **kwargs):
        raise OSError("You are trying to access a gated repo.\nMake sure to have access to it.")

    monkeypatch.setattr(AutoConfig, "from_pretrained", refuse)
    with pytest.raises(UserError, match="gated repo") as caught:
        open_text("owner/name")
    assert "hf auth login" in caught.value.hint


@pytest.mark.parametrize("kind", ["t5", "umt5", "qwen2"])
def test_a_training_with_another_encoder_resumes_exactly_and_samples(
    folders, footage, tmp_path, kind
):
    def stop(report):
        if report.step == 2:
            raise KeyboardInterrupt

    drawn = footage(3)
    how = TrainSettings(
        text=str(folders[kind]),
        codec="pixels",
        size="nano",
        max_pixels=16 * 16,
        max_frames=8,
        token_budget=32,
        warmup=1,
        num_threads=1,
        steps=3,
        checkpoint_every=1,
    )
    whole = train(drawn.dataset(), drawn, how, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(drawn.dataset(), drawn, how, tmp_path / "broken", on_step=stop)
    resumed = train(drawn.dataset(), drawn, how, tmp_path / "broken", resume=True)
    assert (whole.step, resumed.step) == (3, 3)
    assert np.isfinite(whole.loss)
    assert whole.checkpoint_id == resumed.checkpoint_id
    names = load(whole.checkpoint_path, with_optimizer=False).weights
    assert any(name.startswith("text.project") for name in names)
    assert not any("encoder" in name for name in names), "the encoder is not in the checkpoint"
    loaded = load_checkpoint(whole.checkpoint_path)
    settings = SampleSettings(width_px=16, height_px=16, seconds=0.5, num_steps=2)
    pixels = [sample(loaded, prompt, settings) for prompt in ("A red circle.", "A dog runs.")]
    assert pixels[0].shape == (4, 16, 16, 3)
