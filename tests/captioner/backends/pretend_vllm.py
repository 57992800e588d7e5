"""A package called `vllm` that has what Ray's stage uses, and tells what it was given.

Ray's own code runs: configuration, actors, rows through Arrow. Only the engine is pretended; its
answer is a JSON of the arguments, prompt and pictures that reached it.
"""

from pathlib import Path

_FILES = {
    "__init__.py": """
import dataclasses, json
from types import SimpleNamespace
from . import outputs, sampling_params

class SamplingParams:
    def __init__(self, structured_outputs=None, **given):
        self.given = given
        self.structured_outputs = structured_outputs

class AsyncEngineArgs:
    def __init__(self, **given):
        self.given = given

    def create_engine_config(self):
        return SimpleNamespace(
            scheduler_config=SimpleNamespace(max_num_seqs=8),
            parallel_config=SimpleNamespace(pipeline_parallel_size=1),
        )

def _told(item):
    if isinstance(item, tuple):
        return {"tuple": [_told(part) for part in item]}
    if hasattr(item, "dtype"):
        return {"array": [str(item.dtype), list(item.shape)], "mean": float(item.mean())}
    if hasattr(item, "getpixel"):
        return {"picture": [item.mode, *item.size], "mean": float(item.getpixel((0, 0))[0])}
    if isinstance(item, dict):
        return {key: _told(value) for key, value in item.items()}
    if isinstance(item, list):
        return [_told(part) for part in item]
    return item

class AsyncLLMEngine:
    @classmethod
    def from_engine_args(cls, engine_args, stat_loggers=None):
        engine = cls()
        engine.given = engine_args.given
        return engine

    async def generate(self, request_id, prompt, sampling_params, lora_request=None):
        data = _told(prompt["multi_modal_data"])
        if '"mean": 13.0' in json.dumps(data):
            raise ValueError("The decoder prompt is longer than the maximum model length of 4096.")
        if '"mean": 14.0' in json.dumps(data):
            raise RuntimeError("the engine does not like this one")
        told = {
            "engine": _told(self.given),
            "prompt": prompt["prompt"],
            "data": data,
            "uuids": _told(prompt["multi_modal_uuids"]),
            "sampling": sampling_params.given,
            "schema": getattr(sampling_params.structured_outputs, "json", None),
        }
        text = json.dumps(told)
        limit = sampling_params.given["max_tokens"]
        count = limit if '"mean": 15.0' in json.dumps(data) else min(7, limit)
        yield outputs.RequestOutput([1, 2, 3], text, count)

    async def do_log_stats(self):
        pass

    def shutdown(self):
        pass
""",
    "outputs.py": """
from types import SimpleNamespace

class RequestOutput:
    finished = True
    metrics = None
    prompt_logprobs = None

    def __init__(self, prompt_token_ids, text, count):
        self.prompt_token_ids = prompt_token_ids
        self.outputs = [SimpleNamespace(text=text, token_ids=[0] * count, logprobs=None)]

class PoolingRequestOutput:
    pass
""",
    "sampling_params.py": """
class StructuredOutputsParams:
    def __init__(self, json=None):
        self.json = json
""",
    "inputs/__init__.py": "",
    "inputs/llm.py": """
from typing import Any, TypedDict

class TextPrompt(TypedDict, total=False):
    prompt: str
    multi_modal_data: Any
    mm_processor_kwargs: Any
    multi_modal_uuids: Any

class TokensPrompt(TextPrompt):
    prompt_token_ids: Any

MultiModalDataDict = dict
""",
}


def write_vllm(folder: Path) -> Path:
    """Write the package into a folder and return the folder, for an import path."""
    for name, text in _FILES.items():
        path = folder / "vllm" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
