"""Uses the transcription service through OpenAI's own client: openai_client.py BASE_URL RECORDING."""
import sys

import openai

base, path = sys.argv[1:3]
client = openai.OpenAI(base_url=base, api_key="made-up", max_retries=0)

assert {model.id for model in client.models.list()} == {"109-demo", "whisper-1"}
assert client.models.retrieve("109-demo").id == "109-demo"


def ask(**options):
    with open(path, "rb") as recording:
        return client.audio.transcriptions.create(model="whisper-1", file=recording, **options)


print(ask().text)
verbose = ask(response_format="verbose_json", timestamp_granularities=["segment"], temperature=0)
assert verbose.text == ask().text and verbose.duration > 1, verbose
assert verbose.language in ("kazakh", "russian", "uzbek", "english"), verbose
segment = verbose.segments[0]
assert 0 <= segment.start < segment.end <= verbose.duration and segment.avg_logprob <= 0, segment
assert ask(response_format="text").strip() == verbose.text
assert ask(response_format="srt").startswith("1\n00:00:0")
assert ask(response_format="vtt").startswith("WEBVTT\n\n00:00:0")
try:
    ask(language="cy")
    raise SystemExit("an unknown language was taken")
except openai.BadRequestError as error:
    assert error.param == "language", error
try:
    client.audio.transcriptions.create(model="whisper-1", file=("x.wav", b"no recording"))
    raise SystemExit("no recording was taken for one")
except openai.BadRequestError as error:
    assert "neither WAV" in error.message, error
try:
    client.models.retrieve("large-v9")
    raise SystemExit("an unknown model was found")
except openai.NotFoundError:
    pass
