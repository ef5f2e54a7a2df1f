/**
 * The lab's operations on containers, also when the lab is killed during one. Takes two minutes, a Docker engine and
 * ports 6443 and 8080 of this machine, and removes all containers and volumes at the end.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { type ComposeDriver, openComposeDriver } from '../chaos/lab/drivers/compose/driver.ts';
import { createNetworkFaults } from '../chaos/lab/faults/network.ts';
import { environment } from '../lib/config.ts';
import { hasCode } from '../lib/errors.ts';
import { projectPath } from '../lib/paths.ts';
import { requireFreePort } from '../lib/ports.ts';
import { type Container, docker, eventually, openProject, type Project, run, serviceOf } from './compose.ts';

const projectName = 'kubejoin-driver-test';
const labName = `${projectName}_lab`;
const faultable = ['redis', 'ca-service', 'token-store', 'apiserver-sim', 'controller-manager-sim'];
const toxiproxyImage = 'ghcr.io/shopify/toxiproxy:2.12.0';

const say = (line: string): void => void process.stdout.write(`    … ${line}\n`);
const refusedWith = (code: Parameters<typeof hasCode>[1]) => (error: unknown) => hasCode(error, code);

/** The properties of a container that compose compares, without those that every container has its own value of. */
const shapeOf = ({
	Id,
	Image,
	Config,
	HostConfig,
	Mounts,
	NetworkSettings,
}: Container & { readonly NetworkSettings: { readonly Networks: object } }) => ({
	Image,
	Config: { ...Config, Hostname: '' },
	HostConfig: { ...HostConfig, Binds: undefined },
	Mounts: Mounts.map(({ Type, Name, Destination, RW }) => [Type, Name, Destination, RW].join(' ')).sort(),
	networks: Object.entries(
		NetworkSettings.Networks as Record<string, { readonly Aliases: readonly string[] | null }>,
	).map(([network, { Aliases }]) => [network, (Aliases ?? []).filter((alias) => !Id.startsWith(alias)).sort()]),
});
type Shape = ReturnType<typeof shapeOf>;

