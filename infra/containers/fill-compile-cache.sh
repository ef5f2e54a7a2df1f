#!/bin/bash
# Starts each program of a container, so that Node keeps its compiled code. Services end because they have no settings.
set -u
cd dist/bundle || exit
for program in services/*/main.js infra/pki/main.js chaos/runner/experiment-server.js; do
	node "$program" --help >/dev/null 2>&1
done
node --input-type=module -e "await import('lmdb')"
