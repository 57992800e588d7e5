"""Small checkpoints of real model classes: random weights, a tokenizer trained here, saved whole.

Nothing is stood in for: configuration, processors, chat template, special tokens and weights lie
in the folder as they do on the hub, and `from_pretrained` loads them. Only the sizes are small.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from schemas.vision_imports import ready_vision
from schemas.wording.render import render
from tests.schemas.wording_cases import draw_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a checkpoint is; the default answers within milliseconds."""

    hidden: int = 32
    layers: int = 2
    heads: int = 4
    mlp: int = 64
    vision_hidden: int = 32
    vision_layers: int = 2
    image_px: int = 32
    patch_px: int = 8
    vocabulary: int = 600


SMALL = Size()

_FIELDS = (
    '{"short": "A dog runs.", "subjects": [{"name": "dog", "attributes": ["brown"], "count": 1}],',
    '"events": [{"start_s": 0.0, "end_s": 1.5, "text": "the dog runs"}], "camera": "static"}',
    "<0.0 seconds><1.5 seconds> Frame at 12.3 s: Describe the video. Assistant: User:",
)

_SMOLVLM_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}"
    "{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}"
    "{% for line in message['content'] %}"
    "{% if line['type'] == 'text' %}{{line['text']}}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}"
    "{% elif line['type'] == 'video' %}{{ '<video>' }}{% endif %}"
    "{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)

_QWEN_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for line in message['content'] %}"
    "{% if line['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif line['type'] == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif line['type'] == 'text' %}{{ line['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_LLAVA_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }} "
    "{% for line in message['content'] %}"
    "{% if line['type'] == 'image' %}<image>\n"
    "{% elif line['type'] == 'video' %}<video>\n{% endif %}{% endfor %}"
    "{% for line in message['content'] %}"
    "{% if line['type'] == 'text' %}\n{{ line['text'] }}{% endif %}{% endfor %}"
    "<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def captions(count: int, seed: int = 0) -> list[str]:
    """Return captions about the world, for tokenizers to be trained on."""
    rng = Random(seed)
    lengths = ("short", "medium", "long")
    return [render(draw_facts(rng), length=lengths[i % 3], seed=i) for i in range(count)]


