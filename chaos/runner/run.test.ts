import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { ChaosEvent } from './events.ts';
import { chaosToolkit, fixtureText, machine, planOf } from './fixtures/fixtures.ts';
import type { Journal } from './journal.ts';
import { runExperiment } from './run.ts';

const variable = (name: string): string => `\${${name}}`;
const node = (script: string) => ({ type: 'process', path: 'node', arguments: ['-e', script] });
const probe = (name: string, script: string, more: object = { tolerance: 0 }) => ({
	type: 'probe',
	name,
	provider: node(script),
	...more,
});

async function run(
	text: string,
	interrupted = new AbortController(),
	onEvent: (event: ChaosEvent) => void = () => undefined,
) {
	const events: ChaosEvent[] = [];
	const journal = await runExperiment(planOf(text), {
		machine,
		version: '0',
		seed: 7,
		clock: () => Date.now(),
		emit: (event) => {
			events.push(event);
			onEvent(event);
		},
		interrupted: interrupted.signal,
		seeJoins: async () => ({ joins: [], more: 0 }),
	});
	return { journal, events };
}
/** The smallest experiment, changed. */
const changed = (change: object): string => stringify({ ...parse(fixtureText('all-holds.yaml')), ...change });
const problems = (journal: Journal): string => journal.kubejoin.problems.join('\n');

/** Keys and types all the way down; texts, numbers and the order of keys do not matter. */
function shapeOf(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(shapeOf);
	if (typeof value !== 'object' || value === null) return value === null ? null : typeof value;
	return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)]));
}

