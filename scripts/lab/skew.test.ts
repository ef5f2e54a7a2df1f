import assert from 'node:assert/strict';
import { type FakeDriver, fakeDriver } from './driver.fixture.ts';
import { type FakePlace, fakePlace } from './place.fixture.ts';
import { HALF_JOINED, recordHalfJoined, recordSkew, skew, skewText } from './skew.ts';

describe('what became of joins with a wrong clock', () => {
	let place: FakePlace;
	beforeEach(() => {
		place = fakePlace();
	});
	afterEach(() => place.remove());

	it('is a line for each service and offset; a second try takes the place of the first', async () => {
		assert.equal(await skewText(place), '');
		await recordSkew(place, { service: 'ca-service', offset: '+600s', outcome: 'refused X' });
		await recordSkew(place, { service: 'ca-service', offset: '-600s', outcome: 'joined' });
		await recordSkew(place, { service: 'ca-service', offset: '+600s', outcome: 'joined' });
		assert.equal(await skewText(place), 'ca-service -600s: joined\nca-service +600s: joined');
	});

	it('those that were half joined are all kept', async () => {
		await recordHalfJoined(place, 'a');
		await recordHalfJoined(place, 'b');
		assert.deepEqual(await place.read(HALF_JOINED), ['a', 'b']);
	});
});

describe('a join with a wrong clock', () => {
	let driver: FakeDriver;
	beforeEach(() => {
		driver = fakeDriver();
	});
	const answerWith = (joined: string, judged = 'security: held: x') => {
		driver.answer = ([verb]) => ({ stdout: verb === 'join' ? joined : verb === 'judge' ? judged : '' });
	};

	it('of a service: its clock is changed, a node joins, and both are as before', async () => {
		answerWith('skew-ca-service-plus-600s: joined\n…');
		assert.equal(await skew(driver, 'ca-service', '+600s', { token: 't' }), 'ca-service +600s: joined');
		assert.deepEqual(driver.done, [
			'change ca-service +600s',
			'inside join skew-ca-service-plus-600s --token t --discovery 4s --bootstrap 6s',
			'inside record-skew -- ca-service +600s joined',
			'restore',
			'inside remove skew-ca-service-plus-600s',
		]);
	});

	it('of the node: only its own clock is wrong', async () => {
		answerWith('skew-kubelet-sim-240s: joined\n');
		await skew(driver, 'kubelet-sim', '-240s', { token: 't' });
		assert.deepEqual(driver.done.slice(0, 2), [
			'inside join skew-kubelet-sim-240s --token t --discovery 4s --bootstrap 6s --clock -240s',
			'inside record-skew -- kubelet-sim -240s joined',
		]);
		assert.ok(!driver.done.includes('restore'));
	});

	it('a refusal is recorded with what TLS said of it', async () => {
		answerWith(
			'n: refused CLUSTER_INFO_UNREACHABLE, exit code 1\n[discovery] no: x509: certificate has expired or is not yet valid\n',
		);
		await skew(driver, 'apiserver-sim', '+400d', { token: 't' });
		assert.ok(
			driver.done.includes(
				'inside record-skew -- apiserver-sim +400d refused CLUSTER_INFO_UNREACHABLE, exit code 1: x509: certificate has expired or is not yet valid',
			),
		);
		assert.ok(!driver.done.some((line) => line.startsWith('inside record-half-joined')));
	});

	it('a node that was refused and has an identity is recorded as half joined', async () => {
		answerWith('n: refused CSR_TIMEOUT, exit code 1\n', 'security: violated: n has a certificate\n');
		await skew(driver, 'ca-service', '+600s', { token: 't' });
		assert.ok(
			driver.done.includes('inside record-half-joined -- ca-service +600s: security: violated: n has a certificate'),
		);
	});
});
