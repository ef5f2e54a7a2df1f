/**
 * The mesh in containers, as `docker-compose.yml` describes it: hardened, each service with its own keys, and whole
 * again after any of them was killed. Takes minutes, a Docker engine and ports 6443 and 8080 of this machine;
 * removes everything that it made but the image.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { apiClient } from '../lib/kube/client.ts';
import type { Node } from '../lib/kube/types.ts';
import { projectPath } from '../lib/paths.ts';
import { requireFreePort } from '../lib/ports.ts';
import {
	type Container,
	docker,
	eventually,
	openAdminChannel,
	openProject,
	type Project,
	run,
	serviceOf,
} from './compose.ts';

const projectName = 'kubejoin-test';
const services = [
	'redis',
	'ca-service',
	'token-store',
	'apiserver-sim',
	'controller-manager-sim',
	'observer',
	'kubelet-sim',
];
const jobs = ['pki', 'bootstrap-token'];
const image = 'kubejoin:latest';

/** Data that must survive every failure. */
interface Cluster {
	/** UIDs by the names of nodes. */
	readonly nodes: ReadonlyMap<string, string>;
	readonly tokens: readonly string[];
}

const say = (line: string): void => void process.stdout.write(`    … ${line}\n`);
const isReady = ({ status }: Node): boolean =>
	status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;

