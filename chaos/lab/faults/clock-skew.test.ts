import assert from 'node:assert/strict';
import { type FakeContext, fakeContext } from '../context.fixture.ts';
import { type FakeDriver, fakeDriver } from '../drivers/driver.fixture.ts';
import { clockOfService, HALF_JOINED, recordHalfJoined, recordSkew, skew, skewText } from './clock-skew.ts';

describe('what became of joins with a wrong clock', () => {
	let context: FakeContext;
	beforeEach(() => {
		context = fakeContext();
	});
	afterEach(() => context.remove());

	it('is a line for each service and offset; a second try takes the place of the first', async () => {
		assert.equal(await skewText(context), '');
		await recordSkew(context, { service: 'ca-service', offset: '+600s', outcome: 'refused X' });
		await recordSkew(context, { service: 'ca-service', offset: '-600s', outcome: 'joined' });
		await recordSkew(context, { service: 'ca-service', offset: '+600s', outcome: 'joined' });
		assert.equal(await skewText(context), 'ca-service -600s: joined\nca-service +600s: joined');
	});

	it('those that were half joined are all kept', async () => {
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
	const join = 'inside join skew-ca-service-plus-600s --token t --discovery 10s --bootstrap 20s';

	it('of a service: its clock is changed, a node joins, and both are as before', async () => {
		answerWith('skew-ca-service-plus-600s: joined\n…', 600);
		const text = await skew(driver, 'ca-service', '+600s', { token: 't' });
		assert.equal(text, 'ca-service +600s: joined (its clock is off by +600 s)');
		assert.deepEqual(driver.done, [
			'change ca-service +600s',
			join,
			'inside record-skew -- ca-service +600s joined (its clock is off by +600 s)',
			'restore',
			'inside remove skew-ca-service-plus-600s',
		]);
	});

	it('whose clock is right although it was to be wrong proves nothing, whatever the node did', async () => {
		answerWith('skew-ca-service-plus-600s: joined\n…', 0);
		assert.match(
			await skew(driver, 'ca-service', '+600s', { token: 't' }),
			/^ca-service \+600s: the fault had no effect: the clock of ca-service is off by -?0 s/,
		);
		driver.text = '';
		assert.match(
			await skew(driver, 'ca-service', '+600s', { token: 't' }),
			/: the fault had no effect: the clock of ca-service is not known/,
		);
	});

	it('the clock of a service is also read from a line of text, which has no date', async () => {
		for (const seconds of [-240, 600]) {
			driver.text = `== kubejoin-ca-service-1\n${inSeconds(seconds).slice(11, 23)}  ca-service             listening`;
			const offset = (await clockOfService(driver, 'ca-service')) ?? 0;
			assert.ok(Math.abs(offset - seconds * 1_000) < 5_000, `${offset}`);
		}
	});

	it('of the node: only its own clock is wrong, which its heartbeat proves', async () => {
		answerWith('skew-kubelet-sim-240s: joined\n', -240);
		await skew(driver, 'kubelet-sim', '-240s', { token: 't' });
		assert.deepEqual(driver.done.slice(0, 3), [
			'inside join skew-kubelet-sim-240s --token t --discovery 10s --bootstrap 20s --clock -240s',
			'inside kubectl get lease skew-kubelet-sim-240s -n kube-node-lease -o json',
			'inside record-skew -- kubelet-sim -240s joined (its clock is off by -240 s)',
		]);
		assert.ok(!driver.done.includes('restore'));
	});

	it('a refusal is recorded with what TLS said of it', async () => {
		answerWith(
			`n: refused CLUSTER_INFO_UNREACHABLE, exit code 1\n[discovery] no: x509: certificate has expired or is not yet valid: current time ${inSeconds(400 * 86_400)} is after\n`,
			0,
		);
		driver.answer = (
			(answer) => (args: readonly string[]) =>
				args[0] === 'kubectl' ? {} : answer(args)
		)(driver.answer);
		await skew(driver, 'kubelet-sim', '+400d', { token: 't' });
		const recorded = driver.done.find((line) => line.startsWith('inside record-skew'));
		assert.match(
			recorded ?? '',
			/ kubelet-sim \+400d refused CLUSTER_INFO_UNREACHABLE, exit code 1: x509: certificate has expired .* \(its clock is off by \+34560000 s\)$/,
		);
		assert.ok(!driver.done.some((line) => line.startsWith('inside record-half-joined')));
	});

	it('a node that was refused and has an identity is recorded as half joined', async () => {
		answerWith('n: refused CSR_TIMEOUT, exit code 1\n', 600, 'security: violated: n has a certificate\n');
		await skew(driver, 'ca-service', '+600s', { token: 't' });
		assert.ok(
			driver.done.includes('inside record-half-joined -- ca-service +600s: security: violated: n has a certificate'),
		);
	});
});
