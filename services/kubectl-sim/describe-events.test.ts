import { deepEqual, equal } from 'node:assert/strict';
import { KubejoinError } from '../../lib/errors.ts';
import type { ListOptions } from '../../lib/kube/client.ts';
import type { Event } from '../../lib/kube/types.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import { describe as describeResource } from './describe.ts';
import { base64, clock, csr, fakeOutput, worker } from './fakes.test.ts';

const event = (reason: string, more: Partial<Event> = {}): Event => ({
	apiVersion: 'v1',
	kind: 'Event',
	metadata: { name: reason },
	type: 'Normal',
	reason,
	message: ` ${reason} of w\n`,
	source: { component: 'kubelet', host: 'w' },
	eventTime: null,
	firstTimestamp: '2026-01-31T11:55:00Z',
	lastTimestamp: '2026-01-31T11:55:00Z',
	count: 1,
	...more,
});

const newer: Partial<Event> = {
	source: {},
	reportingComponent: 'node-controller',
	eventTime: '2026-01-31T11:58:00.000000Z',
	firstTimestamp: null,
	lastTimestamp: null,
	count: 0,
};

/** Describes the object that is called w; `list` answers each request for events. */
async function described(type: string, list: (selector: string) => readonly Event[]) {
	const { output, written } = fakeOutput();
	const selectors: string[] = [];
	const events = {
		list: async ({ fieldSelector = '' }: ListOptions) => {
			selectors.push(fieldSelector.split(',').toSorted().join(' ').replaceAll('involvedObject.', ''));
			return { items: list(fieldSelector) };
		},
	};
	const metadata = { name: 'w', uid: 'uid-1' };
	const request = base64(createCsr({ subject: { organizations: [], commonName: 'w' } }, await keys));
	const api = {
		events,
		nodes: { get: async () => worker('w', { metadata }) },
		leases: { get: async () => ({ metadata: {} }) },
		certificateSigningRequests: { get: async () => ({ ...csr('w', { request }), metadata }) },
	};
	await describeResource(type, ['w'], { api: api as never, output, clock });
	return { selectors, text: written.out.slice(written.out.indexOf('Events:')) };
}

let keys: ReturnType<typeof generateKeyPair>;

describe('the events of kubectl describe', () => {
	before(() => {
		keys = generateKeyPair('ECDSA-P256');
	});

	it('are those of the node, and those with its name as uid, the last one at the end', async () => {
		const all: Record<string, readonly Event[]> = {
			'uid-1': [
				event('NodeReady', { count: 3, lastTimestamp: '2026-01-31T11:59:57Z' }),
				event('Registered', newer),
				event('Repeated', {
					...newer,
					type: 'Warning',
					series: { count: 4, lastObservedTime: '2026-01-31T11:59:50Z' },
				}),
			],
			w: [event('Starting')],
		};
		const { selectors, text } = await described(
			'node',
			(selector) => all[/uid=([^,]*)/.exec(selector)?.[1] ?? ''] ?? [],
		);
		deepEqual(selectors, ['kind=Node name=w namespace= uid=uid-1', 'kind=Node name=w namespace= uid=w']);
		equal(
			text,
			`Events:
  Type     Reason      Age               From             Message
  ----     ------      ----              ----             -------
  Normal   Registered  2m                node-controller  Registered of w
  Warning  Repeated    10s (x4 over 2m)  node-controller  Repeated of w
  Normal   Starting    5m                kubelet          Starting of w
  Normal   NodeReady   3s (x3 over 5m)   kubelet          NodeReady of w
`,
		);
	});

	it('are those of the certificate request', async () => {
		const { selectors, text } = await described('csr', () => [event('CSRApproved')]);
		deepEqual(selectors, ['kind=CertificateSigningRequest name=w namespace= uid=uid-1']);
		equal(
			text,
			`Events:
  Type    Reason       Age   From     Message
  ----    ------       ----  ----     -------
  Normal  CSRApproved  5m    kubelet  CSRApproved of w
`,
		);
	});

	it('are none for a caller that may not list them', async () => {
		const forbidden = () => {
			throw new KubejoinError('API_FORBIDDEN', { message: 'events is forbidden' } as never);
		};
		equal((await described('node', forbidden)).text, 'Events:                       <none>\n');
		equal((await described('csr', forbidden)).text, 'Events:  <none>\n');
	});

	it('print no control character of a message', async () => {
		const { text } = await described('csr', () => [event('a', { message: 'red\u001b[31m' })]);
		equal(text.includes('\u001b'), false);
	});
});
