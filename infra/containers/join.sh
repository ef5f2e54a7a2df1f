#!/bin/bash
# Joins the node of a container. Its name, such as kubelet-sim-2-3f2a, has the service, the number of the container and four
# digits of its id. The name is kept with the node's files: compose keeps their volume when it recreates the container
# under another id.
# usage: join.sh ROOT [OPTION...]
set -eu
root=$1
shift
if [[ ! -s $root/name ]]; then
	name=$HOSTNAME
	# Docker's DNS has PROJECT_SERVICE_NUMBER.NETWORK, with compose 2 PROJECT-SERVICE-NUMBER.NETWORK.
	if read -r _ full _ < <(getent -s hosts:dns hosts "$(hostname -i | cut -d' ' -f1)") &&
		[[ ${full%%.*} =~ ([a-z]+-[a-z]+)[_-]([0-9]+)$ ]]; then
		name=${BASH_REMATCH[1]}-${BASH_REMATCH[2]}-${HOSTNAME:0:4}
	fi
	echo "$name" >"$root/name"
fi
exec node dist/bundle/services/kubelet-sim/main.js join --node-name="$(<"$root/name")" --root="$root" "$@"
