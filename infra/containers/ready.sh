#!/bin/bash
# Health check of a container, for `docker inspect`: exits with 0 when its service is ready, and prints the answer.
#
#   ready.sh [http | redis] [seconds between two questions] [most of them] [file that remembers the last check]
#
# http: /readyz of the service answers 200. It is no Node program, because starting one for each check took most of an
# idle mesh's CPU time. redis: Redis refuses a client without a password, which is an answer.
#
# Docker starts a check half a second after the last one ended, so that the mesh starts quickly. The start of a check
# costs 25 ms of CPU time. So the first check asks once, the second one twice, and each later one for five minutes, and
# it ends when the service is not ready. A check that begins late is the first one again, because the container was
# paused: Docker ended its check, and calls it unhealthy until a check succeeds.
kind=${1:-http} seconds=${2:-5} most=${3:-60} last=${4:-/dev/shm/ready}
port=${KUBEJOIN_HEALTH_PORT:-10248}
LATE_SECONDS=2

fail() {
	echo "$1"
	exit 1
}
http() {
	local line status
	answer=
	exec 3<>"/dev/tcp/127.0.0.1/$port" || fail "no server on port $port"
	printf 'GET /readyz?verbose HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
	read -r -t 3 -u 3 _ status _ || fail "no answer on port $port within 3 s"
	while read -r -t 3 -u 3 line && [[ $line != $'\r' ]]; do :; done
	while read -r -t 3 -u 3 line; do answer+=$line$'\n'; done
	exec 3>&-
	[[ $status == 200 ]] || fail "$answer"
}
redis() {
	answer=$(redis-cli -s /data/redis.sock ping 2>&1)
	[[ $answer == *NOAUTH* ]] || fail "$answer"
}

# A check that is ended, or fails, leaves nothing.
[[ -e $last ]] && read -r asked ended <"$last"
: >"$last"
"$kind"
if [[ -n $ended ]] && ((EPOCHSECONDS - ended <= LATE_SECONDS)); then
	more=$((asked == 0 ? 1 : most))
	# Nothing writes into this pipe: reading from it waits without a new process, as sleep would be.
	exec 4<> <(:)
	for ((again = 0; again < more; again++)); do
		read -r -t "$seconds" -u 4
		"$kind"
	done
fi
echo "${more:-0} $EPOCHSECONDS" >"$last"
echo "$answer"
