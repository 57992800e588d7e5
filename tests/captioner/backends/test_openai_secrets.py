"""Keys go into one header of one server, and nowhere else."""

import json
import logging
import pickle
import traceback
from dataclasses import asdict

import pytest

from captioner.backends.openai_secrets import Secrets, public_url, read_secrets
from captioner.request import Attempt
from captioner.settings import CaptionSettings, OpenAISettings
from schemas.errors import UserError
from tests.captioner.backends.openai_clips import ask, clip, connected, name
from tests.captioner.backends.serving import Exchange, Unruly, completion, good
from tests.captioner.backends.unruly_cases import CASES

KEY = "planted-7f3a9c51e2-key"


def shout(exchange: Exchange) -> None:
    """Give the key back in every place that a server has."""
    text = f"A dog with a sign: {exchange.handler.headers['Authorization']}."
    message = {"role": "assistant", "content": text, "refusal": None}
    whole = completion(
        exchange,
        id=KEY,
        choices=[{"index": 0, "message": message, "finish_reason": KEY}],
    )
    exchange.send_json(200, whole, X_Echo=KEY, Set_Cookie=f"key={KEY}", X_Request_Id=KEY)


def shout_refusal(exchange: Exchange) -> None:
    said = exchange.handler.headers["Authorization"]
    exchange.send_json(400, {"error": {"message": f"odd request by {said}"}}, X_Echo=KEY)


def shout_page(exchange: Exchange) -> None:
    said = exchange.handler.headers["Authorization"]
    exchange.send(200, f"<html>{said}</html>".encode(), X_Echo=KEY)


