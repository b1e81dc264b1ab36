#!/usr/bin/env bash
# A real PostgreSQL for tests: `postgres.sh start [FOLDER]` prints its URL, `postgres.sh stop [FOLDER]` ends it and removes
# its data. It is a cluster of its own on a free port, reached by loopback only, without passwords.
#
# Exit codes: 3 where PostgreSQL is missing, 1 where it does not start.
set -euo pipefail

FOLDER=${2:-${TMPDIR:-/tmp}/dauys-postgres-$(id -u)}

say() { echo "postgres: $*" >&2; }

# PostgreSQL refuses to run as root.
as_owner() {
    if [ "$(id -u)" -eq 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}

programs() {
    local newest
    newest=$(find /usr/lib/postgresql -maxdepth 3 -name initdb 2>/dev/null | sort -V | tail -n 1)
    if [ -n "$newest" ]; then dirname "$newest"; elif command -v initdb >/dev/null; then dirname "$(command -v initdb)"; fi
}

free_port() {
    local port
    while :; do
        port=$((10240 + RANDOM % 9000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

start() {
    local bin attempt port began=$SECONDS
    bin=$(programs)
    [ -n "$bin" ] || { say "PostgreSQL is missing: run scripts/bootstrap.sh test"; exit 3; }
    stop
    mkdir -p "$FOLDER"
    [ "$(id -u)" -ne 0 ] || chown postgres "$FOLDER"
    cd "$FOLDER"
    as_owner "$bin/initdb" --pgdata="$FOLDER/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
        >"$FOLDER/initdb.log" 2>&1 || { tail -n 15 "$FOLDER/initdb.log" >&2; exit 1; }
    for attempt in 1 2 3; do
        port=$(free_port)
        # --wait returns once it takes connections.
        if as_owner "$bin/pg_ctl" --pgdata="$FOLDER/data" --log="$FOLDER/data/server.log" --wait --timeout=60 -o "-p $port \
            -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=on -c max_connections=200" \
            start >"$FOLDER/start.log" 2>&1; then
            echo "postgres://postgres@127.0.0.1:$port/postgres" | tee "$FOLDER/url"
            say "ready after $((SECONDS - began)) s"
            return
        fi
        say "did not start (attempt $attempt of 3)"
    done
    tail -n 15 "$FOLDER/data/server.log" >&2
    exit 1
}

stop() {
    if [ -e "$FOLDER/data/postmaster.pid" ]; then
        (cd / && as_owner "$(programs)/pg_ctl" --pgdata="$FOLDER/data" --mode=immediate --wait stop >/dev/null 2>&1) || true
    fi
    rm -rf "$FOLDER"
}

case "${1:-}" in
    start) start ;;
    stop) stop ;;
    *)
        echo "usage: $0 start|stop [FOLDER]" >&2
        exit 2
        ;;
esac