describe('an experiment', function () {
	this.timeout(30_000);

	it('leaves the journal that Chaos Toolkit leaves, and the two verdicts', async () => {
		const { journal, events } = await run(fixtureText('two-verdicts.yaml'));
		const { kubejoin, 'kubejoin-version': _ours, ...rest } = journal;
		const { 'chaoslib-version': _theirs, ...real } = chaosToolkit().journal;
		// Ours says of the method too whether tolerances were met, and masks the secret.
		const plain = { ...rest, run: rest.run.map(({ tolerance_met: _met, ...one }) => one) };
		assert.deepEqual(shapeOf(JSON.parse(JSON.stringify(plain))), shapeOf(real));
		assert.deepEqual(
			plain.run.map(({ output }) => output),
			(real.run as unknown as Journal['run']).map(({ output }) => output),
		);
		assert.equal(rest.status, real.status);
		assert.deepEqual(kubejoin.verdicts, { security: 'violated', availability: 'held' });
		assert.equal(kubejoin.passed, true, problems(journal));
		assert.deepEqual(
			kubejoin.evidence.map(({ probe: name, verdict, text, lines }) => [name, verdict, text, lines.length]),
			[
				['door', 'violated', 'by 2 strangers', 1],
				['house-stands', 'held', 'the house stands', 0],
				['house-stands', 'held', 'the house stands', 0],
			],
		);
		assert.equal(
			events.filter(({ event }) => event === 'activity-started').length,
			events.filter(({ event }) => event === 'activity-ended').length,
		);
	});

	it('with a steady state that does not hold before is failed, its method is not run, and its rollbacks are', async () => {
		const { journal } = await run(
			changed({ 'steady-state-hypothesis': { title: 'h', probes: [probe('p', 'process.exit(1)')] } }),
		);
		assert.equal(journal.status, 'failed');
		assert.deepEqual(
			[journal.run.length, journal.rollbacks.length, journal.steady_states.after, journal.deviated],
			[0, 1, null, false],
		);
		assert.match(problems(journal), /does not hold before/);
	});

	it('deviates when the steady state does not hold after', async () => {
		const folder = mkdtempSync(join(tmpdir(), 'kubejoin-chaos-'));
		try {
			const file = JSON.stringify(join(folder, 'broken'));
			const state = {
				title: 'h',
				probes: [probe('is-whole', `process.exit(require('node:fs').existsSync(${file}) ? 1 : 0)`)],
			};
			const breaks = {
				type: 'action',
				name: 'breaks',
				provider: node(`require('node:fs').writeFileSync(${file}, '')`),
			};
			const { method } = parse(fixtureText('all-holds.yaml'));
			const { journal } = await run(changed({ 'steady-state-hypothesis': state, method: [breaks, ...method] }));
			assert.deepEqual([journal.status, journal.deviated, journal.kubejoin.passed], ['completed', true, false]);
			assert.match(problems(journal), /does not hold after the method: probe is-whole/);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});

	it('of which no probe said a verdict does not pass', async () => {
		const { journal } = await run(changed({ method: [] }));
		assert.match(problems(journal), /security is unknown, and held was expected/);
		assert.equal(journal.kubejoin.passed, false);
	});

	it('fails by a tolerance of its method, by a probe that cannot be read, and by an activity that cannot be run', async () => {
		for (const [activity, why] of [
			[probe('p', 'process.exit(1)'), /probe p: wanted 0, found 1/],
			[probe('p', 'process.exit(3)', {}), /probe p: it ended with 3 and has no tolerance/],
			[
				{
					...probe('p', 'setInterval(() => 0, 1000)'),
					type: 'action',
					provider: { ...node('setInterval(() => 0, 1000)'), timeout: 0.3 },
				},
				/action p: the program took longer than 0.3 s/,
			],
			[
				{ type: 'probe', name: 'p', tolerance: 200, provider: { type: 'http', url: 'http://127.0.0.1:1/' } },
				/probe p: no answer from http:\/\/127.0.0.1:1/,
			],
		] as const) {
			const { journal } = await run(changed({ method: [...parse(fixtureText('all-holds.yaml')).method, activity] }));
			assert.equal(journal.kubejoin.passed, false);
			assert.match(problems(journal), why);
			assert.equal(journal.rollbacks.length, 1);
		}
	});

	it('does not fail by an action that ends with an error, and does by such a rollback', async () => {
		const { method } = parse(fixtureText('all-holds.yaml'));
		const bad = { type: 'action', name: 'bad', provider: node("console.error('error: no'); process.exit(4)") };
		assert.equal((await run(changed({ method: [bad, ...method] }))).journal.kubejoin.passed, true);
		const { journal } = await run(changed({ rollbacks: [bad] }));
		assert.match(problems(journal), /the mesh is not as it was: action bad: it ended with 4.*error: no/);
		assert.equal(journal.kubejoin.passed, false);
	});

	it('does not believe a probe that failed and says held, and believes each that says violated', async () => {
		const failing = (text: string) => probe('p', `console.log('${text}'); process.exit(1)`);
		const verdicts = async (text: string) =>
			(await run(changed({ method: [failing(text)] }))).journal.kubejoin.verdicts;
		assert.deepEqual(await verdicts('security: held'), { security: 'unknown', availability: 'unknown' });
		assert.deepEqual(await verdicts('availability: violated'), { security: 'unknown', availability: 'violated' });
	});

	it('shows the last lines of a program whose probe failed, of both streams and shortened', async () => {
		const script =
			"for (let i = 0; i < 20; i++) console.log('line', i); console.log('x'.repeat(5000)); console.error('why'); process.exit(1)";
		const { events } = await run(changed({ method: [probe('p', script)] }));
		const ended = events.find((event) => event.event === 'activity-ended' && event.name === 'p');
		const output = ended?.event === 'activity-ended' ? ended.output : [];
		assert.deepEqual(output?.slice(0, 2), ['line 13', 'line 14']);
		assert.equal(output?.at(-1), 'why');
		assert.ok(output?.every((line) => line.length <= 410));
	});

	it('that is interrupted stops what runs and puts everything back', async () => {
		const stop = new AbortController();
		const waits = { type: 'action', name: 'waits', provider: node('setInterval(() => 0, 1000)') };
		const { journal } = await run(changed({ method: [waits, probe('never', '0')] }), stop, (event) => {
			if (event.event === 'activity-started' && event.name === 'waits') stop.abort();
		});
		assert.equal(journal.status, 'interrupted');
		assert.deepEqual(
			[journal.run.length, journal.run[0]?.status, journal.rollbacks[0]?.status, journal.kubejoin.passed],
			[1, 'failed', 'succeeded', false],
		);
	});

	it('shows no secret in its journal and events', async () => {
		const { method } = parse(fixtureText('all-holds.yaml'));
		const tells = {
			type: 'action',
			name: 'tells',
			provider: {
				type: 'process',
				path: 'node',
				arguments: ['-e', 'console.log(process.argv[1], "abcdef.0123456789abcdef"); process.exit(1)', variable('key')],
			},
		};
		const secrets = { group: { key: { type: 'env', key: 'CHAOS_FIXTURE_KEY' } } };
		const { journal, events } = await run(changed({ secrets, method: [tells, ...method], rollbacks: [tells] }));
		const text = JSON.stringify([journal, events]);
		assert.equal(text.includes('abcdefghijkl'), false);
		assert.equal(text.includes('0123456789abcdef"'), false);
		assert.match(text, /\*\*\*\* abcdef\.\*{16}/);
	});

	it('takes values of its configuration from a probe, and is aborted without them', async () => {
		const { method } = parse(fixtureText('all-holds.yaml'));
		const wanted = probe('uses', 'process.exit(Number(process.argv[1]))', { tolerance: 5 });
		const uses = {
			...wanted,
			provider: { ...wanted.provider, arguments: [...wanted.provider.arguments, variable('five')] },
		};
		const good = await run(
			changed({ configuration: { five: probe('five', 'console.log(5)') }, method: [uses, ...method] }),
		);
		assert.equal(good.journal.kubejoin.passed, true, problems(good.journal));
		const { journal } = await run(
			changed({ configuration: { five: probe('five', 'process.exit(1)') }, method: [uses] }),
		);
		assert.deepEqual([journal.status, journal.run.length, journal.rollbacks.length], ['aborted', 0, 1]);
	});

	it('that needs a program which is not here is aborted and says which', async () => {
		const { journal } = await run(
			fixtureText('all-holds.yaml').replace('tier: A', 'tier: A, needs: [node, no-such-program]'),
		);
		assert.deepEqual(
			[journal.status, journal.run.length, journal.rollbacks.length, journal.kubejoin.passed],
			['aborted', 0, 1, false],
		);
		assert.equal(problems(journal), 'it needs what is not on this machine: no-such-program');
	});

	it('asks the probe that is a tolerance, which must end well', async () => {
		const { method } = parse(fixtureText('all-holds.yaml'));
		const judge = (script: string) => ({
			type: 'probe',
			name: 'judge',
			provider: { type: 'process', path: 'node', arguments: { '-e': script } },
		});
		const isDict = "process.exit(process.argv[2] === \"{'status': 0, 'stdout': '', 'stderr': ''}\" ? 0 : 1)";
		assert.equal(
			(await run(changed({ method: [probe('p', '0', { tolerance: judge(isDict) }), ...method] }))).journal.kubejoin
				.passed,
			true,
		);
		assert.match(
			problems(
				(await run(changed({ method: [probe('p', '0', { tolerance: judge('process.exit(1)') }), ...method] }))).journal,
			),
			/the probe "judge" does not agree/,
		);
	});
});
