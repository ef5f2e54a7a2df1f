import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { ChaosEvent } from './events.ts';
import { chaosToolkit, fixtureText, machine, planOf } from './fixtures/fixtures.ts';
import type { Journal } from './journal.ts';
import { runExperiment } from './run.ts';

const node = (script: string) => ({ type: 'process', path: 'node', arguments: ['-e', script] });
const probe = (name: string, script: string, more: object = { tolerance: 0 }) => ({
	type: 'probe',
	name,
	provider: node(script),
	...more,
});
const action = (name: string, script: string, more: object = {}) => ({
	type: 'action',
	name,
	provider: { ...node(script), ...more },
});
const WAITS = 'setInterval(() => 0, 1000)';

async function run(
	text: string,
	interrupted = new AbortController(),
	onEvent: (event: ChaosEvent) => void = () => undefined,
	pace = 1,
) {
	const events: ChaosEvent[] = [];
	const journal = await runExperiment(planOf(text), {
		machine,
		pace,
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
const { method } = parse(fixtureText('all-holds.yaml'));
const problems = (journal: Journal): string => journal.kubejoin.problems.join('\n');

/** Keys and types at any depth, without texts, numbers and the order of keys. */
function shapeOf(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(shapeOf);
	if (typeof value !== 'object' || value === null) return value === null ? null : typeof value;
	return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)]));
}

