import assert from 'node:assert/strict';
import { joinedSpans, refusedSpans, traceId } from './spans.fixture.ts';
import { joinOf, stepsOf } from './steps.ts';
import { createTextReporter, type TextReporterOptions } from './text-reporter.ts';

describe('the story of a join', () => {
	function told(spans: typeof joinedSpans, options: Partial<TextReporterOptions> = {}): string {
		let written = '';
		const teller = createTextReporter({
			columns: 80,
			color: false,
			detail: 'steps',
			write: (text) => (written += text),
			...options,
		});
		teller.join(joinOf(traceId, spans, 0), 0);
		for (const step of stepsOf(traceId, spans)) teller.step(step, 0);
		teller.settle(10_000);
		return written;
	}

	it('says who spoke to whom and how, what was checked, who trusts whom, and how long it took', () => {
		assert.equal(
			told(joinedSpans),
			`node-1 begins to join
node-1 +2 ms  ✔ preflight: after preflight (1 ms)
node-1 +5 ms  → apiserver-sim, server verified: get configmaps
    kube-public/cluster-info (10 ms)
node-1 +20 ms  ✔ discovery/confirm: after discovery/confirm (18 ms)
node-1 NOW THE NODE TRUSTS THE CLUSTER: it may show its token
node-1 +60 ms  ← apiserver-sim, by watch: csr "x" Approved
node-1 +62 ms  controller-manager-sim ← apiserver-sim, by watch: csr-signing
node-1 +63 ms  controller-manager-sim → ca-service, mutual TLS:
    CertificateAuthority/Sign (16 ms)
node-1 +90 ms  ✔ tls-bootstrap/request-certificate: after
    tls-bootstrap/request-certificate (69 ms)
node-1 NOW THE CLUSTER TRUSTS THE NODE: it has a certificate
node-1 joined in 100 ms
`,
		);
	});

	it('a refusal is told with code, sentence, what it comes from, and remedy', () => {
		assert.equal(
			told(refusedSpans),
			`node-1 begins to join
node-1 +2 ms  ✔ preflight: after preflight (1 ms)
node-1 +29 ms  ✘ discovery/pin-ca (27 ms)
node-1 was refused after 30 ms
    CA_HASH_MISMATCH: not pinned
    most likely: another cluster
    also possible: a forged answer
    also possible: a wrong hash
    do this: do not join
`,
		);
	});

	it('in brief: one line for each join', () => {
		assert.equal(told(joinedSpans, { detail: 'joins' }), 'node-1 joined in 100 ms\n');
	});

	it('fits into 40 columns, and into 80', () => {
		for (const columns of [40, 80]) {
			const longWords = /\S{38,}/;
			for (const line of told(joinedSpans, { columns }).split('\n'))
				assert.ok(line.length <= columns || longWords.test(line), line);
		}
	});

	it('is told once, and not before what came earlier can have arrived', () => {
		let written = '';
		const teller = createTextReporter({
			columns: 80,
			color: false,
			detail: 'steps',
			write: (text) => (written += text),
		});
		const [preflight, confirm, message] = stepsOf(traceId, joinedSpans);
		if (preflight === undefined || confirm === undefined || message === undefined) assert.fail();
		teller.join({ ...joinOf(traceId, joinedSpans, 0), state: 'joining' }, 0);
		teller.step(confirm, 0);
		teller.settle(100);
		assert.equal(written, '');
		teller.step(message, 200);
		teller.step(preflight, 200);
		teller.settle(600);
		assert.deepEqual(written.match(/✔ \S+|→ \S+/g), ['✔ preflight:', '→ apiserver-sim,', '✔ discovery/confirm:']);
		const before = written;
		teller.step(confirm, 700);
		teller.settle(5_000);
		assert.equal(written, before);
	});

	it('what a node waits for is told although its phase has not ended', () => {
		let written = '';
		const teller = createTextReporter({
			columns: 80,
			color: false,
			detail: 'steps',
			write: (text) => (written += text),
		});
		const message = stepsOf(traceId, joinedSpans)[2] ?? assert.fail();
		teller.join({ ...joinOf(traceId, joinedSpans, 0), state: 'joining' }, 0);
		teller.step(message, 0);
		teller.settle(2_000);
		assert.match(written, /get configmaps/);
	});

	it('moves no cursor, sets no colour and reorders no text, whatever a span holds', () => {
		const evil = '\u001b[2J\r\n\u009b\u202e\u2066\u200b';
		const spans = [...joinedSpans, ...refusedSpans].map((span) => ({
			...span,
			name: `${span.name}${evil}`,
			...(span.failed === undefined ? {} : { failed: evil }),
			attributes: Object.fromEntries(
				Object.entries(span.attributes).map(([key, value]) => [
					key,
					key === 'kubejoin.workflow' ? value : `${value}${evil}`,
				]),
			),
		}));
		for (const text of [told(spans.slice(0, joinedSpans.length)), told(spans.slice(joinedSpans.length))]) {
			assert.ok(text.includes('^[[2J'), text);
			assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
		}
	});

	it('has colours where they are wanted', () => {
		assert.ok(told(joinedSpans, { color: true }).includes('\u001b[32m'));
	});
});