describe('the driver of the mesh in containers', function () {
	this.timeout('5m');
	this.bail(true);

	let project: Project;
	let driver: ComposeDriver;
	let hasToxiproxy = false;
	let first: ReadonlyMap<string, Shape>;
	let isDone = false;

	const up = (): Promise<string> => project.compose('up', '-d', '--scale', 'kubelet-sim=1');
	/** The containers of services, by name, without those that the lab adds. */
	const containers = async (): Promise<Map<string, Container>> =>
		new Map(
			(await project.containers())
				.filter((one) => serviceOf(one) !== 'kubelet-sim' || !one.Name.endsWith('_lab'))
				.map((one) => [one.Name.slice(1), one]),
		);
	const findService = async (service: string): Promise<Container> => {
		const all = [...(await containers()).values()].filter((one) => serviceOf(one) === service);
		assert.equal(all.length, 1, `containers of ${service}`);
		return all[0] as Container;
	};
	const shapes = async (): Promise<ReadonlyMap<string, Shape>> =>
		new Map([...(await containers())].map(([name, one]) => [name, shapeOf(one as never)]));
	const kubectl = (...args: string[]) =>
		driver.executeInLab([
			'env',
			'KUBECONFIG=/pki/admin.conf',
			'node',
			'dist/bundle/services/kubectl-sim/main.js',
			...args,
		]);

	const answers = (...args: string[]): Promise<void> =>
		eventually(20, async () => {
			const { code, stderr } = await kubectl(...args);
			assert.equal(code, 0, stderr);
		});

	/** Everything is as it was before the first fault, and compose thinks so too. */
	async function allIsAsAtFirst(): Promise<void> {
		for (const { name, state, isChanged } of await driver.services())
			assert.deepEqual([state, isChanged], ['running', false], name);
		assert.deepEqual(await shapes(), first);
		const before = await containers();
		await up();
		for (const [name, { Id, State }] of await containers()) {
			assert.equal(Id, before.get(name)?.Id, `${name} was recreated`);
			if (State.Running) assert.equal(State.StartedAt, before.get(name)?.State.StartedAt, `${name} was started again`);
		}
		assert.deepEqual((await docker('volume', 'ls', '-q', '--filter', 'label=kubejoin.lab')).trim(), '');
		await eventually(20, async () => {
			const { stdout, stderr } = await kubectl('get', 'nodes');
			assert.equal(stdout.match(/ Ready /g)?.length, 1, stdout + stderr);
		});
	}

	before(async function () {
		this.timeout('10m');
		project = await openProject(projectName);
		await project.down();
		for (const port of [6443, 8080]) await requireFreePort('the mesh in containers', port);
		hasToxiproxy = await docker('image', 'inspect', toxiproxyImage).then(
			() => true,
			() => false,
		);
		say(`${project.program} build`);
		await project.compose('build');
		say('one node joins');
		await up();
		if (hasToxiproxy) await project.compose('--profile', 'chaos', 'up', '-d', '--no-deps', 'toxiproxy');
		driver = await openComposeDriver({
			project: projectName,
			env: environment(),
			agent: ['node', '-e', 'setInterval(() => undefined, 1000)'],
		});
		await eventually(30, async () => assert.equal((await findService('kubelet-sim')).State.Health?.Status, 'healthy'));
		first = await shapes();
	});

	after(async () => {
		if (!isDone) say((await run('docker', 'ps', '-a')).stdout + (await project.compose('logs', '--tail=20')));
		await project.down();
	});

	it("runs programs in a hardened container on the nodes' network, and returns their output and exit code", async () => {
		const program = 'console.log(process.env.HOME); console.error("to stderr"); process.exit(7)';
		assert.deepEqual(await driver.executeInLab(['node', '-e', program]), {
			code: 7,
			stdout: '/lab\n',
			stderr: 'to stderr\n',
		});
		const [lab] = JSON.parse(await docker('inspect', labName)) as [Container];
		const { ReadonlyRootfs, CapDrop, CapAdd, Privileged, SecurityOpt } = lab.HostConfig;
		assert.deepEqual(
			{ ReadonlyRootfs, CapDrop, CapAdd, Privileged, SecurityOpt },
			{
				ReadonlyRootfs: true,
				CapDrop: ['ALL'],
				CapAdd: null,
				Privileged: false,
				SecurityOpt: ['no-new-privileges:true'],
			},
		);
		assert.deepEqual(
			[lab.Config.User, lab.Mounts.map(({ Name, RW }) => [Name, RW]).sort()],
			[
				'node',
				['admin-pki', 'attacker-sim-pki', 'kubelet-sim-pki'].map((volume) => [`${projectName}_${volume}`, false]),
			],
		);
		assert.equal(
			(
				await driver.executeInLab([
					'node',
					'-e',
					'process.exit(new (require("node:fs").statSync)("/lab").mode & 0o077)',
				])
			).code,
			0,
		);
	});

	it('steals the CA key, a client certificate of the mesh and admin.conf into files that only attackers read', async () => {
		const read =
			'const { readdirSync, statSync } = require("node:fs"); const [, directory] = process.argv; ' +
			'for (const name of readdirSync(directory)) ' +
			'console.log(name, (statSync(directory + "/" + name).mode & 0o777).toString(8))';
		assert.equal(
			(await driver.executeInLab(['node', '-e', read, await driver.steal('ca-key')])).stdout,
			'ca.crt 600\nca.key 600\n',
		);
		const meshClient = 'mesh-ca.crt 600\ntoken-store-client.crt 600\ntoken-store-client.key 600\n';
		assert.equal(
			(await driver.executeInLab(['node', '-e', read, await driver.steal('mesh-client')])).stdout,
			meshClient,
		);
		const stolen = await driver.executeInLab([
			'node',
			'-e',
			'console.log(require("node:fs").readFileSync("/lab/stolen/ca-key/ca.key", "utf8").trim())',
		]);
		assert.equal(stolen.stdout, await docker('exec', (await findService('ca-service')).Id, 'cat', '/pki/ca.key'));
		assert.equal(await driver.steal('admin'), '/pki');
		assert.equal((await kubectl('get', 'nodes')).code, 0);
	});

	it('returns the logs of all services and the address of the page', async () => {
		const logs = await driver.logs(0);
		for (const service of [...faultable, 'observer'])
			assert.match(logs, new RegExp(`^== ${projectName}[-_]${service}[-_]1\\n.`, 'm'));
		assert.match(logs, /\w joined in \d/);
		assert.equal((await fetch(await driver.observerUrl())).status, 200);
	});

	it('refuses unknown names of services, and causes no fault', async () => {
		await assert.rejects(driver.kill('kubelet'), refusedWith('COMMAND_INVALID'));
		await assert.rejects(driver.change('redis', { clock: '+1s' }), refusedWith('COMMAND_INVALID'));
		assert.deepEqual(await driver.restore(), []);
		assert.deepEqual(await driver.removeLab(), ['removed the container of nodes and attackers']);
		assert.deepEqual(await driver.removeLab(), []);
	});

	it('kills a service until it is started, pauses it until it is resumed, cuts it off until it is healed', async () => {
		const stateOf = async (service: string) => (await driver.services()).find(({ name }) => name === service)?.state;
		await driver.kill('token-store');
		await driver.pause('ca-service');
		await driver.pause('ca-service');
		await driver.cut('apiserver-sim');
		await driver.cut('apiserver-sim');
		assert.match((await kubectl('get', 'nodes')).stderr, /^Unable to connect to the server/);
		await assert.rejects(driver.change('apiserver-sim', {}), refusedWith('COMMAND_INVALID'));
		assert.deepEqual(
			[await stateOf('token-store'), await stateOf('ca-service'), await stateOf('apiserver-sim')],
			['stopped', 'paused', 'running'],
		);
		await driver.heal('apiserver-sim');
		// It has to find Redis again.
		await answers('get', 'nodes');
		const ca = await docker('exec', (await findService('apiserver-sim')).Id, 'cat', '/pki/ca.crt');
		const published = await new Promise((resolve, reject) => {
			get('https://127.0.0.1:6443/version', { ca, agent: false }, (response) =>
				resolve(response.resume().statusCode),
			).once('error', reject);
		});
		assert.equal(published, 200);
		await driver.resume('ca-service');
		await driver.start('token-store');
		await answers('token', 'list');
	});

	it('restores services that were killed, paused, cut off and changed', async () => {
		await driver.change('ca-service', { clock: '+120s' });
		await driver.kill('ca-service');
		await driver.kill('redis');
		await driver.pause('token-store');
		await driver.cut('controller-manager-sim');
		assert.deepEqual(await driver.restore(), [
			'started redis',
			'restored the settings and clock of ca-service',
			'resumed token-store',
			'reconnected controller-manager-sim',
		]);
		await allIsAsAtFirst();
	});

	it('changes settings and clock of one service until a restore, and reports why a changed service cannot start', async () => {
		await driver.change('ca-service', { clock: '+600s' });
		await driver.change('token-store', { settings: { LOG_FORMAT: 'json' } });
		const { Id } = await findService('ca-service');
		const aheadMs =
			Date.parse((await docker('exec', Id, 'node', '-p', 'new Date().toISOString()')).trim()) - Date.now();
		assert.ok(aheadMs > 590_000 && aheadMs < 610_000, `${aheadMs} ms`);
		assert.match(await docker('exec', Id, 'cat', '/proc/1/environ'), /FAKETIME=\+600s/);
		assert.match(await docker('logs', (await findService('token-store')).Id), /^\{.*"listening"/m);
		assert.deepEqual(await driver.changeOf('token-store'), { settings: { LOG_FORMAT: 'json' } });
		await up();
		assert.equal((await findService('ca-service')).Id, Id);
		await driver.change('ca-service', { clock: '-60s' });
		await driver.change('token-store', {});
		await assert.rejects(
			driver.change('controller-manager-sim', { settings: { NOT_A_SETTING: 'x' } }),
			(error: unknown) => {
				assert.ok(hasCode(error, 'SERVICE_FAILED'));
				assert.match(error.message, /KUBEJOIN_NOT_A_SETTING is not a setting of this program/);
				return true;
			},
		);
		assert.deepEqual(
			(await driver.services()).filter(({ isChanged }) => isChanged).map(({ name }) => name),
			['ca-service', 'controller-manager-sim'],
		);
		await driver.restore();
		await allIsAsAtFirst();
	});

	const moments = {
		'before the old one is stopped': (names: readonly string[]) => names.some((name) => name.endsWith('.lab-next')),
		'before the old one is removed': (names: readonly string[]) => names.some((name) => name.endsWith('.lab-old')),
		'before the new one is ready': (names: readonly string[], isChanged: boolean) =>
			isChanged && !names.some((name) => name.includes('.lab-')),
	};
	/** So long the driver works between two looks at its containers. */
	const STEP_MS = 10;
	const change = `console.log('begins'); await driver.change('ca-service', { clock: '+300s' })`;
	/** @returns false if the change has ended before */
	async function isReached(
		child: ReturnType<typeof spawnDriver>,
		hasCome: (names: readonly string[], isChanged: boolean) => boolean,
	): Promise<boolean> {
		const { Id } = await findService('ca-service');
		await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
		while (child.exitCode === null) {
			// It is stopped while its containers are looked at, or a busy machine would miss a moment.
			child.kill('SIGCONT');
			await delay(STEP_MS);
			child.kill('SIGSTOP');
			const found = (await project.containers()).filter((one) => serviceOf(one) === 'ca-service');
			const names = found.map(({ Name }) => Name);
			if (hasCome(names, found.length === 1 && found[0]?.Id !== Id)) return true;
		}
		return false;
	}
	for (const [moment, hasCome] of Object.entries(moments)) {
		it(`loses nothing when the driver is killed during a change, ${moment}`, async () => {
			// A moment that begins and ends within a step is missed; then the change is made again.
			let child = spawnDriver(change);
			for (let attempt = 1; !(await isReached(child, hasCome)); attempt++) {
				assert.ok(attempt < 5, 'each change was over before');
				await driver.restore();
				child = spawnDriver(change);
			}
			child.kill('SIGKILL');
			await once(child, 'exit');
			await driver.restore();
			await allIsAsAtFirst();
		});
	}

	it('loses nothing when it is killed between the two renames', async () => {
		const { Id, Name } = await findService('token-store');
		await docker('stop', Id);
		await docker('rename', Id, `${Name.slice(1)}.lab-old`);
		assert.deepEqual(await driver.restore(), ['token-store: undid an interrupted change', 'started token-store']);
		await allIsAsAtFirst();
	});

	it('cuts and heals a connection through the proxy without a change of certificates', async () => {
		const wire = createNetworkFaults(driver);
		const edge = 'apiserver-sim -> token-store';
		assert.equal(await wire.delay(edge, 700), hasToxiproxy ? 'toxiproxy' : 'pause');
		const startedMs = performance.now();
		assert.equal((await kubectl('token', 'list')).code, 0);
		if (hasToxiproxy) assert.ok(performance.now() - startedMs > 700, 'it was not slow');
		await wire.cut(edge);
		const answered = kubectl('token', 'list').then(({ code }) => code);
		const noAnswer = new Promise((resolve) => setTimeout(resolve, 2_000, 'none'));
		assert.equal(await Promise.race([answered, noAnswer]), 'none');
		assert.equal(
			(await driver.services()).find(({ name }) => name === 'token-store')?.state,
			hasToxiproxy ? 'running' : 'paused',
		);
		await wire.heal(edge);
		await answered;
		await answers('token', 'list');
		await driver.restore();
		await allIsAsAtFirst();
	});

	it('reports that Docker is unreachable, that there is no mesh, and that there are several', async () => {
		const codeOf = async (env: Readonly<Record<string, string>>) => {
			const child = spawnDriver('', env);
			let printed = '';
			child.stdout.on('data', (chunk) => {
				printed += chunk;
			});
			await once(child, 'close');
			return printed.trim();
		};
		const other = `${projectName}-other`;
		await docker(
			'create',
			'--name',
			other,
			'--label',
			`com.docker.compose.project=${other}`,
			'--label',
			'com.docker.compose.service=apiserver-sim',
			'kubejoin:latest',
			'node',
			'dist/bundle/services/apiserver-sim/main.js',
		);
		try {
			assert.equal(await codeOf({ DOCKER_HOST: 'unix:///nowhere.sock' }), 'DOCKER_UNREACHABLE');
			assert.equal(await codeOf({ COMPOSE_PROJECT_NAME: 'nobody' }), 'MESH_NOT_FOUND');
			assert.equal(await codeOf({}), 'MESH_AMBIGUOUS');
			assert.equal(await codeOf({ COMPOSE_PROJECT_NAME: projectName }), projectName);
		} finally {
			await docker('rm', other);
		}
	});

	it('lets docker compose down remove the running lab container', async () => {
		await driver.executeInLab(['node', '-e', '']);
		await project.down();
		assert.equal((await docker('ps', '-aq', '--filter', `label=com.docker.compose.project=${projectName}`)).trim(), '');
		isDone = true;
	});
});

/**
 * A driver in a process of its own, which prints its project or the code of its failure; by default of the project
 * of this test.
 */
function spawnDriver(statement: string, env: Readonly<Record<string, string>> = { COMPOSE_PROJECT_NAME: projectName }) {
	const program = `import { openComposeDriver } from './chaos/lab/drivers/compose/driver.ts';
try {
	const driver = await openComposeDriver({ project: process.env.COMPOSE_PROJECT_NAME, env: process.env });
	${statement};
	console.log(driver.project);
} catch (error) {
	console.log(error.code);
}`;
	return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
		cwd: projectPath(),
		env,
		stdio: ['ignore', 'pipe', 'inherit'],
	});
}
