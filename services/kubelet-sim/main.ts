#!/usr/bin/env node
/** The command line of kubelet-sim: `kubelet-sim join HOST:PORT …`. */
import '../../lib/require-node.ts';
import { Command, Option } from 'commander';
import { helpLines, reportAs, runCli } from '../../lib/cli/run-cli.ts';
import { microClock } from '../../lib/clock.ts';
import { nodePaths } from '../../lib/node-paths.ts';
import { LOOPBACK } from '../../lib/rpc/health.ts';
import { createDial } from './clients.ts';
import { clusterSettings } from './cluster-settings.ts';
import { joinByFileWorkflow, joinWithoutPinWorkflow, joinWorkflow } from './join/join.ts';
import { readCluster } from './join/read-cluster.ts';
import { failureText } from './join-output.ts';
import { MAX_NODES } from './nodes.ts';
import { type ResetFlags, runReset } from './reset.ts';
import { runJoin } from './start.ts';

const DEFAULT_HEALTHZ_PORT = '10248';

/** The phases are read from the workflows, which run nothing here. */
const phaseList = (): string => {
	const context = {
		dial: createDial(),
		paths: nodePaths('/'),
		readCluster,
		readSettings: clusterSettings,
		say: () => undefined,
		clock: microClock,
		waitUntil: () => Promise.resolve(),
		signal: new AbortController().signal,
		retryMs: 0,
	};
	const names = joinWorkflow(context).phases.map(({ name }) => name);
	const withoutPin = joinWithoutPinWorkflow(context).phases.map(({ name }) => name);
	const others = (list: readonly string[]) => list.filter((name) => !names.includes(name)).join(' and ');
	const byFile = joinByFileWorkflow(context).phases.map(({ name }) => name);
	return [
		'',
		'The "join" command executes the following phases:',
		...names.map((name) => `  ${name}`),
		...helpLines(`Without a hash, ${others(withoutPin)} replaces pin-ca and confirm.`),
		...helpLines(`With a discovery file, ${others(byFile)} replace the phases of discovery.`),
	].join('\n');
};
const collect = (value: string, earlier: readonly string[] = []): string[] => [...earlier, ...value.split(',')];

const program = new Command('kubelet-sim').description('A node that joins a cluster as kubeadm and the kubelet do');
program
	.command('reset')
	.description('remove the files that a join wrote; the Node object stays in the cluster')
	.option('--node-name <name>', 'name of the node (default: the name of this machine)')
	.option('--root <dir>', "directory of the node's files (default: .kubejoin/nodes/NAME)")
	.option('-f, --force', 'do not ask for confirmation')
	.option('--dry-run', 'print the files, and remove nothing')
	.action((flags: ResetFlags) => runReset(flags, process));
program
	.command('join')
	.description('join the cluster whose API server is at HOST:PORT, then send heartbeats')
	.argument('[host:port]', 'address of the API server')
	.option('--token <token>', 'bootstrap token, ID.SECRET, for discovery and for the certificate request')
	.option('--discovery-token <token>', 'bootstrap token for discovery only')
	.option('--tls-bootstrap-token <token>', 'bootstrap token for the certificate request only')
	.option(
		'--discovery-token-ca-cert-hash <sha256:hex>',
		'hash of the public key of a cluster CA; can be repeated',
		collect,
	)
	.option(
		'--discovery-token-unsafe-skip-ca-verification',
		'join without a hash: any server that has the token can impersonate the cluster',
	)
	.option(
		'--discovery-file <file>',
		'kubeconfig with the address and CA of the cluster, instead of token and hash: a path or an https URL',
	)
	.option('--dry-run', 'check everything, change nothing, and print the changes that a join makes')
	.option('--until <phase>', 'stop after this phase, and print who trusts whom so far')
	.option('--skip-phases <phases>', 'phases to skip, with commas between them; can be repeated', collect)
	.option('--config <file>', 'JoinConfiguration (kubeadm.k8s.io/v1beta4), instead of the token flags')
	.option('--node-name <name>', 'name of the node (default: the name of this machine)')
	.option('--cri-socket <url>', 'accepted, as by kubeadm; never opened')
	.option('--root <dir>', "directory of the node's files (default: .kubejoin/nodes/NAME)")
	.option(
		'--nodes <count>',
		`run this many nodes in one process (at most ${MAX_NODES}): NAME-1, NAME-2 …, with their files in ROOT/NAME-1 …`,
	)
	.addOption(new Option('--quiet', 'print failures and not the join').conflicts('nodes'))
	.option('--healthz-bind-address <ip>', 'address of /healthz, /readyz and /metrics', LOOPBACK)
	.option('--healthz-port <port>', 'port of /healthz, /readyz and /metrics; 0: no port', DEFAULT_HEALTHZ_PORT)
	.option('--address <ip>', 'IP address of the kubelet API; the Node reports it, unless it is 0.0.0.0', LOOPBACK)
	.option(
		'--port <port>',
		'port of the kubelet API; 0: no port. Default: 10250, or a free port if that is in use; with --nodes no port. ' +
			'With --nodes the first node has this port, and each other the next. A node without a port runs no pods.',
	)
	.option(
		'--rotate-server-certificates',
		'request the certificate of the kubelet API from the cluster, where it needs approval (default: self-signed)',
	)
	.addHelpText('after', phaseList)
	.action(runJoin);

process.exitCode = await runCli(program, {
	report: reportAs(failureText),
	examples: [
		'kubelet-sim join 127.0.0.1:6443 --token TOKEN \\\n    --discovery-token-ca-cert-hash sha256:HASH',
		'kubelet-sim join --config join.yaml --until discovery/pin-ca',
		'kubelet-sim join --config join.yaml --node-name many --nodes 100',
	],
	executable: 'kubelet-sim',
	usageExitCode: 1,
});
if (process.connected) process.disconnect();
