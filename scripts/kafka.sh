#!/usr/bin/env bash
# A real Kafka (KRaft, one node) for tests: `kafka.sh start [FOLDER]` prints its address, `kafka.sh stop [FOLDER]` ends it
# and removes its data. The jars come from Maven Central once and stay in the cache folder.
#
# Beside FOLDER/address, FOLDER/sasl holds the address that asks for SCRAM-SHA-512 (user `dauys`, password `dauys-test`).
# Exit codes: 3 where Java or Maven is missing, 4 where the jars cannot be had, 1 where Kafka does not start.
set -euo pipefail

VERSION=4.1.1
CACHE=${DAUYS_CACHE:-$HOME/.cache/dauys}
JARS=$CACHE/kafka-$VERSION
FOLDER=${2:-${TMPDIR:-/tmp}/dauys-kafka-$(id -u)}
WAIT_SECONDS=60

say() { echo "kafka: $*" >&2; }

fetch_jars() {
    [ -e "$JARS/complete" ] && return
    command -v mvn >/dev/null || { say "Maven is missing: run scripts/bootstrap.sh test"; exit 3; }
    say "fetching Kafka $VERSION from Maven Central into $JARS (about 50 MB, once)"
    mkdir -p "$CACHE"
    local work
    work=$(mktemp -d "$CACHE/fetching.XXXXXX")
    cat >"$work/pom.xml" <<EOF
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dauys</groupId><artifactId>kafka-classpath</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$VERSION</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
EOF
    if ! mvn -B -q -f "$work/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
        -DincludeScope=runtime "-DoutputDirectory=$work/lib" </dev/null >"$work/mvn.log" 2>&1; then
        tail -n 15 "$work/mvn.log" >&2
        say "the jars could not be fetched: Maven Central cannot be reached, or does not hold Kafka $VERSION"
        rm -rf "$work"
        exit 4
    fi
    touch "$work/complete"
    # Another run may have been faster; its jars are as good.
    mv -T "$work" "$JARS" 2>/dev/null || rm -rf "$work"
}

# A UUID in base64, never with a leading dash.
cluster_id() { echo "D$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=' | tail -c +2)"; }

# Below the ports that the system gives to outgoing connections.
free_port() {
    local port
    while :; do
        port=$((10240 + RANDOM % 9000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

write_settings() {
    local port=$1 sasl=$2 controller=$3
    cat >"$FOLDER/server.properties" <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$port,SASL_PLAINTEXT://127.0.0.1:$sasl,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port,SASL_PLAINTEXT://127.0.0.1:$sasl
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
log.dirs=$FOLDER/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
EOF
}

JAVA=(java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto
    -Dorg.slf4j.simpleLogger.showDateTime=true -cp "$JARS/lib/*")

launch() {
    "${JAVA[@]}" kafka.Kafka "$FOLDER/server.properties" </dev/null >>"$FOLDER/kafka.log" 2>&1 &
    echo $! >"$FOLDER/pid"
    disown
}

wait_ready() {
    local deadline=$((SECONDS + WAIT_SECONDS))
    until grep -q "Kafka Server started" "$FOLDER/kafka.log"; do
        if ! kill -0 "$(cat "$FOLDER/pid")" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
            tail -n 15 "$FOLDER/kafka.log" >&2
            return 1
        fi
        sleep 0.1
    done
}

start() {
    command -v java >/dev/null || { say "Java is missing: run scripts/bootstrap.sh test"; exit 3; }
    fetch_jars
    stop
    local attempt port sasl began=$SECONDS
    for attempt in 1 2 3; do
        rm -rf "$FOLDER"
        mkdir -p "$FOLDER"
        : >"$FOLDER/kafka.log"
        port=$(free_port)
        sasl=$(free_port)
        write_settings "$port" "$sasl" "$(free_port)"
        "${JAVA[@]}" kafka.tools.StorageTool format -c "$FOLDER/server.properties" -t "$(cluster_id)" \
            --add-scram 'SCRAM-SHA-512=[name=dauys,password=dauys-test]' >"$FOLDER/format.log" 2>&1 ||
            { tail -n 15 "$FOLDER/format.log" >&2; say "the storage could not be formatted"; exit 1; }
        launch
        if wait_ready; then
            echo "127.0.0.1:$sasl" >"$FOLDER/sasl"
            echo "127.0.0.1:$port" | tee "$FOLDER/address"
            say "ready after $((SECONDS - began)) s"
            return
        fi
        say "did not start (attempt $attempt of 3)"
        end_process
    done
    exit 1
}

end_process() {
    [ -e "$FOLDER/pid" ] || return 0
    local pid
    pid=$(cat "$FOLDER/pid")
    # Only a process that is this folder's Kafka.
    if tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$FOLDER/server.properties"; then
        # Its data is test data: nothing is worth a slow farewell.
        kill -KILL "$pid" 2>/dev/null || true
        while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    fi
    rm -f "$FOLDER/pid"
}

stop() {
    end_process
    rm -rf "$FOLDER"
}

case "${1:-}" in
    start) start ;;
    stop) stop ;;
    # For fault tests: the process dies at once and comes back with its data.
    kill) end_process ;;
    resume)
        : >"$FOLDER/kafka.log"
        launch
        wait_ready || { say "did not come back"; exit 1; }
        cat "$FOLDER/address"
        ;;
    *)
        echo "usage: $0 start|stop|kill|resume [FOLDER]" >&2
        exit 2
        ;;
esac
