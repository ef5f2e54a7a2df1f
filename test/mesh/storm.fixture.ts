import assert from 'node:assert/strict';
import type { TestMesh } from './mesh.ts';

/**
 * The traces of a thousand joins, as a thousand nodes would send them; to run so many nodes is for the
 * benchmark.
 */
export async function sendStorm(mesh: Pick<TestMesh, 'port' | 'pki'>, number: number): Promise<void> {
	const steps = [
		'preflight',
		'discovery/fetch-cluster-info',
		'discovery/pin-ca',
		'discovery/confirm',
		'tls-bootstrap/request-certificate',
		'register',
	];
	for (let batch = 0; batch < number; batch += 50) {
		const spans = Array.from({ length: Math.min(50, number - batch) }, (_, index) =>
			joinSpans(batch + index, steps),
		).flat();
		const body = {
			resourceSpans: [{ resource: { attributes: [text('service.name', 'kubelet-sim')] }, scopeSpans: [{ spans }] }],
		};
		const response = await fetch(`http://127.0.0.1:${mesh.port + 3}/v1/traces`, {
			method: 'POST',
			headers: {
				'content-type': 'application/json',
				authorization: `Bearer ${mesh.pki('kubelet-sim/traces-key').trim()}`,
			},
			body: JSON.stringify(body),
		});
		assert.equal(response.status, 200);
	}
}

const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

/** One join of the storm: a span for each phase and the first one. */
function joinSpans(number: number, phases: readonly string[]): object[] {
	const traceId = (number + 1).toString().padStart(32, '0');
	const nano = (ms: number) => `${Math.round(ms)}000000`;
	const startMs = Date.now() - 500 + (number % 50);
	const common = [text('kubejoin.workflow', 'join'), text('k8s.node.name', `storm-${number}`)];
	const span = (index: number, name: string, fromMs: number, toMs: number, attributes: object[]) => ({
		traceId,
		spanId: (index + 1).toString(16).padStart(16, '0'),
		...(index === 0 ? {} : { parentSpanId: '1'.padStart(16, '0') }),
		name,
		kind: 1,
		startTimeUnixNano: nano(startMs + fromMs),
		endTimeUnixNano: nano(startMs + toMs),
		attributes,
		status: {},
	});
	return [
		span(0, 'join', 0, 300, common),
		...phases.map((name, index) =>
			span(index + 1, name, index * 50, index * 50 + 45, [...common, text('kubejoin.trust', name)]),
		),
	];
}
