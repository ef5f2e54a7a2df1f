import assert from 'node:assert/strict';
import type { Failure, Join, Step, Tls } from '../api.ts';
import { joinedSpans, refusedSpans, traceId } from '../spans.fixture.ts';
import { stepsOf } from '../steps.ts';
import { chinese } from './chinese.ts';
import { english } from './english.ts';
import { clusterTrustForm, keptCredential, reasonOf, requestText } from './map/trust-words.ts';
import { labelPlace, outcomeOf, pauseMs, placeOf, trustChanges, trustWordOf } from './row-text.ts';
import { type JoinState, phasesByFile } from './state-at.ts';
import { wordsOf } from './words.ts';

const stepIn = (spans: typeof joinedSpans, label: string): Step =>
	stepsOf(traceId, spans).find((step) => step.label === label) ?? assert.fail();
const check = stepIn(joinedSpans, 'preflight');
const message = stepIn(joinedSpans, 'get configmaps kube-public/cluster-info');

describe('the text of a row', () => {
	it('is the trust after a check that changes it, and not after one that failed', () => {
		assert.equal(trustWordOf(check), 'trustNone');
		assert.equal(trustWordOf(stepIn(refusedSpans, 'discovery/pin-ca')), undefined);
		assert.equal(trustWordOf(stepIn(joinedSpans, 'discovery/confirm')), undefined);
		assert.equal(trustWordOf(message), undefined);
	});

	it('has the trust once, where two checks establish the same', () => {
		const checks = ['preflight', 'tls-bootstrap/read-config', 'tls-bootstrap/check-node-name'].map((label) => ({
			...check,
			id: label,
			label,
		}));
		assert.deepEqual(
			[...trustChanges(checks)],
			[
				['preflight', 'trustNone'],
				['tls-bootstrap/read-config', 'trustCredential'],
			],
		);
	});

	it('is a sentence that a failed check has its own of', () => {
		const failed = stepIn(refusedSpans, 'discovery/pin-ca');
		assert.equal(requestText(failed, wordsOf(english)), 'the key of the CA does not match the pin');
		assert.equal(requestText(failed, wordsOf(chinese)), 'CA 的公钥哈希不匹配');
		assert.equal(requestText(check, wordsOf(english)), 'checks its own input');
	});

	it('is the same sentence before the API server reports the request of a gRPC method', () => {
		const pairs = [
			['CertificateSigningRequests/Create', 'create certificatesigningrequests'],
			['CertificateSigningRequests/Get', 'get certificatesigningrequests node-csr-1'],
			['CertificateSigningRequests/UpdateApproval', 'update certificatesigningrequests/approval node-csr-1'],
			['CertificateSigningRequests/UpdateStatus', 'update certificatesigningrequests/status node-csr-1'],
			['Leases/Create', 'create leases'],
			['Leases/Get', 'get leases kube-node-lease/node-1'],
			['Nodes/Create', 'create nodes'],
			['Nodes/Get', 'get nodes node-1'],
			['SubjectAccessReviews/Create', 'create subjectaccessreviews'],
		];
		const textOf = (label = '') => requestText({ ...message, label }, wordsOf(english));
		for (const [method, request] of pairs) {
			assert.equal(textOf(method), textOf(request));
			assert.notEqual(textOf(method), method);
		}
	});

	it('speaks of no token in a join with the certificate of a discovery file', () => {
		for (const words of [wordsOf(english), wordsOf(chinese)]) {
			const checks = phasesByFile.flatMap((label) => [
				{ ...check, label },
				{ ...check, label, failure: {} as Failure },
			]);
			const request = { ...message, label: 'get configmaps kube-system/kubeadm-config', tls: 'mutual' } as const;
			const state = { clusterTrusts: 'credential', nodeTrusts: 'cluster' } as JoinState;
			const texts = [
				...[...checks, request].map((step) => requestText(step, words)),
				...checks.flatMap((step) => trustWordOf(step) ?? []).map(words.say),
				words.trust({ label: 'tls-bootstrap/read-config', trust: 'the API server accepts the credential' }),
				words.trust({
					label: 'tls-bootstrap/verify-certificate',
					trust: 'node and cluster trust each other; the credential is no longer needed',
				}),
				words.say(reasonOf(clusterTrustForm(state, {} as Join))),
				words.say('nodeTrusts'),
			];
			assert.deepEqual(
				texts.filter((text) => /token|令牌/.test(text)),
				[],
			);
			assert.match(requestText({ ...request, tls: 'one-way' }, words), /token|令牌/);
			const first = { ...message, tls: 'one-way', phase: 'discovery/verify-server' } as const;
			assert.equal(requestText(first, words), requestText({ ...message, tls: 'unverified' }, words));
		}
	});

	it('says that a refused node kept its credential unless it sent one', () => {
		const kept = (tokenBytes: number, tls: Tls) => keptCredential({ tokenBytes, tls } as Join);
		assert.deepEqual([kept(0, 'one-way'), kept(23, 'one-way'), kept(0, 'mutual')], [true, false, false]);
	});

	it('is an answer where the caller expects the error, and nothing for other messages', () => {
		const absent = { ...message, expectedError: 'API_NOT_FOUND' };
		assert.equal(outcomeOf(absent, wordsOf(english)), 'no');
		assert.equal(outcomeOf(absent, wordsOf(chinese)), '尚不存在');
		assert.equal(outcomeOf({ ...message, expectedError: 'OTHER' }, wordsOf(chinese)), 'OTHER');
		assert.equal(outcomeOf(message, wordsOf(english)), '');
	});

	it('has the arrow and its protection for screen readers', () => {
		assert.equal(placeOf(message, wordsOf(english)), 'node-1 → apiserver-sim, one-way TLS: ');
		assert.equal(placeOf(message, wordsOf(chinese)), 'node-1 → apiserver-sim，单向 TLS：');
		assert.equal(placeOf(check, wordsOf(english)), 'node-1: ');
		const { tls: _, ...plain } = message;
		assert.equal(placeOf(plain, wordsOf(chinese)), 'node-1 → apiserver-sim：');
	});
});

describe('the place of a label', () => {
	it('is on the side with more room, within the diagram', () => {
		for (const [from, to] of [
			[10, 30],
			[30, 10],
			[49, 90],
		] as const)
			assert.deepEqual(Object.keys(labelPlace(message, from, to)), ['left', 'maxWidth']);
		assert.deepEqual(Object.keys(labelPlace(message, 70, 90)), ['right', 'maxWidth']);
		assert.deepEqual(labelPlace(message, 70, 90), { right: 'calc(10% + 10px)', maxWidth: 'calc(90% - 10px)' });
	});
});

describe('the player', () => {
	const times = [0, 10, 10, 60_000];

	it('waits for the time between two steps, at its speed', () => {
		assert.equal(pauseMs(times, 1, 0.1), 100);
		assert.equal(pauseMs(times, 1, 0.01), 1_000);
	});

	it('shows steps of the same time one by one, and does not wait for long ones', () => {
		assert.equal(pauseMs(times, 2, 0.1), 30);
		assert.equal(pauseMs(times, 3, 1), 3_000);
		assert.equal(pauseMs([], 0, 1), 30);
	});
});
