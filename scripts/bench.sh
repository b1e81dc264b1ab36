#!/bin/sh
# Measures what a call's signalling and a packet cost, and writes BENCHMARKS.md anew: time on this machine, and instructions, which
# compare across machines. Instructions need valgrind; without it that column is empty.
set -eu
cd "$(dirname "$0")/.."
cargo build --release --locked -p dauys-gateway --example bench --example recording_write --example rtp_receive
bench=target/release/examples/bench

# Instructions of one piece of work: two runs of different length, the difference divided.
instructions() {
    command -v valgrind >/dev/null 2>&1 || return 0
    for times in "$2" "$3"; do
        valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" "$1" "$times" 2>&1 >/dev/null |
            awk '/Collected/ { print $NF }'
    done | awk -v work=$(($3 - $2)) 'NR == 1 { first = $1 } NR == 2 { printf "%d", ($1 - first) / work }'
}

row() {
    echo "| $1 | $("$bench" "$2" "$3") | $(instructions "$2" "$4" "$5") | \`bench $2\` |"
}

received=$(target/release/examples/rtp_receive 1000 8 1 0 | sed -n 's/^media threads: .* \([0-9.]*\) us per packet received.*/\1/p')
written=$(target/release/examples/recording_write 5000 8 target/recording-write | sed -n 's/^whole process: \([0-9.]*\) .*/\1/p')
rm -rf target/recording-write

{
    echo '# What the work of the line costs'
    echo
    echo 'Written by `make bench`. Times are of the machine named; instructions (user space, by `valgrind --tool=callgrind`) compare'
    echo 'across machines, and a change of more than a few percent in them is a change of the program. Those of the first two rows are of the'
    echo 'same loop: a whole call, the making of its messages included.'
    echo
    echo "$(date +%F), $(uname -m), $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)"
    echo
    echo '| Work | ns | instructions | `cargo run --release -p dauys-gateway --example …` |'
    echo '|---|---|---|---|'
    row 'an INVITE with an offer parsed and answered' invite 50000 500 1500
    row "a whole call's signalling: INVITE, 200, ACK, BYE, 200, timers" call 50000 500 1500
    row 'a packet from buffer to log: judged, placed, listened to, gathered, written' packet 5000000 100000 300000
    echo "| a packet from socket to file, the kernel's part included, 1,000 calls | $(echo "$received" | awk '{ printf "%d", $1 * 1000 }') | | \`rtp_receive -- 1000 8 1 0\` |"
    echo "| a packet's audio appended and flushed, 5,000 calls | $(echo "$written" | awk '{ printf "%d", $1 * 1000 }') | | \`recording_write -- 5000 8\` |"
} >target/bench.md
mv target/bench.md BENCHMARKS.md
cat BENCHMARKS.md