describe('runExperiment', () => {
	it('writes the journal of Chaos Toolkit, and the two verdicts', async () => {
		const { journal, events } = await run(fixtureText('two-verdicts.yaml'));
		const { kubejoin, 'kubejoin-version': _ours, ...rest } = journal;
		const { 'chaoslib-version': _theirs, ...real } = chaosToolkit().journal;
		// Chaos Toolkit does not judge tolerances in the method.
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
				['door-is-open', 'violated', 'by 2 strangers', 1],
				['house-is-still-intact', 'held', 'the house is intact', 0],
				['house-is-intact', 'held', 'the house is intact', 0],
			],
		);
		assert.equal(
			events.filter(({ event }) => event === 'activity-started').length,
			events.filter(({ event }) => event === 'activity-ended').length,
		);
	});

	it('does not run the method without the steady state, names the reason, and rolls back', async () => {
		const unsteady = probe('p', 'console.log("not steady: node-2 is not Ready. Start it"); process.exit(1)');
		const { journal } = await run(changed({ 'steady-state-hypothesis': { title: 'h', probes: [unsteady] } }));
		assert.equal(journal.status, 'failed');
		assert.deepEqual(
			[journal.run.length, journal.rollbacks.length, journal.steady_states.after, journal.deviated],
			[0, 1, null, false],
		);
		assert.match(
			problems(journal),
			/the method did not run: probe p: .* \(not steady: node-2 is not Ready\. Start it\)/,
		);
	});

	it('deviates when the steady state does not hold after the method', async () => {
		const folder = mkdtempSync(join(tmpdir(), 'kubejoin-chaos-'));
		try {
			const file = JSON.stringify(join(folder, 'broken'));
			const isWhole = probe('is-whole', `process.exit(require('node:fs').existsSync(${file}) ? 1 : 0)`);
			const breaks = action('breaks', `require('node:fs').writeFileSync(${file}, '')`);
			const state = { title: 'h', probes: [isWhole] };
			const { journal } = await run(changed({ 'steady-state-hypothesis': state, method: [breaks, ...method] }));
			assert.deepEqual([journal.status, journal.deviated, journal.kubejoin.passed], ['completed', true, false]);
			assert.match(problems(journal), /not in its steady state after the method: probe is-whole/);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});

	it('fails when no probe gives a verdict', async () => {
		const { journal } = await run(changed({ method: [] }));
		assert.match(problems(journal), /security is unknown, expected held/);
		assert.equal(journal.kubejoin.passed, false);
	});

	it('fails by a tolerance of the method and by a probe that ends with an error, and runs the other steps', async () => {
		for (const [step, why] of [
			[probe('p', 'process.exit(1)'), /probe p: expected exit code 0, got 1/],
			[probe('p', 'process.exit(3)', {}), /probe p: it ended with exit code 3 and has no tolerance/],
		] as const) {
			const { journal } = await run(changed({ method: [step, ...method] }));
			assert.equal(journal.kubejoin.passed, false);
			assert.match(problems(journal), why);
			assert.deepEqual([journal.run.length, journal.rollbacks.length], [2, 1]);
		}
	});

	it('ends the method at a step that does not run to its end', async () => {
		const stuck = action('stuck', WAITS, { timeout: 0.3 });
		const { journal } = await run(changed({ method: [stuck, ...method, ...method] }));
		assert.deepEqual(
			[journal.status, journal.run.length, journal.steady_states.after, journal.rollbacks.length],
			['failed', 1, null, 1],
		);
		assert.deepEqual(journal.kubejoin.problems, [
			'action stuck: the program took longer than 0.3 s',
			'the method ended there: 2 more steps did not run',
		]);
	});

	it('multiplies time limits by the pace, and records it', async () => {
		const slow = action('slow', 'setTimeout(() => 0, 300)', { timeout: 0.2 });
		const { journal, events } = await run(changed({ method: [slow, ...method] }), undefined, undefined, 300);
		assert.equal(journal.kubejoin.passed, true, problems(journal));
		const [started] = events;
		assert.deepEqual([journal.kubejoin.pace, started?.event === 'experiment-started' && started.pace], [300, 300]);
	});

	it('accepts an action of the method that ends with an error, and no such rollback', async () => {
		const bad = action('bad', "console.error('error: no'); process.exit(4)");
		assert.equal((await run(changed({ method: [bad, ...method] }))).journal.kubejoin.passed, true);
		const { journal } = await run(changed({ rollbacks: [bad, action('next', '0')] }));
		assert.match(problems(journal), /the mesh may not be restored: action bad: .* exit code 4 .*error: no/);
		assert.equal(journal.kubejoin.passed, false);
		assert.equal(journal.rollbacks.length, 2, 'the next rollback runs all the same');
	});

	it('ignores "held" from a failed probe, and counts "violated" from any probe', async () => {
		const verdicts = async (text: string) => {
			const failing = probe('p', `console.log('${text}'); process.exit(1)`);
			return (await run(changed({ method: [failing] }))).journal.kubejoin.verdicts;
		};
		assert.deepEqual(await verdicts('security: held'), { security: 'unknown', availability: 'unknown' });
		assert.deepEqual(await verdicts('availability: violated'), { security: 'unknown', availability: 'violated' });
	});

	it('emits the last lines of a failed program, of both streams and shortened', async () => {
		const script = `for (let i = 0; i < 20; i++) console.log('line', i);
			console.log('x'.repeat(5000)); console.error('why'); process.exit(1)`;
		const { events } = await run(changed({ method: [probe('p', script)] }));
		const ended = events.find((event) => event.event === 'activity-ended' && event.name === 'p');
		const output = ended?.event === 'activity-ended' ? ended.output : [];
		assert.deepEqual(output?.slice(0, 2), ['line 13', 'line 14']);
		assert.equal(output?.at(-1), 'why');
		assert.ok(output?.every((line) => line.length <= 410));
	});

	it('emits the pattern that a step waits for', async () => {
		const waits = (...args: string[]) => ({
			...probe('p', '0'),
			provider: { ...node('0'), arguments: ['-e', '0', ...args] },
		});
		const waitsOf = async (...args: string[]) => {
			const { events } = await run(changed({ method: [waits(...args)] }));
			const started = events.find((event) => event.event === 'activity-started' && event.part === 'method');
			return started?.event === 'activity-started' ? started.waitsFor : undefined;
		};
		assert.deepEqual(await waitsOf('--', '--until', 'Ready', '--within', '45'), { pattern: 'Ready', seconds: 45 });
		assert.deepEqual(await waitsOf('--', '--until', 'Ready'), { pattern: 'Ready', seconds: 30 });
		assert.equal(await waitsOf(), undefined);
	});

	it('stops the running step when interrupted, and rolls back', async () => {
		const stop = new AbortController();
		const text = changed({ method: [action('waits', WAITS), probe('never', '0')] });
		const { journal } = await run(text, stop, (event) => {
			if (event.event === 'activity-started' && event.name === 'waits') stop.abort();
		});
		assert.deepEqual([journal.status, journal.kubejoin.problems], ['interrupted', ['the experiment was interrupted']]);
		assert.deepEqual(
			[journal.run.length, journal.run[0]?.status, journal.rollbacks[0]?.status, journal.kubejoin.passed],
			[1, 'failed', 'succeeded', false],
		);
	});

	it('names a rollback that failed after an interruption', async () => {
		const stop = new AbortController();
		const text = changed({
			method: [action('waits', WAITS)],
			rollbacks: [action('breaks', 'process.exit(1)')],
		});
		const { journal } = await run(text, stop, (event) => {
			if (event.event === 'activity-started' && event.name === 'waits') stop.abort();
		});
		const [interrupted, rollback, ...others] = journal.kubejoin.problems;
		assert.deepEqual([interrupted, others], ['the experiment was interrupted', []]);
		assert.match(rollback ?? '', /a rollback failed, so the mesh may not be restored: action breaks/);
	});

	it('ends a pause when interrupted', async () => {
		const stop = new AbortController();
		const slow = { ...action('slow', '0'), pauses: { after: 600 } };
		const { journal } = await run(changed({ method: [slow] }), stop, (event) => {
			if (event.event === 'activity-ended' && event.name === 'slow') stop.abort();
		});
		assert.equal(journal.status, 'interrupted');
	});

	it('masks tokens in the journal and in events', async () => {
		const prints = action('prints', 'console.log("abcdef.0123456789abcdef"); process.exit(1)');
		const { journal, events } = await run(changed({ method: [prints, ...method], rollbacks: [prints] }));
		const text = JSON.stringify([journal, events]);
		assert.equal(text.includes('0123456789abcdef'), false);
		assert.match(text, /abcdef\.\*{16}/);
	});

	it('aborts without a program that the experiment needs, and names it', async () => {
		const text = fixtureText('all-holds.yaml').replace('tier: A', 'tier: A, needs: [node, no-such-program]');
		const { journal } = await run(text);
		assert.deepEqual(
			[journal.status, journal.run.length, journal.rollbacks.length, journal.kubejoin.passed],
			['aborted', 0, 1, false],
		);
		assert.equal(problems(journal), 'these programs are not installed on this machine: no-such-program');
	});
});