def shout_refused(exchange: Exchange) -> None:
    message = {"content": None, "refusal": f"Not for {KEY}."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    exchange.send_json(200, completion(exchange, choices=[choice]))


def shout_model(exchange: Exchange) -> None:
    exchange.send_json(200, completion(exchange, model=f"model-of-{KEY}"))


def shout_redirect(exchange: Exchange) -> None:
    exchange.send(302, b"", Location=f"http://u:{KEY}@127.0.0.1:1/v1?key={KEY}")


def everything_of(error: BaseException) -> str:
    shown = "".join(traceback.format_exception(error))
    return shown + repr(error) + str(pickle.dumps(error)) + str(getattr(error, "hint", ""))


def test_the_key_is_in_the_header_and_in_nothing_that_comes_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    shouts = (shout, shout_refusal, shout_page, shout_refused, shout_model, shout_redirect)
    unruly = {name(i): behave for i, behave in enumerate(shouts)}
    unruly |= {name(100 + i): case.behave for i, case in enumerate(CASES)}
    with (
        Unruly(unruly) as server,
        connected(server.url, max_retries=1, concurrency=16, timeout_s=1.0) as captioner,
    ):
        answers = ask(captioner, *range(len(shouts)), *range(100, 100 + len(CASES)))
        assert server.seen[-1].headers["Authorization"] == f"Bearer {KEY}"
        out = [json.dumps([asdict(answer) for answer in answers.values()])]
        inner = captioner._server
        out += [repr(thing) for thing in (captioner, inner, inner._wire, inner._secrets)]
        out += [repr(vars(captioner)), repr(vars(inner)), captioner.model, captioner.revision]
    assert answers["clip0"].status == "ok" and "[hidden]" in answers["clip0"].text
    assert answers["clip1"].message == "HTTP 400: odd request by Bearer [hidden]"
    out += [record.getMessage() + str(record.args) for record in caplog.records]
    assert any("receive_response_headers" in line for line in out), "DEBUG was scanned"
    out += list(capfd.readouterr())
    assert KEY not in "\n".join(out)


def test_a_model_named_after_the_key_does_not_bring_it_into_the_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def models(exchange: Exchange) -> None:
        exchange.send_json(200, {"data": [{"id": f"m-{KEY}", "root": KEY}]})

    with Unruly(models=models) as server, connected(server.url) as captioner:
        assert KEY not in captioner.model + captioner.revision


@pytest.mark.parametrize("status", [401, 403, 402, 404])
def test_an_error_that_stops_the_run_does_not_show_the_key(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", KEY)

    def refuse(exchange: Exchange) -> None:
        exchange.send_json(status, {"error": {"message": f"Incorrect API key provided: {KEY}"}})

    def models(exchange: Exchange) -> None:
        refuse(exchange)

    with (
        Unruly(otherwise=refuse) as server,
        connected(server.url, api_key_env="OTHER_KEY") as captioner,
        pytest.raises(UserError) as caught,
    ):
        ask(captioner, 1)
    assert KEY not in everything_of(caught.value)
    if status in (401, 403):
        assert "OTHER_KEY" in caught.value.hint
        with (
            Unruly(models=models) as server,
            pytest.raises(UserError) as early,
            connected(server.url, api_key_env="OTHER_KEY"),
        ):
            pass
        assert KEY not in everything_of(early.value)


def test_a_redirect_to_another_host_is_not_followed_and_gets_no_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with Unruly() as thief:

        def elsewhere(exchange: Exchange) -> None:
            to = f"{thief.url}/chat/completions?key={KEY}"
            exchange.send(307, b"", Location=to.replace("http://", f"http://me:{KEY}@"))

        with Unruly({name(1): elsewhere}) as server, connected(server.url) as captioner:
            answers = ask(captioner, 1, 2)
            assert (answers["clip1"].status, answers["clip2"].status) == ("error", "ok")
            assert "redirects to http://127.0.0.1" in answers["clip1"].message
            assert KEY not in answers["clip1"].message
            with pytest.raises(UserError, match="sends requests elsewhere") as caught:
                ask(captioner, 1)
            assert KEY not in everything_of(caught.value)
        assert thief.seen == []


def test_a_password_in_the_address_is_neither_kept_nor_sent(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    caplog.set_level(logging.DEBUG)
    with Unruly() as server:
        url = server.url.replace("http://", f"http://user:{KEY}@") + f"?token={KEY}"
        settings = CaptionSettings.model_validate({"openai": {"base_url": url}})
        assert settings.openai.base_url == server.url
        assert KEY not in settings.model_dump_json() + repr(settings)
        with connected(url) as captioner:
            ask(captioner, 1)
        assert all("Authorization" not in seen.headers for seen in server.seen)
    assert KEY not in caplog.text


def test_a_key_is_read_from_the_variable_that_the_settings_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_KEY", f"  {KEY}\n")
    assert read_secrets("MY_KEY").authorization == f"Bearer {KEY}"
    monkeypatch.setenv("MY_KEY", "Basic dXNlcjpwYXNzd29yZA==")
    secrets = read_secrets("MY_KEY")
    assert secrets.authorization == "Basic dXNlcjpwYXNzd29yZA=="
    assert secrets.hide("so dXNlcjpwYXNzd29yZA== it is") == "so [hidden] it is"
    monkeypatch.setenv("MY_KEY", "")
    assert read_secrets("MY_KEY") == Secrets() == read_secrets("NOT_SET_ANYWHERE")


@pytest.mark.parametrize(
    "value", ["two\nlines-of-a-key", "sch\u00fcssel-geheim", "bell\x07bell-key"]
)
def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", value)
    with pytest.raises(UserError, match="MY_KEY") as caught:
        read_secrets("MY_KEY")
    shown = everything_of(caught.value)
    assert value not in shown and value[-6:] not in shown


def test_a_filler_instead_of_a_key_hides_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "EMPTY")
    assert read_secrets("OPENAI_API_KEY").hide_own("An EMPTY street.") == "An EMPTY street."


def test_what_looks_like_a_key_is_hidden_in_messages_and_kept_in_captions() -> None:
    secrets = Secrets()
    told = "Incorrect API key provided: sk-proj-abcd1234efgh, Bearer abcdefghijkl"
    assert secrets.hide(told) == "Incorrect API key provided: [hidden], [hidden]"
    assert secrets.hide("see https://me:pw@host/x") == "see https://host/x"
    assert secrets.hide_own("A sign reads sk-restaurant-2") == "A sign reads sk-restaurant-2"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a:b@host:8443/v1/?k=1#x", "https://host:8443/v1/"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://host:port/v1", "[an address that cannot be read]"),
    ],
)
def test_an_address_is_shown_without_user_password_and_query(url: str, shown: str) -> None:
    assert public_url(url) == shown
    assert OpenAISettings(base_url=url).base_url == shown


def test_a_caption_is_as_the_server_wrote_it_where_no_key_is_in_it() -> None:
    with Unruly({name(1): good}) as server, connected(server.url) as captioner:
        answer = captioner.answer([clip(1)], Attempt())[0]
    assert json.loads(answer.text)["short"] == f"Clip {name(1)}."
