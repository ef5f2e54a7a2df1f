import assert from 'node:assert/strict';
import { errorForPeople, remedyLine } from './cli/error-text.ts';
import { KubejoinError } from './errors.ts';
import { createLog, errorFields, renderLine } from './log.ts';

const linesOf = (format: 'text' | 'json', level = 'info') => {
	const lines: string[] = [];
	return { lines, log: createLog({ service: 'ca-service', level, format, write: (line) => lines.push(line) }) };
};
const token = 'abcdef.0123456789abcdef';
const masked = 'abcdef.****************';

describe('log lines', () => {
	it('text: time, service, message and fields; marks warnings and errors', () => {
		const line = { time: '2026-01-31T12:00:01.103Z', level: 'info', service: 'ca-service', msg: 'signed' };
		assert.equal(
			renderLine({ ...line, node: 'node-1', n: 2, gone: undefined, empty: '' }),
			'12:00:01.103 ca-service             signed  node=node-1  n=2',
		);
		assert.equal(
			renderLine({ ...line, level: 'warn', list: ['a', 'b c'] }),
			'12:00:01.103 ca-service             WARN signed  list=["a","b c"]',
		);
		assert.equal(renderLine({ ...line, level: 'error' }), '12:00:01.103 ca-service             ERROR signed');
	});

	it('text: sentences are Chinese for readers of Chinese, and JSON stays English', () => {
		const line = { time: '2026-01-31T12:00:01.103Z', level: 'warn', service: 'ca-service', msg: 'a token was refused' };
		const refused = { ...line, code: 'X', remedy: 'Correct these settings; nothing was started' };
		assert.match(renderLine(refused, 'zh'), / 令牌被拒绝 {2}code=X {2}remedy=\p{Script=Han}/u);
		assert.doesNotMatch(renderLine(refused, 'en'), /\p{Script=Han}/u);
		const { lines, log } = linesOf('json');
		log.warn('a token was refused');
		assert.match(lines.join(''), /"msg":"a token was refused"/);
	});

	it('json: one object per line', () => {
		const { lines, log } = linesOf('json');
		log.warn({ node: 'a' }, 'hello');
		log.debug('not this');
		assert.equal(lines.length, 1);
		const { time, ...line } = JSON.parse(lines[0] ?? '');
		assert.deepEqual(line, { level: 'warn', service: 'ca-service', node: 'a', msg: 'hello' });
		assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
	});

	it('escapes line breaks and control characters in a name', () => {
		const name = `evil\x1b]0;x\x07\r\n12:00:00.000 ca-service signed\u202e\u009b`;
		for (const format of ['text', 'json'] as const) {
			const { lines, log } = linesOf(format);
			log.info({ node: name, list: [name] }, `joined ${name}`);
			assert.equal(lines.length, 1);
			assert.doesNotMatch((lines[0] ?? '').replace(/\n$/, ''), /[\p{Cc}\p{Cf}]/u);
		}
	});

	it('masks a token in every place, in both formats', () => {
		for (const format of ['text', 'json'] as const) {
			const { lines, log } = linesOf(format);
			log.info({ token, header: `Bearer ${token}`, nested: { deep: [token] }, [token]: 1 }, `join with ${token}, now`);
			assert.ok(!lines.join().includes('0123456789abcdef'), lines.join());
			assert.equal(lines.join().split(masked).length, 6);
		}
	});
});

describe('errors in a log', () => {
	it('contains code and message, and for an unexpected error its cause', () => {
		assert.deepEqual(errorFields(new KubejoinError('TOKEN_REJECTED', {})), {
			code: 'TOKEN_REJECTED',
			error: 'Unauthorized',
		});
		const { code, cause } = errorFields(new Error('outer', { cause: new Error('inner') }));
		assert.deepEqual([code, cause], ['INTERNAL', 'outer: inner']);
		const reset = new KubejoinError('CONNECTION_REFUSED', { target: 't', problem: 'p' }, { cause: 'text' });
		assert.equal(errorFields(reset).cause, 'text');
	});

	it('contains for people the error, then the remedy', () => {
		assert.equal(
			errorForPeople(new KubejoinError('SIGNER_EXPIRED', { notAfter: '2026-01-31T12:00:00Z' })),
			'error: the signer has expired: its certificate was valid until 2026-01-31T12:00:00Z\n' +
				'  code:          SIGNER_EXPIRED\n' +
				'  most likely:   the cluster CA expired at 2026-01-31T12:00:00Z and was not renewed\n' +
				'  also possible: the clock of ca-service is ahead\n' +
				'  do this:       Rotate the cluster CA\n',
		);
	});

	it('contains for readers of Chinese the same, and upstream texts in English with their meaning', () => {
		assert.equal(
			errorForPeople(new KubejoinError('SIGNER_EXPIRED', { notAfter: '2026-01-31T12:00:00Z' }), 'zh'),
			'错误：签名者已过期：证书有效期至 2026-01-31T12:00:00Z\n' +
				'  代码：SIGNER_EXPIRED\n' +
				'  最可能：集群 CA 已于 2026-01-31T12:00:00Z 过期，未及时更新\n' +
				'  也可能：ca-service 的时钟偏快\n' +
				'  处理：轮换集群 CA\n',
		);
		assert.equal(
			errorForPeople(new KubejoinError('TOKEN_NOT_FOUND', { id: 'abcdef' }), 'zh'),
			'error: secrets "bootstrap-token-abcdef" not found\n' +
				'  代码：TOKEN_NOT_FOUND\n' +
				'  含义：没有此 ID 的令牌。\n' +
				'  处理：列出令牌：kubectl-sim token list\n',
		);
		assert.equal(remedyLine('Correct these fields', 'zh'), '处理：更正这些字段\n');
		assert.equal(remedyLine('Correct these fields', 'en'), 'do this: Correct these fields\n');
	});
});
