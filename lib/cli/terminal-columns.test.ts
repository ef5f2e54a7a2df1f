import assert from 'node:assert/strict';
import { columnsOf, cutColumns, padColumns, wrapColumns } from './terminal-columns.ts';

describe('text on a terminal', () => {
	it('has two columns for a Chinese character and a full-width mark', () => {
		assert.equal(columnsOf('abc'), 3);
		assert.equal(columnsOf('节点，a'), 7);
		assert.equal(columnsOf('✔ …'), 3);
	});

	it('is cut and filled by columns', () => {
		assert.equal(cutColumns('节点加入', 5), '节点');
		assert.equal(cutColumns('节点加入', 8, '…'), '节点加入');
		assert.equal(cutColumns('节点加入集群', 8, '…'), '节点加…');
		assert.equal(padColumns('节点', 6), '节点  ');
		assert.equal(padColumns('longer', 3), 'longer');
	});

	it('breaks at spaces, and not within a word', () => {
		assert.deepEqual(wrapColumns('one two three', 7), ['one two', 'three']);
		assert.deepEqual(wrapColumns('a verylongword b', 5), ['a', 'verylongword', 'b']);
		assert.deepEqual(wrapColumns('', 5), ['']);
	});

	it('breaks between Chinese characters, and keeps marks with their words', () => {
		assert.deepEqual(wrapColumns('节点加入集群，然后发送心跳。', 12), ['节点加入集', '群，然后发送', '心跳。']);
		assert.deepEqual(wrapColumns('令牌（token）有效', 8), ['令牌', '（token）', '有效']);
		for (const line of wrapColumns('像 kubeadm 和 kubelet 一样加入集群（默认：10248）。'.repeat(4), 30)) {
			assert.ok(columnsOf(line) <= 30, line);
			assert.doesNotMatch(line, /^[，。：；）]|（$/);
		}
	});

	it('keeps every character, also of a text that begins with a mark', () => {
		const text = '，。 a（b）c…节点 “引号” 。';
		assert.equal(wrapColumns(text, 4).join('').replaceAll(' ', ''), text.replaceAll(' ', ''));
	});

	it('takes linear time', () => {
		const startMs = performance.now();
		wrapColumns('节点 a（，'.repeat(50_000), 80);
		wrapColumns(' '.repeat(200_000), 80);
		wrapColumns(`x${' '.repeat(200_000)}y`, 80);
		wrapColumns('（'.repeat(200_000), 80);
		assert.ok(performance.now() - startMs < 5_000);
	});
});
