import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair, type KeyPair } from '../../../lib/pki/keys.ts';
import { type FakeContext, fakeContext, nodeObject, requestOf } from '../context.fixture.ts';
import { type FakeDriver, fakeDriver } from '../drivers/driver.fixture.ts';
import type { Result } from '../result.ts';
import { EXPECTATIONS } from '../verdicts/expectations.ts';
import { runProgram } from './program.ts';

describe('the command line of the lab', () => {
	let context: FakeContext;
	let driver: FakeDriver;
	let keyPair: KeyPair;
	before(async () => {
		keyPair = await generateKeyPair('ECDSA-P256');
	});
	beforeEach(() => {
		context = fakeContext();
		driver = fakeDriver();
	});
	afterEach(() => context.remove());

	const shared = { state: '/state', signal: undefined, onProgress: () => undefined };
	const onNodes = (...args: string[]): Promise<Result> =>
		runProgram(args, { ...shared, open: async () => ({ context, close: () => undefined }) });
	const onServices = (...args: string[]): Promise<Result> =>
		runProgram(args, { ...shared, open: async () => ({ driver, close: () => undefined }) });

	describe('expect', () => {
		const plain = {
			...{ attackers: [], untouched: [], noIdentity: [], stolen: [], lockedOut: [], noCertificateOnDisk: [] },
			...{ oneCertificate: [], noRestrictedLabels: false, attemptsRefused: false, noHalfJoined: false },
		};
		const flags: readonly (readonly [flags: string, changes: object])[] = [
			['', {}],
			['--attacker a --attacker b', { attackers: ['a', 'b'] }],
			['--untouched a', { untouched: ['a'] }],
			['--no-identity n --no-identity m', { noIdentity: ['n', 'm'] }],
			['--stolen t', { stolen: ['t'] }],
			['--locked-out n', { lockedOut: ['n'] }],
			['--no-certificate-on-disk n', { noCertificateOnDisk: ['n'] }],
			['--one-certificate n', { oneCertificate: ['n'] }],
			['--no-restricted-labels', { noRestrictedLabels: true }],
			['--attempts-refused', { attemptsRefused: true }],
			['--no-half-joined', { noHalfJoined: true }],
		];
		for (const [line, changes] of flags)
			it(`security ${line || 'without flags'} asks that question and no other`, async () => {
				const { code } = await onNodes('expect', 'security', ...line.split(' ').filter(Boolean));
				assert.equal(code, 0);
				const { security } = (await context.read<{ security: object }>(EXPECTATIONS)) ?? assert.fail();
				assert.deepEqual(security, { question: { ...plain, ...changes }, expected: 'held' });
			});

		it('security --violated expects a violation', async () => {
			const { stdout } = await onNodes('expect', 'security', '--violated');
			assert.equal(stdout, 'security is expected to be violated\n');
			const { security } = (await context.read<{ security: { expected: string } }>(EXPECTATIONS)) ?? assert.fail();
			assert.equal(security.expected, 'violated');
		});

		it('availability names the nodes and the time', async () => {
			await onNodes('expect', 'availability', '--ready', 'a', '--ready', 'b', '--within', '7');
			const { availability } = (await context.read<{ availability: object }>(EXPECTATIONS)) ?? assert.fail();
			assert.deepEqual(availability, { ready: ['a', 'b'], withinSeconds: 7 });
		});

		it('refuses another kind of verdict', async () => {
			const { code, stderr } = await onNodes('expect', 'safety');
			assert.notEqual(code, 0);
			assert.match(stderr, /LAB_NOT_FOUND/);
		});
	});

	it('judge prints the verdict and records a violation', async () => {
		context.nodes.push(nodeObject('n', true, { 'node-restriction.kubernetes.io/x': 'y' }));
		const { stdout } = await onNodes('judge', 'security', '--no-restricted-labels');
		assert.match(stdout, /^security: violated/);
		const { violated } = (await context.read<{ violated: string[] }>(EXPECTATIONS)) ?? assert.fail();
		assert.equal(violated.length, 1);
	});

	describe('csr', () => {
		const pending = (name: string, username: string) => ({
			...requestOf(name, 'n', keyPair, { username, isSigned: false }),
			status: {},
		});

		for (const decision of ['approve', 'deny'])
			it(`${decision}: decides the pending requests of one requester`, async () => {
				context.requests.push(pending('mine', 'system:node:n'), pending('other', 'system:node:m'));
				const { code, stdout } = await onNodes('csr', decision, '--from', 'system:node:n');
				assert.deepEqual([code, stdout], [0, `${decision}: mine\n`]);
				assert.deepEqual(context.ran, [['kubectl-sim', 'certificate', decision, 'mine']]);
			});

		it('finds the requests of a token by its name in the experiment', async () => {
			mkdirSync(join(context.directory, 'tokens'));
			const bootstrapToken = { apiServerEndpoint: 'h:1', token: 'abcdef.0123456789abcdef' };
			const config = { apiVersion: 'v1', kind: 'JoinConfiguration', discovery: { bootstrapToken } };
			writeFileSync(join(context.directory, 'tokens', 'mine.yaml'), JSON.stringify(config));
			context.requests.push(pending('r', 'system:bootstrap:abcdef'));
			const { stdout } = await onNodes('csr', 'approve', '--from', 'token:mine');
			assert.equal(stdout, 'approve: r\n');
		});

		it('refuses another decision before it looks for requests', async () => {
			const { code, stderr } = await onNodes('csr', 'aprove', '--from', 'x');
			assert.notEqual(code, 0);
			assert.match(stderr, /LAB_NOT_FOUND/);
			assert.deepEqual(context.ran, []);
		});
	});

	describe('where the services are', () => {
		for (const verb of ['kill', 'start', 'pause', 'resume', 'cut', 'heal'])
			it(`service ${verb} does this to one service`, async () => {
				assert.equal((await onServices('service', verb, 'token-store')).code, 0);
				assert.deepEqual(driver.done, [`${verb} token-store`]);
			});

		it('service change passes every setting, also with an equals sign in its value', async () => {
			const changes: unknown[] = [];
			Object.assign(driver, { change: async (...args: unknown[]) => void changes.push(args) });
			const line = ['service', 'change', 'ca-service', '--set', 'LAB=true', '--set', 'A_B=x=y', '--clock', '+600s'];
			const { stdout } = await onServices(...line);
			assert.deepEqual(changes, [['ca-service', { settings: { LAB: 'true', A_B: 'x=y' }, clock: '+600s' }]]);
			assert.equal(stdout, 'ca-service runs with LAB=true, A_B=x=y, a clock shifted by +600s\n');
			assert.equal((await onServices('service', 'change', 'ca-service', '--set', 'lab')).code, 3);
		});

		it('service state ends with 1 if the pattern does not match in time', async () => {
			const [first] = driver.states;
			driver.states.splice(0, 1, { ...(first ?? assert.fail()), state: 'paused', isChanged: true });
			const state = (pattern: string) => onServices('service', 'state', '--until', pattern, '--within', '0');
			assert.deepEqual(await state('^ca-service: paused, changed$'), {
				code: 0,
				stdout: 'ca-service: paused, changed\ntoken-store: running\n',
				stderr: '',
			});
			assert.equal((await state('^token-store: paused')).code, 1);
		});

		it('logs counts and prints only the lines that match', async () => {
			driver.text = 'one expired\ntwo\nthree expired';
			assert.equal((await onServices('logs', 'expired$')).stdout, '2 lines\none expired\nthree expired\n');
		});

		it('sends a command about nodes to the nodes, with all its arguments', async () => {
			driver.answer = () => ({ code: 1, stdout: 'as it was printed\n' });
			const line = ['expect', 'security', '--no-identity', 'n'];
			assert.deepEqual(await onServices(...line), { code: 1, stdout: 'as it was printed\n', stderr: '' });
			assert.deepEqual(driver.done, [`run ${line.join(' ')}`]);
		});

		it('steals the credentials before sign-again', async () => {
			await onServices('sign-again', 'node-1');
			assert.deepEqual(driver.done, ['run sign-again --stolen /stolen/signing-client node-1']);
		});
	});

	it('refuses a command about services where only nodes run', async () => {
		const { code, stderr } = await onNodes('service', 'kill', 'ca-service');
		assert.notEqual(code, 0);
		assert.match(stderr, /LAB_UNREACHABLE/);
	});
});