describe('the mesh in containers', function () {
	this.timeout('5m');
	this.bail(true);

	let project: Project;
	let first: Cluster;
	let isDone = false;

	const up = (nodes: number): Promise<string> => project.compose('up', '-d', '--scale', `kubelet-sim=${nodes}`);
	const kubectl = (...args: string[]): Promise<string> => project.compose('run', '--rm', '-T', 'kubectl-sim', ...args);
	const running = async (): Promise<Container[]> => (await project.containers()).filter(({ State }) => State.Running);
	const theOne = async (service: string): Promise<Container> => {
		const container = (await running()).find((one) => serviceOf(one) === service);
		assert.ok(container, `${service} does not run`);
		return container;
	};
	const execute = ({ Id }: Container, ...command: string[]): Promise<string> => docker('exec', Id, ...command);

	/** Waits until every service is healthy and exactly so many nodes are Ready. */
	const whole = (nodeCount: number): Promise<Cluster> =>
		eventually(120, async () => {
			const containers = (await running()).filter((one) => services.includes(serviceOf(one)));
			assert.equal(containers.length, services.length - 1 + nodeCount, 'containers that run');
			for (const one of containers) assert.equal(one.State.Health?.Status, 'healthy', serviceOf(one));
			const { nodes, tokens } = await readObjects();
			const ready = nodes.filter(isReady);
			assert.deepEqual([nodes.length, ready.length], [nodeCount, nodeCount], 'nodes that joined, and of these Ready');
			return { nodes: new Map(nodes.map(({ metadata }) => [metadata.name ?? '', metadata.uid ?? ''])), tokens };
		});
	async function readObjects() {
		const channel = await openAdminChannel(await theOne('observer'));
		try {
			const api = apiClient(channel);
			const { items: nodes } = await api.nodes.list();
			const { items: secrets } = await api.secrets.list({ namespace: 'kube-system' });
			const textOf = (value = '') => Buffer.from(value, 'base64').toString();
			const tokens = secrets
				.filter(({ type }) => type === 'bootstrap.kubernetes.io/token')
				.map(({ data }) => `${textOf(data?.['token-id'])}.${textOf(data?.['token-secret'])}`);
			return { nodes, tokens };
		} finally {
			channel.close();
		}
	}

	const nothingIsLost = (now: Cluster): void => {
		for (const [name, uid] of first.nodes) assert.equal(now.nodes.get(name), uid, `the UID of node ${name}`);
		for (const token of first.tokens) assert.ok(now.tokens.includes(token), 'a token is gone');
	};

	before(async function () {
		this.timeout('15m');
		project = await openProject(projectName);
		await project.down();
		for (const port of [6443, 8080]) await requireFreePort('the mesh in containers', port);
		say(`${project.program} build`);
		await project.compose('build');
		say('three nodes join');
		await up(3);
		first = await whole(3);
		assert.ok(first.tokens.length > 0);
		assert.equal((await kubectl('get', 'nodes')).match(/ Ready /g)?.length, 3);
	});

	after(async () => {
		if (!isDone) say((await run('docker', 'ps', '-a')).stdout + (await project.compose('logs', '--tail=20')));
		await project.down();
	});

	it('runs one image, and names each node after its container', async () => {
		const containers = await project.containers();
		assert.deepEqual([...new Set(containers.map(serviceOf))].sort(), [...services, ...jobs].sort());
		assert.equal(new Set(containers.filter((one) => serviceOf(one) !== 'redis').map(({ Image }) => Image)).size, 1);
		const nodes = containers
			.filter((one) => serviceOf(one) === 'kubelet-sim')
			.map(({ Id, Name }) => `kubelet-sim-${/\d+$/.exec(Name)}-${Id.slice(0, 4)}`);
		assert.deepEqual([...first.nodes.keys()].sort(), nodes.sort());
	});

	it('hardens every container: normal user, read-only root, no capabilities, no new privileges', async () => {
		for (const one of await project.containers()) {
			const { ReadonlyRootfs, Privileged, CapAdd, CapDrop, SecurityOpt } = one.HostConfig;
			assert.match(one.Config.User, /^(node|1000:1000)$/, serviceOf(one));
			assert.deepEqual(
				{ ReadonlyRootfs, Privileged, CapAdd, CapDrop },
				{ ReadonlyRootfs: true, Privileged: false, CapAdd: null, CapDrop: ['ALL'] },
				serviceOf(one),
			);
			assert.ok(SecurityOpt?.includes('no-new-privileges:true'), serviceOf(one));
			if (!one.State.Running) continue;
			const status = await execute(one, 'cat', '/proc/1/status');
			for (const line of [/^Uid:(\t1000){4}$/m, /^NoNewPrivs:\t1$/m, /^CapEff:\t0+$/m, /^CapBnd:\t0+$/m])
				assert.match(status, line, serviceOf(one));
		}
	});

	it('publishes the API server and the page on 127.0.0.1 only, with a certificate of the cluster CA', async () => {
		const published: Readonly<Record<string, string>> = { 'apiserver-sim': '6443', observer: '8080' };
		for (const one of await project.containers()) {
			const port = published[serviceOf(one)];
			const expected = port === undefined ? {} : { [`${port}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: port }] };
			assert.deepEqual(one.HostConfig.PortBindings ?? {}, expected, serviceOf(one));
		}
		const ca = await execute(await theOne('apiserver-sim'), 'cat', '/pki/ca.crt');
		const status = await new Promise((resolve, reject) => {
			get('https://127.0.0.1:6443/version', { ca, agent: false }, (response) =>
				resolve(response.resume().statusCode),
			).once('error', reject);
		});
		assert.equal(status, 200);
	});

	it('shows every join and service on a read-only page, and each join once in the log', async () => {
		const page = await fetch('http://127.0.0.1:8080/');
		assert.deepEqual([page.status, (await page.text()).includes('/page.js')], [200, true]);
		const told = await eventually(30, async () => {
			const text = await readStream('http://127.0.0.1:8080/api/stream');
			assert.equal(text.match(/"state":"joined"/g)?.length, 3);
			assert.equal(text.match(/"health":"ok"/g)?.length, 4);
			return text;
		});
		assert.match(told, /"actions":\[\]/);
		const log = await project.compose('logs', '--no-color', 'observer', 'kubelet-sim');
		assert.equal(log.match(/\w joined in \d/g)?.length, 3);
		assert.ok(log.split('\n').length < 20, log);
	});

	it('lets a node reach apiserver-sim and the observer, and no other service', async () => {
		const node = await theOne('kubelet-sim');
		const lookUp = (host: string) =>
			execute(
				node,
				'node',
				'-e',
				'require("node:dns").lookup(process.argv[1], (error) => process.exit(error ? 1 : 0))',
				host,
			);
		for (const host of ['apiserver-sim', 'observer']) await lookUp(host);
		for (const host of ['redis', 'ca-service', 'token-store', 'controller-manager-sim'])
			await assert.rejects(lookUp(host), host);
	});

	it('mounts only its own keys in each container, read-only, and no secret in two', async () => {
		const holders = new Map<string, string>();
		for (const one of await project.containers()) {
			const service = serviceOf(one);
			if (service === 'pki') continue;
			const keys = one.Mounts.filter(({ Name }) => Name?.endsWith('-pki')).map(
				({ Name, Destination, RW }) => `${Name} at ${Destination}${RW ? ', writable' : ''}`,
			);
			const owner = ['bootstrap-token', 'observer'].includes(service) ? 'admin' : service;
			assert.deepEqual(
				keys.sort(),
				[
					`${projectName}_${owner}-pki at /pki`,
					...(service === 'observer' ? [`${projectName}_observer-pki at /keys`] : []),
				],
				service,
			);
			if (!one.State.Running) continue;
			const found = await execute(
				one,
				'find',
				service === 'kubelet-sim' ? '/node' : '/pki',
				'-type',
				'f',
				'!',
				'-perm',
				'/044',
				// It names the file with the key and holds none.
				'!',
				'-name',
				'kubelet.conf',
				'-exec',
				'sha256sum',
				'{}',
				'+',
			);
			for (const [digest = '', file] of found
				.trim()
				.split('\n')
				.map((line) => line.split(/\s+/))) {
				assert.equal(holders.get(digest), undefined, `${file} of ${service} is also there`);
				holders.set(digest, service);
			}
		}
		assert.deepEqual([...new Set(holders.values())].sort(), [...services].sort());
	});

	it('has no secret in a log, a setting, a command line or the image', async () => {
		const joinFile = await execute(await theOne('kubelet-sim'), 'cat', '/join/join.yaml');
		const secrets = ['PRIVATE KEY', Buffer.from('-----BEGIN PRIVATE KEY').toString('base64').slice(0, -2)];
		for (const token of [...first.tokens, ...(joinFile.match(/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g) ?? [])])
			secrets.push(token.slice(7));
		for (const service of ['token-store', 'apiserver-sim'])
			secrets.push((await execute(await theOne(service), 'cat', '/pki/store-password')).trim());
		assert.ok(secrets.length >= 6 && secrets.every((secret) => secret.length >= 11));
		const sources: [string, ...string[]][] = [['history', '--no-trunc', image]];
		for (const { Id, State } of await project.containers()) {
			sources.push(['logs', Id], ['inspect', Id]);
			if (State.Running) sources.push(['top', Id, '-ef']);
		}
		for (const source of sources) {
			const { stdout, stderr } = await run('docker', ...source);
			for (const secret of secrets)
				assert.ok(!(stdout + stderr).includes(secret), `a secret is in docker ${source.join(' ')}`);
		}
	});

	it('runs the programs of the image with npx, as a printed command does, and downloads none', async () => {
		const { programs } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8'));
		const offline = ['run', '--rm', '--network=none', '--read-only', image];
		for (const program of Object.keys(programs))
			assert.match(await docker(...offline, 'npx', program, '--version'), /^kubejoin \d/, program);
		assert.equal((await docker(...offline, 'npm', 'config', 'get', 'yes')).trim(), 'false');
	});

	it('joins a node in a container by the printed command', async () => {
		const command = (await kubectl('token', 'create', '--print-join-command')).trim();
		const files = ['--root', '/node', '--address', '0.0.0.0'];
		const id = await project.compose('run', '-d', '--rm', '--no-deps', 'kubelet-sim', ...command.split(' '), ...files);
		try {
			const name = /--node-name (\S+)/.exec(command)?.[1] ?? assert.fail(command);
			await eventually(30, async () => {
				const { nodes } = await readObjects();
				assert.ok(
					nodes.some((node) => node.metadata.name === name && isReady(node)),
					name,
				);
			});
			await kubectl('delete', 'node', name);
		} finally {
			await docker('rm', '-f', '-v', id.trim());
		}
	});

	it('keeps a service with invalid settings waiting after it has named them once', async () => {
		const name = `${projectName}-invalid`;
		const settings = ['-e', 'KUBEJOIN_INVALID_SETTINGS=wait', '-e', 'KUBEJOIN_PORT=none'];
		const policy = ['-d', '--restart=unless-stopped', '--name', name, '--network=none'];
		await docker('run', ...policy, ...settings, image, 'node', 'dist/bundle/services/ca-service/main.js');
		try {
			const log = await eventually(30, async () => {
				const { stdout, stderr } = await run('docker', 'logs', name);
				assert.match(stdout + stderr, /waiting to be stopped/);
				return stdout + stderr;
			});
			assert.equal(log.match(/KUBEJOIN_PORT="none" cannot be used/g)?.length, 1);
			await docker('stop', name);
			const [stopped] = JSON.parse(await docker('inspect', name)) as Container[];
			assert.deepEqual([stopped?.RestartCount, stopped?.State.ExitCode], [0, 2]);
		} finally {
			await docker('rm', '-f', name);
		}
	});

	for (const service of services) {
		it(`restarts ${service} after its process was killed, and loses nothing`, async () => {
			const { Id, State } = await theOne(service);
			await killProcesses(State.Pid);
			await eventually(30, async () => {
				const [now] = (await running()).filter((one) => one.Id === Id);
				assert.ok(now && now.State.StartedAt !== State.StartedAt, `${service} has not been started again`);
			});
			nothingIsLost(await whole(3));
		});
	}

	it('starts the containers with docker compose up after docker kill, and loses nothing', async () => {
		const ids = (await running()).map(({ Id }) => Id);
		await docker('kill', ...ids);
		await up(3);
		nothingIsLost(await whole(3));
		assert.deepEqual((await running()).map(({ Id }) => Id).sort(), ids.sort());
	});

	it('restarts all services that were killed at once, and loses nothing', async () => {
		await killProcesses(...(await running()).map(({ State }) => State.Pid));
		nothingIsLost(await whole(3));
	});

	it('lets a fourth node join', async () => {
		await up(4);
		nothingIsLost(await whole(4));
		isDone = true;
	});
});

/** Simulates a crash. Docker does not restart a container after `docker kill`. */
async function killProcesses(...pids: number[]): Promise<void> {
	assert.ok(pids.every((pid) => pid > 1));
	const signal = ['bash', '-c', 'kill -9 "$@"', 'kill', ...pids.map(String)];
	await docker('run', '--rm', '--pid=host', '--user=0', '--network=none', image, ...signal);
}

/** The events of two seconds, from a stream that does not end. */
async function readStream(url: string): Promise<string> {
	const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
	let text = '';
	try {
		for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
	} catch {
		// The time is over.
	}
	return text;
}
