from random import Random

from captioner.tiny.statements import (
    draw_text,
    only,
    said,
    shown,
    statements,
    with_one_wrong,
)
from captioner.tiny.words import MAX_WORDS, NUM_HASHED, gather, words_of
from schemas.facts import Facts, ObjectFacts
from schemas.wording.read import read
from tests.captioner.tiny.scenes import drawn


def test_a_drawn_text_holds_of_its_clip_and_says_what_it_is_said_to():
    for i, clip in enumerate(drawn(60)):
        text, stated = draw_text(clip.facts, Random(i))
        assert said(stated) <= shown(clip.facts)
        assert said(read(text)) == said(stated), text


def test_each_statement_can_be_said_alone():
    for clip in drawn(60):
        for one in statements(clip.facts):
            assert said(only(clip.facts, [one])) <= shown(clip.facts)
        assert said(only(clip.facts, statements(clip.facts))) == said(clip.facts)


def test_one_wrong_statement_makes_a_text_false():
    seen = set()
    for i, clip in enumerate(drawn(60)):
        wrong = with_one_wrong(clip.facts, Random(i))
        missing = said(wrong) - shown(clip.facts)
        assert missing
        # A wrong colour makes all that is said of the object false; else it is one statement.
        if {item.colour for item in wrong.objects} == {item.colour for item in clip.facts.objects}:
            assert len(missing) == 1
        seen |= {statement.split()[1] for statement in missing}
    assert {"shape", "size", "direction", "camera"} <= seen


def test_a_colourless_statement_holds_where_some_object_is_so():
    facts = Facts(objects=(ObjectFacts(colour="red", shape="star", size="small"),))
    star, circle = (Facts(objects=(ObjectFacts(shape=s),)) for s in ("star", "circle"))
    assert said(star) <= shown(facts)
    assert not said(circle) <= shown(facts)


def test_words_have_numbers_of_their_own_and_unknown_ones_share_some():
    vocabulary = gather(["A red circle moves.", "A red star rests."], least=2)
    assert set(vocabulary.words) == {"a", "red", "."}
    known = [vocabulary.number_of(word) for word in vocabulary.words]
    assert len(set(known)) == 3
    assert min(known) >= 2 + NUM_HASHED
    assert 2 <= vocabulary.number_of("helicopter") < 2 + NUM_HASHED
    assert vocabulary.number_of("helicopter") == vocabulary.number_of("helicopter")


def test_texts_become_padded_rows_of_bounded_length():
    vocabulary = gather(["a b c"], least=1)
    rows = vocabulary.tokens_of(["a", "a b c", "a " * 500])
    assert rows.shape == (3, MAX_WORDS + 1)
    assert (rows[0, 2:] == 0).all()
    assert (rows[1, :4] > 0).all()


def test_chinese_is_taken_character_by_character():
    assert words_of("红色的圆 Red, 2") == ["红", "色", "的", "圆", "red", ",", "2"]
