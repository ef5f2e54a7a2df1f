/** Attacks on the page and on the output in the terminal. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { deriveTracesKey } from '../../lib/traces-key.ts';
import { eventually } from '../mesh/mesh.ts';
import type { AttackGroup } from './attack.ts';
import { HOST, https, inSteps, type Target } from './target.ts';

interface JoinShown {
	readonly id: string;
	readonly node: string;
	readonly state: string;
	readonly [field: string]: unknown;
}

const SHOWN_MS = 1_000;

interface StepShown {
	readonly id: string;
	readonly join: string;
}

/** The joins that the page shows now. */
const shownJoins = async (target: Target): Promise<JoinShown[]> => (await shown(target)).joins;

async function shown({ mesh }: Target): Promise<{ joins: JoinShown[]; steps: StepShown[] }> {
	const signal = AbortSignal.timeout(SHOWN_MS);
	const response = await fetch(`${mesh.page}/api/stream?steps=all`, { signal });
	const joins = new Map<string, JoinShown>();
	const steps = new Map<string, StepShown>();
	let text = '';
	try {
		for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
	} catch {
		// The stream does not end by itself.
	}
	for (const [, event, data = ''] of text.matchAll(/^event: (.*)\ndata: (.*)$/gm)) {
		if (event === 'step') {
			const step = JSON.parse(data) as StepShown;
			steps.set(step.id, step);
		}
		if (event !== 'join') continue;
		const join = JSON.parse(data) as JoinShown;
		joins.set(join.id, join);
	}
	return { joins: [...joins.values()], steps: [...steps.values()] };
}

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });

/** A root span that claims to be a node's join. */
const forgedRoot = (traceId: string, node: string, spanId = randomBytes(8).toString('hex')) => ({
	resourceSpans: [
		{
			resource: { attributes: [attribute('service.name', 'kubelet-sim')] },
			scopeSpans: [
				{
					spans: [
						{
							traceId,
							spanId,
							name: 'join',
							kind: 1,
							startTimeUnixNano: `${BigInt(Date.now() - 500) * 1_000_000n}`,
							endTimeUnixNano: `${BigInt(Date.now()) * 1_000_000n}`,
							attributes: [attribute('kubejoin.workflow', 'join'), attribute('k8s.node.name', node)],
						},
					],
				},
			],
		},
	],
});

async function postTraces(
	{ tracesPort }: Target,
	body: unknown,
	headers: Readonly<Record<string, string>> = {},
): Promise<number> {
	const response = await fetch(`http://${HOST}:${tracesPort}/v1/traces`, {
		method: 'POST',
		headers: { 'content-type': 'application/json', ...headers },
		body: typeof body === 'string' ? body : JSON.stringify(body),
	});
	await response.arrayBuffer();
	return response.status;
}

export const nodeTracesKey = ({ mesh }: Target): string =>
	deriveTracesKey(mesh.pki('observer/traces-key').trim(), 'kubelet-sim');

/** Lets a node join, attacks its trace, and compares the page before and after. */
async function requireJoinUnchanged(
	target: Target,
	attack: (join: JoinShown, steps: readonly StepShown[]) => Promise<void>,
): Promise<void> {
	const { mesh } = target;
	const node = `traced-${randomBytes(3).toString('hex')}`;
	const config = mesh.joinConfig({ token: await mesh.createToken(), discovery: '20s' });
	const child = await mesh.startNode(node, 'none', config);
	const joined = async () => {
		const { joins, steps } = await shown(target);
		const join = joins.find((one) => one.node === node);
		return { join, steps: steps.filter((step) => step.join === join?.id) };
	};
	try {
		// Its last spans arrive a moment after its end.
		let before = await joined();
		await eventually(20, async () => {
			const now = await joined();
			const isSettled = now.join?.state === 'joined' && isDeepStrictEqual(now, before);
			before = now;
			assert.ok(isSettled, 'the page still changes');
		});
		await attack(before.join ?? assert.fail(), before.steps);
		await delay(SHOWN_MS);
		assert.deepEqual(await joined(), before);
	} finally {
		await child.stop();
	}
}

