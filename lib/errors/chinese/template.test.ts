import assert from 'node:assert/strict';
import { translator, valueNames } from './template.ts';

describe('the translation by templates', () => {
	const translate = translator({
		'no value': '没有值',
		'cannot connect to {target}: {problem}': '无法连接 {target}：{problem}',
		'cannot connect to {target}: connection refused': '无法连接 {target}：连接被拒绝',
		'{service} is {seconds} s ahead of {other}': '{service} 比 {other} 快 {seconds} 秒',
		'the port {port} is in use': '端口 {port} 已被占用',
	});

	it('keeps the values, in the order of the other language', () => {
		assert.equal(translate('no value'), '没有值');
		assert.equal(translate('a is 5 s ahead of b'), 'a 比 b 快 5 秒');
	});

	it('prefers the template with most words of its own', () => {
		assert.equal(translate('cannot connect to h:1: connection refused'), '无法连接 h:1：连接被拒绝');
		assert.equal(translate('cannot connect to h:1: reset'), '无法连接 h:1：reset');
	});

	it('translates a value that is a sentence with a template', () => {
		assert.equal(translate('cannot connect to h: the port 80 is in use'), '无法连接 h：端口 80 已被占用');
	});

	it('takes no part of a sentence as an exit code or a number', () => {
		const said = translator({
			'{service} ended with exit code {code}': '{service} 以退出码 {code} 结束',
			'step {name}: {problem}': '步骤 {name}：{problem}',
		});
		assert.equal(said('a ended with exit code 1'), 'a 以退出码 1 结束');
		assert.equal(said('step b: a ended with exit code 1'), '步骤 b：a 以退出码 1 结束');
		assert.equal(said('step b: it ended with exit code 1 and more'), '步骤 b：it ended with exit code 1 and more');
	});

	it('has nothing for other texts, missing values and very long texts', () => {
		for (const text of ['', 'no values', 'the port  is in use', 'the port is in use', ' is 5 s ahead of b'])
			assert.equal(translate(text), undefined, text);
		assert.equal(translate(`the port ${'1'.repeat(2_000)} is in use`), undefined);
		assert.equal(translate('constructor'), undefined);
	});

	it('names the values of a template', () => assert.deepEqual(valueNames('{a} b {cd}'), ['a', 'cd']));
});
