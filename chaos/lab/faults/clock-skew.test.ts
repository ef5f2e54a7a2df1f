import assert from 'node:assert/strict';
import { type FakeContext, fakeContext } from '../context.fixture.ts';
import { type FakeDriver, fakeDriver } from '../drivers/driver.fixture.ts';
import {
	clockOfService,
	HALF_JOINED,
	joinWithSkew,
	recordHalfJoined,
	recordSkew,
	skewResultsText,
} from './clock-skew.ts';

describe('results of joins with a wrong clock', () => {
	let context: FakeContext;
	beforeEach(() => {
		context = fakeContext();
	});
	afterEach(() => context.remove());

	it('has a line for each service and offset, and replaces earlier results', async () => {
		assert.equal(await skewResultsText(context), '');
		await recordSkew(context, { service: 'ca-service', offset: '+600s', outcome: 'refused X' });
		await recordSkew(context, { service: 'ca-service', offset: '-600s', outcome: 'joined' });
		await recordSkew(context, { service: 'ca-service', offset: '+600s', outcome: 'joined' });
		assert.equal(await skewResultsText(context), 'ca-service -600s: joined\nca-service +600s: joined');
	});

	it('keeps every half-joined node', async () => {
		await recordHalfJoined(context, 'a');
		await recordHalfJoined(context, 'b');
		assert.deepEqual(await context.read(HALF_JOINED), ['a', 'b']);
	});
});

describe('a join with a wrong clock', () => {
	let driver: FakeDriver;
	beforeEach(() => {
		driver = fakeDriver();
	});
	const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
	/** @param seconds  by which the clock of the heartbeat and of the log is wrong */
	const answerWith = (joined: string, seconds: number, judged = 'security: held: x') => {
		const lease = JSON.stringify({ spec: { renewTime: inSeconds(seconds) } });
		const answers: Readonly<Record<string, string>> = { join: joined, judge: judged, kubectl: lease };
		driver.answer = ([verb = '']) => ({ stdout: answers[verb] ?? '' });
		driver.text = [
			`{"level":"info","time":"${inSeconds(0)}","service":"ca-service","msg":"before"}`,
			`{"level":"info","time":"${inSeconds(seconds)}","service":"ca-service","msg":"listening"}`,
			`{"level":"info","time":"${inSeconds(0)}","service":"token-store","msg":"x"}`,
		].join('\n');
	};
	const recorded = (service: string, offset: string, outcome: string) =>
		`recordSkew ${JSON.stringify({ service, offset, outcome })}`;
	const join = 'run join skew-ca-service-plus-600s --token t --discovery 10s --bootstrap 20s';

	it('shifts the clock of a service for one join and restores both', async () => {
		answerWith('skew-ca-service-plus-600s: joined\n…', 600);
		const text = await joinWithSkew(driver, { service: 'ca-service', offset: '+600s', token: 't' });
		assert.equal(text, 'ca-service +600s: joined (its clock is off by +600 s)');
		assert.deepEqual(driver.done, [
			'change ca-service +600s',
			join,
			recorded('ca-service', '+600s', 'joined (its clock is off by +600 s)'),
			'restore',
			'run remove skew-ca-service-plus-600s',
		]);
	});

	it('reports a fault without effect when the clock is not shifted', async () => {
		answerWith('skew-ca-service-plus-600s: joined\n…', 0);
		assert.match(
			await joinWithSkew(driver, { service: 'ca-service', offset: '+600s', token: 't' }),
			/^ca-service \+600s: the fault had no effect: the clock of ca-service is off by -?0 s/,
		);
		driver.text = '';
		assert.match(
			await joinWithSkew(driver, { service: 'ca-service', offset: '+600s', token: 't' }),
			/: the fault had no effect: the clock of ca-service is not known/,
		);
	});

	it('reads the clock of a service from the text format too', async () => {
		for (const seconds of [-240, 600]) {
			driver.text = `== kubejoin-ca-service-1\n${inSeconds(seconds).slice(11, 23)}  ca-service             listening`;
			const offset = (await clockOfService(driver, 'ca-service')) ?? 0;
			assert.ok(Math.abs(offset - seconds * 1_000) < 5_000, `${offset}`);
		}
	});

	it('shifts only the clock of the node, and reads it from the heartbeat', async () => {
		answerWith('skew-kubelet-sim-240s: joined\n', -240);
		await joinWithSkew(driver, { service: 'kubelet-sim', offset: '-240s', token: 't' });
		assert.deepEqual(driver.done.slice(0, 3), [
			'run join skew-kubelet-sim-240s --token t --discovery 10s --bootstrap 20s --clock -240s',
			'run kubectl get lease skew-kubelet-sim-240s -n kube-node-lease -o json',
			recorded('kubelet-sim', '-240s', 'joined (its clock is off by -240 s)'),
		]);
		assert.ok(!driver.done.includes('restore'));
	});

	it('records a refusal with its TLS error', async () => {
		answerWith(
			`n: refused CLUSTER_INFO_UNREACHABLE, exit code 1\n[discovery] no: x509: certificate has expired or ` +
				`is not yet valid: current time ${inSeconds(400 * 86_400)} is after\n`,
			0,
		);
		driver.answer = (
			(answer) => (args: readonly string[]) =>
				args[0] === 'kubectl' ? {} : answer(args)
		)(driver.answer);
		await joinWithSkew(driver, { service: 'kubelet-sim', offset: '+400d', token: 't' });
		const line = driver.done.find((line) => line.startsWith('recordSkew'));
		assert.match(
			line ?? '',
			/"\+400d","outcome":"refused CLUSTER_INFO_UNREACHABLE, exit code 1: x509: certificate has expired /,
		);
		assert.ok(line?.endsWith(' (its clock is off by +34560000 s)"}'), line);
		assert.ok(!driver.done.some((line) => line.startsWith('recordHalfJoined')));
	});

	it('records a refused node with an identity as half joined', async () => {
		answerWith('n: refused CSR_TIMEOUT, exit code 1\n', 600, 'security: violated: n has a certificate\n');
		await joinWithSkew(driver, { service: 'ca-service', offset: '+600s', token: 't' });
		assert.ok(driver.done.includes('recordHalfJoined ca-service +600s: security: violated: n has a certificate'));
	});
});
