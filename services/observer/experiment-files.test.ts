import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createLog } from '../../lib/log.ts';
import { projectPath } from '../../lib/paths.ts';
import { ExperimentFiles, isExperimentName, readExperiment } from './experiment-files.ts';

const document = `
title: A node with a wrong pin keeps its token to itself
description: >-
  One digit
  is changed.
contributions: { security: held, availability: violated }
extensions:
  - { name: other }
  - { name: kubejoin, id: X02, tier: A, lesson: The pin is checked first., mirrors: [a/b#1] }
method: []
`;

describe('the experiments that are offered', () => {
	it('have the texts of their documents', () => {
		assert.deepEqual(readExperiment('wrong-pin.yaml', document), {
			name: 'wrong-pin',
			id: 'X02',
			tier: 'A',
			title: 'A node with a wrong pin keeps its token to itself',
			description: 'One digit is changed.',
			lesson: 'The pin is checked first.',
			expected: { security: 'held', availability: 'violated' },
			...{ group: 'other', steps: 0, faults: [] },
		});
	});

	for (const [what, from, to, problem] of [
		['no title', 'title:', 'titel:', /needs title/],
		['a title that is a number', 'A node with a wrong pin keeps its token to itself', '7', /needs title/],
		['no extension of ours', 'name: kubejoin', 'name: other', /needs id/],
		[
			'a verdict that is none',
			'security: held',
			'security: perhaps',
			/contributions\.security: held, violated or none/,
		],
		['no verdict', 'availability: violated', 'more: x', /contributions\.availability/],
	] as const) {
		it(`exclude a document with ${what}, and state the reason`, () => {
			assert.throws(() => readExperiment('wrong-pin.yaml', document.replace(from, to)), problem);
		});
	}

	it('have no name that is a flag, a path or a text with spaces', () => {
		for (const name of ['-x', '--all', '../x', 'a b', '', 'A', 'a/b', 'a'.repeat(101), 'a\n'])
			assert.equal(isExperimentName(name), false, JSON.stringify(name));
		for (const name of ['expired-token', 'x', '2nd']) assert.equal(isExperimentName(name), true);
		assert.throws(() => readExperiment('--seed.yaml', document), /lower-case letters/);
	});

	it('come from any document, or the reason of its refusal is one sentence', () => {
		fc.assert(
			fc.property(fc.anything(), (value) => {
				try {
					readExperiment('x.yaml', JSON.stringify(value) ?? '');
				} catch (error) {
					assert.match(String(error), /it needs/);
				}
			}),
		);
	});

	it('have a group, by their tags, and the faults of their method', () => {
		const directory = projectPath('chaos/experiments');
		const log = createLog({ service: 'observer', level: 'info', format: 'json', write: (line) => assert.fail(line) });
		const all = new Map(new ExperimentFiles(directory, log).list().map((experiment) => [experiment.name, experiment]));
		for (const [name, group] of [
			['nothing', 'start'],
			['expired-token', 'token'],
			['wrong-pin', 'pin'],
			['token-store-outage', 'outage'],
			['clock-skew', 'clock'],
			['auto-approval-removed', 'rights'],
			['rotation-denied', 'rotation'],
			['kubeconfig-gone', 'other'],
		])
			assert.equal(all.get(name ?? '')?.group, group, name);
		const faults = all.get('ca-service-down')?.faults.map(({ party, fault }) => `${party} ${fault}`);
		assert.deepEqual(faults, ['ca-service killed', 'ca-service changed', '* restored']);
		assert.ok(all.get('clock-skew')?.faults.some(({ party, fault }) => party === 'token-store' && fault === 'skewed'));
		assert.ok(all.get('asleep-past-expiry')?.faults.some(({ party }) => party === 'x18-forgotten'));
		assert.equal(all.get('ca-service-down')?.steps, 20);
	});

	it('include every document of the catalogue', () => {
		const directory = projectPath('chaos/experiments');
		const log = createLog({ service: 'observer', level: 'info', format: 'json', write: (line) => assert.fail(line) });
		assert.deepEqual(
			new ExperimentFiles(directory, log)
				.list()
				.map(({ name }) => `${name}.yaml`)
				.sort(),
			readdirSync(directory).sort(),
		);
	});

	it('include the valid documents beside an invalid one, and are none without a directory', () => {
		const directory = mkdtempSync(join(tmpdir(), 'kubejoin-experiments-'));
		const lines: string[] = [];
		const log = createLog({
			service: 'observer',
			level: 'info',
			format: 'json',
			write: (line) => void lines.push(line),
		});
		try {
			writeFileSync(join(directory, 'wrong-pin.yaml'), document);
			writeFileSync(join(directory, 'earlier.yaml'), document.replace('X02', 'X01'));
			writeFileSync(join(directory, 'half-written.yaml'), 'title: [');
			writeFileSync(join(directory, 'README.md'), 'nothing');
			assert.deepEqual(
				new ExperimentFiles(directory, log).list().map(({ name }) => name),
				['earlier', 'wrong-pin'],
			);
			assert.deepEqual(new ExperimentFiles(join(directory, 'absent'), log).list(), []);
			assert.equal(lines.length, 2);
			assert.match(lines.join(''), /half-written\.yaml.*does not show this experiment/);
		} finally {
			rmSync(directory, { recursive: true });
		}
	});
});
