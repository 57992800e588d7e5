import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from captioner.tiny.losses import losses, total
from captioner.tiny.measure import measure
from captioner.tiny.network import NetworkShape, TinyNetwork
from captioner.tiny.optimizer import Optimizer
from captioner.tiny.reader import TinyReader
from captioner.tiny.settings import TinySettings
from captioner.tiny.shards import draw_shard, pack, save_shard
from captioner.tiny.targets import take
from captioner.tiny.train import train_tiny
from captioner.tiny.writing import write
from pipeline.world.rushes_world import RushesWorld
from schemas.errors import UserError
from schemas.frames import Frames
from tests.captioner.tiny.scenes import drawn

SMALL = NetworkShape(
    width=32, stem_widths=(16, 32), heads=2, mix_blocks=1, slot_blocks=1, decoder_width=32
)
SETTINGS = TinySettings(
    steps=6,
    batch_size=3,
    warmup_steps=2,
    width=32,
    stem_widths=(8, 16),
    heads=2,
    mix_blocks=1,
    slot_blocks=1,
    decoder_width=32,
    decoder_blocks=1,
    scenes_per_shard=4,
    shards_in_use=2,
    validation_scenes=3,
    validate_every=3,
    checkpoint_every=3,
    num_threads=1,
    match_steps=0,
    match_scenes=8,
)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Scenes that are drawn already, so that no test waits for them."""
    folder = tmp_path_factory.mktemp("pool")
    for number in range(8):
        save_shard(folder, number, draw_shard(RushesWorld(), SETTINGS, number))
    return folder


@pytest.fixture
def folders(tmp_path, pool):
    """Return folders for training, each with scenes."""

    def make(name):
        shutil.copytree(pool, tmp_path / name / "pool")
        return tmp_path / name

    return make


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_a_run_that_is_continued_equals_one_that_never_stopped(folders):
    whole = train_tiny(SETTINGS, RushesWorld(), folders("whole"))
    broken = folders("broken")

    def stop(report):
        if report.step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_tiny(SETTINGS, RushesWorld(), broken, on_step=stop)
    parts = train_tiny(SETTINGS, RushesWorld(), broken, resume=True)
    one, other = load_file(whole.weights_path), load_file(parts.weights_path)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)

    def curve(result):
        rows = [json.loads(line) for line in result.curve_path.read_text().splitlines()]
        return [(row["step"], row.get("losses"), row.get("validation_f1")) for row in rows]

    assert curve(whole) == curve(parts)
    assert [step for step, found, _ in curve(whole) if found] == [1, 2, 3, 4, 5, 6]


def test_training_goes_on_from_given_weights(folders):
    first = train_tiny(SETTINGS.model_copy(update={"steps": 1}), RushesWorld(), folders("one"))
    found = train_tiny(
        SETTINGS.model_copy(update={"steps": 1, "matrix_rate": 1e-9, "other_rate": 1e-9}),
        RushesWorld(),
        folders("two"),
        init=first.weights_path,
    )
    one, two = load_file(first.weights_path), load_file(found.weights_path)
    assert all(torch.allclose(one[name], two[name], atol=1e-3) for name in one)


def test_weights_of_other_sizes_are_refused(folders):
    first = train_tiny(SETTINGS.model_copy(update={"steps": 1}), RushesWorld(), folders("one"))
    other = SETTINGS.model_copy(update={"width": 64})
    with pytest.raises(UserError, match="other sizes"):
        train_tiny(other, RushesWorld(), folders("two"), init=first.weights_path)


def test_matching_is_trained_and_kept_beside_the_captioner(folders):
    settings = SETTINGS.model_copy(
        update={
            "steps": 1,
            "match_steps": 2,
            "match_scenes": 8,
            "match_batch": 4,
            "vocabulary_texts": 50,
        }
    )
    phases = []
    found = train_tiny(
        settings, RushesWorld(), folders("one"), on_step=lambda report: phases.append(report.phase)
    )
    assert phases == ["read", "match", "match"]
    reader = TinyReader.load(found.weights_path)
    clip = drawn(1)[0].frames
    points = reader.embed_clips([clip]), reader.embed_texts(["A red circle.", "xyzzy?"])
    for point in points:
        assert np.linalg.norm(point, axis=1) == pytest.approx(1, abs=1e-5)
    assert points[0].shape[1] == points[1].shape[1] == settings.match_width
    reading = reader.read(
        [clip, Frames(pixels_THWC=clip.pixels_THWC[:4], times_s=clip.times_s[:4])]
    )
    assert len(reading) == 2


@pytest.mark.slow
def test_a_small_model_learns_sixteen_clips_by_heart():
    torch.manual_seed(0)
    shard = pack(list(drawn(16)))
    batch = take(shard, np.arange(16), np.zeros(16, dtype=bool), ["long"] * 16)
    network = TinyNetwork(SMALL)
    optimizer = Optimizer(network, weight_decay=0.0)
    for step in range(110):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            seen = network.encode(batch.frames_BTHWC, batch.times_T)
            logits = network.next_words(batch.tokens_BN[:, :-1], seen.memory_BND)
        total(losses(seen, logits, batch)).backward()
        rate = min(1.0, 2 * (1 - step / 110))
        optimizer.step(matrix_rate=0.02 * rate, other_rate=3e-3 * rate)
    with torch.inference_mode():
        seen = network.encode(batch.frames_BTHWC, batch.times_T)
        written = write(network, seen.memory_BND, "long")
    found = measure((one.facts, true) for one, true in zip(written, shard.facts, strict=True))
    assert found.false_share < 0.02
    assert found.exact_share > 0.85


def test_writing_step_by_step_equals_reading_the_whole_sequence():
    torch.manual_seed(1)
    network = TinyNetwork(SMALL).eval()
    memory = torch.randn(3, 20, SMALL.width)
    tokens = torch.randint(1, 100, (3, 12))
    with torch.inference_mode():
        whole = network.next_words(tokens, memory)
        past = network.remember(memory)
        steps = [network.next_word(tokens[:, i], i, past) for i in range(12)]
    assert torch.allclose(torch.stack(steps, dim=1), whole, atol=1e-4)


def test_any_network_writes_only_what_the_grammar_allows():
    from captioner.tiny.sequence import decode

    torch.manual_seed(2)
    network = TinyNetwork(SMALL).eval()
    for control in ("short", "long"):
        for written in write(network, 3 * torch.randn(8, 20, SMALL.width), control):
            assert decode(list(written.tokens)) == written.facts
            assert len(written.chances) == len(written.paths) == len(written.tokens) - 1
            assert all(0 < chance <= 1 for chance in written.chances)