def make_tokenizer(special: Sequence[str], *, vocabulary: int, **roles: Any) -> Any:
    """Return a byte-level BPE tokenizer as those models have, trained on captions.

    `roles` are further arguments of `PreTrainedTokenizerFast`, such as `eos_token`.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*captions(60), *_FIELDS * 10], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, padding_side="right", **roles)


def make_smolvlm(folder: Path, *, seed: int = 0, size: Size = SMALL) -> Path:
    """Save a SmolVLM: videos as rows of frames, with a time before each."""
    ready_vision()
    from transformers import (
        SmolVLMConfig,
        SmolVLMForConditionalGeneration,
        SmolVLMImageProcessor,
        SmolVLMProcessor,
        SmolVLMVideoProcessor,
    )

    tokenizer = _idefics_tokenizer(size, extra=("<video>",))
    edge = {"longest_edge": size.image_px}
    sampling = {"max_frames": 64, "fps": 1, "video_size": {"longest_edge": 2 * size.image_px}}
    processor = SmolVLMProcessor(
        SmolVLMImageProcessor(size={"longest_edge": 2 * size.image_px}, max_image_size=edge),
        tokenizer,
        SmolVLMVideoProcessor(
            size=sampling["video_size"], max_image_size=edge, video_sampling=sampling
        ),
        image_seq_len=(size.image_px // size.patch_px // 2) ** 2,
        chat_template=_SMOLVLM_TEMPLATE,
    )
    config = SmolVLMConfig(**_idefics_config(tokenizer, size))
    return _save(folder, SmolVLMForConditionalGeneration, config, processor, tokenizer, seed)


def make_idefics3(folder: Path, *, seed: int = 0, size: Size = SMALL) -> Path:
    """Save an Idefics3: several images in one prompt, no videos."""
    ready_vision()
    from transformers import (
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3ImageProcessor,
        Idefics3Processor,
    )

    tokenizer = _idefics_tokenizer(size)
    processor = Idefics3Processor(
        Idefics3ImageProcessor(
            size={"longest_edge": size.image_px},
            max_image_size={"longest_edge": size.image_px},
            do_image_splitting=False,
        ),
        tokenizer,
        image_seq_len=(size.image_px // size.patch_px // 2) ** 2,
        chat_template=_SMOLVLM_TEMPLATE,
    )
    config = Idefics3Config(**_idefics_config(tokenizer, size))
    return _save(folder, Idefics3ForConditionalGeneration, config, processor, tokenizer, seed)


def make_qwen3_vl(folder: Path, *, seed: int = 0, size: Size = SMALL) -> Path:
    """Save a Qwen3-VL: videos of any size and length, with a time before every two frames."""
    ready_vision()
    from transformers import (
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    marks = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
    special = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", *marks)
    tokenizer = make_tokenizer(
        special, vocabulary=size.vocabulary, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", *marks]})
    block = (2 * size.patch_px) ** 2
    pixels = {"shortest_edge": block, "longest_edge": 64 * size.image_px**2}
    sizes = {"patch_size": size.patch_px, "temporal_patch_size": 2, "merge_size": 2}
    processor = Qwen3VLProcessor(
        Qwen2VLImageProcessor(size=pixels, **sizes),
        tokenizer,
        Qwen3VLVideoProcessor(size=pixels, **sizes),
        chat_template=_QWEN_TEMPLATE,
    )
    head = size.hidden // size.heads
    config = Qwen3VLConfig(
        text_config={
            **_text_config(tokenizer, size),
            "head_dim": head,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [head // 2 - 2 * (head // 8), head // 8, head // 8],
                "mrope_interleaved": True,
            },
        },
        vision_config={
            "depth": size.vision_layers,
            "hidden_size": size.vision_hidden,
            "intermediate_size": 2 * size.vision_hidden,
            "num_heads": size.heads,
            "patch_size": size.patch_px,
            "out_hidden_size": size.hidden,
            "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0],
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        video_token_id=tokenizer.convert_tokens_to_ids("<|video_pad|>"),
        vision_start_token_id=tokenizer.convert_tokens_to_ids("<|vision_start|>"),
        vision_end_token_id=tokenizer.convert_tokens_to_ids("<|vision_end|>"),
    )
    return _save(folder, Qwen3VLForConditionalGeneration, config, processor, tokenizer, seed)


def make_llava_onevision(folder: Path, *, seed: int = 0, size: Size = SMALL) -> Path:
    """Save a LLaVA-OneVision: videos without times, every frame of one fixed size."""
    ready_vision()
    from transformers import (
        LlavaOnevisionConfig,
        LlavaOnevisionForConditionalGeneration,
        LlavaOnevisionImageProcessor,
        LlavaOnevisionProcessor,
        LlavaOnevisionVideoProcessor,
    )

    tokenizer = make_tokenizer(
        ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>", "<video>"),
        vocabulary=size.vocabulary,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>", "<video>"]})
    square = {"height": size.image_px, "width": size.image_px}
    grid = [[size.image_px, size.image_px], [2 * size.image_px, 2 * size.image_px]]
    processor = LlavaOnevisionProcessor(
        LlavaOnevisionImageProcessor(size=square, image_grid_pinpoints=grid),
        tokenizer,
        LlavaOnevisionVideoProcessor(size=square),
        num_image_tokens=(size.image_px // size.patch_px) ** 2,
        vision_feature_select_strategy="full",
        chat_template=_LLAVA_TEMPLATE,
    )
    config = LlavaOnevisionConfig(
        text_config={"model_type": "qwen2", **_text_config(tokenizer, size)},
        vision_config={"model_type": "siglip_vision_model", **_vision_config(size)},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
        vision_feature_select_strategy="full",
        image_grid_pinpoints=grid,
    )
    return _save(folder, LlavaOnevisionForConditionalGeneration, config, processor, tokenizer, seed)


def _idefics_tokenizer(size: Size, extra: Sequence[str] = ()) -> Any:
    marks = ("<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>", *extra)
    cells = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    tokenizer = make_tokenizer(
        ("<|endoftext|>", "<|im_start|>", *marks, *cells),
        vocabulary=size.vocabulary,
        bos_token="<|im_start|>",
        eos_token="<end_of_utterance>",
        pad_token="<|endoftext|>",
    )
    tokenizer.add_special_tokens({"additional_special_tokens": [*marks, *cells]})
    return tokenizer


def _idefics_config(tokenizer: Any, size: Size) -> dict[str, Any]:
    return {
        "text_config": {"model_type": "llama", **_text_config(tokenizer, size)},
        "vision_config": _vision_config(size),
        "image_token_id": tokenizer.convert_tokens_to_ids("<image>"),
        "scale_factor": 2,
    }


def _text_config(tokenizer: Any, size: Size) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": size.hidden,
        "intermediate_size": size.mlp,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "num_key_value_heads": size.heads // 2,
        "max_position_embeddings": 8192,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def _vision_config(size: Size) -> dict[str, Any]:
    return {
        "hidden_size": size.vision_hidden,
        "intermediate_size": 2 * size.vision_hidden,
        "num_hidden_layers": size.vision_layers,
        "num_attention_heads": size.heads,
        "image_size": size.image_px,
        "patch_size": size.patch_px,
    }


def _save(folder: Path, kind: Any, config: Any, processor: Any, tokenizer: Any, seed: int) -> Path:
    """Save model and processor, the weights drawn wide enough for varied answers."""
    import torch
    from transformers import GenerationConfig

    torch.manual_seed(seed)
    model = kind(config)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(0.0, 1.5 / math.sqrt(weight[0].numel()))
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
