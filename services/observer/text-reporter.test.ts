import assert from 'node:assert/strict';
import { joinedSpans, refusedSpans, traceId } from './spans.fixture.ts';
import { joinOf, stepsOf } from './steps.ts';
import { createTextReporter, type TextReporter, type TextReporterOptions } from './text-reporter.ts';

describe('the story of a join', () => {
	function reporterTo(options: Partial<TextReporterOptions> = {}): TextReporter & { readonly text: () => string } {
		let text = '';
		const write = (more: string) => (text += more);
		const reporter = createTextReporter({ columns: 80, color: false, detail: 'checks', write, ...options });
		return {
			join: (...args) => reporter.join(...args),
			step: (...args) => reporter.step(...args),
			settle: (...args) => reporter.settle(...args),
			text: () => text,
		};
	}
	function printed(spans: typeof joinedSpans, options: Partial<TextReporterOptions> = {}): string {
		const reporter = reporterTo(options);
		reporter.join(joinOf(traceId, spans, []), 0);
		for (const step of stepsOf(traceId, spans)) reporter.step(step, 0);
		reporter.settle(10_000);
		return reporter.text();
	}
	const joining = { ...joinOf(traceId, joinedSpans, []), state: 'joining' as const };
	const steps = stepsOf(traceId, joinedSpans);
	const stepOf = (label: string) => steps.find((step) => step.label.startsWith(label)) ?? assert.fail(label);

	it('is a line for each check, the two moments of trust and the duration, in columns', () => {
		assert.equal(
			printed(joinedSpans),
			`node-1     2 ms  ✔ preflight            checks its arguments and files
node-1    20 ms  ✔ confirm              gets it again over verified TLS
node-1             NOW THE NODE TRUSTS THE CLUSTER: it can send its token
node-1    90 ms  ✔ request-certificate  asks the CA for its certificate
node-1             NOW THE CLUSTER TRUSTS THE NODE: it has a certificate
node-1 joined in 100 ms
`,
		);
	});

	it('is in Chinese for a reader of Chinese, with phases, codes and texts of upstream in English', () => {
		assert.equal(
			printed(joinedSpans, { language: 'zh' }),
			`node-1     2 ms  ✔ preflight            校验参数和文件
node-1    20 ms  ✔ confirm              用已验证的 TLS 再次获取
node-1             节点信任集群：现在可以出示令牌
node-1    90 ms  ✔ request-certificate  申请证书，CA 已签发
node-1             集群信任节点：节点已获得证书
node-1 已加入，用时 100 ms
`,
		);
		const refused = printed(refusedSpans, { language: 'zh', columns: 200 });
		assert.match(refused, /未能加入，用时/);
		assert.match(
			refused,
			/^ {4}CA_HASH_MISMATCH: .*\n {4}含义：cluster-info 中 CA 的公钥哈希，与指定的都不相同。令牌未发送。$/m,
		);
		assert.match(
			printed(joinedSpans, { language: 'zh', detail: 'steps', columns: 200 }),
			/→ ca-service，双向 TLS：请求签名 \[/,
		);
	});

	it('breaks a Chinese line where the terminal ends', () => {
		const width = (line: string) => line.length + (line.match(/[\p{Script=Han}，。：；（）]/gu)?.length ?? 0);
		for (const columns of [40, 80, 120])
			for (const line of printed(refusedSpans, { language: 'zh', columns }).split('\n'))
				assert.ok(width(line) <= columns && !/^ *[，。：；、）]/u.test(line), `${columns}: ${line}`);
	});

	it('has every message in detail `steps`: sender, receiver, protection, meaning and Kubernetes name', () => {
		assert.equal(
			printed(joinedSpans, { detail: 'steps' }),
			`node-1     2 ms  ✔ preflight            checks its arguments and files
node-1     5 ms    → apiserver-sim, server verified: gets cluster-info [get
                   configmaps kube-public/cluster-info] (10 ms)
node-1    20 ms  ✔ confirm              gets it again over verified TLS
node-1             NOW THE NODE TRUSTS THE CLUSTER: it can send its token
node-1    60 ms    ← apiserver-sim, by watch: csr x Approved
node-1    62 ms    controller-manager-sim ← apiserver-sim, by watch: sees the
                   approval [csr-signing]
node-1    63 ms    controller-manager-sim → ca-service, mutual TLS: asks for the
                   signature [CertificateAuthority/Sign] (16 ms)
node-1    90 ms  ✔ request-certificate  asks the CA for its certificate
node-1             NOW THE CLUSTER TRUSTS THE NODE: it has a certificate
node-1 joined in 100 ms
`,
		);
	});

	it('has full phase names and a column of durations on a wide terminal', () => {
		const lines = printed(joinedSpans, { columns: 120 }).split('\n');
		assert.match(lines[1] ?? '', /^node-1 {4}20 ms {2}✔ discovery\/confirm +gets it again over verified TLS +18 ms$/);
	});

	it('ends with code, message, likely causes and remedy when a node is refused', () => {
		assert.equal(
			printed(refusedSpans),
			`node-1     2 ms  ✔ preflight            checks its arguments and files
node-1    29 ms  ✘ pin-ca               CA_HASH_MISMATCH
node-1 was refused after 30 ms
    CA_HASH_MISMATCH: not pinned
    most likely: another cluster
    also possible: a forged answer
    also possible: a wrong hash
    do this: do not join
`,
		);
	});

	it('is one line for each join in detail `brief`, and the failure as well in detail `joins`', () => {
		for (const detail of ['joins', 'brief'] as const)
			assert.equal(printed(joinedSpans, { detail }), 'node-1 joined in 100 ms\n');
		assert.equal(printed(refusedSpans, { detail: 'brief' }), 'node-1 was refused after 30 ms: CA_HASH_MISMATCH\n');
		assert.match(
			printed(refusedSpans, { detail: 'joins' }),
			/^node-1 was refused after 30 ms\n {4}CA_HASH_MISMATCH: not pinned\n[\s\S]* {4}do this: do not join\n$/,
		);
	});

	it('is one line for each further join while more than five are in progress', () => {
		const reporter = reporterTo();
		for (let index = 0; index < 6; index++) {
			const id = `${index}`.repeat(32);
			reporter.join({ ...joinOf(id, joinedSpans, []), id, node: `node-${index}` }, 0);
			for (const step of stepsOf(id, joinedSpans)) reporter.step({ ...step, join: id }, 0);
		}
		reporter.settle(10_000);
		const lines = reporter.text().trimEnd().split('\n');
		assert.equal(lines.filter((line) => line.includes('joined in')).length, 6);
		assert.ok(lines.length < 6 * 6, reporter.text());
		assert.ok(lines.includes('node-0 joined in 100 ms'));
	});

	it('fits 40, 80 and 120 columns, and keeps numbers with their units', () => {
		for (const detail of ['checks', 'steps'] as const) {
			for (const columns of [40, 80, 120]) {
				for (const line of printed(joinedSpans, { columns, detail }).split('\n')) {
					assert.ok(line.length <= columns || /\S{34,}/.test(line), line);
					assert.doesNotMatch(line, /^\s*m?s\)?$|^\s*m?s\b/);
				}
			}
		}
	});

	it('cuts the names of certificate requests and leaves API groups out', () => {
		const reporter = reporterTo({ detail: 'steps', columns: 200 });
		reporter.join(joining, 0);
		const name = `node-csr-${'qmz4'.repeat(10)}xyz`;
		const label = `update certificatesigningrequests.certificates.k8s.io/approval ${name}`;
		reporter.step({ ...stepOf('CertificateAuthority/Sign'), label }, 0);
		reporter.settle(2_000);
		assert.match(
			reporter.text(),
			/approves the request \[update certificatesigningrequests\/approval node-csr-qmz4…\]/,
		);
	});

	it('says that an object does not exist, not that a request failed', () => {
		const reporter = reporterTo({ detail: 'steps' });
		reporter.join(joining, 0);
		reporter.step({ ...stepOf('get configmaps'), label: 'get nodes node-1', expectedError: 'API_NOT_FOUND' }, 0);
		reporter.settle(2_000);
		assert.match(reporter.text(), /there is\s+none/);
		assert.doesNotMatch(reporter.text(), /API_NOT_FOUND/);
	});

	it('prints the checks of a join that has ended at once, and waits for the messages of other programs', () => {
		for (const [detail, isPrinted] of [
			['checks', true],
			['joins', true],
			['steps', false],
		] as const) {
			const reporter = reporterTo({ detail });
			reporter.join(joinOf(traceId, joinedSpans, []), 0);
			for (const step of steps) reporter.step(step, 0);
			reporter.settle(100);
			assert.equal(reporter.text() !== '', isPrinted, detail);
		}
	});

	it('prints a step once, and after every step that precedes it', () => {
		const reporter = reporterTo({ detail: 'steps' });
		const [preflight, confirm, message] = [stepOf('preflight'), stepOf('discovery/confirm'), stepOf('get configmaps')];
		reporter.join(joining, 0);
		reporter.step(confirm, 0);
		reporter.settle(100);
		assert.equal(reporter.text(), '');
		reporter.step(message, 200);
		reporter.step(preflight, 200);
		reporter.settle(600);
		assert.deepEqual(reporter.text().match(/✔ \S+|→ \S+/g), ['✔ preflight', '→ apiserver-sim,', '✔ confirm']);
		const before = reporter.text();
		reporter.step(confirm, 700);
		reporter.settle(1_000);
		assert.equal(reporter.text(), before);
	});

	it('prints the message that a node waits for before its phase has ended', () => {
		const reporter = reporterTo({ detail: 'steps' });
		reporter.join(joining, 0);
		reporter.step(stepOf('get configmaps'), 0);
		reporter.settle(2_000);
		assert.match(reporter.text(), /get\s+configmaps/);
	});

	it('names a phase that takes long, once', () => {
		const reporter = reporterTo();
		reporter.join({ ...joining, nextPhase: 'tls-bootstrap/request-certificate' }, 0);
		reporter.step(stepOf('preflight'), 0);
		for (const atMs of [600, 3_000, 3_700, 9_000]) reporter.settle(atMs);
		assert.deepEqual(reporter.text().split('\n').slice(1), ['node-1           … request-certificate  in progress', '']);
	});

	it('moves no cursor, sets no color and reorders no text, regardless of the content of a span', () => {
		const evil = '\u001b[2J\r\n\u009b\u202e\u2066\u200b';
		const spans = [...joinedSpans, ...refusedSpans].map((span) => ({
			...span,
			name: span.name === 'join' ? span.name : `${span.name}${evil}`,
			...(span.failed === undefined ? {} : { failed: evil }),
			attributes: Object.fromEntries(
				Object.entries(span.attributes).map(([key, value]) => [
					key,
					key === 'kubejoin.workflow' ? value : `${value}${evil}`,
				]),
			),
		}));
		for (const detail of ['checks', 'steps', 'joins', 'brief'] as const) {
			for (const columns of [40, 80]) {
				for (const of of [spans.slice(0, joinedSpans.length), spans.slice(joinedSpans.length)]) {
					const text = printed(of, { detail, columns });
					assert.ok(text.includes('^[[2J'), text);
					assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
				}
			}
		}
	});

	it('has colors where they are enabled', () => {
		assert.ok(printed(joinedSpans, { color: true }).includes('\u001b[32m'));
	});
});