export const observer: AttackGroup = {
	name: 'The page and the terminal',
	attacks: [
		{
			title: 'rewrite a join that was refused: send a root span with its trace id',
			attacker: 'network access only',
			result: 'refused or marked as unverified; the join that was shown stays as it was',
			async run(target) {
				const { mesh } = target;
				const pins = [`sha256:${'0'.repeat(64)}`];
				await mesh.joinAndFail({ token: await mesh.createToken(), pins, nodeName: 'victim' });
				const victim = () => shownJoins(target).then((joins) => joins.find(({ node }) => node === 'victim'));
				const before = await eventually(20, async () => {
					const shown = await victim();
					assert.equal(shown?.state, 'refused', 'the page has not shown the refusal yet');
					return shown;
				});
				for (let attempt = 0; attempt < 3; attempt++) {
					await postTraces(target, forgedRoot(before?.id ?? '', 'victim'));
					await postTraces(target, forgedRoot(before?.id ?? '', 'renamed'), { authorization: 'Bearer guess' });
				}
				await new Promise((resolve) => setTimeout(resolve, 1_000));
				const after = await victim();
				assert.deepEqual(after, before);
			},
		},
		{
			title: 'forge spans of the join of another node with the traces key of a node: a second root, a known span id',
			attacker: 'a node',
			result: 'the join and its steps stay as they were',
			limits: ['joinSettledMs'],
			run: (target) =>
				requireJoinUnchanged(target, async ({ id }, steps) => {
					const authorization = `Bearer ${nodeTracesKey(target)}`;
					const statuses = [await postTraces(target, forgedRoot(id, 'forged'), { authorization })];
					for (const step of steps)
						statuses.push(await postTraces(target, forgedRoot(id, 'forged', step.id), { authorization }));
					assert.deepEqual([...new Set(statuses)], [200]);
				}),
		},
		{
			title: 'call the API with the traceparent of the join of another node',
			attacker: 'network access only',
			result: 'the join and its steps stay as they were',
			run: (target) =>
				requireJoinUnchanged(target, async ({ id }, steps) => {
					for (const parent of [...steps.map((step) => step.id), randomBytes(8).toString('hex')])
						await https(target, '/api/v1/nodes', { headers: { traceparent: `00-${id}-${parent}-01` } });
				}),
		},
		{
			title: 'send the spans of a join that did not happen',
			attacker: 'network access only',
			result: 'refused (401) or marked as unverified',
			async run(target) {
				const status = await postTraces(target, forgedRoot(randomBytes(16).toString('hex'), 'never-was'));
				await new Promise((resolve) => setTimeout(resolve, 1_000));
				const shown = (await shownJoins(target)).find(({ node }) => node === 'never-was');
				assert.ok(status === 401 || shown === undefined || shown.isUnverified === true, JSON.stringify(shown));
			},
		},
		{
			title: 'send malformed traces: wrong types, `{"toString":1}`, corrupt compression, wrong length',
			attacker: 'network access only',
			result: '4xx; the process keeps running',
			async run(target) {
				const root = forgedRoot(randomBytes(16).toString('hex'), 'malformed');
				const [span] = root.resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
				Object.assign(span ?? {}, { status: { code: 2, message: { toString: 1 } } });
				const bodies: [unknown, Record<string, string>][] = [
					[root, {}],
					['{', {}],
					['[]', {}],
					['null', {}],
					['"text"', {}],
					['not compressed', { 'content-encoding': 'gzip' }],
					['not compressed', { 'content-encoding': 'br' }],
					['not compressed', { 'content-encoding': 'deflate' }],
					['{}', { 'content-encoding': 'unknown' }],
					['{}', { 'content-type': 'text/plain' }],
					['{}', { 'content-type': 'application/json; charset=nonsense' }],
				];
				for (const [body, headers] of bodies) {
					const status = await postTraces(target, body, headers);
					assert.ok(status < 500, `${JSON.stringify(headers)} is answered ${status}`);
				}
			},
		},
		{
			title: 'post traces from a web page: another Host, another Origin',
			attacker: 'network access only',
			result: '403',
			async run(target) {
				const status = await postTraces(target, forgedRoot(randomBytes(16).toString('hex'), 'page'), {
					origin: 'http://evil.example',
				});
				assert.ok(status === 401 || status === 403, `answered ${status}`);
			},
		},
		{
			title: 'post 200 MB of spans as fast as possible',
			attacker: 'network access only',
			result: 'refused; memory grows by less than 250 MB',
			async run(target) {
				const before = target.residentMegabytes('observer');
				const large = 'x'.repeat(3_900_000);
				await inSteps(50, 4, async () => {
					const body = forgedRoot(randomBytes(16).toString('hex'), large);
					await postTraces(target, body).catch(() => undefined);
				});
				const grown = target.residentMegabytes('observer') - before;
				assert.ok(grown < 250, `the observer grew by ${Math.round(grown)} MB`);
			},
		},
	],
};
