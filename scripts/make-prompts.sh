#!/usr/bin/env bash
# Makes the prompts of a city pack from prompts/texts.tsv with espeak-ng: one WAV a line, 8 kHz, 16 bit, mono, at an even level.
# A recording of a speaker may take the place of any of them, under the same name and in the same format.
set -euo pipefail
pack=${1:-config/cities/shymkent}
for tool in espeak-ng sox; do
    command -v "$tool" >/dev/null || { echo "make-prompts: $tool is missing: apt-get install $tool" >&2; exit 1; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tail -n +2 "$pack/prompts/texts.tsv" | while IFS=$'\t' read -r language name text; do
    mkdir -p "$pack/prompts/$language"
    espeak-ng -v "$language" -s 150 -g 2 -w "$scratch/raw.wav" "$text"
    # The silence that espeak-ng leaves around words is cut to 60 ms, so that digits follow each other at an even pace.
    # `norm` needs no dither: the level is the same at every run, so that the files can be compared.
    sox -D "$scratch/raw.wav" -r 8000 -b 16 -c 1 "$pack/prompts/$language/$name.wav" \
        gain -4 highpass 200 silence 1 0.01 0.5% reverse silence 1 0.01 0.5% pad 0.06 reverse pad 0 0.10 norm -6
done
echo "prompts of $pack: $(find "$pack/prompts" -name '*.wav' | wc -l) files"
